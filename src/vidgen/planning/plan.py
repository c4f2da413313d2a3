"""The plan: what will be made, in whole frames, before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import ClassVar, TypeAlias

from vidgen.errors import Notice
from vidgen.media.encode import EncodeProfile
from vidgen.media.rate import seconds_of
from vidgen.storyboard.model import Post, Shot, Storyboard
from vidgen.takes.request import ShotRequest


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A shot in its place in the film.

    Args:
        shot: what the storyboard says of it. parent: the id there, of which this may be a part (``s03b`` of ``s03``).
        start_frame, frames, transition_frames: on the film's rate.
        overlap: how many of the ``frames``, from the first, lie over the end of the shot before: all of an incoming transition;
            none for the first shot's fade-in.
    """

    shot: Shot
    parent: str
    scene: str
    start_frame: int
    frames: int
    transition_frames: int
    overlap: int
    post: Post | None

    @property
    def id(self) -> str:
        """The shot's id, also that of a split part (``s03b``)."""
        return self.shot.id


@dataclass(frozen=True, kw_only=True)
class GeneratedShot(_Placed):
    """A shot that an engine makes.

    Args:
        request: what its takes are asked with, at the storyboard's rate.
        continues: the shot whose picked take's last frame opens this one.
        seconds_each: the clip length that an engine bills for a take.
        estimated_usd: for all takes; None where a price is unknown. make_seconds: likewise.
    """

    engine: str
    model: str | None
    why_engine: str
    candidates: int
    request: ShotRequest
    continues: str | None
    seconds_each: float
    make_seconds: float | None
    estimated_usd: float | None

    def opened(self, file: Path, frames: int | None = None) -> ShotRequest:
        """The request with the clip that it continues: the last of the ``frames`` that are in the film (None: all) opens it."""
        return replace(self.request, inputs=replace(self.request.inputs, continues=file, continues_frames=frames))

    @property
    def pinned(self) -> int | None:
        """The take that the storyboard picks."""
        return self.shot.pick

    @property
    def max_cost(self) -> float | None:
        """The most that its takes may cost, in US dollars."""
        return self.shot.max_cost


@dataclass(frozen=True, kw_only=True)
class UserClip(_Placed):
    """A shot that is a file of the user's own. ``seconds_each``: how much of it is in the film. Nothing of it is made or paid
    for, as tables and JSON say in the words of the other shots.
    """

    clip: Path
    seconds_each: float

    engine: ClassVar[str] = "clip"
    model: ClassVar[None] = None
    why_engine: ClassVar[str] = "your own file"
    candidates: ClassVar[int] = 1
    continues: ClassVar[None] = None
    make_seconds: ClassVar[float] = 0.0
    estimated_usd: ClassVar[float] = 0.0


@dataclass(frozen=True, kw_only=True)
class ProviderUpscale:
    """The picked take of a shot, made larger by a provider: a take of its own that is bought once, but no shot of the film."""

    of: GeneratedShot
    model: str
    request: ShotRequest
    estimated_usd: float | None

    candidates: ClassVar[int] = 1
    pinned: ClassVar[None] = None

    @property
    def id(self) -> str:
        """``s03.upscale``: the name under which its take is kept."""
        return self.request.shot

    @property
    def engine(self) -> str:
        """The provider."""
        return self.request.engine

    @property
    def parent(self) -> str:
        """The storyboard's id of the shot that it enlarges."""
        return self.of.parent

    @property
    def continues(self) -> str:
        """The shot whose picked take has to be there first."""
        return self.of.id

    @property
    def max_cost(self) -> float | None:
        """The most that all takes of its shot may cost, in US dollars."""
        return self.of.max_cost

    def opened(self, file: Path, frames: int | None = None) -> ShotRequest:
        """The request with the picked take."""
        return replace(self.request, inputs=replace(self.request.inputs, source_video=file))


FilmShot: TypeAlias = GeneratedShot | UserClip
"""A shot of the film."""
EngineShot: TypeAlias = GeneratedShot | ProviderUpscale
"""What an engine is asked to make takes of."""
PlannedShot: TypeAlias = GeneratedShot | UserClip | ProviderUpscale
"""Whatever a run works on."""


@dataclass(frozen=True)
class Plan:
    """A whole film, planned. ``fps``, ``width`` and ``height`` are what is delivered; ``source_fps``, ``source_width`` and
    ``source_height`` what takes are made at, before post-processing.
    """

    board: Storyboard
    folder: Path
    preset: str | None
    shots: tuple[FilmShot, ...]
    fps: Fraction
    width: int
    height: int
    source_fps: Fraction
    source_width: int
    source_height: int
    profile: EncodeProfile
    notices: tuple[Notice, ...] = ()
    enlargements: tuple[ProviderUpscale, ...] = ()

    @cached_property
    def enlarged(self) -> Mapping[str, ProviderUpscale]:
        """The takes that a provider makes larger, by the id of the shot."""
        return {one.of.id: one for one in self.enlargements}

    @property
    def generated(self) -> tuple[GeneratedShot, ...]:
        """The shots that engines make."""
        return tuple(shot for shot in self.shots if isinstance(shot, GeneratedShot))

    def take_size(self, shot: str) -> tuple[int, int]:
        """Width and height in pixels of the clip of a shot that post-processing gets."""
        return (self.width, self.height) if shot in self.enlarged else (self.source_width, self.source_height)

    @property
    def total_frames(self) -> int:
        """Frames of the finished film."""
        return sum(shot.frames - shot.overlap for shot in self.shots)

    @property
    def duration_s(self) -> float:
        """Length of the finished film in seconds."""
        return seconds_of(self.total_frames, self.fps)

    @property
    def estimated_usd(self) -> float | None:
        """What all takes would cost if none were there yet; None as soon as one price is unknown."""
        prices = [shot.estimated_usd for shot in (*self.shots, *self.enlargements)]
        return None if any(price is None for price in prices) else round(sum(price or 0 for price in prices), 6)

    @property
    def make_seconds(self) -> float | None:
        """Roughly how long all takes take to make one after another; None where unknown."""
        times = [shot.make_seconds for shot in self.shots]
        return None if any(time is None for time in times) else sum(time or 0 for time in times)
