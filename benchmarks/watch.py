"""Watches a command: wall and processor time, memory, and every file that it writes beside its result.

Memory and files are looked at many times a second, through /proc: Linux only (elsewhere memory reads 0).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidgen.media.home import vidgen_home

EVERY = 0.025
"""Seconds between two looks."""
MB = 1e6


@dataclass(frozen=True)
class Cost:
    """What a command took. ``own_mb``: its own peak memory; ``tree_mb``: the peak of the sum over it and all it started.
    ``files_mb``: written beside the result, in all; of that ``segments_mb`` is encoded film that a stopped job goes on from.
    """

    wall: float
    cpu: float
    own_mb: float
    tree_mb: float
    files_mb: float
    segments_mb: float
    output: str = field(repr=False)


def watch(arguments: Sequence[str], out: Path, *, env: Mapping[str, str] | None = None) -> Cost:
    """Run ``python ARGUMENTS`` to its end; ``out`` is the file that it is meant to write, in a folder of its own.

    The command has folders of its own for temporary files and as VIDGEN_HOME; those and the one of ``out`` are watched.
    Exits with the command's own words where it fails.
    """
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as scratch:
        told = Path(scratch) / "told"
        folders = [Path(scratch) / "tmp", out.parent, _home(Path(scratch) / "home")]
        folders[0].mkdir()
        watcher = _Watcher(out, folders)
        with told.open("wb") as output:
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {}), "TMPDIR": str(folders[0]), "VIDGEN_HOME": str(folders[2])},
            )
            watcher.start(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
        watcher.stop()
        text = told.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments[:4])} ended with {process.returncode}:\n{text[-2000:]}")
    files, segments = watcher.files()
    return Cost(wall, usage.ru_utime + usage.ru_stime, watcher.own / MB, watcher.tree / MB, files / MB, segments / MB, text)


def _home(folder: Path) -> Path:
    """A VIDGEN_HOME of its own that has the models of the usual one, so that nobody else writes to it."""
    folder.mkdir()
    for name in ("models", "fonts"):
        if (vidgen_home() / name).is_dir():
            (folder / name).symlink_to(vidgen_home() / name)
    return folder


class _Watcher:
    def __init__(self, out: Path, folders: Sequence[Path]) -> None:
        self.own = self.tree = self._pid = 0
        self._out, self._folders = out, folders
        self._seen: dict[int, tuple[int, str]] = {}
        self._before = {number for number, _, _ in self._listing()}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self, pid: int) -> None:
        self._pid = pid
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            self._look()

    def _look(self) -> None:
        self.own = max(self.own, memory(self._pid, "VmHWM"))
        self.tree = max(self.tree, sum(memory(pid, "VmRSS") for pid in family(self._pid)))
        for number, path, size in self._listing():
            if number not in self._before:  # by number: a file that gets another name is one file
                self._seen[number] = max(size, self._seen.get(number, (0, ""))[0]), path

    def _listing(self) -> Iterator[tuple[int, str, int]]:
        """Number, path and size of each file but the result."""
        for folder in self._folders:
            for root, _, names in os.walk(folder):
                for name in names:
                    if not self._is_result(root, name):
                        try:
                            told = Path(root, name).stat()
                            yield told.st_ino, f"{root}/{name}", told.st_size
                        except OSError:
                            pass  # gone again

    def _is_result(self, root: str, name: str) -> bool:
        """Whether a file is the result, or the result under its temporary name."""
        hidden = name.startswith(f".{self._out.stem}.") and ".part" in name
        return Path(root) == self._out.parent and (name == self._out.name or hidden)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def files(self) -> tuple[int, int]:
        """Bytes written beside the result, and how many of them were segments of a job that can go on."""
        segments = sum(size for size, path in self._seen.values() if f".{self._out.name}.segments/" in path)
        return sum(size for size, _ in self._seen.values()), segments


def family(pid: int) -> list[int]:
    """A process and all that descend from it, but for those just being started: they still have their parent's memory."""
    found = [pid]
    for parent in found:
        try:
            threads = list(Path(f"/proc/{parent}/task").iterdir())
            command = Path(f"/proc/{parent}/cmdline").read_bytes()
            children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
            found += [child for child in children if Path(f"/proc/{child}/cmdline").read_bytes() != command]
        except OSError:
            continue  # gone meanwhile
    return found


def memory(pid: int, key: str) -> int:
    """``VmRSS`` (now) or ``VmHWM`` (the most so far) of a process in bytes; 0 where it has gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
