"""The worker processes of a run: one for each device, or for each group of devices that make a clip together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidgen.errors import Cancelled, InputError

if TYPE_CHECKING:
    from vidgen.engines.local.devices import Device
    from vidgen.engines.local.host import Host

_POLL_S = 0.5
"""Cancellation polling interval while all workers are busy, in seconds."""


@dataclass
class _Slot:
    """A worker, its device, and the model that it worked with last."""

    host: Host
    device: Device
    model: str = ""
    busy: bool = False


class WorkerPool:
    """Workers, started when the first of them is needed. Threads share one pool."""

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._changed = threading.Condition()

    @contextmanager
    def acquire(self, model: str, cancelled: Callable[[], bool]) -> Iterator[tuple[Host, Device]]:
        """A free worker and its device: the one that has loaded ``model``, where it is free. Waits while all are busy.

        Raises Cancelled, InputError as ``device_groups``.
        """
        slot = self._take(model, cancelled)
        try:
            yield slot.host, slot.device
        finally:
            with self._changed:
                slot.busy = False
                self._changed.notify()

    def close(self) -> None:
        """End the workers."""
        for slot in self._slots:
            slot.host.close()
        self._slots = []

    def _take(self, model: str, cancelled: Callable[[], bool]) -> _Slot:
        with self._changed:
            if not self._slots:
                self._slots = [_slot(group) for group in device_groups()]
            while not (free := [slot for slot in self._slots if not slot.busy]):
                self._changed.wait(_POLL_S)
                if cancelled():
                    raise Cancelled
            slot = next((one for one in free if one.model == model), free[0])
            slot.busy, slot.model = True, model
            return slot


def device_groups() -> Sequence[Sequence[Device]]:
    """The devices, as many together as are to make each clip. Raises InputError where there are not so many."""
    from vidgen.engines.local.devices import device_of, devices
    from vidgen.engines.local.settings import settings

    configured = settings()
    found = [device_of(name) for name in configured.devices] if configured.devices else list(devices())
    size = configured.context_parallel
    groups = [found[start : start + size] for start in range(0, len(found) - size + 1, size)]
    if not groups:
        text = f"config.yaml: local.context_parallel: {size} devices are to work together, and there are {len(found)}"
        raise InputError("config.invalid", text, hint="leave it out, or name the devices: local: {devices: [cuda:0, cuda:1]}")
    return groups


def _slot(group: Sequence[Device]) -> _Slot:
    from vidgen.engines.local.host import Host

    names = [device.torch_name for device in group]
    return _Slot(Host(names[0], group=names if len(names) > 1 else ()), group[0])
