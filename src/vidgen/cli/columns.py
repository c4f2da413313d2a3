"""Fast text tables that fit the terminal. A film may have ten thousand shots, and Rich needs a millisecond per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, chop_cells

_INDENT = "  "


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        right: whether it is right-aligned.
        folds: minimum width in cells if its texts may wrap; 0: they may not.
        spare: whether it is left out if the table is too wide.
        styles: text -> Rich style, on a terminal with colours.
    """

    name: str
    right: bool = False
    folds: int = 0
    spare: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)


Paint = Callable[[str, str], str]
"""Renders a text in a style for the terminal."""


def column_lines(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str] | str],
    width: int,
    rule: str = "─",
    *,
    heads: int = 1,
    paint: Paint = lambda text, style: text,
) -> Iterator[str]:
    """The lines of a table: column names, a rule, the rows. A row that is a single text is a heading.

    ``width``: in terminal cells; a kanji takes two. If the columns do not fit, each row becomes a paragraph that starts with
    its first ``heads`` texts.
    """
    cells = [_plain(row) if isinstance(row, str) else [_plain(text) for text in row] for row in rows]
    layout = _layout(columns, [row for row in cells if not isinstance(row, str)], width)
    if layout is None:
        yield from _paragraphs(columns, cells, width, heads, paint)
        return
    kept, widths, gap = layout
    shown = [columns[index] for index in kept]
    folding = [at for at, column in enumerate(shown) if column.folds]
    yield paint(_line([column.name for column in shown], shown, widths, gap), "bold")
    yield rule * (sum(widths) + len(gap) * (len(widths) - 1))
    for row in cells:
        if isinstance(row, str):
            yield paint(row, "bold")
            continue
        if all(_cells(row[kept[at]]) <= widths[at] for at in folding):
            yield _line([row[at] for at in kept], shown, widths, gap, paint)
            continue
        folded = [
            folds(row[index], size) if columns[index].folds else [row[index]] for index, size in zip(kept, widths, strict=True)
        ]
        for number in range(max(map(len, folded))):
            texts = [lines[number] if number < len(lines) else "" for lines in folded]
            yield _line(texts, shown, widths, gap, paint)


def folds(text: str, width: int) -> list[str]:
    """The lines of a text, wrapped at spaces if it has any."""
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


def _layout(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> tuple[list[int], list[int], str] | None:
    """The columns to show, their widths, and the gap between them; None if no table fits."""
    natural = [max([_cells(column.name), *(_cells(row[at]) for row in rows)]) for at, column in enumerate(columns)]
    kept = list(range(len(columns)))
    spare = [at for at in kept if columns[at].spare]
    while True:
        for gap in ("  ", " ") if not spare else ("  ",):
            available = width - len(gap) * (len(kept) - 1)
            if widths := _widths([columns[at] for at in kept], [natural[at] for at in kept], available):
                return kept, widths, gap
        if not spare:
            return None
        kept.remove(spare.pop())


def _widths(columns: Sequence[Column], natural: Sequence[int], available: int) -> list[int] | None:
    """Column widths: wrapping columns share the remaining space, and none gets more than it needs. None if it does not fit."""
    fixed = sum(size for column, size in zip(columns, natural, strict=True) if not column.folds)
    least = [
        min(size, max(column.folds, _cells(column.name))) if column.folds else size
        for column, size in zip(columns, natural, strict=True)
    ]
    if sum(least) > available:
        return None
    widths, left = list(natural), available - fixed
    waiting = sorted((at for at, column in enumerate(columns) if column.folds), key=lambda at: (natural[at] - least[at], at))
    left -= sum(least[at] for at in waiting)
    while waiting:
        at = waiting.pop(0)
        more = min(natural[at] - least[at], left // (len(waiting) + 1))
        widths[at] = least[at] + more
        left -= more
    return widths


def _paragraphs(
    columns: Sequence[Column], rows: Iterable[Sequence[str] | str], width: int, heads: int, paint: Paint
) -> Iterator[str]:
    """Each row as a paragraph: its first texts, then the short columns in one line, then the long ones, all with names."""
    for row in rows:
        if isinstance(row, str):
            yield from (paint(line, "bold") for line in folds(row, width))
            continue
        named = [(column, text) for column, text in zip(columns[heads:], row[heads:], strict=True) if text]
        head = _INDENT.join(filter(None, row[:heads]))
        style = next((style for column, text in zip(columns, row, strict=True) if (style := column.styles.get(text))), "bold")
        yield from (paint(line, style) for line in folds(head, width))
        inside = max(1, width - 2 * len(_INDENT))
        yield from (
            _INDENT + line for line in _packed([f"{column.name} {text}" for column, text in named if not column.folds], inside)
        )
        for column, text in named:
            if column.folds:
                first, *more = folds(f"{column.name}: {text}", inside)
                yield _INDENT + first
                yield from (2 * _INDENT + line for line in more)


def _packed(phrases: Sequence[str], width: int) -> Iterator[str]:
    """Phrases joined by commas to lines; a phrase is only broken if it is longer than a line."""
    line = ""
    for number, phrase in enumerate(phrases):
        phrase += "," if number + 1 < len(phrases) else ""
        if line and _cells(line) + 1 + _cells(phrase) > width:
            yield from folds(line, width)
            line = ""
        line = f"{line} {phrase}" if line else phrase
    if line:
        yield from folds(line, width)


def _line(
    texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int], gap: str, paint: Paint = lambda text, style: text
) -> str:
    padded = []
    for text, column, width in zip(texts, columns, widths, strict=True):
        letters = width - (0 if text.isascii() else cell_len(text) - len(text))
        whole = text.rjust(letters) if column.right else text.ljust(letters)
        padded.append(paint(whole, style) if (style := column.styles.get(text)) else whole)
    return gap.join(padded).rstrip()


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _plain(text: str) -> str:
    """The text in one line, without control characters."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)
