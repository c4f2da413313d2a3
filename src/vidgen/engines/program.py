"""Runs another project's program: hears its lines, ends it when it falls silent or the user stops, leaves none of it behind.

A launcher such as torchrun starts its workers in sessions of their own, so killing its process group would leave them on the
GPU. Every process of one run carries a mark in its environment instead, and is found by that.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.patience import Patience
from vidgen.programs import log_program, start_program
from vidgen.settings import for_children

LOG = logging.getLogger(__name__)
_MARK = "VIDGEN_PROGRAM"
_LOOK_S = 0.1
_CHUNK = 1 << 16
_KEPT_LINES = 200


def run_program(
    argv: Sequence[str],
    *,
    what: str,
    cwd: Path,
    silence_s: float,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[int, list[str]]:
    """Run a program to its end: its exit code, and its last lines (both streams as they came; progress bars line by line).

    Args:
        what: names the program in errors.
        silence_s: it is ended when it has said nothing for so many seconds.
        environment: variables on top of this process's own.
        on_line: hears each line, from another thread; it must not raise.

    Raises Cancelled once ``cancelled`` says so, ProcessingError ``generation.failed`` when it fell silent. Whatever happens,
    none of its processes is left.
    """
    if cancelled():
        raise Cancelled
    mark, began = uuid.uuid4().hex, time.monotonic()
    process = start_program(
        list(argv),
        cwd=cwd,
        env=for_children({"PYTHONUNBUFFERED": "1", **(environment or {}), _MARK: mark}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    ears = _Ears(process, on_line)
    try:
        while process.poll() is None:
            if cancelled():
                raise Cancelled
            if ears.patience.waited() > silence_s:
                raise ProcessingError(
                    "generation.failed", f"{what} said nothing for {silence_s:.0f} s and was ended{ears.last_words()}"
                )
            time.sleep(_LOOK_S)
    finally:
        _end(process, mark)
        ears.close()
        log_program(LOG, argv, process.returncode, time.monotonic() - began)
    return process.returncode, list(ears.lines)


class _Ears:
    """Reads what a process says, whoever waits for it."""

    def __init__(self, process: subprocess.Popen[bytes], on_line: Callable[[str], None]) -> None:
        assert process.stdout is not None
        self._stream: IO[bytes] = process.stdout
        self._on_line = on_line
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.patience = Patience()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def last_words(self) -> str:
        """The last line, as the end of a sentence; nothing where there is none."""
        return f"; its last words: {self.lines[-1][:300]}" if self.lines else ""

    def close(self) -> None:
        """Hear it out: its processes are gone, so the stream ends."""
        self._thread.join(timeout=5)
        self._stream.close()

    def _listen(self) -> None:
        rest = b""
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._stream.fileno(), _CHUNK):
                self.patience.renew()
                *whole, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
                for line in whole:
                    self._say(line)
                rest = rest[-_CHUNK:]
        self._say(rest)

    def _say(self, line: bytes) -> None:
        if text := line.decode("utf-8", "replace").strip():
            self.lines.append(text)
            self._on_line(text)


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill all that is left of a run. Each is stopped before any is killed, so that none starts another meanwhile."""
    if process.poll() is None:
        _signal_group(process.pid)
    found: set[int] = set()
    while new := set(_marked(mark)) - found:
        found |= new
        _signal(new, signal.SIGSTOP)
    _signal(found, signal.SIGKILL)
    process.wait()


def _signal_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _marked(mark: str) -> Iterator[int]:
    """Processes of this machine that carry the mark (Linux; elsewhere the process group has to do)."""
    wanted = f"{_MARK}={mark}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
