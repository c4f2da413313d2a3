"""The tables of docs/benchmarks.md: each says what it was measured at, and which are older than their code can be told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import record
from benchmarks.record import DOCS, NAMES, SOURCES, Table, fingerprint, stale, tables

IN_DOCS = tables(DOCS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("table", IN_DOCS, ids=lambda table: table.name)
def test_every_table_is_of_a_benchmark_and_names_its_commit(table: Table) -> None:
    assert table.name in SOURCES
    assert table.commit or not table.measured


def test_every_benchmark_has_a_place_in_the_document_and_says_what_it_measures() -> None:
    assert set(NAMES) <= {table.name for table in IN_DOCS}
    for name in SOURCES:
        assert len(fingerprint(name)) == 12


def test_which_tables_are_older_than_their_code_is_listed() -> None:
    """Old tables are no fault of a change, so that they are said and fail nothing: ``python -m benchmarks --stale``."""
    listed = subprocess.run([sys.executable, "-m", "benchmarks", "--stale"], capture_output=True, text=True, check=True)
    print(listed.stdout)
    assert listed.stdout.splitlines() == (stale(DOCS.read_text(encoding="utf-8")) or ["every table is as old as its code"])


def test_a_table_is_stale_once_its_code_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "SOURCES", {"sea": ("waves", "tide.py")})
    for name in ("benchmarks/sea.py", "src/vidgen/waves/high.py", "src/vidgen/tide.py", "src/vidgen/land.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    code = record.fingerprint("sea", tmp_path)
    text = f"<!-- sea -->\n| waves |\n\nMeasured 2026-11-29 at 4a6c5fc on a machine (code {code}).\n<!-- /sea -->"
    (tmp_path / "src/vidgen/land.py").write_text("two")
    assert stale(text, tmp_path) == []
    (tmp_path / "src/vidgen/waves/high.py").write_text("two")
    (line,) = stale(text, tmp_path)
    assert line == "sea: measured at 4a6c5fc; its code has changed since; python -m benchmarks.sea"


def test_a_module_of_a_benchmark_has_a_table_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "SOURCES", {"sea.tides": ("moon.py",)})
    monkeypatch.setattr(record, "DOCS", tmp_path / "benchmarks.md")
    monkeypatch.setattr(record, "commit", lambda: "4a6c5fc")
    monkeypatch.setattr(record, "fingerprint", lambda name, root=tmp_path: fingerprint(name, root))
    for name in ("benchmarks/sea/tides.py", "benchmarks/sea/waves.py", "src/vidgen/moon.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    record.DOCS.write_text("<!-- sea -->\nwaves\n<!-- /sea -->\n<!-- sea.tides -->\nold\n<!-- /sea.tides -->\n")
    record.write("sea.tides", "new", "a machine")
    waves, tides = tables(text := record.DOCS.read_text())
    assert waves.text == "waves" and tides.text.startswith("new") and stale(text, tmp_path) == []
    (tmp_path / "benchmarks/sea/waves.py").write_text("two")
    assert [line.rpartition("; ")[2] for line in stale(text, tmp_path)] == ["python -m benchmarks.sea.tides"]


def test_a_table_tells_of_changes_that_are_not_committed(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=Aki", "-c", "user.email=aki@example.org")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "sea.py").write_text("one")
    for words in (["init"], ["add", "."], ["commit", "-m", "one"]):
        git(*words)
    assert len(record.commit(tmp_path)) >= 7 and " " not in record.commit(tmp_path)
    (tmp_path / "benchmarks" / "sea.py").write_text("two")
    assert record.commit(tmp_path).endswith("with changes that are not committed")


def test_an_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "planing"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "there are: startup, planning" in done.stderr
