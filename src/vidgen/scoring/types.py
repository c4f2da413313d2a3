"""What a shot asks for, and how its takes are scored. The types that render, review and the CLI share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from vidgen.scoring.rules import RULES
from vidgen.storyboard.model import Camera
from vidgen.takes.request import ShotRequest

FAMILIES = ("temporal", "motion", "artifacts", "camera", "prompt", "physics")
"""Kinds of quality, each judged on its own: sharpness cannot buy back a freeze."""

ALL_FAMILIES = (*FAMILIES, "continuity")
"""With the one that only scorers of other packages measure; it is in a card where such a scorer is installed."""

VETOES = (
    *("undecodable", "wrong_length", "wrong_rate", "wrong_size"),
    *("black", "one_colour", "freeze", "cut_inside", "severe_flicker", "severe_jitter", "wrong_direction"),
    *("nsfw", "garbled_text"),
)
"""Every veto code. The first four always count; a storyboard may choose among the others. The last
two are found only where the packages that see them are installed (extra ``checks``)."""

ALWAYS = VETOES[:4]

Status = Literal["ok", "uncalibrated", "vetoed", "unreadable"]
"""``uncalibrated``: there was nothing to compare with, so the figures are relative to typical clips only."""


@dataclass(frozen=True)
class Expectation:
    """What a take should be. None: not requested.

    ``move`` is a canonical camera move and ``pace`` how quick it is (1: slow); ``motion_amount`` 1 (nearly still) to 10;
    ``wants_still``: the storyboard asked for a picture that hardly moves, so standing still is no fault; ``request``: the whole
    shot as its engine got it, where the clips are takes of a storyboard's shot.
    """

    frames: int | None = None
    fps: Fraction | None = None
    width: int | None = None
    height: int | None = None
    move: str | None = None
    pace: float | None = None
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
            pace=pace_of(request.camera),
            motion_amount=request.motion.amount,
            wants_still=request.motion.amount <= 2 and request.camera.move == "static",
            prompt=request.prompt,
            request=request,
        )


def pace_of(camera: Camera) -> float:
    """How quick a move is meant to be: 1 at speed slow and strength 0.5."""
    return RULES.speeds.get(camera.speed, 1.0) * (0.55 + 0.9 * camera.strength)


@dataclass(frozen=True)
class Veto:
    """A fault that no other quality can make good. ``at_s``: where in the file, in seconds, where it has a place; ``evidence``:
    a picture of it, where one was asked for.
    """

    code: str
    at_s: float | None
    detail: str
    evidence: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        shown = {"evidence": str(self.evidence)} if self.evidence else {}
        return {"code": self.code, "at_s": self.at_s, "detail": self.detail, **shown}


@dataclass(frozen=True)
class Wanted:
    """A part of every take that is looked for: ``frames`` frames in a row. ``fixed_start``: the first frame must be in it (it
    was given, or the take continues another); ``fixed_end``: the last must be (it was given). ``default``: the first frame of
    the part that is used where no other is clearly better.
    """

    frames: int
    fixed_start: bool = False
    fixed_end: bool = False
    default: int = 0


@dataclass(frozen=True)
class Window:
    """The part of a take to use. ``gain``: how much its faults are less than those of the part that would be used otherwise, in
    the units of totals, 0 where it is that part; ``why``: one sentence.
    """

    start: int
    frames: int
    gain: float
    why: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"start": self.start, "frames": self.frames, "gain": self.gain, "why": self.why}


@dataclass(frozen=True)
class Scorecard:
    """One take as judged among its fellow candidates.

    ``families`` and ``total`` are in units of harmless variation (re-encoding, a small crop): 0 is the middle candidate, and
    a difference below the tie band means nothing. None: not measured, and ``not_measured`` says why. ``measures`` are the
    plain readings, comparable between takes of one shot alone. ``gains``: of each measure its family and what it says for or
    against the take. ``window``: the part that was judged, where one was looked for.
    """

    file: Path
    sha256: str
    total: float | None
    families: Mapping[str, float | None]
    not_measured: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    vetoes: tuple[Veto, ...] = ()
    status: Status = "ok"
    gains: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    window: Window | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON values: one of the ``candidates`` of ``vidgen score``, without its rank."""
        return {
            "file": str(self.file),
            "total": self.total,
            "families": dict(self.families),
            "not_measured": dict(self.not_measured),
            "measures": dict(self.measures),
            "vetoes": [veto.as_dict() for veto in self.vetoes],
            "status": self.status,
            "window": self.window.as_dict() if self.window else None,
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
    ``confidence``: share of pairs with such a margin that the benchmark ordered rightly, None where totals are mixed
    otherwise than there; ``decided_by``: the measures that spoke loudest, at most three.
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
