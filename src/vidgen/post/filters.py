"""The engines that are steps of the ffmpeg graph: they need no package, no weights and no GPU."""

from __future__ import annotations

from fractions import Fraction

from vidgen.media.rate import rate_text
from vidgen.post.stages import FilterInterpolator, FilterUpscaler

SMALLEST_MINTERPOLATE = 32
"""Pixels a side under which ffmpeg's motion search has no blocks."""


class Minterpolate(FilterInterpolator):
    """ffmpeg's motion-compensated interpolation; its own scene detection is off, as it errs."""

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


class Blend(FilterInterpolator):
    """Mixes the two frames around each time: soft, and without the tears that a wrong motion makes."""

    name = "blend"

    def filter(self, rate: Fraction) -> str:
        """See ``FilterInterpolator``."""
        return f"minterpolate=fps={rate_text(rate)}:mi_mode=blend:scd=none"


class Lanczos(FilterUpscaler):
    """Lanczos resampling: sharp edges, no invented detail."""

    name = "lanczos"

    def filter(self, width: int, height: int) -> str:
        """See ``FilterUpscaler``."""
        return f"scale={width}:{height}:flags=lanczos+accurate_rnd+full_chroma_int"
