"""Any program may speak: it gets the words on stdin and gives a WAV; whatever goes wrong is a clear error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import Film, Vidgen

LINE = "{{id: a, scene: sea, dialogue: [{{who: mia, line: {words}}}]}}"
WRITES = """\
import sys, wave, struct
with wave.open(sys.argv[1], "wb") as out:
    out.setnchannels({channels})
    out.setsampwidth(2)
    out.setframerate({rate})
    out.writeframes(struct.pack("<2h", {level}, -{level}) * ({rate} * {channels} // 2))
"""


@pytest.fixture
def said(film: Film, tmp_path: Path):
    """A film in which a program says ``words``; ``timeout`` in seconds."""

    def board(program: str, *arguments: str, words: str = "Hello there", timeout: float = 60) -> Path:
        (tmp_path / "talk.py").write_text(program)
        command = json.dumps([sys.executable, "talk.py", *arguments])
        return film(LINE.format(words=words), top=f"speech: {{command: {command}, timeout: {timeout}}}\n")

    return board


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22050, 2), (48000, 1)])
def test_any_rate_and_any_number_of_channels_is_brought_to_ours(rate: int, channels: int, said, vidgen: Vidgen) -> None:
    ran = vidgen("render", said(WRITES.format(rate=rate, channels=channels, level=9000), "{out}"), "--json")
    assert ran.code == 0 and ran.data["speech"][0]["seconds"] == pytest.approx(1.0, abs=0.02)


def test_words_come_on_stdin_as_utf_8_and_never_through_a_shell(said, vidgen: Vidgen, tmp_path: Path) -> None:
    words = "'名前は $(touch pwn) ; touch pwn'"
    program = "import sys; from pathlib import Path; Path('heard').write_bytes(sys.stdin.buffer.read()); "
    board = said(program + WRITES.format(rate=8000, channels=1, level=9000), "{out}", words=words)
    assert vidgen("render", board).code == 0
    assert (tmp_path / "heard").read_text(encoding="utf-8").strip() == words.strip("'") and not (tmp_path / "pwn").exists()


@pytest.mark.parametrize(
    ("program", "code", "words"),
    [
        ("import sys; print('no voice', file=sys.stderr); sys.exit(3)", "speech.failed", "exit code 3: no voice"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "speech.failed", "exit code -9"),
        ("print('this is no sound')", "speech.bad_sound", "not a usable sound"),
        ("pass", "speech.bad_sound", "it is empty"),
    ],
)
def test_a_program_that_fails_or_lies_ends_the_run(program: str, code: str, words: str, said, vidgen: Vidgen) -> None:
    ran = vidgen("render", said(program), "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (4, code) and words in error["message"] and error["hint"]
    assert not list(Path().rglob("speech/*.wav"))


def test_a_program_that_hangs_is_ended_with_all_that_it_started(said, vidgen: Vidgen, tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('child', 'w').write(str(child.pid)); time.sleep(60)\n"
    )
    began = time.monotonic()
    ran = vidgen("render", said(program, timeout=0.5), "--json")
    assert ran.envelope["error"]["code"] == "speech.failed" and "after 0.5 s" in ran.envelope["error"]["message"]
    assert time.monotonic() - began < 20 and not _runs(int((tmp_path / "child").read_text()))


def _runs(pid: int) -> bool:
    """Whether a process still runs after a moment in which it may end."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX":
            return False
        time.sleep(0.05)
    return True


def test_silence_is_told_of(said, vidgen: Vidgen) -> None:
    ran = vidgen("render", said(WRITES.format(rate=8000, channels=1, level=0), "{out}"), "--json")
    assert ran.code == 0 and [one["code"] for one in ran.envelope["warnings"]] == ["speech.silent"]


def test_a_program_that_is_not_there_is_named(film: Film, vidgen: Vidgen) -> None:
    board = film(LINE.format(words="Hello"), top="speech: {command: [no-such-talker]}\n")
    ran = vidgen("render", board, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "speech.no_engine") and "no-such-talker" in ran.out


def test_a_shell_line_is_no_command(film: Film, vidgen: Vidgen) -> None:
    ran = vidgen("plan", film(LINE.format(words="Hello"), top="speech: {command: say it}\n"))
    assert ran.code == 2 and "speech.command: a list of arguments is needed" in ran.err


def test_a_changed_program_speaks_anew(said, vidgen: Vidgen) -> None:
    vidgen("render", said(WRITES.format(rate=8000, channels=1, level=9000), "{out}"))
    ran = vidgen("render", said(WRITES.format(rate=8000, channels=1, level=9000) + "# louder\n", "{out}"), "--json")
    assert any(event.get("event") == "speech.done" for event in ran.lines)


def test_ctrl_c_ends_the_program_too(said, tmp_path: Path) -> None:
    board = said("import os, time; open('started', 'w').write(str(os.getpid())); time.sleep(60)")
    argv = [sys.executable, "-m", "vidgen", "render", str(board)]
    process = subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    until = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130 and not _runs(int((tmp_path / "started").read_text()))
