"""Titles on the film's frames: within their shot, over the parts of a split one, and over the shots after it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.app.lint import lint_loaded
from vidgen.app.plan import plan_loaded
from vidgen.cut.timeline import Cue, settle
from vidgen.engines.registry import Engines
from vidgen.errors import StoryboardError
from vidgen.planning.compile import Overrides
from vidgen.render.film_timeline import ShotClip, build_timeline
from vidgen.storyboard.lint import Finding
from vidgen.storyboard.loader import LoadedBoard, parse_storyboard


def board(shots: str, top: str = "") -> LoadedBoard:
    return parse_storyboard(f"vidgen: 1\nseed: 1\n{top}shots:\n{shots}")


def on_film(shots: str, top: str = "") -> list[tuple[str, int, int]]:
    """Each title with its first frame in the film and the one before which it is gone."""
    plan = plan_loaded(board(shots, top), Overrides(), Engines())
    clips = {shot.id: ShotClip(Path(shot.id), "0", None) for shot in plan.shots}
    timeline, _ = settle(build_timeline(plan, clips))
    titles: list[tuple[Cue, int]] = [
        (cue, begin) for shot, begin in zip(timeline.shots, timeline.starts, strict=True) for cue in shot.cues
    ]
    return [(cue.text, begin + cue.start, min(begin + cue.end, timeline.frames)) for cue, begin in titles]


def findings(shots: str, top: str = "") -> list[Finding]:
    return [one for one in lint_loaded(board(shots, top), Engines()) if one.rule.startswith("V70")]


SPLIT = "  - {id: a, scene: sea, duration: 12, text: [{text: T%s}]}\n  - {id: b, scene: hills, duration: 4}\n"


@pytest.mark.parametrize(
    ("title", "begin", "end"),
    [
        ("", 0, 288),
        (", in: 1", 24, 288),
        (", in: 1, out: 7", 24, 168),
        (", in: 5, out: 11.5", 120, 276),
        (", in: 3, out: 14", 72, 336),
        (", until: b", 0, 384),
    ],
)
def test_a_title_over_the_parts_of_a_split_shot_is_one_title(title: str, begin: int, end: int) -> None:
    assert on_film(SPLIT % title) == [("T", begin, end)]


def test_a_title_over_a_split_shot_ends_with_it_at_any_rate_of_the_film() -> None:
    top = "fps: 24\npost: {interpolate: 60}\n"
    assert on_film("  - {id: a, scene: sea, duration: 291f, text: T}\n  - {id: b, scene: hills}\n", top) == [("T", 0, 727)]


FILM = (
    "  - {id: a, scene: sea, duration: 2%s}\n"
    "  - {id: b, scene: hills, duration: 2, transition: {type: dissolve, duration: 0.5}}\n"
    "  - {id: c, scene: sky, duration: 2}\n"
)


@pytest.mark.parametrize(
    ("title", "end"),
    [("", 48), (", out: 1", 24), (", out: 3", 72), (", until: b", 84), (", until: c", 132), (", out: 99", 132)]
    + [(", until: a", 48), (", out: 3, until: c", 72), (", out: 99, until: b", 84)],
)
def test_a_title_lasts_over_cuts_to_a_time_or_to_the_end_of_a_shot(title: str, end: int) -> None:
    assert on_film(FILM % f", text: [{{text: T{title}}}]") == [("T", 0, end)]


def test_a_title_of_defaults_is_in_each_shot_and_does_not_outlast_it() -> None:
    shots = "  - {id: a, scene: sea, duration: 2}\n  - {id: b, scene: hills, duration: 2}\n"
    assert on_film(shots, "defaults: {text: [{text: DRAFT, out: 9}]}\n") == [("DRAFT", 0, 48), ("DRAFT", 48, 96)]


def test_a_trim_does_not_let_a_title_into_the_next_shot() -> None:
    shots = "  - {id: a, scene: sea, duration: 4, trim: {duration: 2}, text: [{text: T, out: 3}]}\n  - {id: b, scene: hills}\n"
    assert on_film(shots) == [("T", 0, 48)]


@pytest.mark.parametrize(
    ("shots", "top", "said"),
    [
        (FILM % ", text: [{text: T, until: x}]", "", "there is no shot x"),
        ("  - {id: a, scene: sea}\n  - {id: b, scene: sea, text: [{text: T, until: a}]}\n", "", "a comes earlier"),
        (FILM % "", "defaults: {text: [{text: T, until: b}]}\n", "set until in each shot"),
    ],
)
def test_until_names_a_shot_that_comes_later(shots: str, top: str, said: str) -> None:
    with pytest.raises(StoryboardError) as caught:
        board(shots, top)
    assert said in str(caught.value)


def test_credits_are_lines_or_a_text_with_newlines() -> None:
    listed = on_film("  - {scene: black, duration: 4, text: [{role: スタッフロール, text: [Aki, ~, 7, 'x: y']}]}\n")
    assert listed == [("Aki\n\n7\nx: y", 0, 96)]
    with pytest.raises(StoryboardError):
        board("  - {scene: black, text: [{role: credits, text: [[a]]}]}\n")


@pytest.mark.parametrize("letters", ["\U00013000", "Hello \u0f40"])
def test_letters_that_no_font_has_are_an_error_in_lint(letters: str) -> None:
    [found] = findings(f'  - {{scene: sea, text: "{letters}"}}\n')
    assert (found.rule, found.severity, found.line) == ("V702", "error", 4)
    assert f"U+{ord(letters[-1]):04X}" in found.message and "no font" in found.message


def test_letters_that_a_font_has_are_none() -> None:
    assert findings('  - {scene: sea, duration: 9, text: "مرحبا שלום Łódź สวัสดี 🎬 京都"}\n') == []


def roll(seconds: float, lines: int) -> Sequence[Finding]:
    return findings(f"  - {{scene: black, duration: {seconds}, text: [{{role: credits, text: {['Aki Sato'] * lines}}}]}}\n")


def test_credits_that_roll_too_fast_to_read_are_said_with_the_time_they_need() -> None:
    [found] = roll(6, 60)
    assert found.rule == "V703" and "need a roll of about" in found.message
    assert roll(40, 60) == [] and roll(10, 8) == []


def test_reading_time_goes_on_over_the_shots_that_a_title_lasts() -> None:
    long = "これはとても長い題名なので読むのに時間がかかります"
    assert [one.rule for one in findings(FILM % f", text: [{{text: {long}}}]")] == ["V701"]
    assert findings(FILM % f", text: [{{text: {long}, until: c}}]") == []
    assert Fraction(len(long), 4) < 7
