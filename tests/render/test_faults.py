"""A fault in one take or shot costs that one alone: the others are made, judged, kept, and the run says whose fault it was."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Film, Vidgen
from vidgen.app.render import RenderOptions, render_film
from vidgen.engines.previz import render as drawing
from vidgen.errors import Notice
from vidgen.scoring import judge
from vidgen.takes.request import TakeRequest

SEA = "{id: sea, scene: calm sea at dawn, candidates: 3, duration: 8f}"
HILL = "{id: hill, scene: green hills at noon, duration: 8f}"


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[TakeRequest], bool]], None]:
    """``fault(lambda take: ...)``: previz has a fault that shows when it draws such takes."""
    whole = drawing._source

    def break_(where: Callable[[TakeRequest], bool]) -> None:
        def broken(take: TakeRequest, notes: Any) -> Any:
            if where(take):
                raise IndexError("list index out of range")
            return whole(take, notes)

        monkeypatch.setattr(drawing, "_source", broken)

    return break_


def test_a_fault_in_one_take_leaves_the_others(vidgen: Vidgen, film: Film, fault: Any) -> None:
    fault(lambda take: take.take == 2)
    ran = vidgen("render", film(SEA, HILL), "--json")
    assert ran.code == 0
    assert [[take["take"] for take in shot["takes"]] for shot in ran.data["shots"]] == [[1, 3], [1]]
    (said,) = [row for row in ran.envelope["warnings"] if row["code"] == "take.failed"]
    assert said["shot"] == "sea" and "internal error: take 2 of sea: IndexError" in said["message"]
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback_of_a_take_that_the_film_does_without(vidgen: Vidgen, film: Film, fault: Any) -> None:
    fault(lambda take: take.take == 2)
    ran = vidgen("render", film(SEA, HILL), "--debug")
    assert ran.code == 0 and "Traceback" in ran.err and "IndexError: list index out of range" in ran.err


def test_a_shot_with_no_take_left_is_named_when_all_others_are_made(
    vidgen: Vidgen, film: Film, fault: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as broken:
        whole = drawing._source
        fault(lambda take: take.request.shot == "sea")
        ran = vidgen("render", film(SEA, HILL), "--json")
        broken.setattr(drawing, "_source", whole)
    error = ran.envelope["error"]
    assert ran.code == 1 and error["code"] == "internal" and error["where"] == "sea"
    assert "take" in error["message"] and "of sea: IndexError" in error["message"] and "--debug" in error["hint"]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert [shot["reused"] for shot in vidgen("render", film(SEA, HILL), "--json").data["shots"]] == [False, True]


def test_a_shot_that_continues_a_faulty_one_says_so_and_the_fault_is_the_error(vidgen: Vidgen, film: Film, fault: Any) -> None:
    fault(lambda take: take.request.shot == "sea")
    ran = vidgen("render", film(SEA, "{id: on, scene: calm sea at dawn, continue_from: sea, duration: 8f}"), "--json")
    assert ran.code == 1 and ran.envelope["error"]["where"] == "sea"


def test_a_take_that_the_judge_fails_on_is_left_out_and_the_others_are_judged(
    vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = film(SEA)
    first = vidgen("render", board, "--json").data["shots"][0]["takes"]
    for kept in board.parent.glob(".vidgen/film/scores/*.json"):
        kept.unlink()
    whole = judge.read_clip

    def broken(file: Path) -> Any:
        if str(file) == first[1]["file"]:
            raise ZeroDivisionError("division by zero")
        return whole(file)

    monkeypatch.setattr(judge, "read_clip", broken)
    ran = vidgen("render", board, "--json")
    assert ran.code == 0
    assert [take["score"] is None for take in ran.data["shots"][0]["takes"]] == [False, True, False]
    said = [row["message"] for row in ran.envelope["warnings"] if row["code"] == "take.not_judged"]
    assert len(said) == 1 and "judging take 2 of sea: ZeroDivisionError" in said[0]


def test_where_the_judge_sees_nothing_a_person_should_look(vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: Path) -> Any:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(judge, "read_clip", broken)
    ran = vidgen("render", film(SEA, HILL), "--json")
    assert ran.code == 0 and ran.data["needs_review"] == ["sea"] and ran.data["shots"][0]["picked"] == 1
    assert Path(ran.data["output"]).is_file()


def test_a_fault_in_post_processing_one_shot_leaves_the_others_done(
    vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from vidgen.render import postprocess

    board = film(SEA.replace(", candidates: 3", ""), HILL, top="post: {interpolate: {fps: 24, engine: minterpolate}}\n")
    whole = postprocess.process_clip
    seen: list[Path] = []

    def broken(source: Path, *rest: Any, **more: Any) -> Any:
        seen.append(source)
        if len(seen) == 1:
            raise IndexError("list index out of range")
        return whole(source, *rest, **more)

    monkeypatch.setattr(postprocess, "process_clip", broken)
    ran = vidgen("render", board, "--json")
    assert ran.code == 1 and "post-processing of sea: IndexError" in ran.envelope["error"]["message"]
    again = vidgen("render", board, "--json")
    assert again.code == 0
    assert [line["shot"] for line in again.lines if line.get("event") == "post.started"] == ["sea"]


def test_a_display_that_fails_costs_no_take(film: Film, tmp_path: Path) -> None:
    def broken(event: str, /, **values: Any) -> None:
        raise KeyError(event)

    told: list[Notice] = []
    result = render_film(film(SEA, HILL), RenderOptions(output=tmp_path / "film.mp4"), listener=broken, warn=told.extend)
    assert [len(shot.takes) for shot in result.shots] == [3, 1] and not told


THEIRS = "{id: theirs, scene: calm sea, engine: acme, duration: 8f}"
ACME = """
from dataclasses import replace
from vidgen.engines.previz import Previz

class Acme(Previz):
    name = "acme"
    draws_words = False
    def capabilities(self, model=None):
        return replace(super().capabilities(), engine="acme")
    def STEP(self, *given, **more):
        RESULT
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """``acme("generate", "raise KeyError('steps')")``: a real installed engine of another project, with that fault."""
    info = tmp_path / "site" / "acme-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vidgen.engines]\nacme = acme_engine:Acme\n")
    monkeypatch.syspath_prepend(info.parent)

    def install(step: str, result: str) -> None:
        (info.parent / "acme_engine.py").write_text(ACME.replace("STEP", step).replace("RESULT", result))
        sys.modules.pop("acme_engine", None)

    yield install
    sys.modules.pop("acme_engine", None)


@pytest.mark.parametrize(
    ("step", "result"),
    [
        *(
            (step, "raise KeyError('steps')")
            for step in ("generate", "prepare", "model_key", "check", "preflight", "capabilities")
        ),
        ("generate", "raise NotImplementedError"),
        ("generate", "raise SystemExit(1)"),
        ("generate", "return None"),
        ("generate_many", "return []\n    together = True"),
    ],
)
def test_what_a_plug_in_raises_is_that_engines_failure(
    vidgen: Vidgen, film: Film, acme: Callable[[str, str], None], step: str, result: str
) -> None:
    acme(step, result)
    ran = vidgen(
        "render",
        film("{id: ours, scene: calm sea, duration: 8f}", "{id: theirs, scene: calm sea, engine: acme, duration: 8f}"),
        "--json",
    )
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (4, "engine.failed") and "acme" in error["message"]
    assert "Traceback" not in ran.err


def test_a_plug_in_that_cannot_say_what_it_can_do_breaks_its_own_row_only(
    vidgen: Vidgen, acme: Callable[[str, str], None]
) -> None:
    acme("capabilities", "raise KeyError('steps')")
    ran = vidgen("engines", "--json")
    rows = {row["engine"]: row for row in ran.data["engines"]}
    assert ran.code == 0 and "previz" in rows
    assert not rows["acme"]["ready"] and "KeyError" in rows["acme"]["state"]


def test_a_plug_in_that_cannot_be_closed_costs_nothing(vidgen: Vidgen, film: Film, acme: Callable[[str, str], None]) -> None:
    acme("close", "raise OSError('the pipe is gone')")
    ran = vidgen("render", film(THEIRS), "--json")
    assert ran.code == 0 and [row["code"] for row in ran.envelope["warnings"]].count("engine.not_closed") == 1


def test_a_disk_that_is_full_in_one_take_is_said_as_such(vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(take: TakeRequest, notes: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(drawing, "_source", full)
    ran = vidgen("render", film(SEA), "--json")
    error = ran.envelope["error"]
    assert ran.code == 4 and "No space left" in error["message"] and "internal" not in error["message"]


BOUGHT = """
from pathlib import Path
from vidgen.testing import ScriptedRemote

class Acme(ScriptedRemote):
    def __init__(self):
        super().__init__(Path(FOLDER), name="acme")
    async def submit(self, take, *, reference):
        job = await super().submit(take, reference=reference)
        if take.take == 2:
            return {}["answer"]  # after the provider has accepted it
        return job
"""


def test_a_plug_in_that_fails_while_it_sends_buys_nothing_twice(
    vidgen: Vidgen, film: Film, acme: Callable[[str, str], None], tmp_path: Path
) -> None:
    acme("close", "pass")
    (tmp_path / "site" / "acme_engine.py").write_text(
        BOUGHT.replace("FOLDER", f"__import__('pathlib').Path({str(tmp_path)!r})")
    )
    board = film(THEIRS.replace("duration: 8f", "duration: 8f, candidates: 3"))
    for _ in range(2):
        ran = vidgen("render", board, "--yes", "--json")
        assert ran.code == 0 and [take["take"] for take in ran.data["shots"][0]["takes"]] == [1, 3]
        (why,) = [row["message"] for row in ran.envelope["warnings"] if row["code"] == "take.failed"]
        assert "KeyError: 'answer'" in why and "vidgen takes resolve" in why
        rows = vidgen("takes", "list", board, "--json").data["takes"]
        assert sorted(row["state"] for row in rows) == ["done", "done", "unknown"]
    assert len(list(tmp_path.glob("job-*.json"))) == 3
