"""The process that owns one device and its pipeline: ``python -m vidgen.engines.worker RUNNER``.

It reads commands on standard input and writes messages to what was standard output; whatever libraries print goes to standard
error, which the host keeps as its log. It ends with its parent: at the end of standard input.
"""

from __future__ import annotations

import base64
import importlib
import os
import queue
import signal
import sys
import threading
from typing import Any

from vidgen.engines.local import wire
from vidgen.engines.worker.memory import is_out_of_memory
from vidgen.errors import VidgenError
from vidgen.programs import hear_ctrl_z

HEARTBEAT_S = 2.0
"""Interval between signs of life, in seconds."""


class Worker:
    """Runs one command after the other; ``cancel`` is received at any time."""

    def __init__(self, runner: Any, messages: int) -> None:
        self._runner, self._messages = runner, messages
        self._lock = threading.Lock()
        self._commands: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[str] = set()

    def run(self) -> None:
        """Work until the command ``quit``."""
        for target in (self._listen, self._beat):
            threading.Thread(target=target, daemon=True).start()
        while (command := self._commands.get())["command"] != "quit":
            self._run(command)
        self._runner.close()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; the process ends where the host is gone."""
        with self._lock:
            try:
                view = memoryview(wire.line(message))
                while view:
                    view = view[os.write(self._messages, view) :]
            except OSError:
                _leave()

    def _run(self, command: dict[str, Any]) -> None:
        job = str(command.get("id", ""))
        try:
            if command["command"] == "prepare":
                prompts = wire.prompts_of(command["prompts"])
                self._runner.prepare(wire.load_of(command["load"]), command["family"], command["revision"], prompts)
                self.send({"event": "done", "id": job, "made": []})
            else:
                made = self._runner.make(
                    wire.batch_of(command["batch"]), lambda step: self._step(job, step), lambda: job in self._cancelled
                )
                self.send({"event": "done", "id": job, "made": wire.made_values(made)})
        except Exception as error:
            import traceback

            traceback.print_exc()
            if _gpu_is_lost(error):
                _leave(1)
            self.send({"event": "failed", "id": job, "error": wire.error_values(error)})

    def _step(self, job: str, step: Any) -> None:
        picture = None
        if step.preview is not None:
            height, width = step.preview.shape[:2]
            picture = {"width": width, "height": height, "rgb": base64.b64encode(step.preview.tobytes()).decode()}
        counts = {"takes": step.takes, "step": step.step, "steps": step.steps, "preview": picture}
        self.send({"event": "step", "id": job, **counts, "made": wire.made_values(step.made)})

    def _listen(self) -> None:
        import json

        for text in sys.stdin.buffer:
            command = json.loads(text)
            if command["command"] == "cancel":
                self._cancelled.add(str(command["id"]))
            else:
                self._commands.put(command)
        _leave()

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(HEARTBEAT_S):
            self.send({"event": "alive"})


def _gpu_is_lost(error: Exception) -> bool:
    """Whether this process can compute nothing any more: after an error of a kernel CUDA fails whatever follows."""
    message = str(error)
    return ("CUDA error" in message or "HIP error" in message) and not (
        isinstance(error, VidgenError) or is_out_of_memory(error)
    )


def _leave(status: int = 0) -> None:
    """End at once, with encoders that were started: those would go on."""
    if encoders := sys.modules.get("vidgen.media.ffmpeg"):
        encoders.stop_all()
    os._exit(status)


def main() -> None:
    """Entry of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's business
    hear_ctrl_z()
    messages = os.dup(1)
    os.dup2(2, 1)  # what libraries print cannot break the protocol
    module, _, name = (sys.argv[1] if len(sys.argv) > 1 else "vidgen.engines.worker.runner:Runner").partition(":")
    runner = getattr(importlib.import_module(module), name)()
    Worker(runner, messages).run()
