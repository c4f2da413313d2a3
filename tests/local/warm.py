"""Workers that start at once: a process that has torch and diffusers already forks one whenever a host asks for it.

Nine of ten seconds of a worker on a tiny model are imports. What is forked is the worker itself, with pipes, environment and
exit status of its own; tests of how it starts use the real one (``test_worker.py``, ``test_interrupt.py``).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

HEAVY = ("torch", "diffusers", "transformers", "peft", "vidgen.engines.worker.runner", "vidgen.engines.worker.loading")
TYPES = ("WanPipeline", "AutoencoderKLWan", "UniPCMultistepScheduler", "LTXPipeline", "HunyuanVideoPipeline")


class Nursery:
    """The process that forks workers. Use as a context manager."""

    def __enter__(self) -> Nursery:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false",
                 "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._process.wait(60)

    def start(
        self, argv: Sequence[str], *, stdin: int, stdout: int, stderr: IO[bytes], env: Mapping[str, str]
    ) -> WarmWorker | subprocess.Popen[bytes]:
        """What ``subprocess.Popen`` gives for a worker's command line; other command lines get a process of their own."""
        if argv[1:3] != ["-m", "vidgen.engines.worker"] or "VIDGEN_GROUP_SIZE" in env:
            return subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr, env=env)
        return WarmWorker(self._ours, argv[3:], stderr, env)


class WarmWorker:
    """A forked worker, seen as a ``subprocess.Popen``."""

    def __init__(self, nursery: socket.socket, argv: Sequence[str], stderr: IO[bytes], env: Mapping[str, str]) -> None:
        (questions, self._to), (self._from, answers) = os.pipe(), os.pipe()
        status, theirs = socket.socketpair()
        order = json.dumps({"argv": list(argv), "env": dict(env), "cwd": str(Path.cwd())}).encode()
        socket.send_fds(nursery, [order], [questions, answers, stderr.fileno(), theirs.fileno()])
        for number in (questions, answers):
            os.close(number)
        theirs.close()
        self.stdin, self.stdout = os.fdopen(self._to, "wb"), os.fdopen(self._from, "rb")
        with status:
            self._status = status.makefile("rb")
        self.pid = int(self._status.readline())
        self.returncode: int | None = None
        self._over = threading.Event()
        threading.Thread(target=self._await, daemon=True).start()

    def _await(self) -> None:
        with self._status:
            self.returncode = int(self._status.readline() or -signal.SIGKILL)
        self._over.set()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired("worker", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)


def main() -> None:
    """The nursery: imports, then forks one worker for every order, until nobody asks any more."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    import importlib

    import diffusers

    for name in HEAVY:
        importlib.import_module(name)
    for name in TYPES:
        getattr(diffusers, name)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        order, descriptors, *_ = socket.recv_fds(orders, 1 << 20, 4)
        if not order:
            return
        if os.fork() == 0:
            _serve(orders, json.loads(order), descriptors)
        for number in descriptors:
            os.close(number)
        _bury()


def _bury() -> None:
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def _serve(orders: socket.socket, order: dict[str, Any], descriptors: Sequence[int]) -> None:
    """In the fork: start the worker as its own child, tell its number, and its exit status when it is over."""
    orders.close()
    questions, answers, log, status = descriptors
    told = socket.socket(fileno=status)
    if (pid := os.fork()) == 0:
        told.close()
        for number, place in ((questions, 0), (answers, 1), (log, 2)):
            os.dup2(number, place)
            os.close(number)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        sys.argv = ["worker", *order["argv"]]
        from vidgen.engines.worker import process

        try:
            process.main()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    for number in (questions, answers, log):
        os.close(number)
    told.sendall(f"{pid}\n".encode())
    _, ended = os.waitpid(pid, 0)
    told.sendall(f"{os.waitstatus_to_exitcode(ended)}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
