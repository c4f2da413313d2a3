"""The host of a worker process: starts it, sends it work, watches it, and outlives it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from vidgen.engines.local import wire
from vidgen.engines.local.job import Batch, Load, MadeTake, Prompt
from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.patience import Patience
from vidgen.programs import log_program, start_program
from vidgen.settings import for_children, settings

LOG = logging.getLogger(__name__)
RUNNER = "vidgen.engines.worker.runner:Runner"
LEADER = "vidgen.engines.worker.group:Leader"
SILENT_S = 120.0
"""A worker without any message, heartbeats included, for so many seconds is ended."""
_POLL_S = 0.2
"""Polling interval for messages and for cancellation, in seconds."""
_GRACE_S = 1.0
"""Seconds that a worker has to stop between two steps before it is ended, which loses no more than a loaded pipeline."""
_LOG_LINES = 6


class Host:
    """One worker for one device, started when it is first needed and again after a crash.

    Args:
        device: as torch calls it.
        runner: import path of the class that does the work.
        group: devices that make each clip together, the worker's own first; empty: it works alone.
    """

    def __init__(
        self, device: str = "cpu", runner: str = RUNNER, silent_s: float = SILENT_S, group: Sequence[str] = ()
    ) -> None:
        self.device, self._group = device, tuple(group)
        if group:
            runner = LEADER
        self._runner, self._silent_s = runner, silent_s
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._log: IO[bytes] | None = None
        self._began = 0.0

    def prepare(
        self,
        load: Load,
        family: str,
        revision: str,
        prompts: Sequence[Prompt],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Have prompts encoded. Raises Cancelled, what the worker raised, or ProcessingError ``local.worker_died``."""
        values = {
            "load": wire.to_values(load, Load),
            "family": family,
            "revision": revision,
            "prompts": wire.to_values(list(prompts), list[Prompt]),
        }
        self._call({"command": "prepare", **values}, lambda message: None, cancelled)

    def make(
        self,
        batch: Batch,
        on_step: Callable[[dict[str, Any]], None] = lambda message: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[MadeTake]:
        """Have a batch made. ``on_step`` is called with the protocol's message for every step (takes, step, steps, preview)
        and for takes as they are finished (made: as ``wire.made_values``).

        Raises Cancelled, what the worker raised, or ProcessingError ``local.worker_died`` with the end of its log; the next
        call then starts a new worker.
        """
        answer = self._call({"command": "make", "batch": wire.to_values(batch, Batch)}, on_step, cancelled)
        return wire.made_of(answer["made"])

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process is None:
            self._close_log()
            return
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.write(wire.line({"command": "quit"}))
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        self._status_of(process)
        self._close_log()

    def _call(
        self, command: dict[str, Any], on_step: Callable[[dict[str, Any]], None], cancelled: Callable[[], bool]
    ) -> dict[str, Any]:
        job = uuid.uuid4().hex
        self._start()
        self._send({**command, "id": job})
        silence = Patience()
        cancelling: Patience | None = None
        while True:
            if cancelling is None and cancelled():
                cancelling = Patience()
                self._send({"command": "cancel", "id": job})
            try:
                message = self._answers.get(timeout=_POLL_S)
            except queue.Empty:
                if cancelling is not None and cancelling.waited() > _GRACE_S:
                    self._kill()
                    raise Cancelled from None
                if silence.waited() > self._silent_s:
                    self._kill()
                    raise self._died(f"it was silent for {self._silent_s:.0f} s and was ended") from None
                continue
            silence.renew()
            if message is None:
                code = self._reaped()
                if cancelling is not None or _soon(cancelled):
                    raise Cancelled
                raise self._died(_ended(code))
            if message.get("id") != job:
                continue
            if message["event"] == "step":
                on_step(message)
            elif message["event"] == "failed":
                raise wire.error_of(message["error"])
            elif message["event"] == "done":
                return message

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._reaped()
        self._close_log()
        self._began = time.monotonic()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        fixed = {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        usual = {"PYTORCH_ENABLE_MPS_FALLBACK": "1"} if self.device == "mps" else {}
        environment = for_children(fixed | (_shared(self._group) if self._group else {}), usual)
        with _ctrl_c_kept_away():
            self._process = start_program(
                [sys.executable, "-m", "vidgen.engines.worker", self._runner],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment,
            )
        self._answers = queue.Queue()
        assert self._process.stdout is not None
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(OSError):  # a worker that is gone is noticed by its silence
            self._process.stdin.write(wire.line(message))
            self._process.stdin.flush()

    def _kill(self) -> None:
        """End the worker: it does so itself, with its encoders, when nobody talks to it any more, unless it hangs."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
            self._process.kill()
            self._reaped()

    def _reaped(self) -> int | None:
        """Clean up after a worker that has ended; its exit status."""
        process, self._process = self._process, None
        return None if process is None else self._status_of(process)

    def _status_of(self, process: subprocess.Popen[bytes]) -> int:
        code = _reap(process)
        log_program(LOG, ["vidgen.engines.worker", self.device], code, time.monotonic() - self._began)
        return code

    def _died(self, why: str) -> ProcessingError:
        return ProcessingError(
            "local.worker_died",
            f"the process that ran the model ended: {why}{self._last_words()}",
            hint="run the same command again; takes that are done are kept. Out of memory is the usual cause",
        )

    def _last_words(self) -> str:
        if self._log is None:
            return ""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 4000))
        lines = self._log.read().decode(errors="replace").strip().splitlines()[-_LOG_LINES:]
        return f"; its last words: {' | '.join(lines)[-800:]}" if lines else ""

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


@contextlib.contextmanager
def _ctrl_c_kept_away() -> Iterator[None]:
    """Processes that this thread starts do not get Ctrl-C, from their first moment: a terminal sends it to all of a group."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _soon(cancelled: Callable[[], bool]) -> bool:
    """Whether what ended the worker was meant for this process, too, which hears of it a moment later."""
    until = time.monotonic() + _POLL_S
    while not (is_cancelled := cancelled()) and time.monotonic() < until:
        time.sleep(0.02)
    return is_cancelled


def _shared(group: Sequence[str]) -> dict[str, str]:
    """The environment of a group: how many they are, and no other GPUs than theirs, so that the n-th has the n-th."""
    found = {"VIDGEN_GROUP_SIZE": str(len(group))}
    numbers = [int(name.partition(":")[2] or 0) for name in group if name.startswith("cuda")]
    if numbers:
        seen = [name for name in (settings().visible_gpus or "").split(",") if name.strip()]
        found["CUDA_VISIBLE_DEVICES"] = ",".join(seen[number] if seen else str(number) for number in numbers)
    return found


def _reap(process: subprocess.Popen[bytes]) -> int:
    code = process.wait()
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()
    return code


def _listen(stream: IO[bytes], answers: queue.Queue[dict[str, Any] | None]) -> None:
    """Pass the worker's messages on; what is no message is left out. None at the end."""
    with contextlib.suppress(OSError, ValueError), stream:
        for line in stream:
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict) and "event" in message:
                    answers.put(message)
    answers.put(None)


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"by the signal {signal.Signals(-code).name}"
    return f"with the status {code}"
