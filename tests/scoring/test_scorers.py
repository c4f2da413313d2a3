"""Scorers of other packages: their numbers count, and whatever they do wrong costs nothing but their own measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.scoring.faulty_clips import Pictures, scene

from support import Film, Package, Ran, Vidgen, installed_package
from vidgen.app.doctor import diagnose

Write = Callable[[str, Pictures], Path]

ACME = """
from pathlib import Path
from vidgen.plugin import ClipScorer, GroupScorer, Measurement, ProcessingError

def note(line):
    with Path(__file__).with_name("calls.txt").open("a") as file:
        print(line, file=file)

class Bright(ClipScorer):
    name = "acme-bright"
    family = "prompt"
    better = "high"
    noise = 1.0
    unit = "levels"
    def score(self, clip, expectation):
        note(f"{clip.file.name} {clip.window} {expectation.prompt}")
        return Measurement(sum(float(frame.mean()) for frame in clip.frames()), notices=(("acme:seen", "looked"),))

class Place(GroupScorer):
    name = "acme-place"
    family = "continuity"
    better = "low"
    noise = 0.5
    def score_all(self, clips, expectation):
        note(f"{len(clips)} clips")
        order = sorted(clip.sha256 for clip in clips)
        return [Measurement(float(order.index(clip.sha256))) for clip in clips]
"""
ENTRIES = "[vidgen.scorers]\nacme-bright = acme_scores:Bright\n"


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    with installed_package(tmp_path / "site", monkeypatch, "acme", {"acme_scores": ACME}, ENTRIES) as package:
        yield package


@pytest.fixture
def takes(clip: Write) -> list[Path]:
    """Two clips of one scene; the second is brighter by four levels, which the judge itself does not mind."""
    return [clip("dark", scene()), clip("bright", [picture + (picture < 250) * picture.dtype.type(4) for picture in scene()])]


def calls(tmp_path: Path) -> list[str]:
    file = tmp_path / "site" / "calls.txt"
    return file.read_text().splitlines() if file.exists() else []


def warnings(ran: Ran) -> dict[str, str]:
    return {warning["code"]: warning["message"] for warning in ran.envelope["warnings"]}


def test_without_a_scorer_the_family_is_null_and_says_why(vidgen: Vidgen, takes: list[Path]) -> None:
    (one, _) = vidgen("score", *takes, "--json").data["candidates"]
    assert one["families"]["prompt"] is None and "is configured" in one["not_measured"]["prompt"]
    assert "continuity" not in one["families"]


@pytest.mark.usefixtures("acme")
def test_its_number_is_in_the_card_and_decides(vidgen: Vidgen, takes: list[Path], tmp_path: Path) -> None:
    ran = vidgen("score", *takes, "--prompt", "a calm sea", "--json")
    dark, bright = ran.data["candidates"]
    assert bright["measures"]["acme-bright"] > dark["measures"]["acme-bright"] > 0
    assert bright["families"]["prompt"] > 0 > dark["families"]["prompt"] and "prompt" not in bright["not_measured"]
    assert ran.data["winner"].endswith("bright.mp4") and "prompt" in ran.data["why"]
    assert calls(tmp_path) == ["dark.mp4 None a calm sea", "bright.mp4 None a calm sea"]
    assert warnings(ran) == {"acme:seen": "looked"}


@pytest.mark.usefixtures("acme")
def test_one_take_alone_has_a_reading_and_is_compared_with_nothing(vidgen: Vidgen, takes: list[Path]) -> None:
    (card,) = vidgen("score", takes[0], "--json").data["candidates"]
    assert card["measures"]["acme-bright"] > 0 and card["families"]["prompt"] is None
    assert card["not_measured"]["prompt"] == "acme-bright: there is no other take to compare with"


@pytest.mark.parametrize(("typical", "sign"), [(1e6, -1), (1.0, 0)])
def test_a_take_alone_falls_short_of_a_typical_value_or_does_not(
    typical: float, sign: int, vidgen: Vidgen, takes: list[Path], acme: Package
) -> None:
    acme.write("acme_scores", ACME.replace('unit = "levels"', f"typical = {typical}"))
    (card,) = vidgen("score", takes[0], "--json").data["candidates"]
    assert np.sign(card["families"]["prompt"]) == sign and card["status"] == "uncalibrated"


def test_a_measure_of_all_takes_together_is_asked_once_and_may_be_of_a_family_of_its_own(
    vidgen: Vidgen, takes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = "[vidgen.scorers]\nacme-place = acme_scores:Place\n"
    with installed_package(tmp_path / "site", monkeypatch, "acme", {"acme_scores": ACME}, entries):
        first, second = (vidgen("score", *order, "--json") for order in (takes, takes[::-1]))
    assert calls(tmp_path) == ["2 clips"] * 2
    assert {card["families"]["continuity"] is None for card in first.data["candidates"]} == {False}
    assert first.data["winner"] == second.data["winner"]


BROKEN = {
    "cannot be imported": ("import a_module_that_is_not_there", "No module named"),
    "ends the program": ("raise SystemExit(3)", "SystemExit"),
    "is no scorer": ("Bright = dict", "neither a ClipScorer nor a GroupScorer"),
    "has another name": ("Bright.name = 'other'", "calls itself 'other'"),
    "is of no family": ("Bright.family = 'beauty'", "family is 'beauty'"),
    "has no direction": ("Bright.better = 'more'", "better is 'more'"),
    "has no noise": ("Bright.noise = 0", "noise is 0"),
    "cannot be made": ("Bright.__init__ = lambda self: 1 / 0", "ZeroDivisionError"),
    "raises": ("Bright.score = lambda self, clip, expectation: 1 / 0", "ZeroDivisionError"),
    "ends the program while it works": ("def score(self, c, e): raise SystemExit(3)\nBright.score = score", "SystemExit"),
    "raises an error of its own": (
        "def score(self, c, e): raise ProcessingError('acme:no_credit', 'no credit left')\nBright.score = score",
        "no credit left",
    ),
    "gives a number": ("Bright.score = lambda self, clip, expectation: 0.5", "float instead of a Measurement"),
    "gives no number": ("Bright.score = lambda self, clip, expectation: Measurement(float('nan'))", "nan, not a number"),
    "gives text": ("Bright.score = lambda self, clip, expectation: Measurement('good')", "'good', not a number"),
    "cannot say whether it is ready": ("Bright.available = lambda self: 1 / 0", "ZeroDivisionError"),
    "cannot say what it costs": ("Bright.estimate = lambda self, clips, expectation: 1 / 0", "ZeroDivisionError"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_scorer_costs_only_its_own_measure(vidgen: Vidgen, takes: list[Path], acme: Package, fault: str) -> None:
    more, words = BROKEN[fault]
    acme.write("acme_scores", f"{ACME}{more}\n")
    ran = vidgen("score", *takes, "--json")
    assert ran.code == 0 and ran.data["winner"] and "Traceback" not in ran.err
    text = warnings(ran)["score.scorer_failed"]
    assert words in text and "acme-bright (acme)" in text and "is left out" in text and "\n" not in text
    assert all(card["families"]["prompt"] is None for card in ran.data["candidates"])
    assert all(card["families"]["temporal"] is not None for card in ran.data["candidates"])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("Bright.available = lambda self: 'no weights here'", "acme-bright: no weights here"),
        ("Bright.score = lambda self, clip, expectation: Measurement(None, 'no face in it')", "acme-bright: no face in it"),
        ("Bright.score = lambda self, clip, expectation: Measurement(None)", "acme-bright: it gave no reason"),
        ("Bright.estimate = lambda self, clips, expectation: 0.25", "it measures for up to 0.25 USD"),
        ("Bright.estimate = lambda self, clips, expectation: None", "at a price that is not known"),
    ],
)
def test_what_was_not_measured_says_why_and_nothing_is_spent_without_a_limit(
    vidgen: Vidgen, takes: list[Path], acme: Package, tmp_path: Path, more: str, reason: str
) -> None:
    acme.write("acme_scores", f"{ACME}{more}\n")
    ran = vidgen("score", *takes, "--json")
    assert ran.code == 0 and "score.scorer_failed" not in warnings(ran) and not calls(tmp_path)
    assert all(reason in card["not_measured"]["prompt"] for card in ran.data["candidates"])


def test_a_measure_that_one_take_lacks_decides_nothing(vidgen: Vidgen, takes: list[Path], acme: Package) -> None:
    dark_only = "Bright.score = lambda self, clip, e: Measurement(9.0 if 'dark' in clip.file.name else None, 'too bright')"
    acme.write("acme_scores", f"{ACME}{dark_only}\n")
    dark, bright = vidgen("score", *takes, "--json").data["candidates"]
    assert (dark["measures"]["acme-bright"], dark["families"]["prompt"], bright["families"]["prompt"]) == (9.0, None, None)
    assert dark["not_measured"]["prompt"] == "acme-bright: too bright" and "acme-bright" not in bright["measures"]


BOARD = "{id: a, scene: calm sea, candidates: 2, duration: 1}"


def test_a_render_measures_each_take_once_and_again_with_a_new_version(
    vidgen: Vidgen, film: Film, acme: Package, tmp_path: Path
) -> None:
    board = film(BOARD)
    assert vidgen("render", board, "--json").code == 0
    first = calls(tmp_path)
    assert len(first) == 2 and "calm sea" in first[0]
    assert vidgen("render", board, "--json").code == 0 and calls(tmp_path) == first
    acme.upgrade("2.0")
    assert vidgen("render", board, "--json").code == 0 and len(calls(tmp_path)) == 4


@pytest.mark.parametrize("fault", ["raises", "cannot be imported", "ends the program while it works"])
def test_a_broken_scorer_never_stops_a_render(vidgen: Vidgen, film: Film, acme: Package, fault: str) -> None:
    acme.write("acme_scores", f"{ACME}{BROKEN[fault][0]}\n")
    ran = vidgen("render", film(BOARD, BOARD.replace("a,", "b,", 1)), "--json")
    assert ran.code == 0 and BROKEN[fault][1] in warnings(ran)["score.scorer_failed"]
    assert all(take["score"] is not None for shot in ran.data["shots"] for take in shot["takes"])


def test_interrupting_a_scorer_interrupts_the_command(vidgen: Vidgen, takes: list[Path], acme: Package) -> None:
    acme.write("acme_scores", f"{ACME}def score(self, c, e): raise KeyboardInterrupt\nBright.score = score\n")
    assert vidgen("score", *takes, "--json").code == 130


def test_weights_may_name_the_family_of_a_scorer(vidgen: Vidgen, film: Film) -> None:
    assert vidgen("plan", film(BOARD, top="score: {weights: {continuity: 2, prompt: 0.5}}\n")).code == 0


def test_doctor_names_a_scorer_that_cannot_be_used(acme: Package) -> None:
    acme.write("acme_scores", f"{ACME}Bright.noise = -1\n")
    (found,) = (check for check in diagnose().checks if check["name"] == "scorer acme-bright")
    assert found["state"] == "warn" and "noise is -1" in found["found"] and "acme" in found["remedy"]


def test_money_is_spent_up_to_the_limit_and_what_was_paid_for_is_kept(takes: list[Path], acme: Package, tmp_path: Path) -> None:
    from vidgen.media.answers import content_of
    from vidgen.scoring import Expectation
    from vidgen.scoring.scorer import Clip
    from vidgen.scoring.scorers import Scorers

    acme.write("acme_scores", ACME + "Bright.estimate = lambda self, clips, expectation: 0.05 * len(clips)\n")
    clips = [Clip(file, content_of(file)) for file in takes]

    def measure(limit: float) -> list[Any]:
        (column,) = Scorers(tmp_path / "scores", limit).measure(clips, Expectation())
        return [result.value for result in column.results]

    assert measure(0.09) == [None, None] and None not in measure(0.10)
    assert None not in measure(0.0) and len(calls(tmp_path)) == 2, "what was measured once costs nothing"
