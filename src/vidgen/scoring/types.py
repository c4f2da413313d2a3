"""What a shot asks for, and how its takes are scored. The types that render, review and the CLI share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from vidgen.takes.request import ShotRequest

FAMILIES = ("temporal", "motion", "artifacts", "camera", "prompt", "physics")
"""Kinds of quality, each judged on its own: sharpness cannot buy back a freeze."""

ALL_FAMILIES = (*FAMILIES, "continuity")
"""With the one that only scorers of other packages measure; it is in a card where such a scorer is installed."""

VETOES = (
    *("undecodable", "wrong_length", "wrong_rate", "wrong_size"),
    *("black", "one_colour", "freeze", "cut_inside", "wrong_direction"),
)
"""Every veto code. The first four always count; a storyboard may choose among the others."""

ALWAYS = VETOES[:4]

Status = Literal["ok", "uncalibrated", "vetoed", "unreadable"]
"""``uncalibrated``: there was nothing to compare with, so the figures are relative to typical clips only."""


@dataclass(frozen=True)
class Expectation:
    """What a take should be. None: not requested.

    ``move`` is a canonical camera move; ``motion_amount`` 1 (nearly still) to 10; ``wants_still``: the storyboard asked for
    a picture that hardly moves, so standing still is no fault; ``request``: the whole shot as its engine got it, where the
    clips are takes of a storyboard's shot.
    """

    frames: int | None = None
    fps: Fraction | None = None
    width: int | None = None
    height: int | None = None
    move: str | None = None
    motion_amount: float | None = None
    wants_still: bool = False
    prompt: str | None = None
    request: ShotRequest | None = None

    @classmethod
    def of(cls, request: ShotRequest) -> Expectation:
        """What a request asks for. Amounts up to 2 with a still camera mean a still picture."""
        return cls(
            frames=request.frames,
            fps=request.fps,
            width=request.width,
            height=request.height,
            move=request.camera.move,
            motion_amount=request.motion.amount,
            wants_still=request.motion.amount <= 2 and request.camera.move == "static",
            prompt=request.prompt,
            request=request,
        )


@dataclass(frozen=True)
class Veto:
    """A fault that no other quality can make good. ``at_s``: where in the clip, in seconds, where it has a place."""

    code: str
    at_s: float | None
    detail: str


@dataclass(frozen=True)
class Scorecard:
    """One take as judged among its fellow candidates.

    ``families`` and ``total`` are in units of harmless variation (re-encoding, a small crop): 0 is the middle candidate, and
    a difference below the tie band means nothing. None: not measured, and ``not_measured`` says why. ``measures`` are the
    plain readings, comparable between takes of one shot alone.
    """

    file: Path
    sha256: str
    total: float | None
    families: Mapping[str, float | None]
    not_measured: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    vetoes: tuple[Veto, ...] = ()
    status: Status = "ok"

    def as_dict(self) -> dict[str, Any]:
        """As JSON values: one of the ``candidates`` of ``vidgen score``, without its rank."""
        return {
            "file": str(self.file),
            "total": self.total,
            "families": dict(self.families),
            "not_measured": dict(self.not_measured),
            "measures": dict(self.measures),
            "vetoes": [{"code": veto.code, "at_s": veto.at_s, "detail": veto.detail} for veto in self.vetoes],
            "status": self.status,
        }


@dataclass(frozen=True)
class Decision:
    """A measure that spoke for the winner, and its plain values for the winner and for the next."""

    family: str
    measure: str
    winner: float
    next: float

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"family": self.family, "measure": self.measure, "winner": self.winner, "next": self.next}


@dataclass(frozen=True)
class Choice:
    """Which take to use. ``order`` and ``winner`` are indices into the cards; ``order`` runs from best to worst.

    ``winner`` is None where no take can be played. ``tie``: the second is as good within the noise. ``needs_review``: even
    the best has a veto. ``why`` is one sentence for people. ``margin`` between the totals of the first two, where both count;
    ``confidence``: share of pairs with such a margin that the benchmark ordered rightly; ``decided_by``: the measures that
    spoke loudest, at most three.
    """

    order: tuple[int, ...]
    winner: int | None
    tie: bool
    needs_review: bool
    why: str
    margin: float | None = None
    confidence: float | None = None
    decided_by: tuple[Decision, ...] = ()

    def reasons(self) -> dict[str, Any]:
        """What decided, as JSON values: ``why``, ``decided_by``, ``margin``, ``confidence``."""
        return {
            "why": self.why,
            "decided_by": [decision.as_dict() for decision in self.decided_by],
            "margin": self.margin,
            "confidence": self.confidence,
        }
