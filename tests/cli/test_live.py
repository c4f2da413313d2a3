"""The live display, looked at as a person does: it fits every terminal, and nothing is lost or left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from terminal import CTRL_C, CTRL_Z, ENTER, Terminal
from vidgen.cli.live_run import waits_until

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


def bars_once(lines: list[str], above: list[str]) -> bool:
    """Whether a screen shows these lines above, and below them each row of the display once, and nothing else."""
    rows = [line.split()[0] for line in lines if "━" in line]
    rest = [line for line in lines if line and "━" not in line and line not in above]
    return len(rows) == len(set(rows)) and rows[-1:] == ["film"] and not rest


WIDTHS = (120, 40, 80, 30, 120)


@pytest.mark.parametrize("shots", [1, 20, 300])
def test_windows_of_other_widths_leave_no_stale_rows(shots: int) -> None:
    with Terminal(["-c", RUN, shots, "wait"], columns=80, rows=24, program=[sys.executable]) as terminal:
        terminal.wait_for("a library's own words", "film")
        terminal.look(0.3)
        for columns in WIDTHS:
            terminal.resize(columns, 24)
            terminal.look(0.4)
            above = [line for line in terminal.lines() if "warning" in line or "library" in line or "take.held" in line]
            assert bars_once(terminal.lines(), above), "\n".join(terminal.lines())


class Tmux:
    """A window of tmux, which wraps lines anew when its size changes, as most terminals do."""

    def __init__(self, folder: Path, line: str, columns: int) -> None:
        self._tmux = ["tmux", "-L", f"vidgen-{uuid.uuid4().hex}", "-f", "/dev/null"]
        self._do("new-session", "-d", "-x", str(columns), "-y", "24", line, cwd=folder)

    def __enter__(self) -> Tmux:
        return self

    def __exit__(self, *_: object) -> None:
        self._do("kill-server")

    def _do(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run([*self._tmux, *words], cwd=cwd, capture_output=True, text=True, check=True)
        return done.stdout

    def resize(self, columns: int) -> None:
        self._do("resize-window", "-x", str(columns), "-y", "24")

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._do("capture-pane", "-p").splitlines()]

    def wait_until(self, right: Callable[[list[str]], bool]) -> None:
        until = time.monotonic() + 30
        while not right(lines := self.lines()):
            assert time.monotonic() < until, "\n".join(lines)
            time.sleep(0.1)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here")
@pytest.mark.parametrize("shots", [3, 300])
def test_lines_that_a_window_wraps_anew_are_taken_away_too(shots: int, tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN)
    with Tmux(tmp_path, f"{sys.executable} run.py {shots} wait", 120) as window:
        window.wait_until(lambda lines: any("library" in line for line in lines) and any("film" in line for line in lines))
        for columns in (80, 40):
            window.resize(columns)
            window.wait_until(lambda lines: bars_once(lines, [line for line in lines if "held" in line or "library" in line]))


SHELL = ["bash", "--norc", "--noprofile", "-i"]
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash's job control")


@needs_bash
def test_a_run_in_the_background_leaves_the_terminal_to_the_shell(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(
        RUN.replace("with Output", "from vidgen.cli.signals import handle_signals\nwith handle_signals(), Output", 1)
    )
    with Terminal([], program=SHELL, cwd=tmp_path, environment={"PS1": "$ "}) as terminal:
        terminal.press(f"{sys.executable} run.py 3 {tmp_path / 'end'}\r")
        terminal.wait_for("library", "making takes")
        terminal.press(CTRL_Z)
        terminal.wait_for("Stopped")
        terminal.press("bg\r")
        terminal.look(0.6)
        terminal.press("echo the shell\r")
        terminal.look(0.6)
        lines = [line for line in terminal.lines() if line]
        assert lines[-2:] == ["the shell", "$"] and not any("━" in line for line in lines)
        assert not terminal.screen.cursor.hidden
        terminal.press("fg\r")
        terminal.wait_for("shot001", "making takes")
        terminal.look(0.3)
        lines = [line for line in terminal.lines() if line]
        assert [line.split()[0] for line in lines[-4:]] == ["shot001", "shot002", "shot003", "film"]
        assert sum("━" in line for line in lines) == 4
        assert terminal.screen.cursor.hidden
        (tmp_path / "end").touch()
        terminal.wait_for("film.mp4: done")
        assert not terminal.screen.cursor.hidden


@needs_bash
def test_a_run_that_was_started_in_the_background_draws_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN)
    with Terminal([], program=SHELL, cwd=tmp_path, environment={"PS1": "$ "}) as terminal:
        terminal.press(f"{sys.executable} run.py 3 {tmp_path / 'end'} &\r")
        terminal.wait_for("library")
        terminal.look(0.6)
        assert not any("━" in line for line in terminal.lines()) and not terminal.screen.cursor.hidden
        (tmp_path / "end").touch()
        terminal.wait_for("film.mp4: done")
        assert not [line for line in terminal.lines() if "runway" in line]


def test_enter_pressed_while_it_draws_spoils_nothing() -> None:
    with Terminal(["-c", RUN, 3, "wait"], program=[sys.executable]) as terminal:
        terminal.wait_for("library", "film")
        terminal.press(ENTER)
        terminal.look(0.5)
        assert bars_once(terminal.lines(), ["a library's own words", *terminal.lines()[:2]])


WAITING = """
import sys, time
from vidgen.cli.output import Output
from vidgen.cli.progress import watching
with Output("render") as out, watching(out) as on:
    on("run.started", shots=1, enlargements=0, takes=1, reused=0, usd=0)
    on("take.started", shot="s01", take=1, engine="luma")
    for _ in range(3):
        on("take.waiting", shot="s01", take=1, seconds=float(sys.argv[1]), why="luma is taking no more requests now")
    time.sleep(float(sys.argv[2]))
"""


def test_a_shot_that_waits_says_until_when_and_why_and_then_goes_on() -> None:
    with Terminal(["-c", WAITING, 2, 4], columns=100, program=[sys.executable]) as terminal:
        terminal.wait_for("s01", "waits until ", ": luma is taking")
        terminal.wait_for("take 1: luma")
        assert terminal.end() == 0


def test_in_lines_a_wait_is_said_once() -> None:
    with Terminal(["-c", WAITING, 900, 0], environment={"TERM": "dumb"}, columns=120, program=[sys.executable]) as terminal:
        assert terminal.end() == 0
        said = [line for line in terminal.lines() if "waits until" in line]
        assert len(said) == 1 and said[0].startswith("s01: take 1 waits until ") and said[0].endswith("no more requests now")


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


def test_the_end_of_a_wait_is_told_as_a_clock_does() -> None:
    evening = datetime(2026, 3, 1, 23, 30)
    told = {seconds: waits_until({"seconds": seconds}, evening) for seconds in (30, 3600, 86_400)}
    assert told == {30: "waits until 23:30:30", 3600: "waits until 00:30", 86_400: "waits until 2026-03-02 23:30"}
