"""The shot list as CSV."""

from __future__ import annotations

import csv
import io

from vidgen.interchange.cut import Cut
from vidgen.interchange.texts import readable
from vidgen.interchange.time_code import time_code

COLUMNS = (
    *("shot", "scene", "size", "camera", "duration", "frames", "in", "out"),
    *("prompt", "take", "engine", "model", "cost", "licence"),
)
"""``duration`` in seconds, ``in`` and ``out`` as time codes of the film, ``cost`` in US dollars; empty: not known."""

FORMULA = "=+-@＝＋－＠"


def shot_list(cut: Cut) -> str:
    """The shot list, one row a shot, in film order.

    It begins with a byte order mark: without one, Excel reads UTF-8 as the code page of the machine and garbles every Japanese
    prompt; other readers skip it. Lines end as RFC 4180 wants.
    """
    file = io.StringIO()
    file.write("\ufeff")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    start = 0
    for shot in cut.shots:
        start -= shot.overlap
        end = start + shot.frames
        row = {
            **shot.row,
            "shot": shot.id,
            "duration": f"{float(shot.frames / cut.rate):.3f}".rstrip("0").rstrip("."),
            "frames": str(shot.frames),
            "in": time_code(start, cut.rate),
            "out": time_code(end, cut.rate),
        }
        writer.writerow([_cell(row.get(column, "")) for column in COLUMNS])
        start = end
    return file.getvalue()


def _cell(text: str) -> str:
    """A text that a spreadsheet does not take for a formula: such a one gets an apostrophe before it."""
    text = readable(text)
    return f"'{text}" if text.lstrip()[:1] in [*FORMULA] or text[:1] in ("\t", "\n", "\r") else text
