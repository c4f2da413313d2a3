"""What another project's engine raises is that engine's failure, in whatever step, and never an error of vidgen's own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from vidgen.errors import ProcessingError, VidgenError
from vidgen.media.os_errors import fault_of


class Named(Protocol):
    """What is guarded: an engine, by its name."""

    name: str


E = TypeVar("E", bound=Named)

STEPS = (
    "capabilities", "estimate", "available", "check", "preflight", "compose", "model_key", "prepare", "generate",
    "generate_many", "close", "poll", "fetch", "first_frame", "cancel", "find",
)  # fmt: skip
"""Guarded steps. ``submit`` is not among them: what it raises may leave open whether something was bought, and whoever keeps
the journal has to see it as it is.
"""


def guarded(engine: E) -> E:
    """The engine, whose steps raise nothing but vidgen's own errors; a built-in one as it is, since its faults are ours."""
    if not _built_in(engine):
        for name in STEPS:
            if step := getattr(engine, name, None):
                vars(engine)[name] = _guarded(engine.name, name, step)
    return engine


def failure_of(error: Exception, engine: Named, shot: str, take: int) -> VidgenError:
    """Why there is no take, as an error that tells whose failure it is and has ``error`` as its cause."""
    if isinstance(error, VidgenError):
        return error
    what = f"take {take} of {shot}"
    failure: VidgenError = fault_of(what, error, where=shot)
    if not _built_in(engine):
        failure = _failed(engine.name, what, error, where=shot)
    failure.__cause__ = error
    return failure


def _built_in(engine: Named) -> bool:
    return type(engine).__module__.partition(".")[0] == "vidgen"


def _guarded(engine: str, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    meant = (VidgenError, NotImplementedError) if name == "find" else (VidgenError,)

    @contextmanager
    def guard() -> Iterator[None]:
        try:
            yield
        except meant:
            raise
        except (Exception, SystemExit) as error:
            raise _failed(engine, name, error) from error

    async def awaited(result: Awaitable[Any]) -> Any:
        with guard():
            return await result

    @functools.wraps(step)
    def call(*args: Any, **kwargs: Any) -> Any:
        with guard():
            result = step(*args, **kwargs)
        return awaited(result) if inspect.isawaitable(result) else result

    return call


def _failed(engine: str, what: str, error: BaseException, where: str = "") -> ProcessingError:
    cause = " ".join(f"{type(error).__name__}: {error}".split())[:400]
    return ProcessingError(
        "engine.failed",
        f"the engine {engine} failed ({what}): {cause}",
        hint="--debug shows where; tell its authors, or choose another engine with --engine",
        where=where or engine,
    )
