"""The camera's motion among things that move by themselves: what is told, what is not, and when it says "unsure"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.scoring.faulty_clips import FRAMES, HEIGHT, WIDTH, Pictures, scene, texture

from vidgen.scoring import Expectation, Scorecard, score_takes
from vidgen.scoring.types import pace_of
from vidgen.storyboard.model import Camera

Clip = Callable[..., Path]
Picture = np.ndarray

GROUND = texture(1, WIDTH * 2, HEIGHT * 2)


def ground(x: float = 0.0, y: float = 0.0, zoom: float = 0.0) -> Picture:
    """A part of a large picture; its content is moved by pixels and a logarithm of the size."""
    scale = float(np.exp(zoom))
    matrix = np.array([[scale, 0, WIDTH / 2 + x - scale * WIDTH], [0, scale, HEIGHT / 2 + y - scale * HEIGHT]])
    return cv2.warpAffine(GROUND, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def with_subject(picture: Picture, share: float, x: float, y: float = 0.0) -> Picture:
    """An oval of another texture, so wide as a share of the picture, its centre off the picture's by pixels."""
    across, down = np.meshgrid(np.arange(WIDTH) - WIDTH / 2 - x, np.arange(HEIGHT) - HEIGHT / 2 - y)
    inside = (across / (WIDTH * share / 2)) ** 2 + (down / (HEIGHT * share / 2)) ** 2 < 1
    other = cv2.warpAffine(
        texture(7, WIDTH, HEIGHT), np.array([[1.0, 0, x], [0, 1.0, y]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT
    )
    return np.where(inside[..., None], other, picture)


PACES = (("very_slow", 0.2), ("slow", 0.5), ("normal", 0.5), ("fast", 1.0))


def over_time(draw: Callable[[int], Picture], frames: int = FRAMES) -> Pictures:
    return [np.ascontiguousarray(draw(index), np.uint8) for index in range(frames)]


def judged(file: Path, move: str, pace: float | None = None) -> Scorecard:
    return score_takes([file], Expectation(move=move, pace=pace))[0]


def error(file: Path, move: str, pace: float | None = None) -> float:
    return judged(file, move, pace).measures["camera"]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.75])
def test_a_subject_is_not_taken_for_the_camera(clip: Clip, share: float) -> None:
    walks = clip("walks", over_time(lambda i: with_subject(ground(), share, 1.2 * (i - 12))))
    assert error(walks, "static") < 0.15
    assert judged(walks, "pan_right").vetoes == ()


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_the_camera_is_told_behind_a_subject_that_goes_the_other_way(clip: Clip, share: float) -> None:
    file = clip("pans", over_time(lambda i: with_subject(ground(x=-1.2 * i), share, 1.2 * (i - 12))))
    assert error(file, "pan_right") < 0.15
    (veto,) = judged(file, "pan_left").vetoes
    assert (veto.code, veto.at_s) == ("wrong_direction", 0.0)


def test_a_zoom_is_measured_around_a_subject_that_walks(clip: Clip) -> None:
    file = clip("zooms", over_time(lambda i: with_subject(ground(zoom=0.006 * i), 0.4, 1.5 * (i - 12))))
    card = judged(file, "zoom_in")
    assert card.measures["camera"] < 0.15
    assert card.measures["camera_z"] == pytest.approx(0.006 * 24, rel=0.1)


def test_snow_that_falls_is_no_tilt(clip: Clip) -> None:
    random = np.random.default_rng(3)
    flakes = random.uniform([0, 0, 1, 1.0], [WIDTH, HEIGHT, 4, 2.2], (35, 4))

    def draw(index: int) -> Picture:
        picture = ground()
        for x, y, speed, size in flakes:
            spot = (round(x * 16), round((y + speed * index) % HEIGHT * 16))
            cv2.circle(picture, spot, round(size * 16), (240, 240, 245), -1, cv2.LINE_AA, 4)
        return picture

    file = clip("snow", over_time(draw))
    assert error(file, "static") < 0.15
    assert judged(file, "tilt_down").vetoes == ()


@pytest.mark.parametrize("share", [0.35, 0.6])
@pytest.mark.parametrize("move", ["pan_left", "pan_right"])
def test_before_something_flat_the_motion_is_the_subjects_own(clip: Clip, share: float, move: str) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), (120, 130, 140), np.uint8)
    card = judged(clip("flat", over_time(lambda i: with_subject(flat, share, 0.8 * (i - 12)))), move)
    assert card.vetoes == ()
    assert card.families["camera"] is None
    assert "unsure" in card.not_measured["camera"]


@pytest.mark.parametrize("move", ["pan_left", "pan_right"])
def test_two_halves_that_go_apart_are_a_tie(clip: Clip, move: str) -> None:
    def draw(index: int) -> Picture:
        return np.vstack([ground(x=1.2 * index)[: HEIGHT // 2], ground(x=-1.2 * index)[HEIGHT // 2 :]])

    card = judged(clip("halves", over_time(draw)), move)
    assert card.vetoes == ()
    assert card.families["camera"] is None


def layers(far: float, middle: float, near: float) -> Callable[[int], Picture]:
    """Three bands one below the other that go sideways at so many pixels a frame."""

    def draw(index: int) -> Picture:
        bands = [ground(x=speed * (index - 12)) for speed in (far, middle, near)]
        third = HEIGHT // 3
        return np.vstack([bands[0][:third], bands[1][third : 2 * third], bands[2][2 * third :]])

    return draw


@pytest.mark.parametrize(("asked", "way"), [("orbit_right", 1), ("orbit_left", -1)])
def test_an_orbit_is_told_by_what_is_near_and_far(clip: Clip, asked: str, way: int) -> None:
    orbit, other = (clip(f"way{sign}", over_time(layers(0.8 * sign, 0.0, -0.8 * sign))) for sign in (way, -way))
    assert error(orbit, asked) < 0.15
    assert error(clip("pan", scene(x=float(way))), asked) == pytest.approx(0.5, abs=0.1)
    assert error(other, asked) > 0.85
    assert judged(other, asked).vetoes == ()


def test_a_camera_that_travels_may_leave_what_is_far_where_it_is(clip: Clip) -> None:
    file = clip("truck", over_time(layers(0.0, -0.5, -1.2)))
    assert error(file, "truck_right") < 0.2 < 0.4 < error(file, "truck_left")
    assert judged(file, "truck_right").vetoes == judged(file, "truck_left").vetoes == ()


def test_a_handheld_camera_trembles(clip: Clip) -> None:
    sway = [(1.5 * np.sin(i * 0.9) + np.sin(i * 0.5), 1.2 * np.cos(i * 0.7)) for i in range(48)]
    held = clip("held", over_time(lambda i: ground(*sway[i]), frames=48))
    stands = clip("stands", over_time(lambda i: with_subject(ground(), 0.3, 0.8 * (i - 24)), frames=48))
    assert error(held, "handheld") < 0.1 < 0.4 < error(stands, "handheld")


def test_a_move_far_from_the_asked_pace_costs_less_than_none_at_all(clip: Clip) -> None:
    slow, quick, still = (clip(f"x{speed}", scene(x=-speed)) for speed in (0.6, 4.0, 0.0))
    errors = [error(file, "pan_right", pace=1.0) for file in (slow, quick, still)]
    assert errors[0] < errors[1] < errors[2]
    assert error(quick, "pan_right", pace=3.0) < errors[1]


def test_a_storyboard_asks_for_a_pace_by_speed_and_strength() -> None:
    paces = [pace_of(Camera(move="pan_right", speed=speed, strength=strength)) for speed, strength in PACES]
    assert paces == sorted(paces)
    assert paces[1] == pytest.approx(1.0)


def test_the_time_code_is_where_the_camera_turns(clip: Clip) -> None:
    way = [-0.8 * i if i < 18 else -0.8 * 18 + 2.0 * (i - 18) for i in range(48)]
    file = clip("turns", over_time(lambda i: ground(x=way[i]), frames=48))
    (veto,) = judged(file, "pan_right").vetoes
    assert (veto.code, veto.at_s) == ("wrong_direction", 0.75)


def test_a_kept_reading_says_the_same(clip: Clip, tmp_path: Path) -> None:
    file = clip("truck", over_time(layers(0.0, -0.5, -1.2)))
    first, again = (score_takes([file], Expectation(move="truck_right"), cache=tmp_path / "kept")[0] for _ in range(2))
    assert first.measures == again.measures
