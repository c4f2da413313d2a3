"""Lines of text on a still page, such as a contact sheet, drawn by libass with the fonts of titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidgen.cut.fonts import fonts_folder
from vidgen.cut.lettering import lettering
from vidgen.cut.looks import plain
from vidgen.cut.timeline import FontKind
from vidgen.cut.titles import EVENTS, HEADER, literal
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.scratch import scratch_folder

if TYPE_CHECKING:
    from vidgen.media.frames import Frame

_STYLE = "Style: line,{family},{size:.2f},&H00FFFFFF,&H00FFFFFF,&H00000000,&HFF000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,-1\n"


@dataclass(frozen=True)
class PageText:
    """A line on a page, in pixels: from ``x``, or with ``to_left`` up to it, on ``baseline``; ``em`` is the size of letters,
    ``colour`` RGB.
    """

    text: str
    x: float
    baseline: float
    em: float
    colour: tuple[int, int, int]
    font: FontKind = "sans"
    to_left: bool = False


def with_text(page: Frame, lines: Sequence[PageText], language: str = "") -> Frame:
    """A page, [height, width, 3] RGB, with lines of text on it. Raises ProcessingError where ffmpeg fails."""
    import numpy as np

    told = [line for line in lines if plain(line.text).strip()]
    if not told:
        return page
    fonts: set[str] = set()
    events = "".join(_event(line, language, fonts) for line in told)
    own = lettering("sans", language).faces.own
    height, width = page.shape[:2]
    script = HEADER.format(width=width, height=height) + _STYLE.format(family=own.family, size=10 * own.line) + EVENTS + events
    with scratch_folder() as folder:
        (folder / "page.rgb").write_bytes(page.tobytes())
        (folder / "lines.ass").write_text(script, encoding="utf-8")
        draw = f"format=gbrp,ass=filename=lines.ass:fontsdir={fonts_folder(folder, sorted(fonts))},format=rgb24"
        form = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
        size = ["-s", f"{width}x{height}", "-r", "1"]
        run_ffmpeg([*form, *size, "-i", "page.rgb", "-vf", draw, *form, "done.rgb"], what="the words of a page", cwd=folder)
        return np.frombuffer((folder / "done.rgb").read_bytes(), np.uint8).reshape(page.shape)


def _event(line: PageText, language: str, fonts: set[str]) -> str:
    """A line as libass reads it; ``fonts`` gets the files that it needs."""
    text = " ".join(plain(line.text).split())
    letters = lettering(line.font, language)
    parts = []
    for face, run in letters.runs(text):
        fonts.add(face.file.name)
        parts.append(f"{{\\fn{face.family}\\fs{line.em * face.line:.2f}}}{literal(run)}")
    red, green, blue = line.colour
    top = line.baseline - letters.ascent(text) * line.em
    look = f"\\an{9 if line.to_left else 7}\\pos({line.x:.2f},{top:.2f})\\1c&H{blue:02X}{green:02X}{red:02X}&"
    return f"Dialogue: 0,0:00:00.00,0:01:00.00,line,,0,0,0,,{{{look}}}{''.join(parts)}\n"
