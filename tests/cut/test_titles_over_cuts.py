"""A title that outlasts its shot stays over the shots that follow: it does not fade at a cut, and no transition moves it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.cut.clips import MakeShot, film_of

from vidgen.cut.assembly import assemble
from vidgen.cut.timeline import Cue, TextLook, Timeline, TimelineShot, Transition
from vidgen.media.frames import read_frames

SIZE = (160, 90)
LOOK = TextLook(fade=0.25)
QUICK = TextLook(fade=0.1)


def film(shots: tuple[TimelineShot, ...], folder: Path) -> np.ndarray:
    """The frames of a film of these shots: [frames, height, width], grey."""
    assemble(Timeline(Fraction(24), *SIZE, shots), folder / "w", folder / "film.mp4")
    return np.stack([frame.mean(axis=2) for frame in read_frames(folder / "film.mp4")])


@pytest.fixture
def shots(make_shot: MakeShot) -> tuple[TimelineShot, ...]:
    """Three dark shots of 12 frames, with a title from frame 3 of the first to frame 9 of the last."""
    one, two, three = (make_shot(name, 20, 12, step=0, size=SIZE) for name in ("s1", "s2", "s3"))
    return replace(one, cues=(Cue("SEA", 3, 33, style=LOOK),)), two, three


def test_a_title_over_two_cuts_fades_only_at_its_ends(tmp_path: Path, shots: tuple[TimelineShot, ...]) -> None:
    light = film(shots, tmp_path).max(axis=(1, 2))
    assert all(light[[2, 33]] < 60), "it is on from frame 3 to before frame 33"
    assert light[3] < light[6] < light[9] and light[32] < light[29] < light[26]
    assert np.ptp(light[9:27]) < 8, "and as bright at the cuts, frames 12 and 24, as between them"


@pytest.mark.parametrize("kind", ["dissolve", "slide_left", "fade_black", "wipe_up", "zoom"])
def test_a_title_stands_still_while_one_shot_becomes_the_next(
    kind: str, tmp_path: Path, shots: tuple[TimelineShot, ...]
) -> None:
    one, two, three = shots
    frames = film((one, replace(two, transition=Transition(kind, 6)), three), tmp_path)
    letters = frames[14] > 140
    assert letters.any()
    for frame in range(9, 20):
        assert frames[frame][letters].min() > 100, f"frame {frame}: the title is whole"
        assert (frames[frame][~letters] > 160).sum() == 0, f"frame {frame}: and nowhere else"


def test_a_title_that_ends_with_its_shot_goes_with_its_picture(tmp_path: Path, shots: tuple[TimelineShot, ...]) -> None:
    one, two, three = shots
    title = Cue("SEA", 0, 12, style=TextLook(fade=0))
    frames = film((replace(one, cues=(title,)), replace(two, transition=Transition("dissolve", 6)), three), tmp_path)
    light = frames.max(axis=(1, 2))
    assert light[5] > light[8] > light[11] - 20 > 0 and light[12] < 60


def test_a_title_lasts_to_the_end_of_the_film_at_most(tmp_path: Path, shots: tuple[TimelineShot, ...]) -> None:
    one, *rest = shots
    light = film((replace(one, cues=(Cue("SEA", 0, 9999, style=LOOK),)), *rest), tmp_path).max(axis=(1, 2))
    assert len(light) == 36 and light[28] > 150 > light[35]


def states(timeline: Timeline, folder: Path) -> dict[str, str]:
    """What became of each piece of the film."""
    found: dict[str, str] = {}

    def hear(name: str, data: dict[str, object]) -> None:
        if name == "cut.segment":
            found[str(data["name"])] = str(data["state"])

    assemble(timeline, folder / "w", folder / "film.mp4", on_event=hear)
    return found


def test_only_the_pieces_that_change_are_made_again(tmp_path: Path, make_shot: MakeShot) -> None:
    names = [make_shot(f"s{number}", 20 * number, 12) for number in range(1, 6)]
    titled = [replace(names[1], cues=(Cue("long", 2, 34, style=QUICK),)), names[2], names[3]]
    before = film_of(names[0], *titled, names[4])
    states(before, tmp_path)
    later = film_of(names[0], replace(titled[0], cues=(Cue("long", 2, 30, style=QUICK),)), *titled[1:], names[4])
    assert states(later, tmp_path) == {"s1": "copied", "s2": "reused", "s3": "reused", "s4": "encoded", "s5": "copied"}
    other = film_of(names[0], replace(titled[0], cues=(Cue("other", 2, 30, style=QUICK),)), *titled[1:], names[4])
    assert states(other, tmp_path) == {"s1": "copied", "s2": "encoded", "s3": "encoded", "s4": "encoded", "s5": "copied"}


def test_titles_of_two_shots_that_meet_do_not_jump_at_the_cut(tmp_path: Path, shots: tuple[TimelineShot, ...]) -> None:
    """The long one was moved up for the short one; it stays there in the next shot, where that one is gone."""
    still = {"role": "caption", "style": TextLook(fade=0, size=14)}
    one, two, three = shots
    frames = film((replace(one, cues=(Cue("low", 0, 12, **still), Cue("HIGH", 2, 36, **still))), two, three), tmp_path)
    rows = [np.nonzero((frame > 150).any(axis=1))[0].min() for frame in frames[[5, 20, 30]]]
    assert len(set(rows)) == 1
