"""Values that are made once a process, whichever thread asks first."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Once(Generic[P, T]):
    """A function that keeps its results, and that no two threads are ever in; see ``once``."""

    def __init__(self, make: Callable[P, T], lock: AbstractContextManager[Any]) -> None:
        self._kept: Callable[..., T] = functools.cache(make)
        self._lock = lock
        functools.update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """What was kept, or what the function makes now."""
        given: tuple[Hashable, ...] = args
        with self._lock:
            return self._kept(*given, **kwargs)

    def cache_clear(self) -> None:
        """Forget what was kept."""
        with self._lock:
            self._kept.cache_clear()  # type: ignore[attr-defined]


def once(make: Callable[P, T]) -> Once[P, T]:
    """Like ``functools.cache``, for work that must not be done twice at the same time: one thread does it, the others wait.

    What is kept has to be a value that nobody changes: every thread gets the same one, and nothing guards it any more.
    """
    return Once(make, threading.RLock())


def once_under(lock: AbstractContextManager[Any]) -> Callable[[Callable[P, T]], Once[P, T]]:
    """``once``, under a lock (an RLock) that is shared with others who touch the same thing."""
    return lambda make: Once(make, lock)
