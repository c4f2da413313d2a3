"""Whatever stdout and stderr are, there is no traceback, the work is done, and a result that got lost is no success."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.cli import main
from vidgen.cli.streams import _Raw

SEA = "{scene: 紅葉の山々と朝霧 🍁, camera: ドリーイン, duration: 1}"
COMMANDS = ["plan film.yaml", "plan film.yaml --json", "engines", "schema", "--help", "--version", "presets", "doctor"]


def ended(monkeypatch: pytest.MonkeyPatch, line: str, **streams: object) -> int:
    """Exit code of a command whose streams are these."""
    monkeypatch.setattr(sys, "argv", ["vidgen", *line.split()])
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_full_disk_under_stdout_is_said_and_is_no_success(
    line: str, vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(SEA)
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert ended(monkeypatch, line, stdout=full, stderr=said) == 4
    last = said.buffer.getvalue().decode().splitlines()[-1]  # type: ignore[attr-defined]
    assert last == "error: the result could not be written to stdout: No space left on device"


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp932"])
def test_an_old_encoding_gets_what_it_can_show(
    line: str, encoding: str, vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    film(SEA)
    with (tmp_path / "out.txt").open("w", encoding=encoding) as out:
        assert ended(monkeypatch, line, stdout=out) == 0
    text = (tmp_path / "out.txt").read_bytes().decode(encoding)
    if "--json" in line:
        assert json.loads(text.splitlines()[-1])["data"]["shots"][0]["prompt"].startswith("紅葉の山々と朝霧 🍁")
    if line == "schema":
        assert json.loads(text)["title"]


def test_a_run_whose_display_is_gone_makes_the_film(film: Film, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(film(SEA).parent)
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert ended(monkeypatch, "render film.yaml", stderr=full) == 0
    assert (tmp_path / "film.mp4").exists()


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = line.replace("vidgen", f"{sys.executable} -m vidgen")
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, cwd=folder, timeout=120, check=False)


def test_closed_streams_are_not_taken_for_files(film: Film, tmp_path: Path) -> None:
    """With stdout closed the next file that is opened would get its number, and the result would be written into it."""
    film(SEA)
    done = shell("vidgen new other.yaml <&- >&-", tmp_path)
    assert done.returncode == 4 and done.stderr == "error: the result could not be written to stdout: it is closed\n"
    assert (tmp_path / "other.yaml").read_text().startswith("#"), "the work was done"
    done = shell("vidgen plan film.yaml --json <&- 2>&-", tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["ok"]


def test_a_reader_that_leaves_is_as_in_every_pipe(film: Film, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(film(SEA).parent)
    done = shell("{ vidgen presets; echo code=$? >&2; } | true", tmp_path)
    assert done.stderr == "code=141\n"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        assert ended(monkeypatch, "render film.yaml --json", stdout=gone) == 141
    assert (tmp_path / "film.mp4").exists(), "what was begun is finished: it may have been paid for"


def test_names_that_are_no_text_are_shown_in_both_forms(vidgen: Vidgen, tmp_path: Path) -> None:
    name = os.fsdecode(b"fi\xfflm.yaml")
    assert "fi\\udcfflm.yaml does not exist" in vidgen("plan", name).err
    assert "fi\udcfflm.yaml" in vidgen("plan", name, "--json").envelope["error"]["message"]


def test_what_a_signal_interrupts_after_it_is_written_is_not_written_twice() -> None:
    under = io.BytesIO()
    raw = _Raw(under)
    raw._write(b"one\n")  # here a signal comes: the buffer above has heard nothing, and comes again, with more
    assert raw.write(b"one\ntwo\n") == 4
    assert raw.write(b"two\n") == 4
    assert under.getvalue() == b"one\ntwo\n"
