"""The gateway's process, and Ray's side of it: ``python -m vidgen.cluster.gateway_ray FD``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vidgen.cluster import survey
from vidgen.cluster.gateway import Gateway
from vidgen.cluster.machines import DiskTrouble, Machine, NoRoom, RemoteSlot, SlotLost, StoreFull
from vidgen.cluster.slot_ray import RaySlot
from vidgen.media.sweep import alive
from vidgen.settings import set_variables

END_S = 10.0
"""What Ray may take to end where its head is gone: then this process ends without it."""
OWN_STORE = 256 << 20
"""Bytes of shared memory of a Ray of one's own: a few chunks are on the way at once."""
_FOLDERS = "vg-ray-"
ROOM_S, FACTS_S = 60.0, 180.0
JOIN_S = 45.0
HEAD_S = 30.0
"""A head that says nothing for so long is gone, or the way to it is."""


class RayMachines:
    """The nodes of a cluster that this process is connected to."""

    def __init__(self, run: str, flags: Mapping[str, str]) -> None:
        from ray import cloudpickle

        self._run, self._flags = run, flags
        by_value: Any = cloudpickle
        by_value.register_pickle_by_value(survey)  # a node's own vidgen may be another, or none

    async def alive(self) -> list[Machine]:
        """See ``Machines``. Nodes that give no cores and no GPUs, as a driver's own, are no machines for work."""
        import ray

        try:
            listed = await asyncio.wait_for(asyncio.to_thread(ray.nodes), HEAD_S)
        except TimeoutError as error:
            raise HeadLost(f"the cluster's head has not answered for {HEAD_S:.0f} s") from error
        found = [node for node in listed if node["Alive"]]
        names = [_host(node) for node in found]
        return [
            Machine(node["NodeID"], name if names.count(name) == 1 else f"{name}/{node['NodeID'][:6]}", cores, gpus)
            for node, name in zip(found, names, strict=True)
            if (cores := _whole(node, "CPU")) + (gpus := _whole(node, "GPU")) > 0
        ]

    async def facts(self, machine: Machine, question: str) -> Mapping[str, Any]:
        """See ``Machines``."""
        import ray

        ask = ray.remote(num_cpus=0, max_retries=0)(survey.facts_of_node).options(scheduling_strategy=_on(machine))
        found: Mapping[str, Any] = await _answer(ask.remote(question), FACTS_S)
        return found

    async def start_slot(self, machine: Machine, gpus: int) -> RemoteSlot:
        """See ``Machines``."""
        import ray

        kind: Any = ray.remote(RaySlot)
        needs = {"num_cpus": 0 if gpus else 1, "num_gpus": gpus, "scheduling_strategy": _on(machine)}
        once = {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": 8}
        actor = kind.options(**needs, **once).remote(self._run, gpus, machine.gpus > 0, self._flags)
        slot = RaySlotHandle(actor)
        try:
            await slot.call("ready", seconds=ROOM_S)
        except _Late as error:
            slot.kill()
            raise NoRoom(f"{machine.name} has had no room for {ROOM_S:.0f} s") from error
        except SlotLost:
            slot.kill()
            raise
        return slot


class HeadLost(Exception):
    """The head of the cluster does not answer: Ray cannot be ended in good order any more."""


class _Late(SlotLost):
    """No answer in time."""


class RaySlotHandle:
    """An actor, as ``RemoteSlot``."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def call(self, method: str, *args: Any, seconds: float, **kwargs: Any) -> Any:
        """See ``RemoteSlot``."""
        import ray

        try:
            ref = getattr(self._actor, method).remote(*args, **kwargs)
        except (ray.exceptions.ObjectStoreFullError, ray.exceptions.OutOfDiskError) as error:
            raise StoreFull(_line(error)) from error
        return await _answer(ref, seconds)

    def kill(self) -> None:
        """See ``RemoteSlot``."""
        import ray

        with contextlib.suppress(Exception):
            ray.kill(self._actor, no_restart=True)


async def _answer(ref: Any, seconds: float) -> Any:
    import ray

    try:
        return await asyncio.wait_for(asyncio.wrap_future(ref.future()), seconds)
    except TimeoutError as error:
        raise _Late(f"no answer in {seconds:.0f} s") from error
    except (ray.exceptions.ObjectStoreFullError, ray.exceptions.OutOfDiskError) as error:
        raise StoreFull(_line(error)) from error
    except OSError as error:
        raise DiskTrouble(_line(error)) from error
    except ray.exceptions.RayError as error:
        raise SlotLost(_line(error)) from error


def _line(error: BaseException) -> str:
    words = [line for line in str(error).strip().splitlines() if line.strip()]
    return (words[-1] if isinstance(error, OSError) else words[0])[:300] if words else type(error).__name__


def _on(machine: Machine) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(machine.id, soft=False)


def _whole(node: Mapping[str, Any], resource: str) -> int:
    return int(node["Resources"].get(resource, 0))


def _host(node: Mapping[str, Any]) -> str:
    return str(node.get("NodeManagerHostname") or node["NodeManagerAddress"])


def connect(address: str | None, cores: int, folder: Path, joined: list[subprocess.Popen[bytes]]) -> None:
    """Connect this process to a cluster, or start a Ray of its own with so many cores; it ends with this process. A machine
    that is no part of the cluster joins it, without giving it anything (``joined``). Raises ConnectionError, RuntimeError.
    """
    import ray

    usual: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "configure_logging": False}
    if address is None:
        ray.init(num_cpus=cores, object_store_memory=OWN_STORE, _temp_dir=str(folder), **usual)
        return
    del usual["include_dashboard"]
    try:
        ray.init(address=address, **usual)
    except (ConnectionError, RuntimeError, ValueError, AssertionError) as error:
        if address == "auto" or "version mismatch" in str(error).lower():
            raise
        joined.append(_join(address, folder))
        _connect_to_joined(address, usual)


def _join(address: str, folder: Path) -> subprocess.Popen[bytes]:
    words = ["ray.scripts.scripts", "start", f"--address={address}", "--num-cpus=0", "--num-gpus=0", "--block"]
    more = [
        f"--object-store-memory={OWN_STORE}",
        f"--temp-dir={folder}",
        "--disable-usage-stats",
        "--include-log-monitor=false",
    ]
    program = f"from {words[0]} import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *words[1:], *more, "--include-log-monitor=false"], stdin=subprocess.DEVNULL
    )


def _connect_to_joined(address: str, usual: Mapping[str, Any]) -> None:
    import time

    import ray

    until = time.monotonic() + JOIN_S
    while True:
        try:
            ray.init(address=address, **usual)
            return
        except (ConnectionError, RuntimeError, ValueError, AssertionError):
            if time.monotonic() > until:
                raise
            time.sleep(1)


async def serve(driver: Connection, hello: Mapping[str, Any], joined: Sequence[subprocess.Popen[bytes]]) -> None:
    """Do what the driver says until it says ``close``, or is gone. Ends the process where the head is gone."""
    loop, inbox = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any] | None]()
    lock = threading.Lock()

    def tell(message: dict[str, Any]) -> None:
        with lock, contextlib.suppress(OSError):
            driver.send(message)

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                loop.call_soon_threadsafe(inbox.put_nowait, driver.recv())
        loop.call_soon_threadsafe(inbox.put_nowait, None)

    threading.Thread(target=listen, daemon=True).start()
    said = hello["hello"]
    gateway = Gateway(RayMachines(said.run, said.flags), said, tell)
    await gateway.begin()
    watching = asyncio.create_task(gateway.watch())
    watching.add_done_callback(lambda task: inbox.put_nowait(None))
    while (message := await inbox.get()) is not None and message["do"] != "close":
        if message["do"] == "run":
            gateway.add(message["job"])
        elif message["do"] == "cancel":
            gateway.cancel(message["id"])
    failure = watching.exception() if watching.done() else None
    if isinstance(failure, HeadLost):  # calls into Ray do not come back, and their threads are waited for at any other end
        _tell_broken(driver, failure)
        for program in joined:
            program.kill()
        os._exit(1)
    watching.cancel()
    await gateway.close()
    if failure:
        raise failure


def _prepare_ray(own: bool) -> None:
    """Ray reports nothing to its makers. One of our own takes programs from this run alone, and its workers are no slower than
    the driver would be.
    """
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    set_variables({"RAY_USAGE_STATS_ENABLED": "0", **(token if own else {})}, {"RAY_worker_niceness": "0"} if own else {})


def main(words: Sequence[str]) -> None:
    """Entry of the process. It ends with the driver, and with it a Ray of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(2, 1)
    driver = Connection(int(words[0]))
    hello = driver.recv()
    joined: list[subprocess.Popen[bytes]] = []
    # A short name: the paths of Ray's sockets must not be longer than 107 bytes.
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDERS}{os.getpid()}-", ignore_cleanup_errors=True) as name:
        try:
            _prepare_ray(own=hello["address"] is None)
            connect(hello["address"], hello["cores"], Path(name), joined)
            asyncio.run(serve(driver, hello, joined))
        except Exception as error:
            import traceback

            traceback.print_exc()
            _tell_broken(driver, error)
        finally:
            _end(joined)


def _sweep() -> None:
    """Remove the folders of gateways that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDERS}*"):
        pid = folder.name.removeprefix(_FOLDERS).partition("-")[0]
        if pid.isdigit() and not alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _tell_broken(driver: Connection, error: BaseException) -> None:
    with contextlib.suppress(OSError):
        driver.send({"event": "broken", "why": _line(error)})


def _end(joined: Sequence[subprocess.Popen[bytes]]) -> None:
    """Leave Ray, or end without it where it does not let go."""
    import ray

    late = threading.Timer(END_S, os._exit, (1,))
    late.daemon = True
    late.start()
    with contextlib.suppress(Exception):
        ray.shutdown()
    for program in joined:
        program.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(3)
        program.kill()


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)
