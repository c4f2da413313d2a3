"""Colour and grain as ffmpeg filters: the settings are baked into one table, the user's LUT is checked and rewritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidgen.media.cube import Cube, Table, identity, read_cube, write_cube
from vidgen.post.settings import Grade

LUMA = np.array([0.2126, 0.7152, 0.0722])
"""BT.709 weights of red, green and blue."""

_DEEP = "yuv420p10le"
GAMMA = 2.4
"""Of the screen: coded levels to this power are light."""
_STOPS = 0.35
"""At temperature 100 linear red rises, and linear blue falls, by this many stops."""


def grade_filters(grade: Grade, folder: Path, *, deep: bool = False) -> list[str]:
    """Filters for limited-range BT.709 yuv420p in and out, of 10 bits where ``deep``; their tables are written to ``folder``,
    where ffmpeg must run.

    Raises InputError where the LUT file is not a 3D .cube table.
    """
    if grade.idle:
        return []
    tables = []
    if grade.match.seen:
        from vidgen.post.matching import bake_match

        write_cube(folder / "match.cube", Cube(bake_match(grade.match)))
        tables.append("lut3d=file=match.cube:interp=tetrahedral")
    if (grade.contrast, grade.saturation, grade.temperature) != (1, 1, 0):
        write_cube(folder / "grade.cube", Cube(bake(grade)))
        tables.append("lut3d=file=grade.cube:interp=tetrahedral")
    if grade.lut:
        write_cube(folder / "look.cube", read_cube(grade.lut))
        tables.append("lut3d=file=look.cube:interp=tetrahedral")
    flags = "flags=bicubic+accurate_rnd+full_chroma_int"
    into = f"scale=in_range=tv:in_color_matrix=bt709:out_range=pc:{flags}"
    back = f"scale=in_range=pc:out_range=tv:out_color_matrix=bt709:{flags}"
    return [into, "format=gbrp12", *tables, back, f"format={_DEEP if deep else 'yuv420p'}"]


def bake(grade: Grade) -> Table:
    """A grade as a table: temperature in linear light at constant luminance, then contrast about mid grey, then saturation."""
    colours = identity()
    if grade.temperature:
        stops = _STOPS * grade.temperature / 100
        gains = np.array([2.0**stops, 1.0, 2.0**-stops])
        gains /= float(gains @ LUMA)
        colours = (colours**GAMMA * gains) ** (1 / GAMMA)
    colours = (colours - 0.5) * grade.contrast + 0.5
    luma = (colours @ LUMA)[..., None]
    colours = luma + (colours - luma) * grade.saturation
    baked: Table = np.clip(colours, 0.0, 1.0)
    return baked


def grain_filters(amount: float, seed: int, *, deep: bool = False) -> list[str]:
    """Grain on the luma, new on every frame, the same for the same seed; after enlarging, so that grains keep their size.

    For yuv420p, or where ``deep`` for the same with 10 bits.
    """
    strength = round(amount)
    if not strength:
        return []
    # all_seed, though only the luma gets grain: ffmpeg does not heed the seed of a single plane.
    noise = f"noise=all_seed={seed % 2**31}:c0_strength={strength}:c0_flags=t"
    if not deep:
        return [noise]
    # ffmpeg's noise knows 8 bits alone. It is laid on grey and then added, so that the picture keeps its own depth.
    grey = f"[grain]format=yuv420p,lutyuv=y=128:u=128:v=128,{noise},format={_DEEP}[grains]"
    return [f"split[clean][grain];{grey};[clean][grains]blend=c0_mode=grainmerge:c1_mode=normal:c2_mode=normal"]
