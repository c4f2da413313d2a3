"""Where titles are and how their lines break, in pixels. The same in all pieces of a film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vidgen.cut.lettering import Lettering, lettering, longest_word, wrap
from vidgen.cut.looks import Look, SafeArea, look_of, plain, right_to_left, safe_area, tables
from vidgen.cut.timeline import LABEL, Cue

SMALLEST_FOR_WORDS, SMALLEST_SIZE = 0.4, 2.8
"""A title is set smaller, down to this share of its size, but in per cent of the picture's shorter side not below this, before
a word of it is broken.
"""
SMALLEST_EM = 6
"""In pixels."""
GAP = 0.2
"""Space between two titles, in ems."""


@dataclass(frozen=True)
class Run:
    """Letters in one font. ``font``: name of its file; ``size``: as ASS counts, the height of a line in pixels."""

    font: str
    family: str
    size: float
    text: str


@dataclass(frozen=True)
class Block:
    """The layout of a title, in pixels.

    Args:
        lines: the runs of each line.
        heights: of the lines.
        anchor: 1-9, as in ASS.
        em: size of the letters.
        x, y: the point of ``anchor``.
        width, height: of the text with its box.
        rtl: whether it runs from right to left.
    """

    look: Look
    lines: tuple[tuple[Run, ...], ...]
    heights: tuple[float, ...]
    anchor: int
    em: float
    x: float
    y: float
    width: float
    height: float
    rtl: bool

    @property
    def column(self) -> int:
        """0 for left, 1 for the centre, 2 for right."""
        return (self.anchor - 1) % 3

    @property
    def row(self) -> int:
        """0 for the bottom, 1 for the middle, 2 for the top."""
        return (self.anchor - 1) // 3

    @property
    def pads(self) -> tuple[float, float]:
        """Space inside the box, at the sides and above and below."""
        return (self.em * 0.6, self.em * 0.2) if self.look.box else (0.0, 0.0)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, with the space of a box if there is one."""
        pad_x, pad_y = self.pads
        wide, tall = self.width - 2 * pad_x, self.height - 2 * pad_y
        left = self.x - (0, wide / 2, wide)[self.column]
        top = self.y - (tall, tall / 2, 0)[self.row]
        return left - pad_x, top - pad_y, left + wide + pad_x, top + tall + pad_y


@dataclass(frozen=True)
class Placed:
    """A title at its place, from frame ``start`` to before ``end``."""

    block: Block
    start: int
    end: int


def lay_out(cues: Iterable[Cue], width: int, height: int) -> list[Placed | None]:
    """Place titles whose times share one clock; None for one without letters. Those that would cover each other are moved
    apart, the earlier one nearer to the edge; the label that a film was generated comes before all.
    """
    cues = list(cues)
    found: list[Placed | None] = [None] * len(cues)
    shown: list[Placed] = []
    for index in sorted(range(len(cues)), key=lambda index: (cues[index].role != LABEL, cues[index].start, cues[index].end)):
        cue = cues[index]
        block = _block(cue, width, height)
        if block is None:
            continue
        shown = [other for other in shown if other.end > cue.start]
        if not block.look.rolls:
            block = _clear_of(block, [other.block for other in shown], safe_area(width, height))
        placed = found[index] = Placed(block, cue.start, cue.end)
        if not block.look.rolls:
            shown.append(placed)
    return found


def _clear_of(block: Block, others: Sequence[Block], area: SafeArea) -> Block:
    """The block moved until it covers none of the others, or where there is no room for that, none of those at its edge."""
    near = _moved(block, [other for other in others if other.row == block.row], area)
    apart = _moved(near, others, area)
    return near if any(_touch(apart, other) for other in others) else apart


def _moved(block: Block, others: Sequence[Block], area: SafeArea) -> Block:
    """The block moved past the others, up at the bottom of the picture, else down, as long as it stays in the picture."""
    for _ in others:
        hit = next((other for other in others if _touch(block, other)), None)
        if hit is None:
            break
        left, top, right, bottom = block.box
        gap = max(block.em, hit.em) * GAP
        shift = hit.box[1] - bottom - gap if block.row == 0 else hit.box[3] - top + gap
        if top + shift < area.top - 1 or bottom + shift > area.bottom + 1:
            break
        block = replace(block, y=block.y + shift)
    return block


def _touch(one: Block, other: Block) -> bool:
    left, top, right, bottom = one.box
    return left < other.box[2] and other.box[0] < right and top < other.box[3] and other.box[1] < bottom


def _block(cue: Cue, width: int, height: int) -> Block | None:
    text = plain(cue.text).strip("\n ")
    if not text.strip():
        return None
    look, area = look_of(cue), safe_area(width, height)
    letters = lettering(look.font, cue.language)
    anchor = int(tables()["positions"][look.position])
    em, lines = _set(text, look, letters, _room(look, anchor, area, width, height), cue.language)
    heights = tuple(letters.line(line) * em for line in lines)
    pad_x, pad_y = (em * 0.6, em * 0.2) if look.box else (0.0, 0.0)
    wide = max(map(letters.width, lines)) * em + 2 * pad_x
    rtl = right_to_left(text)
    column, row = (anchor - 1) % 3, (anchor - 1) // 3
    x = (area.left + pad_x, width / 2, area.right - pad_x)[column]
    if rtl and column == 0:
        column = 2
        asked = cue.position or cue.style.position
        x = area.left + wide - pad_x if asked else area.right - pad_x
    y = (area.bottom - pad_y, height / 2, area.top + pad_y)[row]
    runs = tuple(
        tuple(Run(face.file.name, face.family, em * face.line, run) for face, run in letters.runs(line)) for line in lines
    )
    return Block(look, runs, heights, 3 * row + column + 1, em, x, y, wide, sum(heights) + 2 * pad_y, rtl)


def _room(look: Look, anchor: int, area: SafeArea, width: int, height: int) -> tuple[float, float, float]:
    """The size of the letters that the look asks for, and the width and height that a title may have."""
    column, row = (anchor - 1) % 3, (anchor - 1) // 3
    wide = 2 * min(width / 2 - area.left, area.right - width / 2) if column == 1 else area.right - area.left
    tall = 2 * min(height / 2 - area.top, area.bottom - height / 2) if row == 1 else area.bottom - area.top
    return look.size / 100 * min(width, height), min(look.line_width * width, wide), min(0.8 * height, tall)


def _set(text: str, look: Look, letters: Lettering, room: tuple[float, float, float], language: str) -> tuple[float, list[str]]:
    """The size of the letters, and the lines. A text that does not fit is set smaller."""
    em, widest, tallest = room
    pad_x, pad_y = (0.6, 0.2) if look.box else (0.0, 0.0)
    word = longest_word(text, letters.width) + 2 * pad_x
    smallest = max(em * SMALLEST_FOR_WORDS, min(em, em / look.size * SMALLEST_SIZE))
    em = max(min(em, widest / word), smallest) if word else em
    while True:
        lines = wrap(text, widest / em - 2 * pad_x, letters.width, language)
        if look.rolls or (sum(map(letters.line, lines)) + 2 * pad_y) * em <= tallest or em < SMALLEST_EM:
            return em, lines
        em *= 0.92
