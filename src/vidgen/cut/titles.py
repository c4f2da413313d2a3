"""Titles as an ASS script, drawn by libass. User text is drawn literally, never interpreted.

The script has 100 ms a frame (see ``encode_segment``), so the first and last frame of a title are exact at any rate. Fonts,
positions and line breaks are in the script (``layout``), so a title looks the same in all pieces of the film.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vidgen.cut.brackets import MARKS, bracket_marks
from vidgen.cut.layout import Block, Run
from vidgen.cut.lettering import WORD_JOINER
from vidgen.cut.looks import look_of, plain, tables
from vidgen.cut.showing import Shown
from vidgen.cut.timeline import Cue
from vidgen.errors import Notice

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


def literal(line: str) -> str:
    """A line of user text escaped for libass, so that braces and backslashes are drawn literally."""
    return line.replace("\\", "\\" + WORD_JOINER).replace("{", "\\{").replace("}", "\\}")


def title_notices(cues: Sequence[Cue], shot: str) -> list[Notice]:
    """A notice for each title with an unknown font, or with letters that no font at hand has."""
    from vidgen.weights.faces import lacking

    found, fonts = [], tables()["fonts"]
    for cue in cues:
        if cue.style.font and str(cue.style.font).lower() not in fonts:
            message = f"the font {cue.style.font!r} is not available; titles can use {', '.join(fonts)}"
            found.append(Notice("text.font_replaced", message, shot))
        for one in lacking(plain(cue.text), look_of(cue).font, cue.language):
            how = f"vidgen models pull {one.row.name} brings a font that has them" if one.row else "no font of vidgen has them"
            message = f"no font here has {one.letters!r} of the title {cue.text[:40]!r}; they are drawn as boxes: {how}"
            found.append(Notice("text.missing_glyphs", message, shot))
    return found


def any_colour(shown: Sequence[Shown]) -> bool:
    """Whether a title has a colour other than black, grey or white."""
    colours = (one.block.look.colour for one in shown)
    return any(len({colour[1:3].lower(), colour[3:5].lower(), colour[5:7].lower()}) > 1 for colour in colours)


def fonts_of(shown: Sequence[Shown]) -> list[str]:
    """The names of the font files that titles are drawn with."""
    return sorted({run.font for one in shown for line in one.block.lines for run in line})


def lead_of(shown: Sequence[Shown]) -> int:
    """Frames by which the clock of a script is ahead of its piece, so that a title may begin before it, at least 1."""
    return 1 + max(0, *(-one.start for one in shown if not one.roll), 0)


def ass_text(shown: Sequence[Shown], width: int, height: int, count: int) -> str:
    """The ASS script for the titles of a piece of ``count`` frames. Frame k of the piece is at ``k + lead_of(shown)``."""
    styles, events = [], []
    for number, one in enumerate(shown):
        styles += _styles(number, one.block, height)
        events += [
            f"Dialogue: {10 * number + layer},{timing},{_LAYERS[layer]}{number},,0,0,0,,{body}\n"
            for layer, timing, body in (_rolling if one.roll else _still)(one, lead_of(shown), count)
        ]
    return HEADER.format(width=width, height=height) + "".join(styles) + EVENTS + "".join(events)


_LAYERS = {0: "letters", 1: "shade", 2: "letters"}
"""Box, soft shadow and letters, each drawn over the one before, and the style of each."""


def _styles(number: int, block: Block, height: int) -> list[str]:
    """The styles of the text and of its soft shadow."""
    look, scale, first = block.look, height / 1080, next(run for line in block.lines for run in line)
    colour = _ass_colour(look.colour)
    head = f"{first.family},{first.size:.2f}"
    flags = "0,0,0,0,100,100,0,0,1"
    edge = look.outline * scale
    glow = edge + block.em * 0.05
    shade = f"&H{round(255 * (1 - look.shadow)):02X}000000"
    end = f"0,{block.anchor},0,0,0,-1\n"
    return [
        f"Style: letters{number},{head},{colour},{colour},&H20000000,&HFF000000,{flags},{edge:.2f},{end}",
        f"Style: shade{number},{head},{shade},{shade},{shade},&HFF000000,{flags},{glow:.2f},{end}",
    ]


def _still(one: Shown, lead: int, _count: int) -> Iterator[tuple[int, str, str]]:
    """Layer, time and text of a title that stands."""
    block, look = one.block, one.block.look
    timing = f"{_clock(one.start + lead)},{_clock(one.end + lead)}"
    fading = f"\\fad({one.fade_in * 100},{one.fade_out * 100})" if one.fade_in or one.fade_out else ""
    text = "\\N".join(_line(line, block) for line in block.lines)
    if look.box:
        left, top, right, bottom = block.box
        shape = f"m 0 0 l {right - left:.0f} 0 l {right - left:.0f} {bottom - top:.0f} l 0 {bottom - top:.0f}"
        paint = "\\bord0\\shad0\\1c&H141414&\\1a&H50&"
        yield 0, timing, f"{{\\an7\\pos({left:.2f},{top:.2f}){fading}{paint}\\p1}}{shape}"
    if look.shadow:
        drop = block.em * 0.03
        yield 1, timing, f"{{\\pos({block.x + drop:.2f},{block.y + drop:.2f}){fading}\\blur{block.em * 0.06:.2f}}}{text}"
    yield 2, timing, f"{{\\pos({block.x:.2f},{block.y:.2f}){fading}}}{text}"


def _rolling(one: Shown, lead: int, count: int) -> Iterator[tuple[int, str, str]]:
    """Layer, time and text of the lines of credits that are in the picture in this piece."""
    block, roll = one.block, one.roll
    assert roll is not None
    first, last = max(0, one.start), min(count, one.end) - 1
    timing = f"{_clock(first + lead)},{_clock(last + 1 + lead)}"
    anchor = f"\\an{7 + block.column}"
    for line, tall, offset in zip(block.lines, block.heights, roll.offsets(block), strict=True):
        begin, end = (roll.top(offset, frame - one.start) for frame in (first, last))
        if not line or begin < -tall - block.em or end > roll.height + block.em:
            continue
        text = _line(line, block)
        for layer, drop in ((1, block.em * 0.03), (2, 0.0)):
            if layer == 2 or block.look.shadow:
                blur = f"\\blur{block.em * 0.06:.2f}" if layer == 1 else ""
                way = _way(block.x + drop, begin + drop, end + drop, last - first)
                yield layer, timing, f"{{{anchor}{way}{blur}}}{text}"


def _way(x: float, begin: float, end: float, frames: int) -> str:
    """Where a line is: from its first frame to its last. A frame is in the middle of its 100 ms."""
    if not frames:
        return f"\\pos({x:.2f},{begin:.3f})"
    return f"\\move({x:.2f},{begin:.3f},{x:.2f},{end:.3f},50,{50 + 100 * frames})"


def _line(line: tuple[Run, ...], block: Block) -> str:
    """A line with the fonts of its runs. The first mark is for lines from right to left that begin with other letters."""
    marks = bracket_marks("".join(run.text for run in line), rtl=block.rtl)
    parts, at = [], 0
    for run in line:
        text = "".join(f"{marks.get(at + index, '')}{char}{marks.get(at + index, '')}" for index, char in enumerate(run.text))
        parts.append(f"{{\\fn{run.family}\\fs{run.size:.2f}}}{literal(text)}")
        at += len(run.text)
    return "".join([MARKS["R"] if block.rtl else "", *parts])


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
