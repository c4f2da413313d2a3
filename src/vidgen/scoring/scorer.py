"""The interface of scorers: what measures takes, from another package. Light: loads neither numpy nor OpenCV.

A scorer measures one thing, in its own unit, and says which family of quality that belongs to. vidgen compares the numbers of
the takes of one shot, in steps of ``noise``, and mixes them with its own measures. A scorer that fails, or gives None, costs
nothing but its own measure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vidgen.scoring.types import Expectation

if TYPE_CHECKING:
    from vidgen.media.frames import Frame

Family = Literal["temporal", "motion", "artifacts", "camera", "prompt", "physics", "continuity"]
"""What a measure is about: steadiness in time, motion, artifacts, the camera move, fidelity to the prompt, plausible physics,
or likeness to neighbouring shots.
"""


@dataclass(frozen=True)
class Clip:
    """One take that is measured.

    Args:
        file: the take as its engine made it. sha256: its checksum.
        window: the part of it that is in the film: number of the first frame and how many; None: all of it.
    """

    file: Path
    sha256: str
    window: tuple[int, int] | None = None

    def frames(self) -> Iterator[Frame]:
        """The frames of the window, one after the other: [height, width, 3] uint8 RGB."""
        from vidgen.media.frames import read_frames

        first, count = self.window or (0, None)
        return islice(read_frames(self.file), first, None if count is None else first + count)


@dataclass(frozen=True)
class Measurement:
    """What a scorer found in one clip.

    Args:
        value: the number, in the scorer's unit; None where there is none, and ``reason`` says why.
        notices: codes and messages, as in ``Generated.notices``.
        cost_usd: what this measurement has cost.
    """

    value: float | None
    reason: str = ""
    notices: tuple[tuple[str, str], ...] = ()
    cost_usd: float = 0.0


class Scorer(ABC):
    """Base of ``ClipScorer`` and ``GroupScorer``. Made without arguments; making one loads nothing heavy, asks no network."""

    name: str
    """The name of its entry point, and of its measure in ``score --json``."""

    family: Family
    better: Literal["high", "low"]
    """Whether a high or a low value is good."""

    noise: float
    """A difference that means nothing, in the scorer's unit: how far the value moves when a clip is only encoded again."""

    unit: str = ""
    """The unit of the value, for people: ``px/frame``, ``share``."""

    typical: float | None = None
    """The value of an ordinary good clip: what a take is compared with where it is the only one. None: not known."""

    version: str = ""
    """Changes whenever the same clip would get another value. What an earlier version measured is measured again."""

    deterministic: bool = True
    """Whether the same clip always gets the same value. What was measured once is kept and not measured again either way."""

    def available(self) -> str | None:
        """None where it can run here; else one line that says what is missing. Quick, no network."""
        return None

    def applies(self, expectation: Expectation) -> bool:
        """Whether a shot has what this measures. Where not, takes of it are judged as if the scorer were not there."""
        return True

    def estimate(self, clips: Sequence[Clip], expectation: Expectation) -> float | None:
        """US dollars that measuring these clips costs at most; None where that is not known. No network, opens no file."""
        return 0.0


class ClipScorer(Scorer):
    """Measures one clip at a time; its value depends on no other."""

    @abstractmethod
    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        """Measure a clip of a shot; ``expectation`` is what the shot asks for."""


class GroupScorer(Scorer):
    """Measures all takes of a shot together: a value may depend on the other takes, not on their order."""

    @abstractmethod
    def score_all(self, clips: Sequence[Clip], expectation: Expectation) -> list[Measurement]:
        """Measure the takes of one shot; one measurement for each clip, in the order given."""
