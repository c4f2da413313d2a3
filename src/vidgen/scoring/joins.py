"""How well one shot follows another: colours, exposure and light at the end of one clip and the start of the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidgen.media.files import write_text
from vidgen.media.frames import Frame, last_frame

SIDE = 160
"""About so many pixels a side are looked at."""
QUANTILES = 33
STEP = 0.02
"""Distances are told apart in steps of this size; encoding a clip again moves them by less than half of it."""
VERSION = 1


@dataclass(frozen=True)
class Look:
    """How a picture looks as a whole.

    Args:
        levels: of luma, blue and red difference (0 to 255) the values below which 0/32, 1/32, ... 32/32 of its pixels lie.
        light: how much brighter the right half is than the left, and the lower than the upper, in shares of full scale.
    """

    levels: tuple[tuple[int, ...], ...]
    light: tuple[float, float]


@dataclass(frozen=True)
class Ends:
    """The first and the last picture of what is in the film of a clip."""

    first: Look
    last: Look


def look_of(frame: Frame) -> Look:
    """The look of an RGB picture [height, width, 3] uint8. Whole numbers alone, so that every processor finds the same."""
    height, width = frame.shape[:2]
    small = frame[:: max(1, height // SIDE), :: max(1, width // SIDE)].astype(np.int64)
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    luma = (54 * red + 183 * green + 19 * blue) >> 8  # BT.709
    channels = (luma, 128 + ((blue - luma) >> 1), 128 + ((red - luma) >> 1))
    places = np.linspace(0, luma.size - 1, QUANTILES).astype(np.int64)
    levels = tuple(tuple(int(level) for level in np.sort(channel, axis=None)[places]) for channel in channels)
    rows, columns = luma.shape
    across = _mean(luma[:, -(columns // 2 or 1) :]) - _mean(luma[:, : columns // 2 or 1])
    down = _mean(luma[-(rows // 2 or 1) :]) - _mean(luma[: rows // 2 or 1])
    return Look(levels, (round(across / 255, 6), round(down / 255, 6)))


def _mean(luma: Any) -> float:
    return int(luma.sum()) / int(luma.size)


def distance(before: Look, after: Look) -> float:
    """How far two looks are apart: 0 is the same; a cut between two views of one place has about 0.1, between places 0.3.

    The mean difference of levels (the earth mover's distance of the histograms), twice that of the colours, and half the
    difference of the light. Where things are in the picture does not count: a cut may change the view.
    """
    luma, *colours = (
        sum(abs(one - other) for one, other in zip(*pair, strict=True)) / (QUANTILES * 255)
        for pair in zip(before.levels, after.levels, strict=True)
    )
    light = sum(abs(one - other) for one, other in zip(before.light, after.light, strict=True))
    return luma + 2 * sum(colours) + light / 2


def steps(before: Look, after: Look) -> int:
    """The same in whole steps, so that differences which mean nothing decide nothing."""
    return round(distance(before, after) / STEP)


def ends_of(file: Path, sha256: str, start: int, frames: int, cache: Path | None = None) -> Ends:
    """The ends of a clip's frames ``start`` to ``start + frames``. Kept in ``cache`` by the clip's content.

    Raises InputError where it cannot be decoded.
    """
    kept = cache / f"{sha256}.{start}+{frames}.ends{VERSION}.json" if cache and sha256 else None
    if kept and (known := _read(kept)):
        return known
    ends = Ends(look_of(last_frame(file, start + 1)), look_of(last_frame(file, start + frames)))
    if kept:
        write_text(kept, json.dumps(asdict(ends)) + "\n")
    return ends


def _read(file: Path) -> Ends | None:
    """Ends that were kept; None where there are none, or damaged ones."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        looks = [
            Look(
                tuple(tuple(int(level) for level in row) for row in data[end]["levels"]),
                (float(data[end]["light"][0]), float(data[end]["light"][1])),
            )
            for end in ("first", "last")
        ]
        return Ends(*looks) if all([len(row) for row in look.levels] == [QUANTILES] * 3 for look in looks) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def smoothest(choices: Sequence[Sequence[Ends]]) -> list[int]:
    """Of each shot in a row the clip with which the whole row holds together best; of equals the one that stands first.

    ``choices``: for each shot the ends of the clips that may be used, best first; at least one each.
    """
    paths: list[tuple[int, int, tuple[int, ...]]] = [(0, index, (index,)) for index in range(len(choices[0]))]
    for before, after in zip(choices, choices[1:], strict=False):
        paths = [
            min((cost + steps(before[path[-1]].last, ends.first), rank + index, (*path, index)) for cost, rank, path in paths)
            for index, ends in enumerate(after)
        ]
    return list(min(paths)[2])
