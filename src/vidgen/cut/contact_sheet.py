"""A contact sheet: one labelled picture of each shot of a film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.cut.page_text import PageText, with_text
from vidgen.cut.timeline import Timeline, settle
from vidgen.errors import InputError

if TYPE_CHECKING:
    from vidgen.media.frames import Frame

PAPER, INK, FAINT = (17, 19, 23), (240, 240, 238), (140, 146, 156)


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
    language: str = "",
) -> None:
    """Write the sheet as PNG.

    Args:
        film: the video.
        labels: the frames to show, in order.
        compared: further pictures, below the others and under ``heading``, in pairs of before and after.
        columns: pictures per row.
        tile_width: width of a picture in pixels; its height follows the film's aspect.
        title: drawn above the pictures, if given.
        language: of the words, as a code.

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
    y, words = gap, list[PageText]()
    for text, above, rows in sections:
        words.append(PageText(text, gap, y + above * 0.525, above * 0.45, INK, "serif"))
        y += above
        for row in rows:
            for x, label in enumerate(row):
                left = gap + x * (wide + gap)
                page[y : y + high, left : left + wide] = _filling(tiles[label.file or film, label.frame], wide, high)
                below, em = y + high + gap * 1.15, gap * 0.8
                words.append(PageText(label.text, left, below, em, INK))
                words.append(PageText(label.note, left + wide, below, em, FAINT, to_left=True))
            y += step
    write_image(out_png, with_text(page, words, language))


def _rows(labels: Sequence[Label], columns: int) -> list[Sequence[Label]]:
    return [labels[first : first + columns] for first in range(0, len(labels), columns)]


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
