"""Runners that misbehave in one way each, for the worker to survive. Imported by the worker process."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from vidgen.engines.local.job import MadeTake
from vidgen.engines.worker.watch import Step
from vidgen.errors import Cancelled


class Steady:
    """Does a step every 20 ms, then writes the take."""

    def prepare(self, load: Any, family: str, revision: str, prompts: Any) -> None:
        """Nothing to do."""

    def make(self, batch: Any, on: Any, cancelled: Any) -> list[MadeTake]:
        for step in range(batch.recipe.steps):
            if cancelled():
                raise Cancelled
            self.misbehave(step)
            on(Step(tuple(take.take for take in batch.takes), step + 1, batch.recipe.steps))
            time.sleep(0.02)
        for take in batch.takes:
            take.out.write_bytes(b"clip")
        return [MadeTake(take.take, take.out, {"pid": os.getpid()}) for take in batch.takes]

    def misbehave(self, step: int) -> None:
        """Subclasses do."""

    def close(self) -> None:
        """Nothing to do."""


class Aborts(Steady):
    def misbehave(self, step: int) -> None:
        print("about to break", file=sys.stderr, flush=True)
        os.abort()


class Hangs(Steady):
    def misbehave(self, step: int) -> None:
        import signal

        os.kill(os.getpid(), signal.SIGSTOP)


class Prints(Steady):
    """Floods standard output, as libraries do."""

    def misbehave(self, step: int) -> None:
        for _ in range(2000):
            print('{"event": "done"} and other words that are no protocol')


class Fails(Steady):
    def misbehave(self, step: int) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


class Breaks(Steady):
    """What CUDA says when a kernel has gone wrong; whatever is asked of it from then on fails, too."""

    def misbehave(self, step: int) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


class Slow(Steady):
    """Takes a minute to load, and a minute for each step."""

    def prepare(self, load: Any, family: str, revision: str, prompts: Any) -> None:
        time.sleep(60)

    def misbehave(self, step: int) -> None:
        time.sleep(60)


class Encodes(Steady):
    """Is busy with an encoder that runs for a minute."""

    def make(self, batch: Any, on: Any, cancelled: Any) -> list[MadeTake]:
        from vidgen.media.ffmpeg import run_ffmpeg

        run_ffmpeg(["-re", "-f", "lavfi", "-i", "testsrc=d=60", str(batch.takes[0].out)], what="encoding")
        return []
