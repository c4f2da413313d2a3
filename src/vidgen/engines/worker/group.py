"""Several processes that make one clip together, one on each GPU: context parallel, where each has some heads of all tokens.

The first of them is the worker's runner and speaks for all: it starts the others, passes every command on, and answers
alone. They end together, since those that are left would wait for ever: a member that dies ends the leader, and members end
with it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from vidgen.engines.local.job import Batch, Load, MadeTake, Prompt
from vidgen.engines.worker.runner import Runner
from vidgen.engines.worker.watch import OnStep, ignore
from vidgen.errors import VidgenError
from vidgen.media.scratch import scratch_folder
from vidgen.settings import settings

PATIENCE = timedelta(days=7)
"""Longest time that a member waits for its next command."""
END_IS_SEEN_S = 5.0
"""Longest time until the system reports a process that has ended, in seconds; its connections may break before that."""


class Leader:
    """What ``Runner`` is, but over a group; takes of a batch are made one by one."""

    def __init__(self) -> None:
        self._count, port = int(settings().group_size), _free_port()
        self._others = [_started(rank, self._count, port) for rank in range(1, self._count)]
        self._watches = [threading.Thread(target=_end_with, args=(other,), daemon=True) for other in self._others]
        for watch in self._watches:
            watch.start()
        self._member = Member(0, self._count, port)

    def prepare(self, load: Load, family: str, revision: str, texts: Sequence[Prompt]) -> None:
        """See ``Runner``."""
        with self._all_alive():
            self._member.broadcast("prepare", load, family, revision, tuple(texts))
            self._member.prepare(load, family, revision, texts)

    def make(self, batch: Batch, on: OnStep = ignore, cancelled: Callable[[], bool] = lambda: False) -> list[MadeTake]:
        """See ``Runner``."""
        with self._all_alive():
            self._member.broadcast("make", batch)
            return self._member.make(batch, on, cancelled)

    @contextmanager
    def _all_alive(self) -> Iterator[None]:
        """A member that dies breaks its connections first: "connection reset" is not the cause, its end is (``_end_with``)."""
        try:
            yield
        except RuntimeError:
            for watch in self._watches:
                watch.join(END_IS_SEEN_S)
            raise

    def close(self) -> None:
        """See ``Runner``; the other processes end, too."""
        self._member.broadcast("quit")
        self._member.close()


class Member:
    """One process of a group: the ``rank``-th of ``count``, which meet at a port of this machine."""

    def __init__(self, rank: int, count: int, port: int) -> None:
        import torch
        import torch.distributed as dist

        gpus = torch.cuda.is_available()
        if gpus:
            torch.cuda.set_device(rank)
        where = f"tcp://127.0.0.1:{port}"
        dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", init_method=where, rank=rank, world_size=count)
        self._commands = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._rank, self._runner = rank, Runner()

    def broadcast(self, *command: Any) -> None:
        """Send a command of the leader to all members."""
        import torch.distributed as dist

        dist.broadcast_object_list(list(command) + [None] * (5 - len(command)), src=0, group=self._commands)

    def follow(self) -> None:
        """Follow the leader's commands until ``quit``."""
        import torch.distributed as dist

        while True:
            command: list[Any] = [None] * 5
            dist.broadcast_object_list(command, src=0, group=self._commands)
            if command[0] == "quit":
                return self.close()
            try:
                if command[0] == "prepare":
                    self.prepare(*command[1:])
                else:
                    with scratch_folder() as folder:  # the leader delivers
                        takes = tuple(replace(take, out=folder / take.out.name) for take in command[1].takes)
                        self.make(replace(command[1], takes=takes))
            except VidgenError as error:  # the leader meets the same, and says so
                if error.code == "local.out_of_memory":
                    raise  # but for memory, which each has its own of

    def prepare(self, load: Load, family: str, revision: str, texts: Sequence[Prompt]) -> None:
        """Encode prompts, every process for itself."""
        self._runner.prepare(self._placed(load), family, revision, texts)

    def make(self, batch: Batch, on: OnStep = ignore, cancelled: Callable[[], bool] = lambda: False) -> list[MadeTake]:
        """This process's part of a batch. After each step the leader says whether to stop, so that all stop together."""
        import torch
        import torch.distributed as dist

        def agreed() -> bool:
            flag = torch.tensor([int(cancelled())])
            dist.broadcast(flag, src=0, group=self._commands)
            return bool(flag.item())

        return self._runner.make(replace(batch, load=self._placed(batch.load), largest=1), on, agreed)

    def close(self) -> None:
        """Leave the group."""
        import torch.distributed as dist

        self._runner.close()
        dist.destroy_process_group()

    def _placed(self, load: Load) -> Load:
        """On this process's own GPU: the group sees no others."""
        return replace(load, device=f"cuda:{self._rank}") if load.device.startswith("cuda") else load


def _started(rank: int, count: int, port: int) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "vidgen.engines.worker.group", str(rank), str(count), str(port)]
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=2)


def _end_with(other: subprocess.Popen[bytes]) -> None:
    if (code := other.wait()) != 0:
        print(f"a process of the group ended with the status {code}", file=sys.stderr, flush=True)
        os._exit(1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main() -> None:
    """Entry of a process that is not the leader: RANK COUNT PORT. It ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def until_the_leader_is_gone() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=until_the_leader_is_gone, daemon=True).start()
    Member(*map(int, sys.argv[1:4])).follow()


if __name__ == "__main__":
    main()
