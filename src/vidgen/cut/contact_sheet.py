"""A contact sheet: one labelled picture of each shot of a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.cut.timeline import FontKind, Timeline, settle
from vidgen.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vidgen.media.frames import Frame

    Mask = npt.NDArray[np.float32]

PAPER, INK, FAINT = (17, 19, 23), (240, 240, 238), (140, 146, 156)
SMOOTH = 4
"""Supersampling of text."""


@dataclass(frozen=True)
class Label:
    """One picture of the sheet: its frame in the film, the text below it, and a fainter note at the right. ``file``: the video
    that the frame is of; None: the film.
    """

    frame: int
    text: str
    note: str = ""
    file: Path | None = None


def labels_of(timeline: Timeline) -> list[Label]:
    """A label for each shot: its middle frame between the transitions, its id, and its start time."""
    settled, _ = settle(timeline)
    found = []
    tails = [*settled.overlaps[1:], 0]
    for shot, start, lead, tail in zip(settled.shots, settled.starts, settled.overlaps, tails, strict=True):
        middle = min((lead + shot.frames - tail) // 2, shot.frames - 1)
        seconds = float(start / settled.rate)
        note = f"{int(seconds // 60)}:{seconds % 60:04.1f}"
        found.append(Label(min(start + middle, settled.frames - 1), shot.id, note))
    return found


def contact_sheet(
    film: Path,
    out_png: Path,
    *,
    labels: Sequence[Label],
    compared: Sequence[Label] = (),
    columns: int = 4,
    tile_width: int = 400,
    title: str = "",
    heading: str = "",
) -> None:
    """Write the sheet as PNG.

    Args:
        film: the video.
        labels: the frames to show, in order.
        compared: further pictures, below the others and under ``heading``, in pairs of before and after.
        columns: pictures per row.
        tile_width: width of a picture in pixels; its height follows the film's aspect.
        title: drawn above the pictures, if given.

    Raises InputError if a video cannot be read or is too short for a label.
    """
    import numpy as np

    from vidgen.media.stills import write_image

    if not labels:
        raise InputError("cut.empty", "a contact sheet needs at least one shot")
    tiles = _tiles(film, [*labels, *compared], tile_width)
    high, wide = tiles[film, labels[0].frame].shape[:2]
    gap = max(6, tile_width // 20)
    strip, head = gap * 2, gap * 4 if title else 0
    columns = max(min(columns, len(labels)), 2 if compared else 1)
    sections = [(title, head, _rows(labels, columns))]
    if compared:
        sections.append((heading, gap * 3, _rows(compared, columns // 2 * 2)))
    step = high + strip + gap
    tall = gap + sum(above + len(rows) * step for _, above, rows in sections)
    page = np.full((tall, gap + columns * (wide + gap), 3), PAPER, np.uint8)
    y = gap
    for text, above, rows in sections:
        _write(page, text, gap, y + above * 0.525, above * 0.45, INK, "serif")
        y += above
        for row in rows:
            for x, label in enumerate(row):
                _place(page, gap + x * (wide + gap), y, label, _filling(tiles[label.file or film, label.frame], wide, high))
            y += step
    write_image(out_png, page)


def _rows(labels: Sequence[Label], columns: int) -> list[Sequence[Label]]:
    return [labels[first : first + columns] for first in range(0, len(labels), columns)]


def _place(page: Frame, x: int, y: int, label: Label, tile: Frame) -> None:
    """Put a picture at ``x, y`` of the page, with its words below it."""
    high, wide = tile.shape[:2]
    gap = max(6, wide // 20)
    page[y : y + high, x : x + wide] = tile
    baseline, em = y + high + gap * 1.15, gap * 0.8
    _write(page, label.text, x, baseline, em, INK, "sans")
    _write(page, label.note, x + wide - _width(label.note, em, "sans"), baseline, em, FAINT, "sans")


def _tiles(film: Path, labels: Sequence[Label], width: int) -> dict[tuple[Path, int], Frame]:
    """The frames of the labels, ``width`` wide. Each file is read once, and only these frames are converted."""
    needed: dict[Path, set[int]] = {}
    for label in labels:
        needed.setdefault(label.file or film, set()).add(label.frame)
    found = {(file, number): tile for file, numbers in needed.items() for number, tile in _small(file, numbers, width)}
    for file, numbers in needed.items():
        if missing := [number for number in sorted(numbers) if (file, number) not in found]:
            raise InputError("media.unreadable", f"{file.name} has no frame {missing[0]}", where=str(file))
    return found


def _small(file: Path, numbers: set[int], width: int) -> Iterator[tuple[int, Frame]]:
    import cv2
    import numpy as np

    from vidgen.media.frames import frames_at

    for number, frame in frames_at(file, numbers):
        height = max(2, round(frame.shape[0] * width / frame.shape[1]))
        yield number, np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _filling(tile: Frame, width: int, height: int) -> Frame:
    """The middle of a picture, enlarged to fill another shape."""
    import cv2
    import numpy as np

    high, wide = tile.shape[:2]
    if (wide, high) == (width, height):
        return tile
    scale = max(width / wide, height / high)
    size = max(width, round(wide * scale)), max(height, round(high * scale))
    large = cv2.resize(tile, size, interpolation=cv2.INTER_AREA)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.asarray(large[top : top + height, left : left + width], np.uint8)


def _width(text: str, em: float, kind: FontKind) -> float:
    from vidgen.cut.lettering import lettering

    return lettering(kind).width(text) * em


def _write(page: Frame, text: str, x: float, baseline: float, em: float, colour: tuple[int, int, int], kind: FontKind) -> None:
    """Draw a line of text on the page, from ``x``, on ``baseline``, clipped to the page."""
    import numpy as np

    if not text:
        return
    top, left = int(baseline - em * 1.2), int(x)
    bottom, right = min(page.shape[0], int(baseline + em * 0.5)), min(page.shape[1], int(x + _width(text, em, kind) + em))
    if top < 0 or bottom <= top or right <= left:
        return
    mask = _mask(text, right - left, bottom - top, x - left, baseline - top, em, kind)[:, :, None]
    area = page[top:bottom, left:right]
    area[:] = np.round(area * (1 - mask) + np.array(colour) * mask)


def _mask(text: str, width: int, height: int, x: float, baseline: float, em: float, kind: FontKind) -> Mask:
    """Coverage 0-1, [height, width], of a line of text."""
    import cv2
    import numpy as np

    from vidgen.weights.fonts import letter

    canvas = np.zeros((height * SMOOTH, width * SMOOTH), np.uint8)
    for char in text:
        shape = letter(char, kind)
        contours = [
            np.round((np.array(points) * (em, -em) + (x, baseline)) * SMOOTH).astype(np.int32)
            for points in (shape.contours if shape else ())
        ]
        if contours:
            cv2.fillPoly(canvas, contours, 255)
        x += _width(char, em, kind)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return (small / np.float32(255)).astype(np.float32)
