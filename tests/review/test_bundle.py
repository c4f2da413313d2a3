"""``vidgen review --bundle`` and ``--apply``: one file goes out, decisions come back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import SMALL
from support import Vidgen
from vidgen.app.render import RenderOptions, render_film
from vidgen.app.review import dailies
from vidgen.takes.lockfile import read_lock
from vidgen.takes.remarks import read_remarks

SEA = "{id: sea, scene: calm sea, candidates: 2, duration: 12f}"
HILL = "{id: hill, scene: green hill, duration: 12f}"


@pytest.fixture(scope="module")
def film_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered film, for tests that only look."""
    board = tmp_path_factory.mktemp("film") / "film.yaml"
    board.write_text(f"{SMALL}shots:\n  - {SEA}\n  - {HILL}\n")
    render_film(board, RenderOptions(output=board.with_suffix(".mp4")))
    return board


@pytest.fixture
def board(film_: Path) -> Path:
    """The same, with no decision made."""
    film_.with_name("film.lock.yaml").unlink(missing_ok=True)
    (film_.parent / ".vidgen/film/remarks.json").unlink(missing_ok=True)
    return film_


Said = Callable[..., dict[str, Any]]


@pytest.fixture
def said(board: Path) -> Said:
    """A file of notes as the page saves it, with these decisions."""
    film = dailies(board)
    takes = {(shot.planned.id, take.take): take.sha256 for shot in film.shots for take in shot.takes}

    def write(**decisions: Any) -> dict[str, Any]:
        known = {"schema": "vidgen.notes.v1", "project": film.project.identity(), "board": "film.yaml"}
        rows: dict[str, list[dict[str, Any]]] = {"picks": [], "rejections": [], "notes": [], **decisions}
        for row in (row for kind in rows.values() for row in kind):
            row.setdefault("sha256", takes.get((row["shot"], row.get("take"))))
        return {**known, **rows}

    return write


def apply(vidgen: Vidgen, board: Path, notes: Any, *flags: str) -> Any:
    file = board.with_name("notes.json")
    file.write_bytes(notes if isinstance(notes, bytes) else json.dumps(notes).encode())
    return vidgen("review", board, "--apply", file, "--json", *flags)


def state(board: Path) -> tuple[bytes, bytes]:
    files = (board.with_name("film.lock.yaml"), board.parent / ".vidgen/film/remarks.json")
    return tuple(file.read_bytes() if file.is_file() else b"" for file in files)  # type: ignore[return-value]


EVERYTHING = {
    "picks": [{"shot": "sea", "take": 2}],
    "rejections": [{"shot": "sea", "take": 1, "reason": "the moon is square"}],
    "notes": [
        {"shot": "sea", "take": 2, "at_s": 0.25, "text": "hold <b>longer</b>"},
        {"shot": "hill", "take": None, "sha256": None, "at_s": None, "text": "霧をもっと"},
    ],
}


def test_a_bundle_is_one_file_that_says_how_large_it_is(vidgen: Vidgen, board: Path, tmp_path: Path) -> None:
    page = tmp_path / "film.html"
    data = vidgen("review", board, "--bundle", page, "--json").data
    text = page.read_text()
    assert data["bytes"] == page.stat().st_size and (data["output"], data["short_side"]) == (str(page), 360)
    inside = set(re.findall(r'<script type="text/plain" id="m-([^"]+)">[A-Za-z0-9+/=]+</script>', text))
    asked = set(re.findall(r'data-(?:src|poster)="([^"]+)"', text))
    assert asked == inside and len(asked) > 6
    assert re.search(r"default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src blob: data:;", text)
    assert "http:" not in text and "https:" not in text and 'src="media/' not in text


def test_a_file_that_is_too_large_has_smaller_copies_or_is_refused(vidgen: Vidgen, film_: Path, tmp_path: Path) -> None:
    page = tmp_path / "film.html"
    full = vidgen("review", film_, "--bundle", page, "--json").data["bytes"]
    page.unlink()
    ran = vidgen("review", film_, "--bundle", page, "--max-mb", 0.03, "--json")
    assert full > 0.03e6 and ran.code == 2 and ran.envelope["error"]["code"] == "review.too_large" and not page.exists()
    needed = re.search(r"--max-mb ([\d.]+)", ran.envelope["error"]["hint"])
    assert needed and vidgen("review", film_, "--bundle", page, "--max-mb", needed[1]).code == 0
    assert page.stat().st_size <= float(needed[1]) * 1e6


def test_somebody_elses_page_is_not_replaced(vidgen: Vidgen, film_: Path, tmp_path: Path) -> None:
    page = tmp_path / "mine.html"
    page.write_text("<h1>My own</h1>")
    ran = vidgen("review", film_, "--bundle", page, "--json")
    assert ran.code == 2 and ran.envelope["error"]["code"] == "output.bad_name" and page.read_text() == "<h1>My own</h1>"
    for name in ("film.mp4", "film"):
        assert vidgen("review", film_, "--bundle", tmp_path / name).code == 2


@pytest.mark.parametrize(
    "flags", [["--serve", "--bundle", "a.html"], ["--max-mb", "3"], ["--dry-run"], ["-o", "x", "--bundle", "a.html"]]
)
def test_flags_that_say_nothing_together_are_refused(vidgen: Vidgen, film_: Path, flags: list[str]) -> None:
    ran = vidgen("review", film_, *flags, "--json")
    assert ran.code == 2 and ran.envelope["error"]["code"] == "usage.invalid" and ran.envelope["error"]["hint"]


def test_decisions_come_back_once(vidgen: Vidgen, board: Path, said: Said) -> None:
    ran = apply(vidgen, board, said(**EVERYTHING))
    assert (
        ran.code == 0
        and ran.data["written"]
        and [one["kind"] for one in ran.data["changes"]] == ["pick", "reject", "note", "note"]
    )
    pick = read_lock(board.with_name("film.lock.yaml"))["sea"]
    assert (pick.take, pick.by) == (2, "person")
    remarks = read_remarks(board.parent / ".vidgen/film")
    assert [one.reason for one in remarks.rejections] == ["the moon is square"]
    assert [(one.take, one.at_s, one.text) for one in remarks.notes] == [
        (2, 0.25, "hold <b>longer</b>"),
        (None, None, "霧をもっと"),
    ]
    before = state(board)
    ran = apply(vidgen, board, said(**EVERYTHING))
    assert ran.code == 0 and (ran.data["changes"], ran.data["unchanged"], ran.data["written"]) == ([], 4, False)
    assert state(board) == before
    assert vidgen("render", board, "--json", "-o", board.with_name("film.mp4")).data["shots"][0]["picked"] == 2


def test_a_dry_run_tells_and_writes_nothing(vidgen: Vidgen, board: Path, said: Said) -> None:
    before = state(board)
    ran = apply(vidgen, board, said(**EVERYTHING), "--dry-run")
    assert ran.code == 0 and len(ran.data["changes"]) == 4 and not ran.data["written"] and state(board) == before


def test_a_take_is_known_by_its_content_not_by_its_number(vidgen: Vidgen, board: Path, said: Said) -> None:
    notes = said(picks=[{"shot": "sea", "take": 2}])
    notes["picks"][0]["take"] = 7
    assert apply(vidgen, board, notes).data["changes"][0]["take"] == 2


@pytest.mark.parametrize(
    ("decisions", "word"),
    [
        ({"picks": [{"shot": "sea", "take": 2, "sha256": "0" * 64}]}, "take 2 of sea is another one now"),
        ({"rejections": [{"shot": "sea", "take": 9, "sha256": "0" * 64, "reason": "no"}]}, "take 9 of sea is not there"),
        ({"notes": [{"shot": "gone", "take": None, "sha256": None, "at_s": None, "text": "x"}]}, "no shot gone"),
        ({"picks": [{"shot": "sea", "take": 1}, {"shot": "sea", "take": 2}]}, "two takes of sea are picked"),
        (
            {"picks": [{"shot": "sea", "take": 1}], "rejections": [{"shot": "sea", "take": 1, "reason": "no"}]},
            "both picked and",
        ),
    ],
)
def test_what_is_not_there_any_more_is_told_and_nothing_is_written(
    vidgen: Vidgen, board: Path, said: Said, decisions: dict[str, Any], word: str
) -> None:
    before = state(board)
    rest = {"notes": [{"shot": "hill", "take": None, "sha256": None, "at_s": None, "text": "good"}]}
    ran = apply(vidgen, board, said(**{**rest, **decisions}))
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "notes.outdated") and word in ran.envelope["error"]["message"]
    assert state(board) == before


def test_notes_on_another_project_are_refused(vidgen: Vidgen, board: Path, said: Said) -> None:
    ran = apply(vidgen, board, {**said(**EVERYTHING), "project": "0" * 32})
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "notes.other_project") and state(board) == (b"", b"")


NOTE = {"shot": "hill", "take": None, "sha256": None, "at_s": None, "text": "x"}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "vidgen.notes.v2"},
        {"schema": None},
        {"project": 1},
        {"more": []},
        {"picks": {}},
        {"picks": [{"shot": "sea", "take": "2", "sha256": "0" * 64}]},
        {"picks": [{"shot": "sea", "take": True, "sha256": "0" * 64}]},
        {"picks": [{"shot": "sea", "take": 0, "sha256": "0" * 64}]},
        {"picks": [{"shot": "sea", "take": 1, "sha256": "../../x"}]},
        {"picks": [{"shot": "sea", "take": 1}]},
        {"rejections": [{"shot": "sea", "take": 1, "sha256": "0" * 64, "reason": " "}]},
        {"notes": [{**NOTE, "text": "x" * 2001}]},
        {"notes": [{**NOTE, "at_s": -1}]},
        {"notes": [{**NOTE, "at_s": float("nan")}]},
        {"notes": [{**NOTE, "at_s": 1e999}]},
        {"notes": [{**NOTE, "text": "\ud800"}]},
        {"notes": [{**NOTE, "colour": "red"}]},
    ],
)
def test_a_file_that_is_not_one_of_notes_is_refused_with_its_place(
    vidgen: Vidgen, board: Path, said: Said, change: dict[str, Any]
) -> None:
    ran = apply(vidgen, board, {**said(), **change})
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "notes.invalid"), ran.out
    assert next(iter(change)) in ran.envelope["error"]["message"] or "JSON" in ran.envelope["error"]["message"]
    assert state(board) == (b"", b"")


DAMAGED = [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1, "schema": 2}', b"9" * 5000]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_refused(vidgen: Vidgen, board: Path, content: bytes) -> None:
    ran = apply(vidgen, board, content)
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "notes.invalid")
    assert vidgen("review", board, "--apply", "nothing.json").code == 2
    assert vidgen("review", board, "--apply", board.parent).code == 2
