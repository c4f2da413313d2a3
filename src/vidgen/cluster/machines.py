"""What the gateway needs of a cluster. ``gateway_ray.py`` gives it Ray's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Machine:
    """A node that is alive.

    Args:
        id: unique for ever.
        name: for people.
        cores, gpus: how many it gives to work.
    """

    id: str
    name: str
    cores: int = 1
    gpus: int = 0


@dataclass
class NodeState:
    """A node as the gateway knows it: what it has, and why it gets no work where it does not."""

    machine: Machine
    facts: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None
    lost: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the driver."""
        one = self.machine
        return {"id": one.id, "name": one.name, "cores": one.cores, "gpus": one.gpus, "facts": dict(self.facts)} | {
            "refused": self.refused,
            "lost": self.lost,
        }


class SlotLost(Exception):
    """A slot does not answer any more: its process, its node, or the way there is gone."""


class NoRoom(SlotLost):
    """A node has no room for a slot now: others use it, too."""


class StoreFull(Exception):
    """The cluster has no room for what is to be sent."""


class DiskTrouble(Exception):
    """A disk of the node cannot be written or read: it is full, as a rule."""


class RemoteSlot(Protocol):
    """A slot on a node."""

    async def call(self, method: str, *args: Any, seconds: float, **kwargs: Any) -> Any:
        """Call a method of ``slot.Slot``. Raises SlotLost, also where no answer comes in so many seconds; StoreFull,
        DiskTrouble.
        """

    def kill(self) -> None:
        """End it with all that it runs."""


class Machines(Protocol):
    """The machines of a cluster."""

    async def alive(self) -> list[Machine]:
        """The nodes that are there now."""

    async def facts(self, machine: Machine, question: str) -> Mapping[str, Any]:
        """What a node has: ``survey.facts_of_node``. Raises SlotLost."""

    async def start_slot(self, machine: Machine, gpus: int) -> RemoteSlot:
        """Start a slot that has a core, or so many GPUs; waits until the node has room for it. Raises SlotLost, NoRoom."""
