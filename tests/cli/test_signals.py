"""A wish to stop is heard from the first moment, with the exit code that shells expect."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from terminal import CTRL_C, CTRL_Z, Terminal
from vidgen.media.frames import FrameWriter

INTERRUPTED_WHILE_STARTING = """
import os, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "vidgen.cli.app":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Interrupt())
sys.argv = ["vidgen", "engines"]
from vidgen.cli import main
main()
"""


ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_signal_during_the_start_ends_without_a_traceback(number: signal.Signals, code: int) -> None:
    program = INTERRUPTED_WHILE_STARTING.format(number=int(number))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


DROPPED_BY_PYTHON = """
import os, sys, time, weakref

class Dropped:
    def find_spec(self, name, *_):
        if name == "vidgen.cli.app":
            sys.meta_path.remove(self)
            kept = set()
            watched = weakref.ref(kept, lambda _: os.kill(os.getpid(), {number}))
            del kept  # Python ignores what a callback raises
            time.sleep(10)

sys.meta_path.insert(0, Dropped())
sys.argv = ["vidgen", "engines"]
from vidgen.cli import main
main()
"""


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_signal_that_comes_where_python_drops_exceptions_is_heard_all_the_same(number: signal.Signals, code: int) -> None:
    program = DROPPED_BY_PYTHON.format(number=int(number))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


WHILE_A_MODULE_LOADS = """
import os, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "{module}":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Interrupt())
sys.argv = ["vidgen", "plan", "film.yaml"]
from vidgen.cli import main
main()
"""


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_a_signal_while_a_command_loads_what_it_needs_has_its_own_exit_code(number: signal.Signals, code: int) -> None:
    program = WHILE_A_MODULE_LOADS.format(module="vidgen.storyboard.loader", number=int(number))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == code and "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that take long to enlarge."""
    file = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = np.random.default_rng(1).integers(0, 255, (360, 640, 3), np.uint8)
    with FrameWriter(file, 640, 360, Fraction(24), frames=48) as writer:
        for _ in range(48):
            writer.write(picture)
    return file


ENLARGE = ["upscale", "--height", "4320", "--engine", "lanczos", "-o"]


def reading(cmdline: Path) -> str:
    try:
        return cmdline.read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:  # gone meanwhile
        return ""


def children(folder: Path) -> list[str]:
    """Command lines of processes that write below a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        line = reading(entry)
        if str(folder) in line and "ffmpeg" in line.split(" ")[0]:
            found.append(line)
    return found


def wait_until_ffmpeg_writes(folder: Path) -> None:
    until = time.monotonic() + 60
    while not any("part" in line for line in children(folder)):
        assert time.monotonic() < until, "ffmpeg was not seen"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_a_hang_up_ends_ffmpeg_and_leaves_no_half_file(clip: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "vidgen", *ENLARGE, str(tmp_path / "out.mp4"), str(clip)]
    running = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    wait_until_ffmpeg_writes(tmp_path)
    for _ in range(2):  # as bash does
        running.send_signal(signal.SIGHUP)
        time.sleep(0.02)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 129 and "Traceback" not in said
    assert children(tmp_path) == []
    assert not [file.name for file in tmp_path.iterdir() if file.is_file() and "out" in file.name]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_what_runs_under_nohup_goes_on(tmp_path: Path) -> None:
    program = """
import os, signal
from vidgen.cli.signals import handle_signals
with handle_signals():
    os.kill(os.getpid(), signal.SIGHUP)
print("on")
"""
    line = ["nohup", sys.executable, "-c", program]
    ended = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "on\n")


@pytest.mark.skipif(not Path("/proc").is_dir() or shutil.which("bash") is None, reason="needs /proc, and bash's job control")
def test_ctrl_z_stops_ffmpeg_too_and_leaves_the_terminal_in_order(clip: Path, tmp_path: Path) -> None:
    def states() -> set[str]:
        lines = [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path / "out.mp4") in reading(entry)]
        found = {entry.parent: (entry.parent / "stat").read_text().rpartition(")")[2].split()[0] for entry in lines}
        return {state for process, state in found.items() if "bash" not in reading(process / "cmdline")}

    job = shlex.join([sys.executable, "-m", "vidgen", *ENLARGE, str(tmp_path / "out.mp4"), str(clip)])
    script = f"{job}; echo shell; read line; fg; echo code=$?"
    with Terminal([script], cwd=tmp_path, program=["bash", "-mc"]) as terminal:
        terminal.wait_for("upscale")
        wait_until_ffmpeg_writes(tmp_path)
        terminal.press(CTRL_Z)
        terminal.wait_for("shell")
        assert states() == {"T"} and not terminal.screen.cursor.hidden
        assert not any("━" in line for line in terminal.lines()), "no bar is left behind"
        terminal.press("\r")
        terminal.wait_for("upscale", "frames/s")
        assert "T" not in states()
        terminal.press(CTRL_C)
        terminal.wait_for("code=130")
        assert terminal.end() == 0 and not terminal.screen.cursor.hidden
