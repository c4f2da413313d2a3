"""Failures that a run goes on after, until all that can be made is made."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Iterable
from typing import TypeVar

from vidgen.engines.base import Engine, LocalEngine, RemoteEngine
from vidgen.errors import InternalError, Notice, VidgenError
from vidgen.settings import debugging

E = TypeVar("E", bound=Exception)


def shown(failure: E) -> E:
    """The same failure; with ``--debug`` its traceback is on stderr, since the run may well end without it."""
    if debugging():
        traceback.print_exception(failure, file=sys.stderr)
    return failure


async def close_engine(engine: Engine) -> Notice | None:
    """Let an engine go. What it made is made, so that a failure here is only a notice."""
    try:
        if isinstance(engine, RemoteEngine):
            await engine.close()
        elif isinstance(engine, LocalEngine):
            await asyncio.to_thread(engine.close)
    except Exception as error:
        shown(error)
        return Notice("engine.not_closed", f"{engine.name} could not be closed: {error}")
    return None


def worst(failures: Iterable[BaseException]) -> BaseException:
    """The failure to end with: what is no failure of a shot first, then faults of vidgen itself, and a cause rather than its
    consequence.
    """

    def rank(error: BaseException) -> tuple[bool, bool, bool]:
        follows = isinstance(error, VidgenError) and error.code == "shot.parent_failed"
        return isinstance(error, VidgenError), not isinstance(error, InternalError), follows

    return min(failures, key=rank)
