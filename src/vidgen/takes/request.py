"""Requests to engines and their results: types shared by planning, engines, scoring and cut.

A take is a camera original: the file as its engine made it, with its own length, size and rate. Its ``Window`` says which
frames are in the film. Rate, size and colours of the film are derived from it later.
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
"""Source of a cost: the provider's own figure, or the price list."""


@dataclass(frozen=True)
class Words:
    """The texts of a shot as in the storyboard. The prompt is rendered from them, but for ``speakers``: who speaks in the whole
    shot, each by the description or the name."""

    scene: str = ""
    subject: str = ""
    action: str = ""
    motion: str = ""
    lighting: str = ""
    style: str = ""
    extra: str = ""
    characters: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brush:
    """A motion brush stroke: mask picture, and path of its centre in fractions of the frame (0-1)."""

    mask: Path
    path: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class SpokenLine:
    """A line that mouths follow, from ``at`` seconds of the shot on. ``file``: its sound; None: it is not spoken yet."""

    words: str
    at: Fraction
    file: Path | None


@dataclass(frozen=True)
class Inputs:
    """Input files of a generation.

    ``continues``: the take that this shot continues. It opens with frame ``continues_frames`` - 1 of that file, which is the
    last one in the film; None: the last frame of the file. ``continues_engine``: who will make that take, as long as it is not
    there. ``continues_start`` and ``source_start``: the first
    frames of that take and of ``source_video`` that count. ``lines``: what is said in the shot, where mouths follow that and no
    file of its own (``lip_sync_audio``).
    """

    start_frame: Path | None = None
    end_frame: Path | None = None
    references: tuple[Path, ...] = ()
    source_video: Path | None = None
    motion_reference: Path | None = None
    lip_sync_audio: Path | None = None
    lines: tuple[SpokenLine, ...] = ()
    brushes: tuple[Brush, ...] = ()
    continues: Path | None = None
    continues_frames: int | None = None
    continues_engine: str | None = None
    continues_start: int = 0
    source_start: int = 0

    @property
    def has_voice(self) -> bool:
        """Whether mouths follow a sound."""
        return bool(self.lip_sync_audio or self.lines)

    @property
    def awaits_voice(self) -> bool:
        """Whether a line is still to be spoken. Nothing can be sent before that."""
        return any(line.file is None for line in self.lines)


@dataclass(frozen=True)
class ShotRequest:
    """The request for one shot.

    ``frames`` at ``fps``, ``width`` x ``height`` pixels are what the film needs. An engine with fixed lengths, sizes or rates
    orders the next suitable ones (``Order``). ``shot`` is only a label and not part of any key.
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
        """Whether the shot is steered by reference pictures: it has some, and neither a first frame nor a source clip."""
        return bool(self.inputs.references) and self.task == "text_to_video"

    @property
    def sound(self) -> bool:
        """Whether sound is requested (``own_sound``, ``params: {audio: true}``), which may cost more."""
        return bool(self.params.get("audio", self.params.get("generate_audio", False)))

    def seed_of(self, take: int) -> int:
        """The seed of take 1, 2, ... Take 1 has the base seed."""
        return (self.base_seed + 1000 * (take - 1)) % 2**31


@dataclass(frozen=True)
class Order:
    """The form in which a clip is ordered: the part of a request that is not in its key, because a stored clip may cover it.

    Args:
        seconds: length of the ordered clip.
        size: in the engine's own notation: ``1280x720``, ``1280:720``, ``720p 16:9``.
        rate: frames per second (``24000/1001``) if the engine gets one or always makes a known one; else empty.
        exact: whether the clip must have exactly the film's length, size and rate.
        closes: whether the clip ends on a given last frame, so that a longer one cannot be used.
        sound: whether sound is requested. A clip with sound also covers an order without.
    """

    seconds: float
    size: str
    rate: str = ""
    exact: bool = False
    closes: bool = False
    sound: bool = False

    def covers(self, needed: Order, *, has_s: float, needs_s: float) -> bool:
        """Whether a clip of this order can be used where ``needed`` would be ordered now.

        ``has_s``: real length of the clip; ``needs_s``: length of the shot, both in seconds.
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
        """The order of an ``as_dict``. Raises KeyError, TypeError or ValueError for anything else."""
        flags = (bool(data.get(name, False)) for name in ("exact", "closes", "sound"))
        return cls(float(data["seconds"]), str(data["size"]), str(data["rate"]), *flags)


@dataclass(frozen=True)
class Trim:
    """What a storyboard says of the part of a take that is used, in seconds: where the shot opens in what was ordered, and how
    long it is in the film. None: not said.
    """

    start: Fraction | None = None
    seconds: Fraction | None = None


@dataclass(frozen=True)
class Window:
    """The frames of a take that are in the film: ``frames`` frames, at the take's own rate, from number ``start``."""

    start: int
    frames: int

    def as_dict(self) -> dict[str, int]:
        """JSON values."""
        return {"start": self.start, "frames": self.frames}


def nearest_frames(seconds: Fraction, rate: Fraction) -> int:
    """The number of frames at ``rate`` nearest to ``seconds``, at least 1."""
    return max(1, frames_from(seconds, rate))


def frames_from(seconds: Fraction, rate: Fraction) -> int:
    """The number of the frame at ``rate`` nearest to a time, from 0."""
    return math.floor(seconds * rate + Fraction(1, 2))


@dataclass(frozen=True)
class TakeRequest:
    """One take of a shot: the request, the take's number from 1, and its seed."""

    request: ShotRequest
    take: int
    seed: int


@dataclass(frozen=True)
class Generated:
    """The result of an engine.

    Args:
        file: the clip, unchanged.
        manifest: model, revision, scheduler, steps, seed and all else that changes the picture, as JSON values.
        diffusion: whether a diffusion model made it.
        cost_usd: the provider's figure in US dollars; None if it gives none.
        notices: (code, message) pairs.
        cost_basis: ``list`` if ``cost_usd`` is the list price.
        first: number of the frame at which what was ordered begins: a continuation may come with the clip that it continues.
    """

    file: Path
    manifest: Mapping[str, Any]
    diffusion: bool
    cost_usd: float | None = 0.0
    notices: tuple[tuple[str, str], ...] = ()
    cost_basis: CostBasis = "provider"
    first: int = 0


@dataclass(frozen=True)
class Take:
    """A take in the store.

    Args:
        take: number of the take, from 1.
        key: its take key.
        file: ``<sha256>.mp4``.
        cost_usd: what it cost when it was made, in US dollars; None if no price is known. ``cost_basis``: the source of the
            cost.
        frames, fps: of the file; ``fps`` is the average if the rate varies.
        width, height: display size of the file in pixels.
        order: what was ordered; None for takes of vidgen up to 0.1, which were conformed to the form in their key.
        first: number of the frame at which what was ordered begins.
        begins: number of the frame that the shot opens with, where a part was chosen; None: ``first``.
        trim: the part that the storyboard says, over ``begins``.
        reused: whether an earlier run made it.
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
    first: int = 0
    begins: int | None = None
    trim: Trim = Trim()

    @property
    def start(self) -> int:
        """Number of the frame that the shot opens with: of the last one for a part that would begin behind it."""
        if self.trim.start is not None:
            return min(self.frames - 1, self.first + frames_from(self.trim.start, self.fps))
        return self.first if self.begins is None else self.begins

    @property
    def duration_s(self) -> float:
        """Length, in seconds, of what was ordered: of the file from frame ``first`` on."""
        return float((self.frames - self.first) / self.fps)

    def covers(self, needed: Order, needs_s: float) -> bool:
        """Whether the take can be used where ``needed`` would be ordered now, for a shot of ``needs_s`` seconds."""
        return self.order is None or self.order.covers(needed, has_s=self.duration_s, needs_s=needs_s)

    def window(self, request: ShotRequest) -> Window:
        """The frames of the take that are in the film: from ``start`` on, for the shot's length rounded to frames, or all if
        fewer.

        Rounding keeps the window unchanged if another film rate moves a cut by less than a frame.
        """
        return Window(self.start, min(self.frames - self.start, self._needed(request)))

    def has_choice(self, request: ShotRequest) -> bool:
        """Whether the take is longer than the shot, and the storyboard does not say which part of it is used."""
        return self.trim.start is None and self.frames - self.first > self._needed(request)

    def _needed(self, request: ShotRequest) -> int:
        """Frames of the take that are as long as the shot."""
        return nearest_frames(self.trim.seconds or Fraction(request.frames) / request.fps, self.fps)

    @property
    def cost(self) -> dict[str, float | str | None]:
        """``cost_usd`` and ``cost_basis``, for results and events."""
        return {"cost_usd": self.cost_usd, "cost_basis": None if self.cost_usd is None else self.cost_basis}
