"""Waiting that ends as soon as the user wants to stop."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable
from typing import TypeVar

from vidgen.errors import Cancelled

T = TypeVar("T")

TICK_S = 0.2
"""Cancellation polling interval, in seconds."""


async def cancellable(work: Awaitable[T], stop: threading.Event) -> T:
    """Wait for what may be broken off without loss. Raises Cancelled where the user wants to stop before it ends."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=TICK_S)
        if stop.is_set() and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise Cancelled()
    return task.result()


async def pause(seconds: float, stop: threading.Event) -> None:
    """Wait, up to 15 % longer, so that many takes do not ask all at once. Raises Cancelled where the user wants to stop."""
    until = time.monotonic() + seconds * random.uniform(1.0, 1.15)
    while (left := until - time.monotonic()) > 0:
        if stop.is_set():
            raise Cancelled()
        await asyncio.sleep(min(left, TICK_S))
