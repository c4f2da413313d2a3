"""Answers that are worked out once, however many shots and threads ask: by key, or of a file as it is now."""

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
"""Answers that are kept at most; the oldest go first."""


class Answers(Generic[K, V]):
    """Answers by key. Threads that ask for the same wait for the one that works it out. A failure is not kept, unless it is
    one of ``keeps``: those are answers too, for as long as this lives.
    """

    def __init__(self, *, keeps: tuple[type[BaseException], ...] = ()) -> None:
        self._keeps = keeps
        self._answers: dict[K, Future[V]] = {}
        self._lock = threading.Lock()

    def of(self, key: K, work_out: Callable[[], V]) -> V:
        """The answer for ``key``, by ``work_out()`` where nobody has asked yet. Raises what that raises."""
        with self._lock:
            answer = self._answers.get(key)
            first = answer is None
            if answer is None:
                answer = self._answers[key] = Future()
                if len(self._answers) > _KEPT:
                    del self._answers[next(iter(self._answers))]
        if first:
            try:
                answer.set_result(work_out())
            except BaseException as error:
                if not isinstance(error, self._keeps):
                    with self._lock:
                        self._answers.pop(key, None)
                answer.set_exception(error)
                raise
        return answer.result()


def once_a_file(read: Callable[[Path], V]) -> Callable[[Path], V]:
    """``read``, which asks a file for something, once for each file until that is changed. Not for checks of whether a file is
    still as it was written: damage to a disk changes no time.
    """
    known: Answers[tuple[str, int, int, int, int, int], V] = Answers()

    @functools.wraps(read)
    def asked(file: Path) -> V:
        try:
            now = file.stat()
        except (OSError, ValueError):
            return read(file)  # which says what is wrong with it
        key = (str(file), now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        return known.of(key, lambda: read(file))

    return asked


content_of = once_a_file(sha256_file)
"""SHA-256 of a file that a user gave, in hexadecimal: twenty shots may open with one picture."""
