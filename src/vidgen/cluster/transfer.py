"""Files between the driver and nodes, in chunks: a bounded number of bytes is on the way at any time."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from vidgen.cluster.machines import RemoteSlot, SlotLost, StoreFull
from vidgen.cluster.packing import FileRef, Seen
from vidgen.cluster.share import Share

LOG = logging.getLogger(__name__)
CHUNK = 4 << 20
"""Bytes sent at once."""
AT_ONCE = 4
"""Files that are on the way at once."""
CHUNK_S = 60.0
"""Seconds after which a chunk counts as lost, and its slot with it."""
SHARE_S = 3600.0
"""The same for a whole file that a node brings to the place that all share, or has from there."""
FULL_TRIES, FULL_PAUSE_S = 6, 1.0

T = TypeVar("T")


class NotWhole(Exception):
    """A file did not arrive as it was sent."""


class Transfers:
    """Sends and fetches files for one gateway. Each file goes to a node once, however many slots ask for it.

    Args:
        share: a place that all reach, by way of which files go where that works; None: they go through Ray.

    ``sent_bytes``: what went to nodes through Ray.
    """

    def __init__(self, share: Share | None = None) -> None:
        self._share = share
        self._on_the_way = asyncio.Semaphore(AT_ONCE)
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}
        self.sent_bytes = 0

    async def send(self, slot: RemoteSlot, node: str, files: Sequence[tuple[FileRef, Seen]]) -> None:
        """Have files on a node. Raises SlotLost, StoreFull, NotWhole, OSError where one cannot be read here."""
        missing: list[FileRef] = await slot.call("missing", files, seconds=CHUNK_S)
        seen = dict(files)
        for ref in dict.fromkeys(missing):
            async with self._turns.setdefault((node, ref.sha256), asyncio.Lock()):
                still = await slot.call("missing", [(ref, seen[ref])], seconds=CHUNK_S)
                if still and not await self._shared(slot, ref, Path(seen[ref].path)):
                    await self._send(slot, ref, Path(seen[ref].path))

    async def _shared(self, slot: RemoteSlot, ref: FileRef, file: Path) -> bool:
        """Send a file by way of the place that all share; False where that does not work. Raises SlotLost."""
        if self._share is None:
            return False
        async with self._on_the_way:
            try:
                await asyncio.to_thread(self._share.put, file, ref.sha256)
            except FileNotFoundError:
                raise
            except Exception as error:
                LOG.warning("the share of the cluster cannot be written: %s", error)
                return False
            if await slot.call("pull", ref.sha256, seconds=SHARE_S):
                return True
            LOG.warning("%s does not come to a node by way of the share: it goes through Ray", ref.name)
            return False

    async def _fetched(self, slot: RemoteSlot, job: str, number: int, sha256: str, out: Path) -> bool:
        """Have a file that was made by way of the place that all share; False where that does not work. Raises SlotLost."""
        if self._share is None:
            return False
        async with self._on_the_way:
            try:
                if await slot.call("push", job, number, sha256, seconds=SHARE_S):
                    if await asyncio.to_thread(self._share.get, sha256, out):
                        return True
                    LOG.warning("what a node brings to the share of the cluster is not there: it comes through Ray")
            except SlotLost:
                raise
            except Exception as error:
                LOG.warning("the share of the cluster cannot be read: %s", error)
            return False

    async def _send(self, slot: RemoteSlot, ref: FileRef, file: Path) -> None:
        async with self._on_the_way:
            with file.open("rb") as stream:
                first, chunk = True, await asyncio.to_thread(stream.read, CHUNK)
                while True:
                    after = await asyncio.to_thread(stream.read, CHUNK)
                    last, now = not after, chunk

                    async def give(first: bool = first, last: bool = last, now: bytes = now) -> bool:
                        whole: bool = await slot.call("receive", ref.sha256, now, first=first, last=last, seconds=CHUNK_S)
                        return whole

                    whole = await patiently(give)
                    self.sent_bytes += len(now)
                    if last:
                        break
                    first, chunk = False, after
        if not whole:
            raise NotWhole(f"{ref.name} did not arrive whole, or has changed meanwhile")

    async def fetch(self, slot: RemoteSlot, job: str, number: int, size: int, sha256: str, out: Path) -> None:
        """Have a file that was made at ``out``. Raises SlotLost, StoreFull, NotWhole, OSError where it cannot be written."""
        if await self._fetched(slot, job, number, sha256, out):
            return
        digest = hashlib.sha256()
        async with self._on_the_way:
            with out.open("wb") as stream:
                for offset in range(0, max(size, 1), CHUNK):

                    async def take(offset: int = offset) -> bytes:
                        data: bytes = await slot.call("read", job, number, offset, CHUNK, seconds=CHUNK_S)
                        return data

                    data = await patiently(take)
                    digest.update(data)
                    await asyncio.to_thread(stream.write, data)
        if digest.hexdigest() != sha256:
            out.unlink(missing_ok=True)
            raise NotWhole(f"{out.name} did not come whole")


async def patiently(step: Callable[[], Awaitable[T]]) -> T:
    """Take a step again after a pause where the cluster's memory for files is full. Raises StoreFull at the end."""
    for number in range(FULL_TRIES):
        try:
            return await step()
        except StoreFull:
            if number == FULL_TRIES - 1:
                raise
            await asyncio.sleep(FULL_PAUSE_S * 2**number)
    raise AssertionError("unreachable")
