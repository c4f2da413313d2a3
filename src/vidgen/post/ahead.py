"""Stages side by side: each works in its own thread and may be a few items ahead of the next, never more."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_BUDGET = 192 << 20
"""Bytes of pictures that may wait between two stages."""
_PATIENCE = 5.0


def room_for(picture_bytes: int) -> int:
    """How many pictures of a size may wait between two stages: 1 to 8."""
    return max(1, min(8, _BUDGET // max(1, picture_bytes)))


def ahead(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """The items, made in another thread, at most ``depth`` before they are taken.

    An error of the source is raised where its item would have come. Closing the generator, or an error in the loop that it
    feeds, closes the source too, in its own thread.
    """
    stage = _Stage(items, depth)
    try:
        while not isinstance(given := stage.take(), _End):
            yield given.item
        if given.error:
            raise given.error
    finally:
        stage.stop()


@dataclass(frozen=True)
class _Item(Generic[T]):
    item: T


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


class _Stage(Generic[T]):
    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._queue: queue.Queue[_Item[T] | _End] = queue.Queue(depth)
        self._halted = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="post-stage")
        self._thread.start()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._give(_Item(item)):
                    break
            else:
                self._give(_End())
        except BaseException as error:
            self._give(_End(error))
        finally:
            if close := getattr(self._items, "close", None):
                close()

    def _give(self, given: _Item[T] | _End) -> bool:
        while not self._halted.is_set():
            try:
                self._queue.put(given, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def take(self) -> _Item[T] | _End:
        return self._queue.get()

    def stop(self) -> None:
        """An engine may be in the middle of a picture that takes a minute: it is not waited for longer than this."""
        self._halted.set()
        self._thread.join(_PATIENCE)
