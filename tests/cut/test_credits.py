"""Credits roll: up from below the picture, out above it, by whole pixels a frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.cut.clips import MakeShot

from vidgen.cut.assembly import assemble
from vidgen.cut.layout import Block, lay_out
from vidgen.cut.roll import CLOSEST, WIDEST, roll_of
from vidgen.cut.timeline import Cue, TextLook, Timeline
from vidgen.media.frames import read_frames

NAMES = "Director\nAki Sato\n\nCamera\nŁukasz Żółć\n\n音楽\n山田太郎"


def block(text: str = NAMES, size: tuple[int, int] = (320, 180)) -> Block:
    [placed] = lay_out([Cue(text, 0, 100, role="credits")], *size)
    assert placed
    return placed.block


@pytest.mark.parametrize("frames", [60, 96, 144, 151, 300])
def test_a_roll_fills_its_time_by_whole_pixels_a_frame(frames: int) -> None:
    credits = block()
    roll = roll_of(credits, frames, 180)
    assert roll.speed == int(roll.speed) and CLOSEST <= roll.spacing <= WIDEST
    *_, last = roll.offsets(credits)
    assert roll.top(0, 0) == 180, "the first line begins right below the picture"
    end = roll.top(last, frames - 1) + credits.heights[-1]
    assert -0.2 * 180 < end <= 0.5, "the last line leaves it with the last frame"


def test_a_roll_too_slow_for_whole_pixels_still_fills_its_time() -> None:
    credits = block()
    roll = roll_of(credits, 2000, 180)
    *_, last = roll.offsets(credits)
    assert roll.speed < 1 and abs(roll.top(last, 1999) + credits.heights[-1]) < 0.01


def test_credits_are_below_then_in_then_above_the_picture_in_every_piece(tmp_path: Path, make_shot: MakeShot) -> None:
    """Over three shots with a dissolve between them, the letters move by the same whole number of pixels everywhere."""
    size = (160, 90)
    one, two, three = (make_shot(f"s{number}", 20, 24, step=0, size=size) for number in range(3))
    credits = Cue("TITLE\nNAME", 0, 999, role="credits", style=TextLook(size=15))
    one = make_shot("s0", 20, 24, step=0, size=size, cues=(credits,))
    two = make_shot("s1", 20, 24, step=0, size=size, transition=("dissolve", 8))
    assemble(Timeline(Fraction(24), *size, (one, two, three)), tmp_path / "w", tmp_path / "film.mp4")
    frames = [frame.mean(axis=2) > 120 for frame in read_frames(tmp_path / "film.mp4")]
    rows = {number: np.nonzero(frame.any(axis=1))[0] for number, frame in enumerate(frames)}
    assert len(frames) == 64 and not rows[0].size and not rows[63].size
    whole = [number for number in rows if rows[number].size and rows[number].min() > 2 and rows[number].max() < 87]
    assert len(whole) > 12
    for number in whole[:-1]:
        changed = frames[number][2:] ^ frames[number + 1][:-2]
        assert changed.sum() < 0.25 * frames[number].sum(), f"frame {number}: as before but two pixels higher, as encoded"


def test_a_newline_and_an_empty_line_are_kept() -> None:
    assert [len(line) > 0 for line in block("a\n\nb").lines] == [True, False, True]


def test_a_roll_has_one_layout_whatever_else_is_on() -> None:
    alone, _ = lay_out([Cue(NAMES, 0, 100, role="credits"), Cue("caption", 0, 100, role="caption")], 320, 180)
    assert alone and alone.block == block()
