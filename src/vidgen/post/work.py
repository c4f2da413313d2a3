"""What will be done to a clip, decided before any frame is read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.answers import content_of
from vidgen.media.normalise import MAX_HOLD, refuse_hdr
from vidgen.media.probe import MediaInfo
from vidgen.media.rate import rate_text
from vidgen.media.wording import counted
from vidgen.post.engines import WEIGHTS_SUFFIXES
from vidgen.post.filters import SMALLEST_MINTERPOLATE, Minterpolate
from vidgen.post.reading import PixelFormat
from vidgen.post.route import Route, find_route
from vidgen.post.scene_changes import Clock, read_clock
from vidgen.post.settings import PostSettings
from vidgen.post.stages import Form, upright_form


@dataclass(frozen=True)
class Work:
    """A clip, what it is to become, the engines in between, and exactly how many frames come out."""

    info: MediaInfo
    settings: PostSettings
    source: Form
    frames: int
    route: Route

    @property
    def ten_bits(self) -> bool:
        """Whether pictures go through with more than 8 bits."""
        chosen = self.route.interpolator
        coarse = chosen is not None and chosen.name == Minterpolate.name
        return self.settings.profile.pix_fmt.endswith("10le") and not coarse

    @property
    def pixels(self) -> PixelFormat:
        """How frames are read, and handed to the encoder."""
        if self.route.networks:
            return "rgb48le" if self.ten_bits else "rgb24"
        return "yuv420p10le" if self.ten_bits else "yuv420p"

    @cached_property
    def clock(self) -> Clock:
        """When each frame of the clip is shown."""
        return read_clock(self.info)

    @property
    def names(self) -> list[str]:
        """Identity of the engines, in order, with the checksum of a model of the user's own."""
        model = self.settings.model
        own = model is not None and model.lower().endswith(WEIGHTS_SUFFIXES) and Path(model).is_file()
        return [*self.route.names, *([content_of(Path(model))] if model and own else [])]


def plan_work(info: MediaInfo, settings: PostSettings, frames: int | None = None, max_hold: int = MAX_HOLD) -> Work:
    """Decide: ``frames`` is the exact count of the result, None the clip's length at the new rate. The clip may be up to
    ``max_hold`` frames shorter: its last one is held.

    Raises InputError for a clip or size that cannot be used, MissingError for an engine that is not here.
    """
    refuse_hdr(info)
    if settings.width % 2 or settings.height % 2:
        raise InputError("post.bad_size", f"{settings.width}x{settings.height}: width and height must be even")
    source = upright_form(info)
    seconds = Fraction(info.frames) / info.rate if info.constant_rate else read_clock(info).end
    natural = max(1, int(seconds * settings.rate + Fraction(1, 2)))
    total = natural if frames is None else frames
    if total - natural > max_hold:
        text = f"{info.path} has {counted(natural, 'frame')} at {rate_text(settings.rate)}/s; {total} are needed"
        raise InputError("media.too_short", text, hint="use a longer clip", where=str(info.path))
    route = find_route(source, settings, frames_in=info.frames, frames_out=total, even=info.constant_rate)
    chosen = route.interpolator
    if chosen and chosen.name == Minterpolate.name and min(source.width, source.height) < SMALLEST_MINTERPOLATE:
        text = f"{info.path}: minterpolate takes no picture under {SMALLEST_MINTERPOLATE} pixels a side"
        raise InputError("post.bad_size", text, hint="--engine rife takes any", where=str(info.path))
    return Work(info, settings, source, total, route)
