"""What the journal writes down of something that is bought: a take of a shot, or a spoken line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.media.rate import rate_text
from vidgen.takes.request import Order, TakeRequest


@dataclass(frozen=True)
class JournalEntry:
    """``shot``: the label of what it is for; ``summary``: what was asked for, as JSON values, for a person who reads it."""

    shot: str
    take: int
    seed: int
    engine: str
    model: str | None
    summary: Mapping[str, Any]

    @classmethod
    def of_take(cls, take: TakeRequest, order: Order | None) -> JournalEntry:
        """The entry of a take. ``order``: the form that is ordered."""
        request = take.request
        summary = {
            "task": request.task,
            "prompt": request.prompt,
            "frames": request.frames,
            "fps": rate_text(request.fps),
            "size": f"{request.width}x{request.height}",
            "order": order.as_dict() if order else None,
        }
        return cls(request.shot, take.take, take.seed, request.engine, request.model, summary)
