"""A start frame is the first frame and an end frame the last, whole and fitted, whatever the camera does in between."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.previz.shots import shot

from vidgen.engines.previz.moves import moves
from vidgen.engines.previz.render import _source
from vidgen.engines.previz.stills import covering
from vidgen.storyboard.model import Camera
from vidgen.takes.request import Inputs, TakeRequest

WIDTH, HEIGHT, FRAMES = 96, 64, 10


def still(path: Path, seed: int, size: tuple[int, int]) -> Path:
    """A picture in which every spot looks different, and nothing is black."""
    spots = np.random.default_rng(seed).integers(60, 255, (9, 12, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(spots, size, interpolation=cv2.INTER_LINEAR))
    return path


def fitted(path: Path) -> np.ndarray:
    """The picture as a frame: scaled, and cropped about its middle to the film's shape."""
    whole = covering(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), WIDTH, HEIGHT)
    top, left = (whole.shape[0] - HEIGHT) // 2, (whole.shape[1] - WIDTH) // 2
    return whole[top : top + HEIGHT, left : left + WIDTH]


def frames(inputs: Inputs, move: str, count: int = FRAMES) -> list[np.ndarray]:
    """What previz draws, before it is encoded."""
    camera = Camera(move=move, speed="fast", strength=1.0)
    request = replace(shot("town"), camera=camera, width=WIDTH, height=HEIGHT, frames=count, fps=Fraction(4), inputs=inputs)
    source, kind = _source(TakeRequest(request, 1, 1), [])
    assert kind == "still"
    source.prepare()
    return [source.frame(index) for index in range(count)]


@pytest.mark.parametrize("size", [(192, 128), (150, 131), (61, 200)])
@pytest.mark.parametrize("move", moves())
def test_a_start_frame_is_the_first_frame_and_an_end_frame_the_last(move: str, size: tuple[int, int], tmp_path: Path) -> None:
    first, last = still(tmp_path / "a.png", 1, size), still(tmp_path / "b.png", 2, size)
    for inputs in (Inputs(start_frame=first), Inputs(end_frame=last), Inputs(start_frame=first, end_frame=last)):
        drawn = frames(inputs, move)
        if inputs.start_frame:
            assert np.array_equal(drawn[0], fitted(first))
        if inputs.end_frame:
            assert np.array_equal(drawn[-1], fitted(last))
        assert all(frame.min() > 40 for frame in drawn), "the edges are extended, never black"


def test_the_shortest_shots_begin_and_end_with_their_pictures(tmp_path: Path) -> None:
    first, last = still(tmp_path / "a.png", 1, (150, 131)), still(tmp_path / "b.png", 2, (150, 131))
    drawn = frames(Inputs(start_frame=first, end_frame=last), "whip_pan", count=2)
    assert np.array_equal(drawn[0], fitted(first)) and np.array_equal(drawn[1], fitted(last))
    assert np.array_equal(frames(Inputs(start_frame=first), "whip_pan", count=1)[0], fitted(first))


def test_a_reference_may_be_cropped_so_that_a_pan_stays_inside_it(tmp_path: Path) -> None:
    reference = still(tmp_path / "a.png", 1, (192, 128))
    assert not np.array_equal(frames(Inputs(references=(reference,)), "pan_right")[0], fitted(reference))


def test_the_camera_moves_on_from_a_start_frame(tmp_path: Path) -> None:
    drawn = frames(Inputs(start_frame=still(tmp_path / "a.png", 1, (192, 128))), "pan_right")
    gone = 24
    assert (
        np.abs(drawn[-1][:, :40].astype(int) - drawn[0][:, gone : 40 + gone]).mean()
        < np.abs(drawn[-1][:, :40].astype(int) - drawn[0][:, :40]).mean()
    )
