"""The process that owns one device and its pipeline: ``python -m vidgen.engines.worker RUNNER``.

It reads questions on standard input and answers on what was standard output; whatever libraries print goes to standard
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

HEARTBEAT_S = 2.0


class Worker:
    """Answers one question after the other; ``cancel`` and ``quit`` are heard at any time."""

    def __init__(self, runner: Any, answers: int) -> None:
        self._runner, self._answers = runner, answers
        self._lock = threading.Lock()
        self._questions: queue.Queue[dict[str, Any]] = queue.Queue()
        self._cancelled: set[str] = set()

    def run(self) -> None:
        """Work until told to quit."""
        self.say({"say": "hello", "version": wire.VERSION, "pid": os.getpid()})
        for target in (self._listen, self._beat):
            threading.Thread(target=target, daemon=True).start()
        while (question := self._questions.get())["ask"] != "quit":
            self._answer(question)
        self._runner.close()

    def say(self, message: dict[str, Any]) -> None:
        """Send one answer; the process ends where nobody listens any more."""
        with self._lock:
            try:
                view = memoryview(wire.line(message))
                while view:
                    view = view[os.write(self._answers, view) :]
            except OSError:
                _leave()

    def _answer(self, question: dict[str, Any]) -> None:
        job = str(question.get("id", ""))
        try:
            if question["ask"] == "prepare":
                prompts = wire.prompts_of(question["prompts"])
                self._runner.prepare(wire.load_of(question["load"]), question["family"], question["revision"], prompts)
                self.say({"say": "done", "id": job, "made": []})
            else:
                made = self._runner.make(
                    wire.batch_of(question["batch"]), lambda step: self._step(job, step), lambda: job in self._cancelled
                )
                self.say({"say": "done", "id": job, "made": wire.made_values(made)})
        except Exception as error:
            import traceback

            traceback.print_exc()
            if _gpu_is_lost(error):
                _leave(1)
            self.say({"say": "failed", "id": job, "error": wire.error_values(error)})

    def _step(self, job: str, step: Any) -> None:
        picture = None
        if step.preview is not None:
            height, width = step.preview.shape[:2]
            picture = {"width": width, "height": height, "rgb": base64.b64encode(step.preview.tobytes()).decode()}
        told = {"takes": step.takes, "step": step.step, "steps": step.steps, "preview": picture}
        self.say({"say": "step", "id": job, **told, "made": wire.made_values(step.made)})

    def _listen(self) -> None:
        import json

        for text in sys.stdin.buffer:
            question = json.loads(text)
            if question["ask"] == "cancel":
                self._cancelled.add(str(question["id"]))
            else:
                self._questions.put(question)
        _leave()

    def _beat(self) -> None:
        pause = threading.Event()
        while not pause.wait(HEARTBEAT_S):
            self.say({"say": "alive"})


def _gpu_is_lost(error: Exception) -> bool:
    """Whether this process can compute nothing any more: after an error of a kernel CUDA fails whatever is asked of it."""
    told = str(error)
    return ("CUDA error" in told or "HIP error" in told) and not (isinstance(error, VidgenError) or is_out_of_memory(error))


def _leave(status: int = 0) -> None:
    """End at once, with encoders that were started: those would go on."""
    if encoders := sys.modules.get("vidgen.media.ffmpeg"):
        encoders.stop_all()
    os._exit(status)


def main() -> None:
    """Entry of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's business
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print cannot break the protocol
    module, _, name = (sys.argv[1] if len(sys.argv) > 1 else "vidgen.engines.worker.runner:Runner").partition(":")
    runner = getattr(importlib.import_module(module), name)()
    Worker(runner, answers).run()
