"""The engines of this version, and which one ``auto`` is."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeVar

from vidgen.errors import InputError, MissingError
from vidgen.media.rate import rate_text
from vidgen.post.stages import FilterInterpolator, FilterUpscaler, Interpolator, Upscaler

T = TypeVar("T")


class Minterpolate(FilterInterpolator):
    """ffmpeg's motion-compensated interpolation; its own scene detection is off, since it misses cuts and sees false ones."""

    name = "minterpolate"

    def filter(self, rate: Fraction) -> str:
        """See ``FilterInterpolator``."""
        return f"minterpolate=fps={rate_text(rate)}:mi_mode=mci:scd=none"


class Nearest(FilterInterpolator):
    """Takes the frame that is shown at each time: for lower rates, where nothing has to be made up."""

    name = "nearest"

    def filter(self, rate: Fraction) -> str:
        """See ``FilterInterpolator``."""
        return f"fps={rate_text(rate)}:round=near"


class Lanczos(FilterUpscaler):
    """Lanczos resampling: sharp edges, no invented detail."""

    name = "lanczos"

    def filter(self, width: int, height: int) -> str:
        """See ``FilterUpscaler``."""
        return f"scale={width}:{height}:flags=lanczos+accurate_rnd+full_chroma_int"


INTERPOLATORS: Mapping[str, Callable[[], Interpolator]] = {"minterpolate": Minterpolate, "nearest": Nearest}
UPSCALERS: Mapping[str, Callable[[], Upscaler]] = {"lanczos": Lanczos}

_LATER_INTERPOLATORS = ("rife",)
_LATER_UPSCALERS = ("ncnn", "torch", "realesrgan")


def choose_interpolator(name: str, source: Fraction, target: Fraction) -> tuple[Interpolator, str]:
    """The engine for a change of rate, and why. Raises MissingError for one that is not here, InputError for an unknown one."""
    if name == "auto":
        if target < source:
            return Nearest(), "interpolate: frames are left out, since the rate falls"
        return Minterpolate(), "interpolate: auto is minterpolate, the only one in this version that makes frames"
    return _named(name, INTERPOLATORS, _LATER_INTERPOLATORS, "interpolate"), f"interpolate: {name} was asked for"


def choose_upscaler(name: str, model: str | None) -> tuple[Upscaler, str]:
    """The engine for a change of size, and why. Raises MissingError for one that is not here, InputError for an unknown one.

    A model needs the engine that runs it, so that naming one where ``auto`` is only resampling is an error too.
    """
    if name == "auto" and model is None:
        return Lanczos(), "upscale: auto is lanczos, the only one in this version"
    if model is not None and (name == "auto" or name in UPSCALERS):
        raise MissingError(
            "post.engine_missing",
            f"the model {model} needs an engine that is not in this version of vidgen",
            hint=f"leave --model out; engines here: {', '.join(UPSCALERS)}",
        )
    return _named(name, UPSCALERS, _LATER_UPSCALERS, "upscale"), f"upscale: {name} was asked for"


def _named(name: str, here: Mapping[str, Callable[[], T]], later: tuple[str, ...], job: str) -> T:
    if name in here:
        return here[name]()
    choices = ", ".join(here)
    if name in later:
        raise MissingError(
            "post.engine_missing", f"{job}: the engine {name} is not in this version of vidgen", hint=f"engines here: {choices}"
        )
    near = difflib.get_close_matches(name, [*here, *later], 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise InputError("post.engine_unknown", f"{job}: there is no engine {name!r}{guess}", hint=f"engines here: auto, {choices}")
