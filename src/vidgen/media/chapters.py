"""Chapters of a film, by frames, as ffmpeg reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

CHAPTERS = "chapters.ffmeta"
LONGEST_TITLE = 255


@dataclass(frozen=True)
class Chapter:
    """A chapter that begins at a frame of the film and lasts until the next one."""

    start: int
    title: str


def chapter_args(
    chapters: Sequence[Chapter], frames: int, rate: Fraction, folder: Path, *, number: int
) -> tuple[list[str], list[str]]:
    """Input and output arguments for the chapters of a film of ``frames`` frames; both empty where there are none.

    Args:
        folder: where the list is written, and where ffmpeg runs.
        number: the place of this input among all inputs, from 0.
    """
    if not chapters:
        return [], ["-map_chapters", "-1"]
    lines = [";FFMETADATA1"]
    ends = [*(chapter.start for chapter in chapters[1:]), frames]
    for chapter, end in zip(chapters, ends, strict=True):
        title = re.sub(r"([=;#\\])", r"\\\1", _short(" ".join(chapter.title.split())))
        timing = [f"TIMEBASE={rate.denominator}/{rate.numerator}", f"START={chapter.start}", f"END={end}"]
        lines += ["[CHAPTER]", *timing, f"title={title}"]
    (folder / CHAPTERS).write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace", newline="\n")
    opened = ["-f", "ffmetadata", "-protocol_whitelist", "file", "-format_whitelist", "ffmetadata", "-i", CHAPTERS]
    return opened, ["-map_chapters", str(number)]


def _short(title: str) -> str:
    """A title of at most ``LONGEST_TITLE`` bytes: MP4 cuts longer ones, in the middle of a letter if need be."""
    return title.encode("utf-8", "replace")[:LONGEST_TITLE].decode("utf-8", "ignore")


def bare_args() -> list[str]:
    """Output arguments that leave out all that inputs say of themselves, except titles of chapters."""
    return ["-map_metadata:g", "-1", "-map_metadata:s", "-1"]
