"""Titles as an ASS script, drawn by libass. User text is drawn literally, never interpreted.

The script has 100 ms a frame (see ``encode_segment``), so the first and last frame of a title are exact at any rate. Positions
and line breaks are computed here, so a title looks the same in all pieces of the film.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vidgen.cut.lettering import WORD_JOINER, typeface, wrap
from vidgen.cut.timeline import Cue, FontKind
from vidgen.errors import Notice
from vidgen.media.tables import read_table

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NEWLINES = ("\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85")

LABEL = "label"
"""Role of the label that a film was generated."""

HEADER = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 2
ScaledBorderAndShadow: yes
YCbCr Matrix: None

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
"""
EVENTS = "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"


@dataclass(frozen=True)
class Look:
    """The final look of a cue: that of its role, overridden by the user's style."""

    font: FontKind
    size: float
    colour: str
    position: str
    fade: float
    outline: float
    shadow: float
    box: bool
    line_width: float


@dataclass(frozen=True)
class Block:
    """The layout of a cue: lines of text, sizes and position in pixels. ``x``, ``y``: the point of ``anchor`` (1-9, as in
    ASS).
    """

    cue: Cue
    look: Look
    lines: tuple[str, ...]
    anchor: int
    font_size: float
    em: float
    x: float
    y: float
    width: float
    height: float


@functools.cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = read_table("vidgen.cut", "titles.yaml")
    return tables


def look_of(cue: Cue) -> Look:
    """The look of a cue. An unknown role is drawn as a caption; an unknown position is replaced by the role's."""
    tables = _tables()
    base: dict[str, Any] = dict(tables["roles"].get(cue.role) or tables["roles"]["caption"])
    role_position, role_font = base["position"], base["font"]
    for name in ("font", "size", "colour", "outline", "box", "position", "fade"):
        value = getattr(cue.style, name)
        if value is not None:
            base[name] = value
    if cue.position:
        base["position"] = cue.position
    if base["position"] not in tables["positions"]:
        base["position"] = role_position
    base["font"] = tables["fonts"].get(str(base["font"]).lower(), role_font)
    return Look(**base)


def plain(text: str) -> str:
    """The text without control characters and direction overrides, with all newlines as ``\\n``."""
    for newline in NEWLINES:
        text = text.replace(newline, "\n")
    kept = (char for char in text.replace("\t", " ") if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(char for char in kept if char not in BIDI_CONTROLS))


def literal(line: str) -> str:
    """A line of user text escaped for libass, so that braces and backslashes are drawn literally."""
    return line.replace("\\", "\\" + WORD_JOINER).replace("{", "\\{").replace("}", "\\}")


def title_notices(cues: tuple[Cue, ...], shot: str) -> list[Notice]:
    """A notice for each title with an unknown font, or with letters that its font lacks."""
    from vidgen.weights.fonts import missing_glyphs

    found, fonts = [], _tables()["fonts"]
    for cue in cues:
        if cue.style.font and str(cue.style.font).lower() not in fonts:
            message = f"the font {cue.style.font!r} is not available; titles can use {', '.join(fonts)}"
            found.append(Notice("text.font_replaced", message, shot))
        if lacking := missing_glyphs(plain(cue.text), look_of(cue).font):
            message = f"the font of the title {cue.text[:40]!r} lacks {lacking!r}; those letters may be drawn as boxes"
            found.append(Notice("text.missing_glyphs", message, shot))
    return found


def lay_out(cues: tuple[Cue, ...], width: int, height: int) -> list[Block]:
    """Lay out cues. Those at the same position and time are stacked, with the earlier one nearer to the edge. The label that a
    film was generated comes before all, and nothing covers it.
    """
    blocks: list[Block] = []
    for cue in sorted(cues, key=lambda cue: (cue.role != LABEL, cue.start, cue.end)):
        text = plain(cue.text).strip()
        if not text:
            continue
        block = _block(cue, text, width, height)
        shift = sum(
            other.height + other.em * 0.2
            for other in blocks
            if _meets(other, block) and other.cue.start < cue.end and cue.start < other.cue.end
        )
        direction = 1 if block.anchor >= 4 else -1
        blocks.append(Block(**{**block.__dict__, "y": block.y + direction * shift}))
    return blocks


def _meets(other: Block, block: Block) -> bool:
    """Whether two blocks want the same place: the same position, or the label's."""
    if other.anchor == block.anchor:
        return True
    (left, _, right, _), (other_left, _, other_right, _) = _box(block), _box(other)
    same_row = (other.anchor - 1) // 3 == (block.anchor - 1) // 3
    return other.cue.role == LABEL and same_row and left < other_right and other_left < right


def _block(cue: Cue, text: str, width: int, height: int) -> Block:
    look, tables = look_of(cue), _tables()
    face = typeface(look.font)
    em = look.size / 100 * min(width, height)
    while True:
        lines = wrap(text, look.line_width * width / em, face.width)
        tall = len(lines) * em * face.line
        if tall <= 0.8 * height or em < 6:
            break
        em *= 0.92
    anchor = int(tables["positions"][look.position])
    column, row = (anchor - 1) % 3, (anchor - 1) // 3
    pad_x, pad_y = (em * 0.6, em * 0.2) if look.box else (0.0, 0.0)
    margin = tables["safe_margin"]
    left, top = margin * width + pad_x, margin * height + pad_y
    x = (left, width / 2, width - left)[column]
    y = (height - top, height / 2, top)[row]
    wide = max(face.width(line) for line in lines) * em
    return Block(cue, look, tuple(lines), anchor, em * face.line, em, x, y, wide, tall + 2 * pad_y)


def any_colour(cues: tuple[Cue, ...]) -> bool:
    """Whether a title has a colour other than black, grey or white."""
    colours = (look_of(cue).colour for cue in cues)
    return any(len({colour[1:3].lower(), colour[3:5].lower(), colour[5:7].lower()}) > 1 for colour in colours)


def ass_text(cues: tuple[Cue, ...], width: int, height: int, rate: Fraction) -> str:
    """The ASS script for the cues of one shot. ``width``, ``height``: of the picture in pixels; ``rate``: frames per second."""
    styles, events = [], []
    for number, block in enumerate(lay_out(cues, width, height)):
        styles += _styles(number, block, height)
        events += _events(number, block, rate)
    return HEADER.format(width=width, height=height) + "".join(styles) + EVENTS + "".join(events)


def _styles(number: int, block: Block, height: int) -> list[str]:
    """The styles of the text and of its soft shadow."""
    from vidgen.weights.fonts import family

    look, scale = block.look, height / 1080
    colour = _ass_colour(look.colour)
    head = f"{family(look.font)},{block.font_size:.2f}"
    flags = "0,0,0,0,100,100,0,0,1"
    edge = look.outline * scale
    glow = edge + block.em * 0.05
    shade = f"&H{round(255 * (1 - look.shadow)):02X}000000"
    return [
        f"Style: letters{number},{head},{colour},{colour},&H20000000,&HFF000000,{flags},{edge:.2f},0,{block.anchor},0,0,0,1\n",
        f"Style: shade{number},{head},{shade},{shade},{shade},&HFF000000,{flags},{glow:.2f},0,{block.anchor},0,0,0,1\n",
    ]


def _events(number: int, block: Block, rate: Fraction) -> list[str]:
    look, cue = block.look, block.cue
    length = cue.end - cue.start
    fade = min(round(look.fade * rate), length // 3) * 100
    timing = f"{_clock(cue.start)},{_clock(cue.end)}"
    fading = f"\\fad({fade},{fade})" if fade else ""
    text = "\\N".join(literal(line) for line in block.lines)
    events = []
    if look.box:
        left, top, right, bottom = _box(block)
        shape = f"m 0 0 l {right - left:.0f} 0 l {right - left:.0f} {bottom - top:.0f} l 0 {bottom - top:.0f}"
        paint = "\\bord0\\shad0\\1c&H141414&\\1a&H50&"
        events.append((0, f"{{\\an7\\pos({left:.2f},{top:.2f}){fading}{paint}\\p1}}{shape}"))
    if look.shadow:
        drop = block.em * 0.03
        position = f"\\pos({block.x + drop:.2f},{block.y + drop:.2f})"
        events.append((1, f"{{{position}{fading}\\blur{block.em * 0.06:.2f}}}{text}"))
    events.append((2, f"{{\\pos({block.x:.2f},{block.y:.2f}){fading}}}{text}"))
    names = {0: f"letters{number}", 1: f"shade{number}", 2: f"letters{number}"}
    return [f"Dialogue: {10 * number + layer},{timing},{names[layer]},,0,0,0,,{body}\n" for layer, body in events]


def _box(block: Block) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the box behind a block, in pixels."""
    column, row = (block.anchor - 1) % 3, (block.anchor - 1) // 3
    pad_x, pad_y = block.em * 0.6, block.em * 0.2
    tall = len(block.lines) * block.font_size
    left = block.x - (0, block.width / 2, block.width)[column]
    top = block.y - (tall, tall / 2, 0)[row]
    return left - pad_x, top - pad_y, left + block.width + pad_x, top + tall + pad_y


def _ass_colour(colour: str) -> str:
    """``#rrggbb`` as ASS writes it."""
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"&H00{blue}{green}{red}".upper()


def _clock(frame: int) -> str:
    """The ASS time half a frame before ``frame`` starts, at ten frames a second."""
    hundredths = max(0, 10 * frame - 5)
    seconds, hundredths = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}.{hundredths:02d}"
