"""A contact sheet: one labelled picture of each shot of a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.cut.timeline import FontKind, Timeline, settle
from vidgen.errors import InputError
from vidgen.media.files import file_url

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
    """One picture of the sheet: its frame in the film, the text below it, and a fainter note at the right."""

    frame: int
    text: str
    note: str = ""


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
    film: Path, out_png: Path, *, labels: Sequence[Label], columns: int = 4, tile_width: int = 400, title: str = ""
) -> None:
    """Write the sheet as PNG.

    Args:
        film: the video.
        labels: the frames to show, in order.
        columns: pictures per row.
        tile_width: width of a picture in pixels; its height follows the film's aspect.
        title: drawn above the pictures, if given.

    Raises InputError if the film cannot be read or is too short for a label.
    """
    import numpy as np

    from vidgen.media.stills import write_image

    if not labels:
        raise InputError("cut.empty", "a contact sheet needs at least one shot")
    tiles = _tiles(film, labels, tile_width)
    high, wide = next(iter(tiles.values())).shape[:2]
    gap = max(6, tile_width // 20)
    strip, head = gap * 2, gap * 4 if title else 0
    columns = min(columns, len(labels))
    rows = -(-len(labels) // columns)
    page = np.full((gap + head + rows * (high + strip + gap), gap + columns * (wide + gap), 3), PAPER, np.uint8)
    if title:
        _write(page, title, gap, gap + gap * 2.1, gap * 1.8, INK, "serif")
    for index, label in enumerate(labels):
        x, y = gap + index % columns * (wide + gap), gap + head + index // columns * (high + strip + gap)
        page[y : y + high, x : x + wide] = tiles[label.frame]
        baseline, em = y + high + gap * 1.15, gap * 0.8
        _write(page, label.text, x, baseline, em, INK, "sans")
        _write(page, label.note, x + wide - _width(label.note, em, "sans"), baseline, em, FAINT, "sans")
    write_image(out_png, page)


def _tiles(film: Path, labels: Sequence[Label], width: int) -> dict[int, Frame]:
    """The frames of the labels, downscaled. The film is read once, and only these frames are converted."""
    import av
    import cv2
    import numpy as np

    from vidgen.media.frames import to_rgb

    needed = {label.frame for label in labels}
    found: dict[int, Frame] = {}
    try:
        with av.open(file_url(film), metadata_errors="replace") as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number in needed:
                    height = max(2, round(frame.height * width / frame.width))
                    small = cv2.resize(to_rgb(frame), (width, height), interpolation=cv2.INTER_AREA)
                    found[number] = small.astype(np.uint8, copy=False)
                if len(found) == len(needed):
                    break
    except (av.FFmpegError, IndexError) as error:
        raise InputError("media.unreadable", f"{film} cannot be read: {error}", where=str(film)) from error
    if missing := needed - found.keys():
        raise InputError("media.unreadable", f"{film.name} has no frame {min(missing)}", where=str(film))
    return found


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
