from __future__ import annotations

from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from vidgen.catalog.transitions import known
from vidgen.cut.segments import split
from vidgen.cut.timeline import Cue, Timeline, TimelineShot, Transition, settle
from vidgen.errors import InputError


def shot(name: str, frames: int, kind: str = "cut", overlap: int = 0, **other: object) -> TimelineShot:
    return TimelineShot(name, Path(f"{name}.mp4"), name, frames, Transition(kind, overlap), **other)


def timeline(*shots: TimelineShot, rate: Fraction = Fraction(24)) -> Timeline:
    return Timeline(rate, 96, 64, shots)


def codes(of: Timeline) -> list[str]:
    return [notice.code for notice in settle(of)[1]]


def test_a_transition_overlaps_its_two_shots() -> None:
    film = timeline(shot("s01", 96), shot("s02", 96, "dissolve", 12), shot("s03", 48))
    assert film.starts == [0, 84, 180]
    assert film.frames == 228
    assert film.duration_s == 9.5


def test_samples_are_counted_from_the_start_of_the_film_at_every_rate() -> None:
    assert timeline(shot("s01", 331), rate=Fraction(30000, 1001)).samples == 530130


def test_pieces_cover_the_film_once() -> None:
    film = timeline(shot("s01", 96), shot("s02", 96, "dissolve", 12), shot("s03", 48), shot("s04", 24, "wipe_left", 6))
    pieces = split(film)
    assert [piece.name for piece in pieces] == ["s01", "s01 > s02", "s02", "s03", "s03 > s04", "s04"]
    assert [(source.first, source.count) for piece in pieces for source in piece.sources] == [
        (0, 84), (84, 12), (0, 12), (12, 84), (0, 42), (42, 6), (0, 6), (6, 18),
    ]  # fmt: skip
    assert sum(piece.frames for piece in pieces) == film.frames


def test_a_transition_too_long_for_its_shots_is_shortened_and_said() -> None:
    settled, notices = settle(timeline(shot("s01", 10), shot("s02", 40, "dissolve", 24)))
    assert settled.shots[1].transition.frames == 10
    assert [(notice.code, notice.shot) for notice in notices] == [("cut.transition_shortened", "s02")]


def test_two_transitions_share_a_short_shot_between_them() -> None:
    film = timeline(shot("s01", 40), shot("s02", 10, "dissolve", 9), shot("s03", 40, "dissolve", 9))
    settled, notices = settle(film)
    assert [item.transition.frames for item in settled.shots] == [0, 5, 5]
    assert len(notices) == 2
    assert sum(piece.frames for piece in split(settled)) == settled.frames == 80


def test_a_shot_of_one_frame_keeps_its_frame() -> None:
    settled, _ = settle(timeline(shot("s01", 24), shot("s02", 1, "dissolve", 6), shot("s03", 24, "dissolve", 6)))
    assert sum(piece.frames for piece in split(settled)) == settled.frames
    assert all(piece.frames > 0 for piece in split(settled))


def test_the_first_shot_may_only_fade_in() -> None:
    assert codes(timeline(shot("s01", 24, "dissolve", 6))) == ["cut.transition_ignored"]
    faded, notices = settle(timeline(shot("s01", 24, "fade_black", 6)))
    assert not notices
    assert faded.frames == 24
    assert split(faded)[0].fade_in == 6


def test_an_unknown_transition_is_a_dissolve_and_said() -> None:
    settled, notices = settle(timeline(shot("s01", 24), shot("s02", 24, "kaleidoscope", 6)))
    assert settled.shots[1].transition == Transition("dissolve", 6)
    assert [notice.code for notice in notices] == ["cut.transition_replaced"]


def test_a_sound_cut_is_a_plain_cut_of_the_picture() -> None:
    settled, notices = settle(timeline(shot("s01", 24), shot("s02", 24, "j_cut", 6)))
    assert settled.frames == 48
    assert not notices


def test_every_name_of_the_storyboard_can_be_drawn() -> None:
    def names(kind: str) -> set[str]:
        text = files("vidgen.storyboard").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
        return set(yaml.safe_load(text)[kind])

    looks = yaml.safe_load(files("vidgen.cut").joinpath("titles.yaml").read_text(encoding="utf-8"))
    assert all(known(name) for name in names("transition"))
    assert names("text_position") == set(looks["positions"])
    assert names("text_role") | {"label"} == set(looks["roles"])  # the label is drawn by provenance, never by text


def test_titles_begin_in_their_shot_and_may_outlast_it() -> None:
    cues = (Cue("long", -5, 99), Cue("never", 30, 40))
    settled, _ = settle(timeline(shot("s01", 24, cues=cues)))
    assert settled.shots[0].cues == (Cue("long", 0, 99),)


@pytest.mark.parametrize("film", [timeline(), timeline(shot("s01", 0)), Timeline(Fraction(24), 95, 64, (shot("s01", 2),))])
def test_a_film_that_cannot_be_cut_is_refused(film: Timeline) -> None:
    with pytest.raises(InputError):
        settle(film)
