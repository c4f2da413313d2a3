"""What is asked of an engine for one shot, and what came back. The types that planning, engines, scoring and cut share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from vidgen.storyboard.model import Camera, Motion

Task = Literal[
    "text_to_video", "image_to_video", "first_last_frame", "video_to_video", "motion_transfer", "lip_sync", "motion_brush"
]


CostBasis = Literal["provider", "list"]
"""Where a cost is from: the engine's or provider's own figure, or the price list."""


@dataclass(frozen=True)
class Words:
    """The structured shot in words, as the storyboard said them; the prompt is rendered from these."""

    scene: str = ""
    subject: str = ""
    action: str = ""
    motion: str = ""
    lighting: str = ""
    style: str = ""
    extra: str = ""
    characters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brush:
    """A motion brush stroke: mask picture, and the path of its centre in fractions of the frame."""

    mask: Path
    path: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Inputs:
    """Files that steer a generation. ``continues`` is the take whose last frame opens this shot."""

    start_frame: Path | None = None
    end_frame: Path | None = None
    references: tuple[Path, ...] = ()
    source_video: Path | None = None
    motion_reference: Path | None = None
    lip_sync_audio: Path | None = None
    brushes: tuple[Brush, ...] = ()
    continues: Path | None = None


@dataclass(frozen=True)
class ShotRequest:
    """One shot as an engine gets it.

    ``frames`` at ``fps``, ``width`` x ``height`` pixels are what must be delivered; an engine that makes other sizes
    or lengths trims, scales or pads, and says so with a notice. ``shot`` is a label only: it is not part of any key.
    """

    shot: str
    engine: str
    task: Task
    prompt: str
    frames: int
    fps: Fraction
    width: int
    height: int
    base_seed: int
    model: str | None = None
    negative: str = ""
    words: Words = Words()
    camera: Camera = Camera()
    motion: Motion = Motion()
    language: str = "en"
    inputs: Inputs = Inputs()
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.frames / self.fps)

    @property
    def by_references(self) -> bool:
        """Whether reference pictures lead the shot: it has some, and neither an opening picture nor a clip to go by."""
        return bool(self.inputs.references) and self.task == "text_to_video"

    @property
    def sound(self) -> bool:
        """Whether the provider is asked for sound (``own_sound``, ``params: {audio: true}``), which may cost more."""
        return bool(self.params.get("audio", self.params.get("generate_audio", False)))

    def seed_of(self, take: int) -> int:
        """The seed of take 1, 2, ...: take 1 has the base seed itself, so that more takes never change the first."""
        return (self.base_seed + 1000 * (take - 1)) % 2**31


@dataclass(frozen=True)
class TakeRequest:
    """One take of a shot: the request, the take's number from 1, and its seed."""

    request: ShotRequest
    take: int
    seed: int


@dataclass(frozen=True)
class Generated:
    """What an engine made: the clip file, and everything that is needed to know how.

    ``manifest`` holds model, revision, scheduler, steps, seed and whatever else changes the picture (JSON values).
    ``cost_usd`` is the provider's own figure, None where it does not give one; ``cost_basis`` is ``list`` where the list price
    has taken its place. ``notices`` are (code, message) pairs.
    """

    file: Path
    manifest: Mapping[str, Any]
    diffusion: bool
    cost_usd: float | None = 0.0
    notices: tuple[tuple[str, str], ...] = ()
    cost_basis: CostBasis = "provider"


@dataclass(frozen=True)
class Take:
    """A take in the store: ``file`` is ``<sha256>.mp4``; ``key`` is its take key; ``cost_usd`` what it cost when made (US
    dollars, None where no price is known), by the provider's own figure or by the list.
    """

    take: int
    key: str
    file: Path
    sha256: str
    seed: int
    engine: str
    model: str | None
    diffusion: bool
    cost_usd: float | None
    manifest: Mapping[str, Any]
    cost_basis: CostBasis = "provider"
    reused: bool = False

    @property
    def cost(self) -> dict[str, float | str | None]:
        """What was paid for it, as results and events tell it."""
        return {"cost_usd": self.cost_usd, "cost_basis": None if self.cost_usd is None else self.cost_basis}
