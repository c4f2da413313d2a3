"""What a shot inherits: storyboard < defaults < scene < shot."""

from __future__ import annotations

from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Shot


def merged(text: str) -> list[Shot]:
    board = parse_storyboard("vidgen: 1\n" + text).board
    return [merged_shot(board, scene, shot) for scene in board.scenes for shot in scene.shots]


def test_the_nearest_word_wins() -> None:
    text = (
        "style: board\ndefaults: {scene: default, lighting: default}\n"
        "scenes:\n  - {scene: scene, shots: [{scene: shot, style: shot}, {}]}\n  - shots: [{lighting: shot}]\n"
    )
    assert [(shot.scene, shot.lighting, shot.style) for shot in merged(text)] == [
        ("shot", "default", "shot"),
        ("scene", "default", "board"),
        ("default", "shot", "board"),
    ]


def test_camera_motion_and_post_are_merged_by_sub_key() -> None:
    (shot,) = merged(
        "post: {upscale: {scale: 2, model: RealESRGAN_x4plus}}\n"
        "defaults: {camera: {move: pan_left, speed: fast}, motion: {amount: 8}}\n"
        "shots: [{camera: tilt_up, motion: people, post: {grain: 5, upscale: {scale: 3}}}]\n"
    )
    assert shot.camera and (shot.camera.move, shot.camera.speed) == ("tilt_up", "fast")
    assert shot.motion and (shot.motion.type, shot.motion.amount) == ("people", 8)
    assert shot.post and shot.post.grain and shot.post.upscale
    assert (shot.post.grain.amount, shot.post.upscale.scale, shot.post.upscale.model) == (5, 3, "RealESRGAN_x4plus")


def test_a_shot_takes_another_engine_and_keeps_the_films_rate_and_size() -> None:
    (shot,) = merged(
        "post: {interpolate: {fps: 60}, upscale: {height: 2160, model: RealESRGAN_x4plus}}\n"
        "shots: [{post: {interpolate: {engine: minterpolate}, upscale: {engine: torch}}}]\n"
    )
    assert shot.post and shot.post.interpolate and shot.post.upscale
    assert (shot.post.interpolate.fps, shot.post.interpolate.engine) == (60, "minterpolate")
    assert (shot.post.upscale.height, shot.post.upscale.model, shot.post.upscale.engine) == (2160, "RealESRGAN_x4plus", "torch")


def test_lists_are_replaced_as_a_whole() -> None:
    shots = merged("defaults: {text: A}\nshots: [{}, {text: B}, {text: []}]\n")
    assert [[text.text for text in shot.text or ()] for shot in shots] == [["A"], ["B"], []]


def test_an_empty_value_clears_what_would_be_inherited() -> None:
    kept, cleared = merged(
        "style: film\npost: {grain: 5, upscale: 2}\ndefaults: {engine: kling, model: kling-v2}\n"
        "shots: [{}, {engine: runway, model: ~, style: , post: {upscale: ~}}]\n"
    )
    assert (kept.model, kept.style) == ("kling-v2", "film") and kept.post and kept.post.upscale
    assert (cleared.engine, cleared.model, cleared.style) == ("runway", None, None)
    assert cleared.post and cleared.post.grain and cleared.post.upscale is None


def test_a_scene_without_shots_keeps_the_default_duration() -> None:
    (shot,) = merged("defaults: {duration: 3}\nscenes: [{scene: a}]\n")
    assert str(shot.duration) == "3s"


def test_the_seed_of_the_storyboard_stays_there() -> None:
    (shot,) = merged("seed: 7\nshots: [{scene: a}]\n")
    assert shot.seed is None
