"""The gateway: gives the driver's work to the nodes of a cluster, follows it, and brings back what was made.

It is a process of its own, so that nothing that Ray does to its process is done to the driver: prints, signals, threads, a call
that never comes back. The driver can end it at any time, and it ends with the driver.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vidgen.cluster.demands import model_name
from vidgen.cluster.machines import DiskTrouble, Machine, Machines, NodeState, NoRoom, RemoteSlot, SlotLost, StoreFull
from vidgen.cluster.packing import FileRef, Seen
from vidgen.cluster.scheduler import MOST_LOSSES, Kind, Place, Scheduler, Task
from vidgen.cluster.share import VARIABLE, share_of
from vidgen.cluster.survey import refusal
from vidgen.cluster.transfer import NotWhole, Transfers
from vidgen.cluster.troubles import death, failed, reason
from vidgen.cluster.work import NOT_HERE, OF_THE_NODE

LOG = logging.getLogger(__name__)
LOOK_EVERY_S = 1.0
"""How often the nodes are looked at."""
POLL_S, SILENT_S = 1.0, 45.0
"""A slot is asked for news and may wait so long for some; where it does not answer for so long it is lost."""
LOADING_S = 60.0
"""What changing a model costs, roughly, in seconds of work."""
SLACK_S = 30.0
"""What work may take longer than expected, as where its slot starts, before it counts as slow."""
CLOSE_S = 2.0
"""How long slots may take to end what runs, before they are killed."""
BUSY_S = 15.0
"""When a node is asked again that had no room, as others use it, too."""
REFUSED_S = 20.0
"""How long work waits that no node of the cluster can do, in case one joins."""


@dataclass(frozen=True)
class Hello:
    """What the driver says first.

    Args:
        run: the run's id.
        version, ffmpeg: the driver's.
        wanted: engines and models that the run needs, with the driver's key of each model.
        flags: variables for the environment of workers.
        wait_s: how long to wait for a node where the last one was lost.
    """

    run: str
    version: str
    ffmpeg: str
    wanted: Sequence[tuple[str, str | None, str | None]]
    flags: Mapping[str, str]
    wait_s: float = 300.0


@dataclass(frozen=True)
class Job:
    """One piece of work as the driver sends it. ``outs``: the files to write on the driver's machine."""

    task: Task
    what: str
    work: bytes
    files: Sequence[tuple[FileRef, Seen]]
    outs: Sequence[str]


@dataclass
class _Seat:
    """A place of the scheduler, and its slot once that is started."""

    place: Place
    node: NodeState
    gpus: int
    slot: RemoteSlot | None = None
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)


class _Failed(Exception):
    """The work has failed, with an answer."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.error = error


class _Crashed(Exception):
    """The process that worked has ended without an answer."""


class _NotStarted(Exception):
    """A slot could not start, through no fault of the work."""


Tell = Callable[[dict[str, Any]], None]


class Gateway:
    """One run's gateway. All its methods belong to one event loop."""

    def __init__(self, machines: Machines, hello: Hello, tell: Tell) -> None:
        self._machines, self._hello, self._tell = machines, hello, tell
        self._scheduler = Scheduler(load=LOADING_S, slack_s=SLACK_S)
        self._transfers = Transfers(share_of(hello.flags.get(VARIABLE, "")))
        self._nodes: dict[str, NodeState] = {}
        self._seats: dict[str, _Seat] = {}
        self._jobs: dict[int, Job] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._surveys: dict[str, asyncio.Task[None]] = {}
        self._numbers = itertools.count(1)
        self._refusals: dict[tuple[int, str], str] = {}
        self._hopeless_since: dict[int, float] = {}
        self._lost_since: float | None = None
        self._over = False

    async def begin(self) -> None:
        """Look at all nodes that are there, and tell the driver what they are."""
        await self._look()
        await asyncio.gather(*self._surveys.values())
        self._tell({"event": "ready", "nodes": [node.as_dict() for node in self._nodes.values()]})

    async def watch(self) -> None:
        """Look at the nodes and give out work until the run is over."""
        while not self._over:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._look()
            self._assign()
            self._give_up()

    def add(self, job: Job) -> None:
        """Take work on."""
        self._jobs[job.task.id] = job
        self._scheduler.add(job.task)
        self._assign()

    def cancel(self, number: int) -> None:
        """The driver does not want some work any more."""
        if self._jobs.pop(number, None):
            self._scheduler.drop(number)

    async def close(self) -> None:
        """End everything on all nodes."""
        self._over = True
        slots = [seat.slot for seat in self._seats.values() if seat.slot]
        await asyncio.gather(*(slot.call("close", seconds=CLOSE_S) for slot in slots), return_exceptions=True)
        for slot in slots:
            slot.kill()
        for task in (*self._running, *self._surveys.values()):
            task.cancel()
        await asyncio.gather(*self._running, *self._surveys.values(), return_exceptions=True)

    # Nodes

    async def _look(self) -> None:
        """Take note of nodes that came and went."""
        alive = {machine.id: machine for machine in await self._machines.alive()}
        for name, node in self._nodes.items():
            if name not in alive and not node.lost:
                self._lose_node(node)
        for machine in alive.values():
            if machine.id not in self._nodes and machine.id not in self._surveys:
                self._surveys[machine.id] = asyncio.create_task(self._survey(machine))
        self._surveys = {name: task for name, task in self._surveys.items() if not task.done()}

    async def _survey(self, machine: Machine) -> None:
        question = json.dumps([(engine, model) for engine, model, _ in self._hello.wanted])
        try:
            facts = await self._machines.facts(machine, question)
        except SlotLost:
            return  # it is looked at again while it is listed
        node = NodeState(machine, facts, refusal(facts, self._hello.version, self._hello.ffmpeg))
        self._nodes[machine.id] = node
        if node.refused is None:
            self._seat(node)
        self._tell({"event": "node", "state": "refused" if node.refused else "joined", **node.as_dict()})
        self._assign()

    def _seat(self, node: NodeState) -> None:
        """Make the places of a node: its cores, and its GPUs, or its processor where it has none, for engines with models."""
        machine, id = node.machine, node.machine.id
        for number in range(machine.cores):
            self._add_seat(Place(f"{id}/core{number}", id, "core", self._able(node, "core")), node, 0)
        able = self._able(node, "device")
        if not able:
            return
        at_once = max(one["at_once"] for one in node.facts["able"] if one["at_once"])
        if not machine.gpus:
            for number in range(at_once):
                self._add_seat(Place(f"{id}/device{number}", id, "device", able, spare=True), node, 0)
            return
        gpus = node.facts["gpus"]
        each = max(1, len(gpus) // at_once)
        memory = min((gpu["gb"] for gpu in gpus), default=0.0) * each
        for number in range(machine.gpus // each):
            self._add_seat(Place(f"{id}/device{number}", id, "device", able, memory), node, each)

    def _able(self, node: NodeState, kind: Kind) -> frozenset[str] | None:
        """The models that a node can work with on its cores or devices."""
        keys = {(engine, model): key for engine, model, key in self._hello.wanted}
        found = {"post", "cut"} if kind == "core" else set()
        for one in node.facts["able"]:
            fits = one["why"] is None and one["key"] == keys[one["engine"], one["model"]]
            if fits and (one["at_once"] is not None) == (kind == "device"):
                found.add(model_name(one["engine"], one["model"]))
        return frozenset(found)

    def _add_seat(self, place: Place, node: NodeState, gpus: int) -> None:
        self._seats[place.id] = _Seat(place, node, gpus)
        self._scheduler.place_up(place)

    def _lose_node(self, node: NodeState) -> None:
        node.lost = True
        seats = [seat for seat in self._seats.values() if seat.node is node]
        for seat in seats:
            self._drop_seat(seat)
        self._tell({"event": "node", "state": "lost", **node.as_dict()})

    def _drop_seat(self, seat: _Seat) -> None:
        if self._seats.pop(seat.place.id, None):
            self._scheduler.place_down(seat.place.id)
            if seat.slot:
                seat.slot.kill()

    # Work

    def _assign(self) -> None:
        if self._over:
            return
        for given in self._scheduler.assign(time.monotonic()):
            task = asyncio.create_task(self._perform(self._seats[given.place], self._jobs[given.task.id], given.again))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _perform(self, seat: _Seat, job: Job, again: bool) -> None:
        """Have a piece of work done at a place, whatever comes of it."""
        where = seat.node.machine.name
        try:
            self._finished(seat, job, await self._done_at(seat, job, f"{job.task.id}-{next(self._numbers)}", again=again))
        except SlotLost as error:
            await self._slot_lost(seat, job, error)
        except _Crashed as error:
            self._crashed(seat, job, str(error))
        except _Failed as error:
            await self._failed_at(seat, job, error.error)
        except (DiskTrouble, _NotStarted) as error:
            await self._not_there(seat, job, str(error))
        except StoreFull as error:
            text = f"{job.what}: {where} has no room for its files ({error}): more object_store_memory or disk helps"
            self._finished(seat, job, failed("cluster.full", text))
        except (OSError, NotWhole) as error:
            full = isinstance(error, OSError) and error.errno == errno.ENOSPC
            text = f"{job.what}: its files could not be moved: {error}"
            self._finished(seat, job, failed("file.disk_full" if full else "cluster.transfer", text))
        except Exception as error:
            LOG.exception("%s on %s", job.what, where)
            self._finished(seat, job, failed("internal", f"internal error: {job.what}: {type(error).__name__}: {error}"))
        self._assign()

    async def _done_at(self, seat: _Seat, job: Job, name: str, *, again: bool) -> dict[str, Any]:
        """What came of a job at a place; its files are on the driver's machine. Raises SlotLost, _NotStarted, _Crashed,
        _Failed, DiskTrouble, StoreFull, NotWhole, OSError.
        """
        async with seat.starting:
            if seat.slot is None:
                seat.slot = await self._started(seat)
        slot, node = seat.slot, seat.node.machine
        for _ in range(3):
            await self._transfers.send(slot, node.id, job.files)
            if not await slot.call("begin", name, job.work, job.files, len(job.outs), seconds=SILENT_S):
                break
        else:
            raise StoreFull(f"the cache of {node.name} is too small: set VIDGEN_CLUSTER_CACHE_GB there")
        self._report(job, "started", node=node.name, again=again)
        answer = await self._followed(slot, seat, job, name)
        if job.task.id not in self._jobs:
            return {}
        kept = {}
        for number, (size, sha256) in answer["files"].items():
            out = Path(job.outs[number])
            part = out.with_name(f".{out.name}.{name}.part")
            try:
                await self._transfers.fetch(slot, name, number, size, sha256, part)
                if job.task.id in self._jobs:
                    part.replace(out)
            finally:
                part.unlink(missing_ok=True)
            kept[number] = sha256
        with contextlib.suppress(SlotLost):
            await slot.call("forget", name, kept, seconds=SILENT_S)
        return {"event": "done", "value": answer["value"], "node": node.name}

    async def _started(self, seat: _Seat) -> RemoteSlot:
        try:
            return await self._machines.start_slot(seat.node.machine, seat.gpus)
        except NoRoom:
            raise
        except SlotLost as error:
            raise _NotStarted(str(error)) from error

    async def _followed(self, slot: RemoteSlot, seat: _Seat, job: Job, name: str) -> dict[str, Any]:
        """Hear what a slot tells until the work is done."""
        while True:
            for event in await slot.call("poll", name, POLL_S, seconds=POLL_S + SILENT_S):
                kind = event["event"]
                if kind == "log":
                    self._tell({**event, "node": seat.node.machine.name})
                elif kind == "died":
                    raise _Crashed(death(event))
                elif kind == "failed":
                    raise _Failed(event["error"])
                elif kind == "done":
                    return dict(event)
                elif kind != "up":
                    self._report(job, "told", told=event, node=seat.node.machine.name)
            if job.task.id not in self._jobs:
                await slot.call("cancel", name, seconds=SILENT_S)

    def _report(self, job: Job, event: str, **values: Any) -> None:
        if job.task.id in self._jobs:
            self._tell({"event": event, "id": job.task.id, **values})

    def _finished(self, seat: _Seat, job: Job, told: dict[str, Any]) -> None:
        """The first answer of a job counts; who follows it elsewhere sees that it is not wanted any more."""
        wanted = job.task.id in self._jobs
        self._scheduler.ended(seat.place.id, time.monotonic(), done=wanted)
        if wanted and told:
            self._jobs.pop(job.task.id)
            self._tell({**told, "id": job.task.id})

    async def _failed_at(self, seat: _Seat, job: Job, error: Mapping[str, Any]) -> None:
        if error.get("code") == NOT_HERE and job.task.id in self._jobs:
            self._refused(seat, job, str(error["message"]))
        elif error.get("code") in OF_THE_NODE:
            await self._not_there(seat, job, str(error["message"]))
        else:
            self._finished(seat, job, {"event": "failed", "error": dict(error)})

    def _refused(self, seat: _Seat, job: Job, why: str) -> None:
        """A node cannot do some work, which waits for another."""
        self._tell({"event": "log", "level": logging.WARNING, "name": "vidgen.cluster", "node": seat.node.machine.name,
                    "text": f"{job.what} cannot be done here: {why}"})  # fmt: skip
        self._refusals[job.task.id, seat.node.machine.id] = why
        self._scheduler.refused(seat.place.id)

    async def _not_there(self, seat: _Seat, job: Job, why: str) -> None:
        """A node is in trouble, such as a full disk: its work waits for another, and its place has a rest."""
        if seat.place.id not in self._seats:
            return  # its node is lost
        self._report(job, "again", why=why, node=seat.node.machine.name)
        self._refused(seat, job, why)
        self._drop_seat(seat)
        self._assign()
        await asyncio.sleep(BUSY_S)
        self._seat_again(seat)

    def _seat_again(self, seat: _Seat) -> None:
        if not seat.node.lost:
            place = seat.place
            self._add_seat(replace(place, id=f"{place.id}+", loaded=None), seat.node, seat.gpus)

    def _crashed(self, seat: _Seat, job: Job, why: str) -> None:
        self._report(job, "again", why=why, node=seat.node.machine.name)
        if self._scheduler.crashed(seat.place.id) and self._jobs.pop(job.task.id, None):
            times = f"{MOST_LOSSES} times, at last on {seat.node.machine.name}"
            text = f"{job.what}: the process that worked on it ended {times}: {why}"
            self._tell({**failed("cluster.crashed", text), "id": job.task.id})

    async def _slot_lost(self, seat: _Seat, job: Job, error: SlotLost) -> None:
        """A slot is gone: with its node, or alone, and then another takes its place."""
        if seat.slot:
            seat.slot.kill()
        if seat.place.id not in self._seats:
            return
        self._report(job, "again", why=str(error), node=seat.node.machine.name)
        if isinstance(error, NoRoom):
            self._drop_seat(seat)
            await asyncio.sleep(BUSY_S)
        else:
            await asyncio.sleep(2 * LOOK_EVERY_S)
            if seat.place.id not in self._seats:
                return  # its node is lost, which was no fault of the work
            if self._scheduler.crashed(seat.place.id) and self._jobs.pop(job.task.id, None):
                text = f"{job.what}: what worked on it was ended several times, at last on {seat.node.machine.name}: {error}"
                self._tell({**failed("cluster.crashed", text), "id": job.task.id})
            self._drop_seat(seat)
        self._seat_again(seat)

    def _give_up(self) -> None:
        """Tell the driver of work that no node can do, once it has waited long enough for one that can."""
        now, hopeless = time.monotonic(), self._scheduler.hopeless()
        self._hopeless_since = {task.id: self._hopeless_since.get(task.id, now) for task in hopeless}
        for task in hopeless:
            was_possible = any(node.lost for node in self._nodes.values())
            limit = self._hello.wait_s if was_possible else REFUSED_S
            waited = now - self._hopeless_since[task.id]
            job = self._jobs.get(task.id)
            if job is None:
                self._scheduler.drop(task.id)
            elif waited > limit and not self._surveys:
                self._scheduler.drop(task.id)
                del self._jobs[task.id]
                lost = was_possible and not self._seats
                told = failed("cluster.lost" if lost else "cluster.no_node", self._why_not(job, lost))
                self._tell({**told, "id": task.id})
            elif waited < LOOK_EVERY_S:
                self._report(job, "waiting", seconds=limit)

    def _why_not(self, job: Job, lost: bool) -> str:
        if lost:
            return f"{job.what}: no node of the cluster is left, and none joined in {self._hello.wait_s:.0f} s"
        nodes = [node for node in self._nodes.values() if not node.lost]
        why = {
            node.machine.name: self._refusals.get((job.task.id, node.machine.id)) or reason(node, job.task) for node in nodes
        }
        reasons = "; ".join(f"{name}: {reason}" for name, reason in why.items()) or "it has no nodes"
        return f"{job.what}: no node of the cluster can do it: {reasons}"
