"""A process that does work: started when it is first needed, heard, and ended with all that it has started."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import IO, Any

from vidgen.cluster.orphans import adopt_orphans, end_orphans
from vidgen.programs import start_program
from vidgen.settings import without_keys

_LAST_WORDS = 800
_END_S = 3.0
"""How long a worker may take to end itself before it is killed."""


class WorkerProcess:
    """``vidgen.cluster.worker`` as a child of this process: one piece of work at a time, for one thread that hears it.

    Args:
        variables: what its environment has on top of this one's, less the keys of providers.
        apart: whether it has a session of its own, which no key of a terminal reaches.
        alone: whether this process has no other children than those of its worker, so that it may end what a worker left.
    """

    def __init__(self, variables: Mapping[str, str], *, apart: bool, alone: bool = False) -> None:
        if alone:
            adopt_orphans()
        self._variables, self._apart, self._alone = dict(variables), apart, alone
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._worker: Connection | None = None
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        """What it tells; ``died`` where it has ended without an answer."""

    def start(self) -> None:
        """Start it where it does not run."""
        if self._process is not None and self._process.poll() is None:
            return
        self.end()
        self.events = queue.Queue()
        here, there = socket.socketpair()
        log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        with there:
            self._process = start_program(
                [sys.executable, "-m", "vidgen.cluster.worker", str(there.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(there.fileno(),),
                env=without_keys(self._variables),
                start_new_session=self._apart,
            )
        self._socket, self._worker = here, Connection(os.dup(here.fileno()))
        threading.Thread(target=self._listen, args=(self._worker, self._process, log, self.events), daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Tell it something. A worker that is gone is noticed by whoever hears it."""
        with contextlib.suppress(OSError):
            if self._worker is not None:
                self._worker.send(dict(message))

    def end(self) -> None:
        """The worker hears that nobody talks to it any more, and ends with all that it has started."""
        process, self._process, self._worker = self._process, None, None
        if self._socket:
            with contextlib.suppress(OSError), self._socket:
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket = None
        if process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)
            process.kill()
            process.wait()

    def _listen(
        self, worker: Connection, process: subprocess.Popen[bytes], log: IO[bytes], events: queue.Queue[dict[str, Any]]
    ) -> None:
        while True:
            try:
                events.put(worker.recv())
            except Exception:  # the worker is gone, or told something that cannot be read
                break
        with worker:
            process.kill()
            code = process.wait()
        if self._alone:
            end_orphans(but=self._process)
        events.put({"event": "died", "job": "", "code": code, "words": _last_words(log)})


def _last_words(log: IO[bytes]) -> str:
    """The end of what a worker has printed."""
    with log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - 4000))
        lines = log.read().decode(errors="replace").strip().splitlines()[-6:]
    return " | ".join(lines)[-_LAST_WORDS:]
