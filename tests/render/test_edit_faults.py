"""Faults behind the cut: deliveries, the signature, import and export. An ffmpeg hangs, crashes, lies or stops short, bytes
change, runs are killed. Each ends with the right exit code or is repaired, and never leaves a wrong film under a final name.
"""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.app.provenance import init_key
from vidgen.media import ffmpeg
from vidgen.media.ffmpeg import find_ffmpeg, run_ffmpeg

TOP = "provenance: {c2pa: true}\naudio: {music: tone.wav}\n"
OUTPUTS = "outputs: [w.webm, {file: pro.mov, codec: prores}, t.gif, {stems: parts}]\n"
CLIP = "{clip: own.mp4, text: One, duration: 6f}"

FAKE = """#!{python}
import os, signal, subprocess, sys, time
from pathlib import Path
arguments = sys.argv[1:]
outs = [Path(one.removeprefix("file:")) for one in arguments if {part!r} in one and ".part" in one]
if not outs:
    os.execv({real!r}, [{real!r}, *arguments])
if {mode!r} == "hang":
    time.sleep(60)
if {mode!r} == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if {mode!r} == "lie":
    sys.exit(0)
code = subprocess.run([{real!r}, *arguments]).returncode
for out in outs:
    if out.is_file():
        os.truncate(out, out.stat().st_size // 2)
sys.exit(code)
"""
"""It does what ffmpeg does, unless it writes a file of that name."""


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("c2pa")
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    init_key("Faults")


@pytest.fixture
def board(film: Film, key: None, tmp_path: Path) -> Path:
    """A signed film of a clip, with sound and deliveries."""
    run_ffmpeg(["-f", "lavfi", "-i", "sine=f=300:d=1:r=48000", "-ac", "2", str(tmp_path / "tone.wav")], what="a tone")
    moving = ["-f", "lavfi", "-i", "testsrc2=s=96x54:r=12:d=0.5", "-pix_fmt", "yuv420p"]
    run_ffmpeg([*moving, str(tmp_path / "own.mp4")], what="a clip")
    return film(CLIP, top=TOP + OUTPUTS)


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """``faulty("crash", "/.w.")``: an ffmpeg that does so where it writes a file whose temporary name has that part."""
    real = find_ffmpeg().path

    def install(mode: str, part: str) -> None:
        script = tmp_path / f"ffmpeg-{mode}"
        script.write_text(FAKE.format(python=sys.executable, real=real, mode=mode, part=part))
        script.chmod(0o755)
        monkeypatch.setenv("VIDGEN_FFMPEG", str(script))
        monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 2 if mode == "hang" else 60)

    yield install


def finals(folder: Path) -> Mapping[str, bytes]:
    """The bytes of all that a user sees of a film and its deliveries."""
    kinds = (".mp4", ".webm", ".mov", ".gif", ".wav", ".json")
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.suffix in kinds and not any(part.startswith((".", "home")) for part in file.relative_to(folder).parts)
    }


@pytest.mark.parametrize("mode", ["hang", "crash", "lie", "short"])
def test_an_ffmpeg_with_a_fault_leaves_the_delivery_as_it_was(
    mode: str, board: Path, vidgen: Vidgen, faulty: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vidgen("render", board).code == 0
    before = finals(tmp_path)
    board.write_text(board.read_text().replace("text: One", "text: Two"))
    faulty(mode, "/.w.")
    ran = vidgen("render", board, "--json")
    assert ran.code == 4 and ran.envelope["error"]["code"] in ("ffmpeg.stalled", "ffmpeg.failed", "media.bad_output")
    left = finals(tmp_path)
    assert left["w.webm"] == before["w.webm"] and left.keys() == before.keys(), "no other file, and no half one"
    assert vidgen("provenance", "verify", "film.mp4").code == 0
    monkeypatch.delenv("VIDGEN_FFMPEG")
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 300.0)
    assert vidgen("render", board).code == 0 and finals(tmp_path)["w.webm"] != before["w.webm"]


@pytest.mark.parametrize("mode", ["crash", "short"])
def test_a_film_that_cannot_be_joined_is_not_signed_and_the_old_one_stays(
    mode: str, board: Path, vidgen: Vidgen, faulty: Callable[[str, str], None], tmp_path: Path
) -> None:
    assert vidgen("render", board).code == 0
    before = finals(tmp_path)
    board.write_text(board.read_text().replace("text: One", "text: Two"))
    faulty(mode, "/.film.")
    ran = vidgen("render", board, "--json")
    assert ran.code == 4 and finals(tmp_path) == before
    assert vidgen("provenance", "verify", "film.mp4").code == 0


def test_a_changed_byte_in_any_kind_of_stored_file_is_repaired_or_said(board: Path, vidgen: Vidgen, tmp_path: Path) -> None:
    luck = random.Random(5)
    work = tmp_path / ".vidgen" / "film"
    assert vidgen("render", board).code == 0
    first = board.read_text()
    other = finals(tmp_path)["w.webm"]
    board.write_text(first.replace("text: One", "text: Two"))
    assert vidgen("render", board).code == 0
    right = decoded(tmp_path)
    assert other != finals(tmp_path)["w.webm"]
    kinds = {f"{file.parent.relative_to(work)} {file.suffix}": file for file in sorted(work.rglob("*")) if file.is_file()}
    assert len(kinds) >= 8
    for kind, file in kinds.items():
        data = bytearray(file.read_bytes()) if file.exists() else bytearray()
        if not data:
            continue
        data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
        file.write_bytes(data)
        ran = vidgen("render", board)
        assert ran.code in (0, 2, 4) and "internal error" not in ran.err, (kind, ran)
        assert decoded(tmp_path) == right, kind


def decoded(folder: Path) -> Mapping[str, str]:
    """What the film and its deliveries hold."""
    from benchmarks.kills import content

    return {name: content(folder / name) for name in ("film.mp4", "w.webm", "pro.mov", "t.gif", "parts/film.music.wav")}


@pytest.mark.slow
def test_kills_at_random_moments_end_with_the_film_of_an_undisturbed_run(tmp_path: Path, key: None) -> None:
    """``python -m benchmarks.kills --count 50`` does many more."""
    pytest.importorskip("opentimelineio")
    from benchmarks.kills import TASKS, Stage, trial

    luck = random.Random(3)
    tasks = [TASKS[1], TASKS[3]]
    stage = Stage.prepare(tmp_path / "stage", tasks)
    for task, number in zip(tasks, (signal.SIGKILL, signal.SIGINT), strict=True):
        after = luck.uniform(0.3, stage.whole[task.name].seconds)
        assert trial(stage, task, number, after) == [], f"{task.name}, {number.name} after {after:.2f} s"


def test_a_note_of_a_stored_sound_that_lost_a_letter_is_no_fault_of_the_program(
    board: Path, vidgen: Vidgen, tmp_path: Path
) -> None:
    assert vidgen("render", board).code == 0
    notes = sorted((tmp_path / ".vidgen" / "film" / "audio").rglob("*.json"))
    for note in notes:
        note.write_text(note.read_text().replace('"notices"', '"noticer"'))
    (tmp_path / "w.webm").unlink()
    (tmp_path / "film.mp4").unlink()
    assert vidgen("render", board).code == 0 and (tmp_path / "w.webm").is_file()
