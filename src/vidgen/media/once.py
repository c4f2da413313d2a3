"""Values that are computed once per process, also with several threads."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Once(Generic[P, T]):
    """A cached function that only one thread at a time runs; see ``once``."""

    def __init__(self, make: Callable[P, T], lock: AbstractContextManager[Any]) -> None:
        self._kept: Callable[..., T] = functools.cache(make)
        self._lock = lock
        functools.update_wrapper(self, make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The cached result, or a new one."""
        given: tuple[Hashable, ...] = args
        with self._lock:
            return self._kept(*given, **kwargs)

    def cache_clear(self) -> None:
        """Drop all cached results."""
        with self._lock:
            self._kept.cache_clear()  # type: ignore[attr-defined]


def once(make: Callable[P, T]) -> Once[P, T]:
    """Like ``functools.cache``, but one thread computes while the others wait.

    Results must be immutable: every thread gets the same one, without a lock.
    """
    return Once(make, threading.RLock())


def once_under(lock: AbstractContextManager[Any]) -> Callable[[Callable[P, T]], Once[P, T]]:
    """``once`` with a given lock (an RLock), for functions that share a resource."""
    return lambda make: Once(make, lock)
