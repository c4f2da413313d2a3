"""The way of a clip through post-processing: which engines, in which order, why, and about how long it takes. Light."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from vidgen.errors import Notice
from vidgen.media.tables import read_table
from vidgen.post.device import gpu_here
from vidgen.post.engines import Chosen, choose_interpolator, choose_upscaler
from vidgen.post.plugins import PostPlugin
from vidgen.post.settings import PostSettings
from vidgen.post.stages import Form

_DEAREST = "RealESRGAN_x4plus"
"""What a model of the user's own is taken to cost."""

SMALL, LARGE = 0.096, 2.5
"""Megapixels below and above which the ``small`` and the ``large`` of costs.yaml count."""


@dataclass(frozen=True)
class Route:
    """Engines (None: nothing of that kind to do) and their order; ``seconds``: a rough estimate for this kind of machine."""

    interpolator: Chosen | None
    upscaler: Chosen | None
    enlarge_first: bool
    why: tuple[str, ...]
    seconds: float

    @property
    def networks(self) -> bool:
        """Whether frames go through Python."""
        return any(chosen is not None and chosen.network for chosen in (self.interpolator, self.upscaler))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What there is to say about the choice."""
        return tuple(notice for chosen in (self.interpolator, self.upscaler) if chosen for notice in chosen.notices)

    @property
    def foreign_filters(self) -> tuple[PostPlugin, ...]:
        """Engines of other packages that are steps of the ffmpeg graph."""
        chosen = (self.interpolator, self.upscaler)
        return tuple(one.plugin for one in chosen if one and one.plugin and not one.network)

    @property
    def names(self) -> tuple[str, ...]:
        """Identity of what would be run, in order."""
        steps = [chosen.identity for chosen in (self.interpolator, self.upscaler) if chosen]
        return tuple(reversed(steps) if self.enlarge_first else steps)


def find_route(source: Form, settings: PostSettings, *, frames_in: int, frames_out: int, even: bool = True) -> Route:
    """The way from a clip of a form and ``frames_in`` frames to ``frames_out`` frames of the form that settings say.

    ``even``: whether the clip has one rate throughout. Raises as ``choose_interpolator`` and ``choose_upscaler``.
    """
    target = Form(settings.width, settings.height, settings.rate)
    interpolator = upscaler = None
    if settings.rate != source.rate or not even:
        asked = not settings.implicit_rate
        interpolator = choose_interpolator(
            settings.interpolate, source.rate, settings.rate, light=settings.animatic, download=asked, asked=asked
        )
    if (target.width, target.height) != source.even_size:
        ratio = max(target.width / source.width, target.height / source.height)
        upscaler = choose_upscaler(
            settings.upscale,
            settings.model,
            ratio=ratio,
            tile=settings.tile,
            light=settings.animatic,
            asked=not settings.implicit_size,
        )
    made = frames_out - _coinciding(source.rate, settings.rate, frames_out, even) if interpolator else 0
    first = made * _seconds(interpolator, source) + frames_out * _seconds(upscaler, source)
    last = frames_in * _seconds(upscaler, source) + made * _seconds(interpolator, target)
    both = interpolator is not None and upscaler is not None and interpolator.network and upscaler.network
    why = tuple(chosen.why for chosen in (interpolator, upscaler) if chosen)
    if both:
        better = "upscale, then interpolate" if last < first else "interpolate, then upscale"
        why += (f"order: {better}: {_time(min(first, last))} against {_time(max(first, last))}",)
    enlarge_first = both and last < first
    return Route(interpolator, upscaler, enlarge_first, why, last if enlarge_first else first)


def _coinciding(source: Fraction, target: Fraction, frames: int, even: bool) -> int:
    """How many frames of the result fall on a frame of the source, and are not made."""
    return 1 + (frames - 1) // (target / source).numerator if even and frames else 0


def _seconds(chosen: Chosen | None, form: Form) -> float:
    """Seconds for a picture of a form that goes in."""
    if chosen is None:
        return 0.0
    pixels = form.width * form.height / 1e6
    if chosen.plugin and chosen.plugin.kind.seconds_per_megapixel is not None:
        return pixels * chosen.plugin.kind.seconds_per_megapixel
    table = _costs()
    row = table.get(chosen.model or "") or table.get(chosen.name) or table[_DEAREST]
    size = "small" if pixels < SMALL else "large" if pixels > LARGE else "medium"
    return pixels * row["gpu" if gpu_here() else "cpu"] * row.get(size, 1.0)


def _time(seconds: float) -> str:
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"


@functools.cache
def _costs() -> Mapping[str, Mapping[str, float]]:
    table: Mapping[str, Mapping[str, float]] = read_table("vidgen.post", "costs.yaml")
    return table
