"""The driver's side: starts the gateway, hands work over, and waits for what comes of it. Threads may share it."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vidgen import __version__
from vidgen.cluster.addresses import check_address
from vidgen.cluster.gateway import Hello, Job
from vidgen.cluster.packing import pack
from vidgen.cluster.scheduler import Kind, Task
from vidgen.cluster.share import VARIABLE, absolute, share_of
from vidgen.cluster.work import Work
from vidgen.errors import Cancelled, MissingError, ProcessingError, VidgenError
from vidgen.media.discovery import find_ffmpeg
from vidgen.programs import log_program, start_program
from vidgen.settings import settings, without_keys

LOG = logging.getLogger(__name__)
START_S = 150.0
"""How long Ray may take to start and to look at its nodes: the first wait for a cluster that is there is a few seconds."""
CONNECT_S = 25.0
"""How long connecting to an address may take."""
END_S = 3.5
"""How long the gateway may take to end, before it is killed."""
WAIT_S = 300.0
NO_CLUSTER = "ray status shows a cluster that is up; render.log has more"
NO_NODE = "vidgen doctor --ray-address ADDRESS shows what each node has"
_TICK_S = 0.2

OnEvent = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Done:
    """What came of work: its value, and the node that has done it."""

    value: Any
    node: str


@dataclass(frozen=True)
class Demand:
    """What work needs of a place, and how much of it there is (``Task``)."""

    model: str
    kind: Kind = "core"
    amount: float = 1.0
    after: float = 0.0
    gb: float = 0.0


@dataclass
class _Waiting:
    future: Future[Done]
    on_event: OnEvent
    what: str


def check_ray(address: str | None) -> None:
    """Raise MissingError ``executor.missing`` where Ray is not installed or nobody answers at the address; as ``Share`` where
    the place for files is none.
    """
    if not _has("ray"):
        hint = "pip install 'vidgen[ray]'"
        raise MissingError("executor.missing", "--executor ray needs the package ray, which is not installed", hint=hint)
    if address:
        check_address(address)
    share_of(settings().cluster_share)


def address_of(given: str | None) -> str | None:
    """The address that counts: the one given, else ``RAY_ADDRESS``; None: a Ray of one's own on this machine."""
    found = given or settings().ray_address or None
    return None if found == "local" else found


@dataclass
class Cluster:
    """A run's connection to a cluster. Use it as a context manager.

    Args:
        address: of the cluster (``address_of``).
        wanted: engines and models that the run needs, each with the driver's key of the model.
        cores: of a Ray of one's own.
        on_node: called with ``joined``, ``refused`` or ``lost`` and what is known of a node.
    """

    address: str | None
    wanted: Sequence[tuple[str, str | None, str | None]]
    cores: int
    run_id: str
    on_node: Callable[[str, Mapping[str, Any]], None] = lambda state, node: None
    nodes: list[Mapping[str, Any]] = field(default_factory=list)
    _waiting: dict[int, _Waiting] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ready: threading.Event = field(default_factory=threading.Event)
    _why: str = ""
    _over: bool = False

    def __enter__(self) -> Cluster:
        check_ray(self.address)
        here, there = socket.socketpair()
        self._began = time.monotonic()
        with there:
            self._program = start_program(
                [sys.executable, "-m", "vidgen.cluster.gateway_ray", str(there.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(there.fileno(),),
                env=without_keys(),
                start_new_session=True,
            )
        self._socket, self._gateway = here, Connection(os.dup(here.fileno()))
        self._gateway.send({"hello": self._hello(), "address": self.address, "cores": self.cores})
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._listen, self._keep_log)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def working(self) -> list[Mapping[str, Any]]:
        """The nodes that get work."""
        return [node for node in self.nodes if not node["refused"] and not node["lost"]]

    @property
    def places(self) -> int:
        """How many pieces of work can be done at once, roughly."""
        return max(1, sum(int(node["cores"]) for node in self.working))

    @property
    def devices(self) -> int:
        """How many shots of engines with models are made at once: by GPUs, or by nodes where no node has one."""
        return sum(int(node["gpus"]) for node in self.working) or len(self.working)

    def wait_ready(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Wait until the nodes are known. Raises MissingError ``executor.missing`` where there is no cluster; Cancelled."""
        until = self._began + (START_S if self.address is None else START_S + CONNECT_S)
        while not self._ready.wait(_TICK_S):
            if cancelled():
                raise Cancelled
            if time.monotonic() > until or self._program.poll() is not None:
                break
        if not self._ready.is_set() or self._why:
            where = f"no Ray cluster at {self.address}" if self.address else "no Ray of its own could be started here"
            why = self._why or f"it did not answer in {time.monotonic() - self._began:.0f} s"
            raise MissingError("executor.missing", f"{where}: {why}", hint=NO_CLUSTER)

    def check_nodes(self) -> None:
        """Raise MissingError ``cluster.no_node`` where no node can work for this run."""
        if not self.working:
            reasons = "; ".join(f"{node['name']}: {node['refused']}" for node in self.nodes) or "it has no nodes with cores"
            raise MissingError(
                "cluster.no_node",
                f"no node of the cluster can work for this run: {reasons}",
                hint=NO_NODE,
            )

    def submit(
        self, work: Work, outs: Sequence[Path], demand: Demand, *, what: str, on_event: OnEvent = lambda event: None
    ) -> tuple[int, Future[Done]]:
        """Hand work over. ``on_event`` is called, by another thread, with what is told on the way. Raises OSError where a file
        cannot be read.
        """
        packed = pack(work)
        number, future = next(self._numbers), Future[Done]()
        task = Task(number, demand.model, demand.kind, demand.amount, demand.after, demand.gb)
        job = Job(task, what, packed.value, list(packed.files.items()), [str(out.absolute()) for out in outs])
        with self._lock:
            self._waiting[number] = _Waiting(future, on_event, what)
        if self._over or not self._send({"do": "run", "job": job}):
            self._all_lost()
        return number, future

    def do(
        self,
        work: Work,
        outs: Sequence[Path],
        demand: Demand,
        *,
        what: str,
        on_event: OnEvent = lambda event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Done:
        """Hand work over and wait for it. Raises what it raises, Cancelled, ProcessingError where no node can do it."""
        number, future = self.submit(work, outs, demand, what=what, on_event=on_event)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    return future.result(_TICK_S)
                if cancelled():
                    raise Cancelled
        finally:
            if not future.done():
                self.cancel(number)

    def cancel(self, number: int) -> None:
        """End work that is not wanted any more."""
        with self._lock:
            waiting = self._waiting.pop(number, None)
        if waiting:
            waiting.future.cancel()
            self._send({"do": "cancel", "id": number})

    def close(self) -> None:
        """End everything that runs for this run, on all nodes, within seconds."""
        self._over = True
        self._send({"do": "close"})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._program.wait(END_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._program.pid, signal.SIGKILL)
        code = self._program.wait()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(1)
        for open_one in (self._socket, self._gateway, self._program.stdout):
            if open_one is not None:
                open_one.close()
        log_program(LOG, ["vidgen.cluster.gateway_ray"], code, time.monotonic() - self._began)
        self._all_lost()

    def _hello(self) -> Hello:
        chosen = settings()
        flags = {"VIDGEN_OFFLINE": "1"} if chosen.offline else {}
        if chosen.plugins is not None:
            flags["VIDGEN_LOAD_PLUGINS"] = ",".join(sorted(chosen.plugins))
        if chosen.cluster_share:
            flags[VARIABLE] = absolute(chosen.cluster_share)
        wait_s = WAIT_S if chosen.cluster_wait_s is None else chosen.cluster_wait_s
        return Hello(self.run_id, __version__, find_ffmpeg().version, list(self.wanted), flags, wait_s)

    def _send(self, message: Mapping[str, Any]) -> bool:
        with self._lock:
            try:
                self._gateway.send(message)
            except OSError:
                return False
        return True

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._heard(self._gateway.recv())
        self._over = True
        self._ready.set() if self._why else None
        self._all_lost()

    def _heard(self, message: Mapping[str, Any]) -> None:
        event = message["event"]
        if event == "log":
            logging.getLogger(message["name"]).log(message["level"], "on %s: %s", message["node"], message["text"])
        elif event == "ready":
            self.nodes = list(message["nodes"])
            self._ready.set()
        elif event == "broken":
            self._why = str(message["why"])
            self._ready.set()
        elif event == "node":
            self._node(message)
        elif event in ("done", "failed"):
            self._ended(message)
        elif waiting := self._waiting.get(message["id"]):
            if event != "told":
                LOG.debug("%s: %s", waiting.what, dict(message))
            waiting.on_event(message)

    def _node(self, message: Mapping[str, Any]) -> None:
        LOG.info("node %s %s: %s", message["name"], message["state"], message["refused"] or message["facts"])
        self.nodes = [node for node in self.nodes if node["id"] != message["id"]] + [message]
        if self._ready.is_set():
            self.on_node(str(message["state"]), message)

    def _ended(self, message: Mapping[str, Any]) -> None:
        from vidgen.engines.local.wire import error_of

        with self._lock:
            waiting = self._waiting.pop(message["id"], None)
        if waiting is None:
            return
        with contextlib.suppress(InvalidStateError):
            if message["event"] == "done":
                waiting.future.set_result(Done(pickle.loads(message["value"]), message["node"]))
            else:
                waiting.future.set_exception(error_of(message["error"]))

    def _all_lost(self) -> None:
        with self._lock:
            lost, self._waiting = list(self._waiting.values()), {}
        for waiting in lost:
            with contextlib.suppress(InvalidStateError):
                waiting.future.set_exception(_lost(waiting.what, self._why))

    def _keep_log(self) -> None:
        """What Ray prints goes to the log, and never to where the driver's own output goes."""
        assert self._program.stdout is not None
        for line in self._program.stdout:
            LOG.debug("ray: %s", line.decode(errors="replace").rstrip())


def _lost(what: str, why: str) -> VidgenError:
    text = f"{what}: the connection to the cluster ended{': ' + why if why else ''}"
    return ProcessingError("cluster.lost", text, hint="run the same command again; what is done is kept")


def _has(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # it is kept from being imported
        return False
