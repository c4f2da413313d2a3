"""Curves over time and a few small pictures of a clip, for people to look at. One pass over its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.frames import Frame, read_frames
from vidgen.media.probe import probe

WIDTH = 384
PICTURE_WIDTH = 320
MOST_PICTURES = 8
QUALITY = 80


@dataclass(frozen=True)
class Picture:
    """A frame as JPEG, where it is in the clip in seconds, and why it is shown."""

    at_s: float
    why: str
    jpeg: bytes


@dataclass(frozen=True)
class Curve:
    """A value for each frame. ``unit``: of the values."""

    name: str
    unit: str
    what: str
    values: tuple[float, ...]


@dataclass
class Strip:
    """What is shown of a clip: ``fps`` frames a second, curves and pictures, in the order of time."""

    fps: float
    frames: int = 0
    curves: list[Curve] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps


def strip_of(file: Path, faults: Sequence[tuple[float, str]] = ()) -> Strip:
    """Read a clip. ``faults``: places in seconds, and what is wrong there, that are shown beside beginning, middle and end.

    Raises InputError where it cannot be decoded.
    """
    info = probe(file)
    strip = Strip(float(info.rate))
    wanted: dict[int, list[str]] = {}
    places = [(0.0, "beginning"), (info.frames / 2 / strip.fps, "middle"), ((info.frames - 1) / strip.fps, "end"), *faults]
    for at_s, why in places[:MOST_PICTURES]:
        wanted.setdefault(max(0, min(info.frames - 1, round(at_s * strip.fps))), []).append(why)
    rows: list[tuple[float, float, float]] = []
    before: npt.NDArray[np.uint8] | None = None
    for index, frame in enumerate(read_frames(file)):
        gray = np.asarray(cv2.cvtColor(_scaled(frame, WIDTH), cv2.COLOR_RGB2GRAY), np.uint8)
        change = 0.0 if before is None else float(cv2.absdiff(before, gray).mean())
        rows.append((float(gray.mean()), change, float(cv2.Laplacian(gray, cv2.CV_32F).std())))
        if index in wanted:
            strip.pictures.append(Picture(index / strip.fps, ", ".join(wanted[index]), _jpeg(frame)))
        before = gray
    if len(rows) > 1:  # nothing comes before the first frame: it is no standstill
        rows[0] = (rows[0][0], rows[1][1], rows[0][2])
    strip.frames = len(rows)
    heads = (
        ("brightness", "0 to 255", "a jagged line is flicker, a step is a cut or a fade"),
        ("change from frame to frame", "levels of 255", "zero is a standstill, a spike is a jump"),
        ("fine detail", "levels of 255", "a fall is a loss of sharpness, a slow rise and fall is pulsing"),
    )
    strip.curves = [Curve(*head, tuple(values)) for head, values in zip(heads, zip(*rows, strict=True), strict=False)]
    return strip


def _scaled(frame: Frame, width: int) -> Any:
    height = max(1, round(frame.shape[0] * width / frame.shape[1]))
    return frame if frame.shape[1] <= width else cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def _jpeg(frame: Frame) -> bytes:
    picture = cv2.cvtColor(_scaled(frame, PICTURE_WIDTH), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
