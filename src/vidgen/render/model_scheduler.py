"""Whose turn it is on a device: who wants the model that is loaded there comes first, then who came first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ModelScheduler:
    """Places, each of which keeps the model that it worked with last.

    Loading a model takes longer than many a shot, so a place changes it only where nobody needs the one it has: nobody who
    waits, and nobody who is expected. For one event loop.
    """

    def __init__(self, places: int) -> None:
        self._free: list[str | None] = [None] * places
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._expected: dict[str, str] = {}

    def expect(self, shot: str, model: str) -> None:
        """Tell that a shot will ask for a turn soon: the one that it continues is made. Ends with its turn or ``gone``."""
        self._expected[shot] = model

    def gone(self, shot: str) -> None:
        """Tell that a shot needs no turn any more."""
        if self._expected.pop(shot, None) is not None:
            self._give()

    @asynccontextmanager
    async def turn(self, shot: str, model: str) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (model, mine)
        self._waiting.append(entry)
        self._expected.pop(shot, None)
        self._give()
        try:
            await mine
            yield
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)
            else:
                self._free.append(model)
            self._give()

    def _give(self) -> None:
        """Hand out the free places."""
        for place in list(self._free):
            self._pass_on(place, [entry for entry in self._waiting if entry[0] == place])
        reserved = Counter(self._expected.values())
        for place in sorted(self._free, key=lambda one: one is not None):  # one that is empty has nothing to lose
            if place is not None and reserved[place] > 0:
                reserved[place] -= 1
            else:
                self._pass_on(place, self._waiting)

    def _pass_on(self, place: str | None, whom: list[tuple[str, asyncio.Future[None]]]) -> None:
        if whom:
            entry = whom[0]
            self._waiting.remove(entry)
            self._free.remove(place)
            if not entry[1].done():
                entry[1].set_result(None)
