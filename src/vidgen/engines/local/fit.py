"""Rounds a request to what a family of models can make. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from vidgen.catalog.diffusion import Family, Model
from vidgen.errors import InputError

_MOST_SLOWED = 1.5
"""A model whose longest clip is a little too short is slowed down by up to this much."""


@dataclass(frozen=True)
class Made:
    """What a model makes: pictures of ``width`` x ``height``, ``frames`` of them, ``fps`` to the second. ``slowed``: by how
    much its motion is slower than it was made for; 1.0 where it is not.
    """

    width: int
    height: int
    frames: int
    fps: float
    slowed: float = 1.0

    @property
    def rate(self) -> Fraction:
        """``fps`` as the file has it."""
        return Fraction(self.fps).limit_denominator(1001)


def fit(family: Family, model: Model | None, *, width: int, height: int, frames: int, rate: Fraction, where: str = "") -> Made:
    """The smallest legal clip that covers ``frames`` at ``rate`` and has the shape of ``width`` x ``height``.

    It is as long as they are, and its last picture is not before theirs; a model's longest clip may be shorter than the first.
    Sizes above the model's own are made at its own and enlarged later; smaller ones are made as they are.
    Raises InputError ``engine.cannot`` where the shot is longer than the model's longest clip.
    """
    fps = (model.fps if model else None) or family.fps
    longest = (model.max_frames if model else None) or family.max_frames
    last, own_rate = Fraction(frames - 1) / rate, Fraction(fps).limit_denominator(1001)
    made_frames = family.legal_frames(max(math.ceil(last * own_rate) + 1, math.ceil(frames / rate * own_rate)))
    slowed = 1.0
    if made_frames > longest:
        slowed = max(1.0, float(last) * fps / (longest - 1))
        if slowed > _MOST_SLOWED:
            name, seconds = model.title if model else family.title, float(frames / rate)
            raise InputError(
                "engine.cannot",
                f"{seconds:.3g} s is longer than {name} makes: {longest} frames at {fps:g}/s, {longest / fps:.3g} s",
                hint="make the shot shorter, or choose another model",
                where=where,
            )
        made_frames, fps = longest, fps / slowed
    own = (model.size if model else None) or family.size
    multiple = (model.size_multiple if model else None) or family.size_multiple
    made_width, made_height = own if model and model.fixed_size else fit_size(width, height, own, multiple)
    return Made(made_width, made_height, made_frames, fps, slowed)


def fit_size(width: int, height: int, own: tuple[int, int], multiple: int) -> tuple[int, int]:
    """A legal size of the shape of ``width`` x ``height``, with no more pixels than the model's own size, roughly."""
    scale = min(1.0, math.sqrt(own[0] * own[1] / (width * height)))
    return _up(width * scale, multiple, scale), _up(height * scale, multiple, scale)


def _up(value: float, multiple: int, scale: float) -> int:
    """Up to the multiple where pictures are made at their size and cropped, to the nearest where they are scaled anyway."""
    steps = value / multiple
    return max(multiple, (math.ceil(steps - 1e-6) if scale == 1.0 else round(steps)) * multiple)
