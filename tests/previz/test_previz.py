from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.previz.shots import Clip, shot

from vidgen.engines.previz import Previz
from vidgen.engines.previz.places import recipes
from vidgen.engines.previz.render import VERSION
from vidgen.engines.previz.scene import Scene
from vidgen.engines.previz.spec import read_request
from vidgen.errors import Cancelled, InputError
from vidgen.media.probe import probe
from vidgen.takes.request import Inputs, TakeRequest


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference in levels, 0-255."""
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def unrest(frames: list[np.ndarray]) -> float:
    """How much the picture changes from frame to frame, beyond its grain."""
    soft = [cv2.GaussianBlur(frame, (0, 0), 2) for frame in frames]
    return float(np.mean([difference(a, b) for a, b in zip(soft, soft[1:], strict=False)]))


def raw_hash(scene: str, threads: int, seed: int = 1, **changes: object) -> str:
    """SHA-256 of the pixels that are drawn, before any encoder."""
    request = shot(scene, **changes)
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        source = Scene(request, read_request(request), seed)
        source.prepare()
        return hashlib.sha256(b"".join(source.frame(index).tobytes() for index in (0, 3, 7))).hexdigest()
    finally:
        cv2.setNumThreads(before)


@pytest.mark.parametrize("size", [(64, 36), (36, 64), (50, 50), (202, 84), (320, 180)])
def test_any_size_gets_exactly_its_frames(draw: Callable[..., Clip], tmp_path: Path, size: tuple[int, int]) -> None:
    made, frames = draw("calm lake at dawn", width=size[0], height=size[1], frames=7, fps=Fraction(24000, 1001), params={})
    info = probe(made.file)
    assert (len(frames), info.rate, info.frames) == (7, Fraction(24000, 1001), 7)
    assert frames[0].shape == (size[1], size[0], 3)


@pytest.mark.parametrize("place", sorted(recipes()))
def test_every_place_is_drawn_with_light_and_shape(draw: Callable[..., Clip], place: str) -> None:
    from vidgen.engines.previz.words import table

    _, frames = draw(table()["places"][place][0], frames=2, width=192, height=108)
    assert 12 < frames[0].mean() < 243
    assert frames[0].std() > 8
    assert min(frames[0].min(axis=(0, 1)).max(), 255 - frames[0].max()) < 128


@pytest.mark.parametrize(
    "scene", ["city in the rain at night, birds", "abstract light streaks", "cup on a table", "snow falling on a waterfall"]
)
def test_the_same_request_and_seed_give_the_same_pixels_on_any_number_of_threads(scene: str) -> None:
    assert len({raw_hash(scene, threads, move="orbit_right") for threads in (1, 2, 4)}) == 1


def test_another_seed_is_another_take_of_the_same_words(draw: Callable[..., Clip]) -> None:
    first, second = (draw("mountains at dusk", seed=seed, frames=2)[1][0] for seed in (1, 1001))
    assert 3 < difference(first, second) < 90


def test_the_manifest_says_previz_and_not_diffusion(draw: Callable[..., Clip]) -> None:
    made, _ = draw("calm sea at dawn", seed=5, frames=2)
    assert made.diffusion is False
    assert made.manifest["generator"] == "previz" and made.manifest["diffusion"] is False
    assert (made.manifest["version"], made.manifest["seed"], made.manifest["scene"]["place"]) == (VERSION, 5, "sea")


def test_the_slate_can_be_turned_off_and_only_covers_its_bar(draw: Callable[..., Clip]) -> None:
    with_slate, without = (
        draw("calm sea at dawn", frames=2, width=320, height=180, params=params)[1][0] for params in ({}, {"slate": False})
    )
    changed = np.abs(with_slate.astype(int) - without.astype(int)).max(axis=2) > 24
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 150
    assert rows.max() < 180 * 0.15 and columns.max() < 320 * 0.75


@pytest.mark.parametrize(
    "scene",
    ["open sea at noon", "meadow in the wind", "city in the rain at night", "snow falling on mountains", "abstract flow"],
)
def test_motion_amount_runs_from_nearly_still_to_violent(draw: Callable[..., Clip], scene: str) -> None:
    still, usual, wild = (unrest(draw(scene, amount=amount, frames=8)[1]) for amount in (1, 5, 10))
    assert still < usual < wild
    assert wild > 1.6 * still


def test_a_time_lapse_goes_from_day_to_night(draw: Callable[..., Clip]) -> None:
    _, frames = draw("mountains, day turning to night", motion="timelapse", frames=24)
    assert frames[0].mean() > 1.6 * frames[-1].mean()


def test_people_and_animals_move_through_the_picture(draw: Callable[..., Clip]) -> None:
    empty, walked = (
        unrest(draw("meadow under a clear sky", motion=motion, amount=5, frames=8)[1]) for motion in ("natural", "people")
    )
    assert walked > empty * 1.05


def test_a_shot_that_goes_on_in_the_same_world_begins_where_the_last_one_ended(draw: Callable[..., Clip]) -> None:
    first, before = draw("calm lake at dawn with mist", move="dolly_in", frames=24)
    second, after = draw("calm lake at dawn with mist", move="pan_right", seed=99, inputs=Inputs(continues=first.file))
    assert second.manifest["drawn"] == "scene"
    assert difference(before[-1], after[0]) < 4
    assert difference(after[0], after[-1]) > difference(before[-1], after[0])


@pytest.mark.parametrize("move", ["static", "dolly_in", "pan_left"])
def test_a_shot_of_other_words_opens_with_the_last_picture(draw: Callable[..., Clip], move: str) -> None:
    first, before = draw("calm lake at dawn", frames=4)
    second, after = draw("quarterly results", move=move, inputs=Inputs(continues=first.file))
    assert second.manifest["drawn"] == "still"
    assert difference(before[-1], after[0]) < 4


def test_a_shot_opens_with_the_picture_with_which_the_film_leaves_the_one_before(draw: Callable[..., Clip]) -> None:
    """Its file goes on for another second, and so does its world, but the film does not."""
    first, before = draw("calm lake at dawn with mist", move="dolly_in", frames=48, params={"slate": False})
    cut = Inputs(continues=first.file, continues_frames=24)
    second, after = draw("calm lake at dawn with mist", inputs=cut, params={"slate": False}, frames=4)
    assert second.manifest["drawn"] == "still"
    assert difference(before[23], after[0]) < 4 < difference(before[-1], before[23])


def test_the_slate_of_the_shot_before_is_not_carried_along(draw: Callable[..., Clip]) -> None:
    size = {"width": 320, "height": 180, "frames": 4}
    plain, slated = (draw("calm lake at dawn", params=params, **size)[0] for params in ({"slate": False}, {}))
    clean, cleaned = (draw("quarterly results", inputs=Inputs(continues=made.file), **size)[1][0] for made in (plain, slated))
    assert difference(clean[:20, :130], cleaned[:20, :130]) < 6


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> Path:
    """A still with texture and a disc in the middle."""
    noise = np.random.default_rng(3).integers(0, 60, (size[1] // 8, size[0] // 8, 3), np.uint8)
    image = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC) + np.array(colour, np.uint8)
    cv2.circle(image, (size[0] // 2, size[1] // 2), size[1] // 6, (240, 240, 240), -1)
    cv2.imwrite(str(path), image)
    return path


@pytest.mark.parametrize("key", ["start_frame", "references"])
def test_a_users_still_is_moved_by_the_camera(draw: Callable[..., Clip], tmp_path: Path, key: str) -> None:
    still = picture(tmp_path / "still.png", (90, 60, 30))
    inputs = Inputs(start_frame=still) if key == "start_frame" else Inputs(references=(still,))
    made, frames = draw("harbour town", move="zoom_in", frames=24, inputs=inputs)
    assert made.manifest["drawn"] == "still"
    bright = [int((frame.min(axis=2) > 200).sum()) for frame in (frames[0], frames[-1])]
    assert bright[1] > bright[0] * 1.1 > 0


def test_a_move_between_two_stills_ends_on_the_second(draw: Callable[..., Clip], tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path / "a.png", (0, 0, 150)), end_frame=picture(tmp_path / "b.png", (150, 0, 0)))
    _, frames = draw("harbour town", move="dolly_in", inputs=inputs)
    assert frames[0][5:20, 5:60, 0].mean() > frames[0][5:20, 5:60, 2].mean() + 60
    assert frames[-1][5:20, 5:60, 2].mean() > frames[-1][5:20, 5:60, 0].mean() + 60


def test_a_users_video_is_played_at_the_asked_rate_and_size(draw: Callable[..., Clip]) -> None:
    source, played = draw("open sea at noon", amount=10, frames=12, fps=Fraction(12))
    made, frames = draw("open sea", frames=24, fps=Fraction(24), width=128, height=96, inputs=Inputs(source_video=source.file))
    assert made.manifest["drawn"] == "footage"
    assert difference(frames[0], frames[1]) < difference(frames[0], frames[-2])


def test_a_picture_that_is_not_one_is_a_bad_input(draw: Callable[..., Clip], tmp_path: Path) -> None:
    (tmp_path / "fake.png").write_text("not a picture")
    with pytest.raises(InputError) as error:
        draw("harbour town", inputs=Inputs(start_frame=tmp_path / "fake.png"))
    assert error.value.code == "media.unreadable"


def test_wishes_that_cannot_be_honoured_are_said(draw: Callable[..., Clip], tmp_path: Path) -> None:
    stills = tuple(picture(tmp_path / f"{i}.png", (40 * i, 60, 90)) for i in range(3))
    made, _ = draw("harbour town", frames=2, inputs=Inputs(references=stills))
    assert [code for code, _ in made.notices] == ["engine.wish_ignored"]
    assert made.notices[0][1].startswith("references: ")


def test_a_cancelled_take_leaves_no_file(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        Previz().generate(TakeRequest(shot("calm sea"), 1, 1), tmp_path / "take.mp4", cancelled=lambda: next(asked, True))
    assert list(tmp_path.iterdir()) == []


def test_progress_runs_to_one(tmp_path: Path) -> None:
    shares: list[float] = []
    Previz().generate(TakeRequest(shot("calm sea", frames=5), 1, 1), tmp_path / "take.mp4", progress=shares.append)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]
