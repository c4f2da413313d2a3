"""Events of a run: their names, and the one function that receives them."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from typing import Any, Protocol

from vidgen.errors import VidgenError
from vidgen.settings import debugging

EVENTS = (
    "run.started",
    "shot.started",
    "take.started",
    "take.waiting",
    "take.progress",
    "take.done",
    "take.reused",
    "take.failed",
    "shot.scored",
    "shot.picked",
    "model.download",
    "post.started",
    "post.progress",
    "post.done",
    "cut.started",
    "cut.segment",
    "cut.done",
    "shot.joined",
    "output.started",
    "output.progress",
    "output.done",
    "speech.started",
    "speech.done",
    "node.joined",
    "node.refused",
    "node.lost",
    "takes.gathered",
)
"""Every event name; append-only, since pipelines read them."""


LOG = logging.getLogger(__name__)
_LOGGED = frozenset(EVENTS) - {"take.progress", "post.progress", "output.progress", "model.download"}


class Listener(Protocol):
    """Hears events, one at a time but from several threads; must not block."""

    def __call__(self, event: str, /, **values: Any) -> None:
        """``event`` is one of ``EVENTS``; values are JSON values and always include ``shot`` where one is concerned."""


class InTurn:
    """A listener for many threads: ``listener`` receives one event after the other. Where it fails it gets no more, since what
    is only shown never costs a take.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener, self._turn = listener, threading.RLock()

    def __call__(self, event: str, /, **values: Any) -> None:
        """Pass one event on."""
        if event in _LOGGED:
            LOG.debug("%s %s", event, json.dumps(values, ensure_ascii=False, default=str))
        with self._turn:
            try:
                self._listener(event, **values)
            except VidgenError:  # the user stops the run, which may happen in the middle of anything
                raise
            except Exception as error:
                self._listener = silent
                if debugging():
                    traceback.print_exception(error, file=sys.stderr)


def silent(event: str, /, **values: Any) -> None:
    """A listener that ignores all events."""
