"""Kills at random moments of render, export and import; each is followed by a run that has to end as if nothing had happened.

``python -m benchmarks.kills --count 50 --seed 1`` interrupts (SIGINT) or kills (SIGKILL) a small signed film with further
outputs, its export, or an import of an edited cut. ``--flips 1`` also changes one byte in each kind of file that a project
keeps. Prints what was wrong, and a line for each trial; ends with 1 where anything was.

After each kill, every file under a final name must be whole, storyboard and lock readable, and the film must agree with its
record. The next run must end with 0, and with the same decoded frames and samples as an undisturbed one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import opentimelineio as otio

from vidgen.app.provenance import verify_film
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.files import file_url
from vidgen.media.stills import read_image
from vidgen.storyboard.loader import load_storyboard
from vidgen.takes.lockfile import read_lock

BOARD = """\
vidgen: 1
title: Kills
resolution: 96x64
fps: 12
defaults: {duration: 1, params: {slate: false}}
audio: {music: tone.wav}
outputs: [w.webm, {file: small.mp4, resolution: 32p}, t.gif, {poster: p.jpg}, {contact_sheet: s.png}, {stems: parts}]
provenance: {c2pa: true}
shots:
  # the first
  - {id: a, scene: calm sea, text: [{text: One, until: b}]}
  - {id: b, scene: green hill, candidates: 2, transition: {type: dissolve, duration: 4f}}
  - {id: c, clip: own.mp4, own_sound: true, trim: {start: 6f, duration: 1}, transition: {type: j_cut, duration: 3f}}
"""
"""A film with takes, a clip, sound, a title, a signature and a file of each kind of delivery."""

CHANGED = BOARD.replace("text: One", "text: Two")
FORMS = {".mp4": "video", ".webm": "video", ".gif": "picture", ".jpg": "picture", ".png": "picture", ".wav": "sound"}
HIDDEN = re.compile(r"\.part|^\.")
RUN = [sys.executable, "-c", "from vidgen.cli import main; main()"]
ENDINGS = {signal.SIGINT: (130, -signal.SIGINT, 0), signal.SIGKILL: (-signal.SIGKILL, 0)}
"""Exit codes after a signal; 0 where the run was quicker. Before a command begins, and after it has ended, SIGINT ends the
process as usual, which shells call 130 too.
"""


@dataclass(frozen=True)
class Task:
    """A command to disturb. ``work``: whether an earlier run of another version of the film is there."""

    name: str
    arguments: tuple[str, ...]
    board: str = BOARD
    work: bool = True


TASKS = (
    Task("first render", ("render", "film.yaml"), work=False),
    Task("second render", ("render", "film.yaml"), board=CHANGED),
    Task("export", ("export", "film.yaml", "-o", "out/cut.otio", "--copy-media", "out/media")),
    Task("import", ("import", "edit.otio", "film.yaml")),
)


@dataclass(frozen=True)
class Whole:
    """An undisturbed run: how long it took, and what its files hold."""

    seconds: float
    content: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """A folder with a finished film and an edited cut of it, and what each task makes of a copy."""

    folder: Path
    whole: Mapping[str, Whole]

    @classmethod
    def prepare(cls, folder: Path, tasks: Sequence[Task] = TASKS) -> Stage:
        """Make all of it; ``VIDGEN_HOME`` has to have a key."""
        base = folder / "base"
        base.mkdir(parents=True)
        tone = "sine=f=440:d=4:r=48000"
        run_ffmpeg(["-f", "lavfi", "-i", tone, "-ac", "2", str(base / "tone.wav")], what="a tone")
        clip = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=12:d=3", "-f", "lavfi", "-i", "sine=f=880:d=3", "-pix_fmt", "yuv420p"]
        run_ffmpeg([*clip, "-c:a", "aac", str(base / "own.mp4")], what="a clip")
        (base / "film.yaml").write_text(BOARD, encoding="utf-8")
        for arguments in (("render", "film.yaml"), ("export", "film.yaml", "-o", "cut.otio")):
            assert run(base, arguments) == 0
        edit(base / "cut.otio", base / "edit.otio")
        stage = cls(folder, {})
        whole = {}
        for task in tasks:
            copy = stage.copy(task, "whole")
            began = time.monotonic()
            assert run(copy, task.arguments) == 0
            whole[task.name] = Whole(time.monotonic() - began, dict(contents(copy)))
            shutil.rmtree(copy)
        return cls(folder, whole)

    def copy(self, task: Task, name: str) -> Path:
        """The folder as it is before a task."""
        made = self.folder / name
        shutil.copytree(self.folder / "base", made)
        (made / "film.yaml").write_text(task.board, encoding="utf-8")
        if not task.work:
            shutil.rmtree(made / ".vidgen")
            for file in final_files(made):
                if file.name not in ("film.yaml", "own.mp4", "tone.wav"):
                    file.unlink()
        return made


def edit(cut: Path, out: Path) -> None:
    """Another order, a shorter shot, and one that is gone."""
    timeline = otio.adapters.read_from_file(str(cut))
    track = timeline.tracks[0]
    shots = {one.name: one.deepcopy() for one in track if isinstance(one, otio.schema.Clip)}
    del track[:]
    shots["a"].source_range = otio.opentime.TimeRange(*(otio.opentime.RationalTime(frames, 12) for frames in (2, 8)))
    track.extend([shots["c"], shots["a"]])
    otio.adapters.write_to_file(timeline, str(out))


def run(folder: Path, arguments: Sequence[str]) -> int:
    """Run vidgen to its end; its exit code. What it says is in ``said.txt`` beside the folder."""
    with (folder.parent / "said.txt").open("wb") as said:
        return subprocess.run([*RUN, *arguments], cwd=folder, stdout=said, stderr=said, timeout=300, check=False).returncode


def disturbed(folder: Path, arguments: Sequence[str], number: signal.Signals, after: float) -> int:
    """Run vidgen and send it a signal; its exit code."""
    with (folder.parent / "said.txt").open("wb") as said:
        process = subprocess.Popen([*RUN, *arguments], cwd=folder, stdout=said, stderr=said)
        try:
            return process.wait(timeout=after)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, number)
            return process.wait(timeout=60)


def final_files(folder: Path) -> Iterator[Path]:
    """All files that a user sees: none that is hidden, or in the work folder."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not any(HIDDEN.search(part) for part in file.relative_to(folder).parts):
            yield file


def contents(folder: Path) -> Iterator[tuple[str, str]]:
    """What each file of a folder holds. Raises where one of them is not whole."""
    for file in final_files(folder):
        yield str(file.relative_to(folder)), content(file)


def content(file: Path) -> str:
    """What a file holds, decoded, so that only its meaning counts. Raises where it is not whole."""
    form = FORMS.get(file.suffix)
    if form == "picture" and file.suffix != ".gif":
        return hashlib.sha256(read_image(file).tobytes()).hexdigest()
    if form:
        return decoded(file)
    if file.name == "film.yaml":
        load_storyboard(file)
    elif file.name.endswith(".lock.yaml"):
        read_lock(file)
    elif file.suffix == ".otio":
        otio.adapters.read_from_file(str(file))
    elif file.name.endswith(".provenance.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        return json.dumps({**record, "film_sha256": None})  # a signature has a time
    return hashlib.sha256(file.read_bytes()).hexdigest()


def decoded(file: Path) -> str:
    """Checksum of the decoded frames and samples of a file, and how many seconds of each."""
    digest, ends = hashlib.sha256(), {}
    with av.open(file_url(file)) as container:
        for stream in container.streams:
            stream.thread_count = 1  # type: ignore[union-attr]
        for frame in container.decode():
            kind = type(frame).__name__
            ends[kind] = ends.get(kind, 0) + (frame.samples if isinstance(frame, av.AudioFrame) else 1)
            digest.update(frame.to_ndarray().tobytes())
        length = Fraction(container.duration or 0, av.time_base)
    return f"{digest.hexdigest()} {sorted(ends.items())} {float(length):.2f}"


def trial(stage: Stage, task: Task, number: signal.Signals, after: float) -> list[str]:
    """Disturb a task, look at what is there, and run it again. What was wrong, in words."""
    folder = stage.copy(task, "trial")
    try:
        before = {"film.yaml": content(folder / "film.yaml")}
        wrong = []
        code = disturbed(folder, task.arguments, number, after)
        if code not in ENDINGS[number]:
            wrong.append(f"exit {code}: {(stage.folder / 'said.txt').read_text()[-300:]}")
        wrong += [f"after the signal: {words}" for words in not_whole(folder)]
        wrong += false_alarm(folder)
        if task.name == "import" and content(folder / "film.yaml") not in (
            before["film.yaml"], stage.whole[task.name].content["film.yaml"],
        ):  # fmt: skip
            wrong.append("the storyboard is neither the old nor the new one")
        again = run(folder, task.arguments)
        if again != 0:
            return [*wrong, f"the next run: exit {again}: {(stage.folder / 'said.txt').read_text()[-300:]}"]
        return wrong + list(differences(stage.whole[task.name].content, folder)) + [
            f"left behind: {file.name}" for file in folder.rglob("*.part*") if ".vidgen" not in file.parts
        ]  # fmt: skip
    finally:
        shutil.rmtree(folder)


def not_whole(folder: Path) -> Iterator[str]:
    """What does not open under a final name."""
    for file in final_files(folder):
        try:
            content(file)
        except Exception as error:
            yield f"{file.name}: {type(error).__name__}: {error}"


def false_alarm(folder: Path) -> list[str]:
    """A film that is there was made whole, so that it is never said to be a changed one."""
    film = folder / "film.mp4"
    error = verify_film(film, None, None, None, lambda notices: None).error() if film.exists() else None
    return [f"a false alarm: {error.message}"] if error else []


def differences(expected: Mapping[str, str], folder: Path) -> Iterator[str]:
    """How a folder differs from that of an undisturbed run."""
    try:
        found = dict(contents(folder))
    except Exception as error:
        yield f"after the next run: {type(error).__name__}: {error}"
        return
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            yield f"{name} is not as in an undisturbed run"


def flips(stage: Stage, luck: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Change a byte in one file of each kind that the project keeps, and render again: repaired, or refused with a reason."""
    task = Task("flip", ("render", "film.yaml"))
    kinds: dict[str, list[Path]] = {}
    for file in sorted((stage.folder / "base" / ".vidgen").rglob("*")):
        if file.is_file() and file.stat().st_size:
            kinds.setdefault(re.sub(r"[0-9a-f]{2}/?[0-9a-f]{62}|[0-9a-f]{16,}", "*", str(file)), []).append(file)
    for kind, files in kinds.items():
        folder = stage.copy(task, "trial")
        file = folder / luck.choice(files).relative_to(stage.folder / "base")
        data = bytearray(file.read_bytes())
        data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
        file.write_bytes(data)
        (folder / "film.yaml").write_text(CHANGED, encoding="utf-8")  # something is to be made of what is stored
        code = run(folder, task.arguments)
        said = (stage.folder / "said.txt").read_text()
        wrong = [f"exit {code}: {said[-300:]}"] if code not in (0, 2, 4) or "internal error" in said else []
        wrong += list(not_whole(folder))
        if code == 0:
            wrong += differences(stage.whole["second render"].content, folder)
        shutil.rmtree(folder)
        yield f"{Path(kind).relative_to(stage.folder / 'base')}: exit {code}", wrong


def main(count: int, seed: int, rounds: int) -> int:
    """Run all trials. 1 where anything was wrong."""
    luck = random.Random(seed)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        os.environ["VIDGEN_HOME"] = f"{name}/home"
        run(Path(name), ("provenance", "init", "--name", "Kills"))
        stage = Stage.prepare(Path(name) / "stage")
        for task in TASKS:
            print(f"{task.name}: {stage.whole[task.name].seconds:.1f} s undisturbed", flush=True)
        for place in range(count):
            task = luck.choices(TASKS, (3, 4, 1, 2))[0]
            number = luck.choice(list(ENDINGS))
            after = luck.uniform(0.05, stage.whole[task.name].seconds)
            wrong = trial(stage, task, number, after)
            failures += bool(wrong)
            print(f"{place + 1:3} {task.name}, {number.name} after {after:.2f} s: {'; '.join(wrong) or 'right'}", flush=True)
        for _ in range(rounds):
            for what, wrong in flips(stage, luck):
                failures += bool(wrong)
                print(f"    a byte of {what}: {'; '.join(wrong) or 'right'}", flush=True)
    print(f"{count} kills, {failures} trials with something wrong")
    return min(failures, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flips", type=int, default=0, help="rounds of changed bytes")
    given = parser.parse_args()
    sys.exit(main(given.count, given.seed, given.flips))
