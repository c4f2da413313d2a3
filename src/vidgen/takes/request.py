"""What is asked of an engine for one shot, and what came back. The types that planning, engines, scoring and cut share.

A take is a camera original: the file as its engine made it, at its own length, size and rate. What of it is in the film is its
``Window``; everything else (rate, size, colours) is made of it when the film is.
"""

from __future__ import annotations

import math
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
    """Files that steer a generation. ``continues`` is the take whose last frame in the film opens this shot: frame number
    ``continues_frames`` - 1 of the file, or the file's last where that is None.
    """

    start_frame: Path | None = None
    end_frame: Path | None = None
    references: tuple[Path, ...] = ()
    source_video: Path | None = None
    motion_reference: Path | None = None
    lip_sync_audio: Path | None = None
    brushes: tuple[Brush, ...] = ()
    continues: Path | None = None
    continues_frames: int | None = None


@dataclass(frozen=True)
class ShotRequest:
    """One shot as an engine gets it.

    ``frames`` at ``fps``, ``width`` x ``height`` pixels are what the film needs. An engine that makes other lengths, sizes or
    rates asks for those that come next (``Order``), and the film is made of what it got. ``shot`` is a label only: it is not
    part of any key.
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
class Order:
    """The form in which a clip is ordered: what of a request is no part of its key, since a clip at hand may do.

    Args:
        seconds: length of the clip that is ordered.
        size: as the engine is told it: ``1280x720``, ``1280:720``, ``720p 16:9``.
        rate: frames per second (``24000/1001``) where the engine is told one or can say which one it makes; else empty.
        exact: whether the clip has exactly the film's length, size and rate, and no other does.
        closes: whether a longer clip does not do, because it ends on a closing picture.
        sound: whether sound is asked for. A clip with sound does where none is wanted.
    """

    seconds: float
    size: str
    rate: str = ""
    exact: bool = False
    closes: bool = False
    sound: bool = False

    def covers(self, needed: Order, *, has_s: float, needs_s: float) -> bool:
        """Whether a clip of this order does where ``needed`` would be ordered now. ``has_s``: the clip's real length;
        ``needs_s``: the shot's, in seconds.
        """
        if needed.sound and not self.sound:
            return False
        if self.size != needed.size or (needed.rate and self.rate != needed.rate):
            return False
        if needed.exact or needed.closes:
            return abs(self.seconds - needed.seconds) < 1e-6
        return self.seconds >= needed.seconds - 1e-6 or has_s >= needs_s - 1e-3

    def as_dict(self) -> dict[str, float | str | bool]:
        """JSON values."""
        flags = {"exact": self.exact, "closes": self.closes, "sound": self.sound}
        return {"seconds": round(self.seconds, 6), "size": self.size, "rate": self.rate, **flags}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Order:
        """What ``as_dict`` gave. Raises KeyError, TypeError or ValueError for anything else."""
        flags = (bool(data.get(name, False)) for name in ("exact", "closes", "sound"))
        return cls(float(data["seconds"]), str(data["size"]), str(data["rate"]), *flags)


@dataclass(frozen=True)
class Window:
    """Which frames of a take are in the film: ``frames`` of them (at the take's own rate) from number ``start`` on."""

    start: int
    frames: int

    def as_dict(self) -> dict[str, int]:
        """JSON values."""
        return {"start": self.start, "frames": self.frames}


def nearest_frames(seconds: Fraction, rate: Fraction) -> int:
    """How many frames of a clip of this rate are ``seconds`` long, at least 1."""
    return max(1, math.floor(seconds * rate + Fraction(1, 2)))


@dataclass(frozen=True)
class TakeRequest:
    """One take of a shot: the request, the take's number from 1, and its seed."""

    request: ShotRequest
    take: int
    seed: int


@dataclass(frozen=True)
class Generated:
    """What an engine made: the clip file as it made it, and everything that is needed to know how.

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
    dollars, None where no price is known), by the provider's own figure or by the list. ``frames`` at ``fps`` (frames per
    second, on the average where it varies), ``width`` x ``height`` pixels as displayed: the form of the file. ``order`` is
    what was ordered; None for takes of vidgen up to 0.1, which were brought to the form that their key names.
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
    frames: int
    fps: Fraction
    width: int
    height: int
    order: Order | None = None
    cost_basis: CostBasis = "provider"
    reused: bool = False

    @property
    def duration_s(self) -> float:
        """Length of the file in seconds."""
        return float(self.frames / self.fps)

    def covers(self, needed: Order, needs_s: float) -> bool:
        """Whether it does where ``needed`` would be ordered now, for a shot of ``needs_s`` seconds."""
        return self.order is None or self.order.covers(needed, has_s=self.duration_s, needs_s=needs_s)

    def window(self, request: ShotRequest) -> Window:
        """The frames of the take that the shot shows: from the first on, as many as it is long to the nearest frame, or all
        where there are fewer. Rounding keeps the window where a film of another rate moves a cut by less than a frame.
        """
        return Window(0, min(self.frames, nearest_frames(Fraction(request.frames) / request.fps, self.fps)))

    @property
    def cost(self) -> dict[str, float | str | None]:
        """What was paid for it, as results and events tell it."""
        return {"cost_usd": self.cost_usd, "cost_basis": None if self.cost_usd is None else self.cost_basis}
