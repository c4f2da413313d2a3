"""The live display, looked at as a person does: it fits every terminal, and nothing is lost or left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from terminal import CTRL_C, Terminal

RUN = """
import os, sys, time
from vidgen.cli.output import Output
from vidgen.cli.progress import watching
from vidgen.errors import Notice
shots = int(sys.argv[1])
with Output("render") as out:
    with watching(out) as on:
        on("run.started", shots=shots, enlargements=0, takes=shots, reused=0, usd=1.0)
        for number in range(1, shots + 1):
            on("take.started", shot=f"shot{number:03}", take=1, engine="runway gen4.5", seed=1)
            on("take.progress", shot=f"shot{number:03}", take=1, share=0.3)
        time.sleep(0.3)
        out.warn([Notice("take.held", "the last frame is held \\x1b[2J", "shot001")])
        print("a library's own words", file=sys.stderr)
        while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
            time.sleep(0.05)
        on("take.done", shot="shot001", take=1, file="x", cost_usd=0.24)
        for number in range(1, shots + 1):
            on("shot.picked", shot=f"shot{number:03}", take=1, by="auto", made=1)
        on("cut.started", segments=3)
        on("cut.done", encoded=3, kept=0)
    out.say("film.mp4: done")
"""
ROWS = 14


@pytest.mark.parametrize("columns", [40, 80, 160])
@pytest.mark.parametrize("shots", [1, 20, 300])
def test_it_fits_shows_what_is_under_way_and_counts_the_rest(columns: int, shots: int, tmp_path: Path) -> None:
    with Terminal(["-c", RUN, shots, tmp_path / "go on"], columns=columns, rows=ROWS, program=[sys.executable]) as terminal:
        terminal.wait_for("a library's own words", "film")
        terminal.look(0.4)
        lines = [line for line in terminal.lines() if line]
        rows = [line for line in lines if line.startswith("shot0") and "━" in line]
        assert len(rows) == min(shots, ROWS - 3) and all("take 1: runway gen4.5" in row for row in rows)
        assert lines[-1].startswith("film") and f"0/{shots}" in lines[-1]
        assert shots == 1 or f"{shots} under way" in lines[-1]
        assert terminal.screen.cursor.hidden
        (tmp_path / "go on").touch()
        assert terminal.end() == 0
        said = " ".join("".join([*terminal.history(), *terminal.lines()]).split())
        assert "warning: shot001: the last frame is held \\x1b[2J [take.held]" in said, "seen, and not obeyed"
        assert said.count("a library's own words") == 1
        left = [line for line in terminal.lines() if line]
        assert left[-1] == "film.mp4: done" and "done" in left[-2] and "$0.24 spent" in left[-2]
        assert not [line for line in [*terminal.history(), *left] if "runway" in line], "no row is left behind"
        assert not terminal.screen.cursor.hidden


@pytest.mark.parametrize(("before", "after"), [((80, 20), (50, 20)), ((50, 14), (120, 20)), ((80, 20), (80, 10))])
def test_it_takes_another_size_at_once(before: tuple[int, int], after: tuple[int, int]) -> None:
    with Terminal(["-c", RUN, 20, "wait"], columns=before[0], rows=before[1], program=[sys.executable]) as terminal:
        terminal.wait_for("a library's own words", "film")
        terminal.look(0.4)
        terminal.resize(*after)
        terminal.look(0.5)
        lines = [line for line in terminal.lines() if line]
        assert max(map(len, lines)) <= after[0] and lines[-1].startswith("film")
        assert sum(line.startswith("film") for line in lines) == 1
        assert sum("take 1" in line for line in lines) <= after[1] - 2


def test_an_interrupt_clears_the_bars_and_says_so() -> None:
    with Terminal(["-c", RUN, 300, "wait"], rows=ROWS, program=[sys.executable]) as terminal:
        terminal.wait_for("a library's own words", "film")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
        assert terminal.lines()[1:3] == ["error: interrupted", "  hint: run the same command again to go on where it stopped"]
        assert not any("━" in line for line in terminal.lines()) and not terminal.screen.cursor.hidden


def test_a_terminal_that_cannot_move_its_cursor_gets_lines() -> None:
    with Terminal(["-c", RUN, 2], environment={"TERM": "dumb"}, program=[sys.executable]) as terminal:
        assert terminal.end() == 0
        assert "2 shots, 2 takes to make, 0 at hand" in terminal.lines() and b"\x1b" not in terminal.raw
