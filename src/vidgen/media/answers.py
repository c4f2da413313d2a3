"""Thread-safe caches: values computed once per key, or once per file until the file changes."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from pathlib import Path
from typing import Generic, TypeVar

from vidgen.media.files import sha256_file

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_KEPT = 4096
"""Most values that are kept; the oldest are dropped first."""


class Answers(Generic[K, V]):
    """A cache by key. Threads that need the same key wait for the one that computes it.

    Exceptions are raised to everybody who waits and are not kept, except those of the types ``keeps``.
    """

    def __init__(self, *, keeps: tuple[type[BaseException], ...] = ()) -> None:
        self._keeps = keeps
        self._answers: dict[K, Future[V]] = {}
        self._lock = threading.Lock()

    def of(self, key: K, compute: Callable[[], V]) -> V:
        """The value of ``key``; the first call computes it with ``compute()``. Raises what that raises."""
        with self._lock:
            future = self._answers.get(key)
            first = future is None
            if future is None:
                future = self._answers[key] = Future()
                if len(self._answers) > _KEPT:
                    del self._answers[next(iter(self._answers))]
        if first:
            try:
                future.set_result(compute())
            except BaseException as error:
                if not isinstance(error, self._keeps):
                    with self._lock:
                        self._answers.pop(key, None)
                future.set_exception(error)
                raise
        return future.result()


def once_a_file(read: Callable[[Path], V]) -> Callable[[Path], V]:
    """Decorate ``read(file)`` to run once per file, until size, times or inode change.

    Do not use it to check that a file is intact: damage on disk changes no time.
    """
    known: Answers[tuple[str, int, int, int, int, int], V] = Answers()

    @functools.wraps(read)
    def cached(file: Path) -> V:
        try:
            now = file.stat()
        except (OSError, ValueError):
            return read(file)  # which says what is wrong with it
        key = (str(file), now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        return known.of(key, lambda: read(file))

    return cached


content_of = once_a_file(sha256_file)
"""SHA-256 of a file that a user gave, in hexadecimal: twenty shots may open with one picture."""
