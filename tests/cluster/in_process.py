"""Machines of a cluster that are all in this process: slots with real workers, and nodes that can be lost."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from vidgen.cluster.machines import DiskTrouble, Machine, RemoteSlot, SlotLost, StoreFull
from vidgen.cluster.slot import Slot
from vidgen.cluster.survey import answer


class HereSlot:
    """A slot of a machine; gone once its machine is."""

    def __init__(self, machines: Here, machine: Machine) -> None:
        self._machines, self._machine = machines, machine
        self.slot = Slot("test-run", None, machines.flags)

    async def call(self, method: str, *args: Any, seconds: float, **kwargs: Any) -> Any:
        if self._machine.id not in self._machines.up:
            raise SlotLost("its node is gone")
        self._machines.calls[method] += 1
        if method == "receive" and self._machine.id in self._machines.full_disks:
            raise DiskTrouble("No space left on device")
        if method == "receive" and self._machines.full_for > 0:
            self._machines.full_for -= 1
            raise StoreFull("the object store is full")
        result = await asyncio.to_thread(getattr(self.slot, method), *args, **kwargs)
        if self._machine.id not in self._machines.up:
            raise SlotLost("its node is gone")
        return result

    def kill(self) -> None:
        self.slot.close()


class Here:
    """The machines. ``facts_of`` may tell other facts than this machine's; ``full_for`` so many chunks there is no room;
    ``full_disks``: machines that cannot keep files; ``broken``: those on which no slot starts.
    """

    def __init__(self, *names: str, **facts_of: Mapping[str, Any]) -> None:
        self.up = {name: Machine(name, name) for name in names}
        self.slots: list[HereSlot] = []
        self._facts_of = facts_of
        self.full_for = 0
        self.full_disks: set[str] = set()
        self.broken: set[str] = set()
        self.flags: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.gpus_asked: list[int] = []

    async def alive(self) -> list[Machine]:
        return list(self.up.values())

    async def facts(self, machine: Machine, question: str) -> Mapping[str, Any]:
        facts = await asyncio.to_thread(answer, [tuple(one) for one in json.loads(question)])
        return {**facts, **self._facts_of.get(machine.name, {})}

    async def start_slot(self, machine: Machine, gpus: int) -> RemoteSlot:
        self.gpus_asked.append(gpus)
        if machine.id in self.broken:
            raise SlotLost("its process cannot start")
        slot = HereSlot(self, machine)
        self.slots.append(slot)
        return slot
