"""Whether text in a clip holds still: letters that a model draws anew in each picture are no writing.

Text boxes are found and read by PP-OCRv4 (package ``rapidocr-onnxruntime``, Apache-2.0), weights included. It does not know
every script, so what it reads is never judged. A line counts as garbled where, from picture to picture, its reading changes
in most letters and its shape is found nowhere near, though a box stays where it was. Of a script that cannot be read, the
shape decides alone: steady text keeps it (measured: correlation 0.8 or more at crf 28; other letters below 0.5). Text that
pans, scrolls or fades is found again a little further or fainter. Letters that melt slowly over a second or more are not
found; a sign that shows other words many times a second is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidgen.media.frames import Frame
from vidgen.scoring.rules import RULES
from vidgen.spelling import shared

SHORT_SIDE = 480
"""Pixels that text is looked for at; smaller pictures are enlarged."""
LEAST_LETTERS = 4
BOX_SCORE = 0.7
"""How sure the detector has to be of a box (0 to 1)."""

Gray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Line:
    """A line of text: its upright box in pixels and what was read."""

    left: int
    top: int
    right: int
    bottom: int
    reading: str

    def overlap(self, other: Line) -> float:
        """Common area of two boxes over that of both, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        common = max(0, width) * max(0, height)
        return common / (self._area + other._area - common)

    @property
    def _area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)


def redrawn(pictures: Sequence[Frame]) -> int:
    """How many pairs of neighbouring pictures in a row hold a line that stays in place while its letters change; the most of
    any line. ``pictures``: a few that follow each other closely.
    """
    grays, lines = [], []
    for picture in pictures:
        scaled = _scaled(picture)
        grays.append(np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.uint8))
        lines.append(_lines(scaled))
        if not lines[-1]:  # a line has to be in all of them
            return 0
    runs = dict.fromkeys(lines[0], 0)
    most = 0
    for index in range(1, len(pictures)):
        longer: dict[Line, int] = dict.fromkeys(lines[index], 0)
        for line, run in runs.items():
            heir = max(lines[index], key=line.overlap)
            if line.overlap(heir) >= RULES.vetoes["text_overlap"] and _is_redrawn(line, heir, *grays[index - 1 : index + 1]):
                longer[heir] = max(longer[heir], run + 1)
                most = max(most, longer[heir])
        runs = longer
    return most


def _is_redrawn(line: Line, heir: Line, before: Gray, after: Gray) -> bool:
    same = shared(line.reading, heir.reading)
    read = min(len(line.reading), len(heir.reading)) >= LEAST_LETTERS
    changed = same < RULES.vetoes["text_same"] or not read  # in a script that is not known, the shape decides alone
    # Both ways: of lines that scroll into each other's places one may leave the picture, but where the other was is seen.
    return changed and max(likeness(line, before, after), likeness(heir, after, before)) < RULES.vetoes["text_likeness"]


def likeness(line: Line, before: Gray, after: Gray) -> float:
    """How well the shape of a line is found again, two heights around its place: correlation, up to 1."""
    shape = before[line.top : line.bottom, line.left : line.right]
    reach = 2 * (line.bottom - line.top)
    around = after[max(0, line.top - reach) : line.bottom + reach, max(0, line.left - reach) : line.right + reach]
    return float(cv2.matchTemplate(around, shape, cv2.TM_CCOEFF_NORMED).max())


def _scaled(picture: Frame) -> Frame:
    height, width = picture.shape[:2]
    scale = SHORT_SIDE / min(height, width)
    size = (max(32, round(width * scale)), max(32, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def _lines(picture: Frame) -> list[Line]:
    """The lines of a picture that have enough letters."""
    bgr = np.ascontiguousarray(picture[..., ::-1])
    with _READING:
        ocr = _ocr()
        boxes, _ = ocr.auto_text_det(bgr)
        if boxes is None:
            return []
        readings, _ = ocr.text_rec(ocr.get_crop_img_list(bgr, boxes))
    found = []
    for box, (reading, _) in zip(boxes, readings, strict=True):
        (left, top), (right, bottom) = np.floor(box.min(axis=0)).astype(int), np.ceil(box.max(axis=0)).astype(int)
        if len(reading) >= LEAST_LETTERS or right - left >= LEAST_LETTERS * (bottom - top):  # a letter is no wider than high
            found.append(Line(int(left), int(top), int(right), int(bottom), reading))
    return found


_READING = Lock()
"""The reader keeps the size of the picture that it is at."""


@cache
def _ocr() -> Any:
    """The models, loaded once. One thread each: sums in another order round otherwise."""
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR(
        det_box_thresh=BOX_SCORE, det_limit_side_len=SHORT_SIDE, intra_op_num_threads=1, inter_op_num_threads=1, use_cls=False
    )
