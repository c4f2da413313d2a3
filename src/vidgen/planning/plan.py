"""The plan: all shots of a film in whole frames, before anything is made."""

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
from vidgen.takes.request import ShotRequest, Trim


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A shot with its position in the film.

    Args:
        shot: the shot of the storyboard, with inherited keys.
        parent: its id in the storyboard; ``s03`` for the part ``s03b``.
        scene: id of its scene.
        start_frame, frames, transition_frames: at the film's rate.
        overlap: frames at the start that overlap the previous shot: the incoming transition, or 0 for a fade-in of the first
            shot.
        sound_frames: by how many frames of the film its sound leads (J cut) or the sound before it stays (L cut).
        post: post-processing of the shot.
        trim: which part of its take or clip is in the film, as far as the storyboard says.
    """

    shot: Shot
    parent: str
    scene: str
    start_frame: int
    frames: int
    transition_frames: int
    overlap: int
    post: Post | None
    trim: Trim = Trim()
    sound_frames: int = 0

    @property
    def id(self) -> str:
        """The shot's id; for a part of a split shot ``s03b``."""
        return self.shot.id


@dataclass(frozen=True, kw_only=True)
class GeneratedShot(_Placed):
    """A shot that an engine makes.

    Args:
        why_engine: reason for the engine, for the user.
        candidates: number of takes.
        request: the request for its takes, at the storyboard's rate.
        continues: id of the shot that it continues.
        seconds_each: billed clip length of a take.
        make_seconds: estimated time for all takes; None if unknown.
        estimated_usd: estimated cost of all takes; None if a price is unknown.
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

    def opened(self, file: Path, frames: int | None = None, start: int = 0) -> ShotRequest:
        """The request with the clip that it continues: its frames ``start`` to ``frames`` (not included; None: all) are in the
        film, and the last of them opens it.
        """
        inputs = replace(self.request.inputs, continues=file, continues_frames=frames, continues_start=start)
        return replace(self.request, inputs=inputs)

    @property
    def handles_s(self) -> float:
        """Seconds of each take beyond the shot: what the engine's lengths give at no higher price, and what a trim leaves."""
        return max(0.0, self.seconds_each - float(self.trim.seconds or self.request.frames / self.request.fps))

    @property
    def pinned(self) -> int | None:
        """The take that the storyboard pins (``pick``)."""
        return self.shot.pick

    @property
    def max_cost(self) -> float | None:
        """Most that its takes may cost, in US dollars."""
        return self.shot.max_cost


@dataclass(frozen=True, kw_only=True)
class UserClip(_Placed):
    """A shot that is a user's file. ``seconds_each``: length used in the film. The class attributes fill tables and JSON."""

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
    """The picked take of a shot, upscaled by a provider: a take of its own, but not a shot of the film."""

    of: GeneratedShot
    model: str
    request: ShotRequest
    estimated_usd: float | None

    candidates: ClassVar[int] = 1
    pinned: ClassVar[None] = None

    @property
    def id(self) -> str:
        """The name of its take in store and journal: ``s03.upscale``."""
        return self.request.shot

    @property
    def engine(self) -> str:
        """The provider."""
        return self.request.engine

    @property
    def parent(self) -> str:
        """Id in the storyboard of the shot that it upscales."""
        return self.of.parent

    @property
    def continues(self) -> str:
        """Id of the shot whose picked take is needed first."""
        return self.of.id

    @property
    def max_cost(self) -> float | None:
        """Most that all takes of its shot may cost, in US dollars."""
        return self.of.max_cost

    def opened(self, file: Path, frames: int | None = None, start: int = 0) -> ShotRequest:
        """The request with the picked take, which begins at frame ``start`` of its file."""
        return replace(self.request, inputs=replace(self.request.inputs, source_video=file, source_start=start))


FilmShot: TypeAlias = GeneratedShot | UserClip
"""A shot of the film."""
EngineShot: TypeAlias = GeneratedShot | ProviderUpscale
"""What engines make takes of."""
PlannedShot: TypeAlias = GeneratedShot | UserClip | ProviderUpscale
"""All that a run works on."""


@dataclass(frozen=True)
class Plan:
    """A planned film.

    ``fps``, ``width`` and ``height`` are those of the finished film; ``source_fps``, ``source_width`` and ``source_height``
    those of the takes, before post-processing.
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
        """The upscales by a provider, by shot id."""
        return {one.of.id: one for one in self.enlargements}

    @property
    def generated(self) -> tuple[GeneratedShot, ...]:
        """The shots that engines make."""
        return tuple(shot for shot in self.shots if isinstance(shot, GeneratedShot))

    @property
    def stops_when_good(self) -> bool:
        """Whether candidates are made only until one is good (``score.good``)."""
        return self.board.score is not None and self.board.score.good is not None

    @property
    def adds_takes(self) -> bool:
        """Whether a shot gets as many takes again where none is good enough (``score.floor``)."""
        return self.board.score is not None and self.board.score.floor is not None

    def take_size(self, shot: str) -> tuple[int, int]:
        """Width and height in pixels of a shot's clip before post-processing."""
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
        """Cost of all takes in US dollars if none were stored yet; None if a price is unknown."""
        prices = [shot.estimated_usd for shot in (*self.shots, *self.enlargements)]
        return None if any(price is None for price in prices) else round(sum(price or 0 for price in prices), 6)

    @property
    def make_seconds(self) -> float | None:
        """Estimated time in seconds to make all takes one after another; None if unknown."""
        times = [shot.make_seconds for shot in self.shots]
        return None if any(time is None for time in times) else sum(time or 0 for time in times)
