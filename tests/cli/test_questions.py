"""A question stands on the screen, whole, until the person answers it; only a yes that was typed after it spends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Film
from terminal import CTRL_C, CTRL_D, CTRL_Z, ENTER, Terminal
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.runway import FakeRunway

TOP = "budget: {max_cost: 10}\nresolution: 720p\n"
SHOTS = (
    "{id: a, scene: sea, engine: runway, candidates: 2, duration: 4}",
    "{id: b, scene: hill, engine: luma, duration: 5}",
    "{id: c, scene: tree, duration: 1}",
)
BILL = (
    "runway: 2 takes, about $0.96",
    "luma: 1 take, about $0.30",
    "previz: 1 take, free",
    "this film has cost $0.00 so far",
    "budget: $10.00, of which $10.00 is left",
    "3 takes will cost about $1.26. Go on? [y/N]",
)


@pytest.fixture
def providers() -> Iterator[ProviderServer]:
    with ProviderServer(FakeRunway, FakeLuma, polls=1) as server:
        yield server


@pytest.fixture
def board(film: Film) -> Path:
    file = film(*SHOTS)
    file.write_text(file.read_text().replace("resolution: 96x54\nfps: 12\n", "fps: 24\n" + TOP))
    return file


def test_the_whole_bill_is_seen_and_a_no_sends_nothing(board: Path, providers: ProviderServer) -> None:
    with Terminal(["render", board.name], environment=providers.environment(), cwd=board.parent) as terminal:
        terminal.press("y\r")  # typed in doubt, before there was a question
        terminal.wait_for(*BILL)
        terminal.look(0.5)  # nothing wipes it away
        assert all(line in terminal.text() for line in BILL)
        terminal.press("n\r")
        assert terminal.end() == 5 and providers.asked == []
        assert "was declined; nothing was sent" in terminal.text()
    assert not (board.parent / "film.mp4").exists()


def test_a_yes_buys_makes_the_film_and_the_next_question_knows(board: Path, providers: ProviderServer) -> None:
    board.write_text(
        board.read_text()
        .replace(SHOTS[0], "{id: a, scene: sea, engine: runway, duration: 2}")
        .split("  - {id: b")[0]
        .replace("720p", "180p")
    )
    with Terminal(["render", board.name], environment=providers.environment(), cwd=board.parent) as terminal:
        terminal.wait_for("Go on? [y/N]")
        terminal.press("y\r")
        assert terminal.end() == 0 and providers.created == 1
        assert not terminal.screen.cursor.hidden
    line = ["render", board.name, "--regenerate", "a"]
    with Terminal(line, environment=providers.environment(), cwd=board.parent) as terminal:
        terminal.wait_for("cost $0.24 so far", "of which $9.76 is left", "1 take will cost about $0.24")
        terminal.press(CTRL_C)
        assert terminal.end() == 130 and providers.created == 1
        assert "error: interrupted" in terminal.lines() and "nothing was sent" in terminal.text()


ASKING = """
from vidgen.cli.output import Output
from vidgen.cli.questions import confirm_spending
from vidgen.errors import Notice
from vidgen.render.events import silent
from vidgen.render.spending import Bill, BillItem, consent
bill = Bill((BillItem("runway gen4.5", 4, 1.92), BillItem("pika", 2, None)), spent_usd=3.5, unpriced=1)
with Output("render") as out:
    consent(bill, confirm=confirm_spending(out), warn=out.warn)
    out.say("bought")
"""
WORDS = (
    "runway gen4.5: 4 takes, about $1.92",
    "pika: 2 takes, an unknown price",
    "this film has cost $3.50 so far, and 1 take whose price is not known",
    "no budget is set",
    "6 takes will cost about $1.92 and an unknown price. Go on? [y/N]",
)
PLACES: dict[str, tuple[int, dict[str, str]]] = {
    "narrow": (40, {}),
    "wide": (160, {}),
    "colourless": (80, {"NO_COLOR": "1"}),
    "dumb": (80, {"TERM": "dumb"}),
    "ascii": (80, {"PYTHONIOENCODING": "ascii"}),
}


@pytest.mark.parametrize(("columns", "environment"), PLACES.values(), ids=PLACES)
def test_it_can_be_read_in_every_terminal(columns: int, environment: dict[str, str]) -> None:
    with Terminal(["-c", ASKING], columns=columns, environment=environment, program=[sys.executable]) as terminal:
        terminal.wait_for(*WORDS)
        terminal.press("yes\r")
        assert terminal.end() == 0 and "bought" in terminal.lines()


@pytest.mark.parametrize(
    ("keys", "code"),
    [("n\r", 5), (ENTER, 5), (CTRL_D, 5), (CTRL_C, 130), ("what?\rｙ\r", 0)],
    ids=["no", "enter", "end of input", "ctrl-c", "wide letters"],
)
def test_only_a_clear_yes_is_one(keys: str, code: int) -> None:
    with Terminal(["-c", ASKING], program=[sys.executable]) as terminal:
        for key in keys.splitlines(keepends=True) if "?" in keys else [keys]:
            terminal.wait_for("[y/N]")
            terminal.look(0.2)
            terminal.press(key)
        assert terminal.end() == code
        assert ("bought" in terminal.lines()) is (code == 0) and "Traceback" not in terminal.text()
        assert ("nothing was sent" in terminal.text()) is (code != 0)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash's job control")
@pytest.mark.parametrize("on_the_way", [[], ["bg\r"]], ids=["fg", "bg and fg"])
def test_after_a_stop_the_question_is_asked_again(on_the_way: list[str], tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(
        "from vidgen.cli.signals import handle_signals\nsignals = handle_signals()\nsignals.__enter__()\n" + ASKING
    )
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal([], program=shell, cwd=tmp_path, environment={"PS1": "$ "}, rows=40) as terminal:
        terminal.press(f"{sys.executable} asking.py\r")
        terminal.wait_for("[y/N]")
        terminal.press(CTRL_Z)
        terminal.wait_for("Stopped")
        for keys in on_the_way:
            terminal.press(keys)
            terminal.look(0.8)
        terminal.press("clear; fg\r")
        terminal.wait_for("asking.py", *WORDS)
        terminal.look(0.3)
        assert [line for line in terminal.lines() if line][-1].endswith("Go on? [y/N]")
        terminal.press("n\r")
        terminal.wait_for("nothing was sent")


BARS_AND_A_QUESTION = """
import threading, time
from vidgen.cli.output import Output
from vidgen.cli.progress import watching
from vidgen.cli.screen import screen
with Output("render") as out, watching(out) as on:
    on("run.started", shots=2, enlargements=0, takes=2, reused=0, usd=0)
    on("take.started", shot="s01", take=1, engine="previz")
    time.sleep(0.5)
    threading.Timer(0.2, on, ["take.failed"], {"shot": "s01", "take": 1, "message": "too late"}).start()
    print(screen().ask(["there is a bill"], "Go on?"))
    time.sleep(0.5)
"""


def test_bars_stand_aside_for_a_question_and_come_back() -> None:
    with Terminal(["-c", BARS_AND_A_QUESTION], program=[sys.executable]) as terminal:
        terminal.wait_for("making takes")
        terminal.wait_for("[y/N]")
        terminal.look(0.6)
        assert terminal.lines()[:2] == ["there is a bill", "Go on? [y/N]"] and not any(terminal.lines()[2:])
        terminal.press("n\r")
        terminal.wait_for("take 1 failed: too late", "making takes")
        assert terminal.end() == 0


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here")
def test_it_stands_in_tmux_too(tmp_path: Path) -> None:
    (tmp_path / "asking.py").write_text(ASKING)
    tmux = ["tmux", "-L", f"vidgen-{uuid.uuid4().hex}", "-f", "/dev/null"]
    inside = f"{sys.executable} asking.py; echo code=$?; sleep 60"
    subprocess.run([*tmux, "new-session", "-d", "-x", "60", "-y", "20", inside], cwd=tmp_path, check=True, env=os.environ)

    def seen(*words: str) -> None:
        until = time.monotonic() + 60
        shown = ""
        while not all(word in shown for word in words):
            assert time.monotonic() < until, shown
            time.sleep(0.1)
            pane = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True)
            shown = " ".join(pane.stdout.split())

    try:
        seen(*WORDS)
        subprocess.run([*tmux, "send-keys", "n", "Enter"], check=True)
        seen("was declined; nothing was sent", "code=5")
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
