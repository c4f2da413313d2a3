"""The plan: what will be made, in whole frames, before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from vidgen.errors import Notice
from vidgen.media.encode import EncodeProfile
from vidgen.media.rate import seconds_of
from vidgen.storyboard.model import Post, Shot, Storyboard
from vidgen.takes.request import ShotRequest


@dataclass(frozen=True)
class PlannedShot:
    """One shot of the film. ``parent`` is the id in the storyboard, of which this may be a part (``s03b`` of ``s03``).

    ``start_frame``, ``frames`` and ``transition_frames`` are on the film's rate; the first ``overlap`` of the ``frames``
    lie over the end of the shot before (all of an incoming transition; none for the first shot's fade-in). ``request`` is
    what its takes are asked with (at the storyboard's rate), None for a user's own ``clip``. ``continues`` names the shot
    whose picked take's last frame opens this one. ``seconds_each`` is the clip length that an engine bills per take;
    ``estimated_usd`` is for all takes, None where a price is unknown. ``enlarges``: it is no shot of the film, but the picked
    take of the shot that it continues in the film's size.
    """

    shot: Shot
    parent: str
    scene: str
    start_frame: int
    frames: int
    transition_frames: int
    overlap: int
    engine: str
    model: str | None
    why_engine: str
    candidates: int
    request: ShotRequest | None
    clip: Path | None
    continues: str | None
    post: Post | None
    seconds_each: float
    make_seconds: float | None
    estimated_usd: float | None
    enlarges: bool = False

    def opened(self, file: Path, frames: int | None = None, start: int = 0) -> ShotRequest:
        """The request with the take of the shot that it continues: the last of the ``frames`` that are in the film (None: all)
        opens it, or it is enlarged. ``start``: the number of the take's first frame in the film.
        """
        assert self.request
        inputs = self.request.inputs
        if self.enlarges:
            return replace(self.request, inputs=replace(inputs, source_video=file, source_start=start))
        inputs = replace(inputs, continues=file, continues_frames=frames, continues_start=start)
        return replace(self.request, inputs=inputs)

    @property
    def id(self) -> str:
        """The shot's id, also that of a split part (``s03b``)."""
        return self.shot.id


@dataclass(frozen=True)
class Plan:
    """A whole film, planned. ``fps``, ``width`` and ``height`` are what is delivered; ``source_fps``, ``source_width`` and
    ``source_height`` what takes are made at, before post-processing. ``enlargements`` are takes that a provider makes.
    """

    board: Storyboard
    folder: Path
    preset: str | None
    shots: tuple[PlannedShot, ...]
    fps: Fraction
    width: int
    height: int
    source_fps: Fraction
    source_width: int
    source_height: int
    profile: EncodeProfile
    notices: tuple[Notice, ...] = ()
    enlargements: tuple[PlannedShot, ...] = ()

    @cached_property
    def enlarged(self) -> Mapping[str, PlannedShot]:
        """The takes that a provider makes larger, by the id of the shot."""
        return {one.continues or "": one for one in self.enlargements}

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
