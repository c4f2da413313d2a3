"""What a run tells while it goes on: names of events and the one function that hears them."""

from __future__ import annotations

from typing import Any, Protocol

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
)
"""Every event name; append-only, since pipelines read them."""


class Listener(Protocol):
    """Hears events. Called from several threads; must not block."""

    def __call__(self, event: str, /, **values: Any) -> None:
        """``event`` is one of ``EVENTS``; values are JSON values and always include ``shot`` where one is concerned."""


def silent(event: str, /, **values: Any) -> None:
    """A listener that hears nothing."""
