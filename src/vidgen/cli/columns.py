"""Columns of text for long lists: a film may have ten thousand shots, and Rich takes a millisecond a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

_GAP = "  "
_NARROWEST = 20
"""Cells that a folded column has at least."""


@dataclass(frozen=True)
class Column:
    """A column: its name, whether it is flush right, and whether its texts may go on in further lines (one column does)."""

    name: str
    right: bool = False
    folds: bool = False


def column_lines(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int, rule: str = "─") -> Iterator[str]:
    """The lines of a table: names, a rule, the rows. ``width`` in cells of the terminal, of which a kanji takes two."""
    names = [column.name for column in columns]
    cells = [[_plain(text) for text in row] for row in rows]
    widths = [max(_cells(row[index]) for row in [names, *cells]) for index in range(len(names))]
    gaps = len(_GAP) * (len(columns) - 1)
    folded = [column.folds for column in columns].index(True)
    widths[folded] = min(widths[folded], max(_NARROWEST, width - gaps - sum(widths) + widths[folded]))
    yield _line(names, columns, widths)
    yield rule * min(width, sum(widths) + gaps)
    for row in cells:
        first, *more = _folded(row[folded], widths[folded])
        yield _line([first if index == folded else text for index, text in enumerate(row)], columns, widths)
        for text in more:
            yield _line([text if index == folded else "" for index in range(len(row))], columns, widths)


def _line(texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    padded = []
    for text, column, width in zip(texts, columns, widths, strict=True):
        letters = width - (0 if text.isascii() else cell_len(text) - len(text))
        padded.append(text.rjust(letters) if column.right else text.ljust(letters))
    return _GAP.join(padded).rstrip()


def _folded(text: str, width: int) -> list[str]:
    """The lines of a text, broken at blanks where it has any."""
    if _cells(text) <= width:
        return [text]
    lines: list[str] = []
    line, used = [""], width + 1
    for word in text.split():
        size = _cells(word)
        if used + 1 + size <= width:
            line.append(word)
            used += 1 + size
            continue
        lines.append(" ".join(line))
        *whole, last = chop_cells(word, width) if size > width else [word]
        lines += whole
        line, used = [last], _cells(last) if whole else size
    return [*lines[1:], " ".join(line)]


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _plain(text: str) -> str:
    """The text in one line, without what a terminal would obey."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)
