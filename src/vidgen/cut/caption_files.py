"""Writes captions as SubRip (``.srt``) and WebVTT (``.vtt``). Words are words there: what looks like markup is shown as it is.

Sources: https://www.w3.org/TR/webvtt1/; SubRip has no standard, so that what players take for tags is broken up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from vidgen.cut.captions import mp4_language
from vidgen.cut.timeline import Caption, CaptionTrack

JOINER = "\u2060"
"""Nothing that is seen; it keeps two characters from being read as the start of a tag."""


def srt_text(track: CaptionTrack) -> str:
    """The captions as SubRip."""
    blocks = (
        f"{number}\n{_time(one.start, ',')} --> {_time(one.end, ',')}\n{_literal(one.text)}\n"
        for number, one in enumerate(track.captions, 1)
    )
    return "\n".join(blocks)


def vtt_text(track: CaptionTrack) -> str:
    """The captions as WebVTT, with the speakers as voices."""
    blocks = (f"{_time(one.start, '.')} --> {_time(one.end, '.')}\n{_voiced(one)}\n" for one in track.captions)
    return "\n".join(["WEBVTT\n", *blocks])


FORMATS: Mapping[str, Callable[[CaptionTrack], str]] = {"srt": srt_text, "vtt": vtt_text}


def caption_file(film: Path, language: str, form: str) -> Path:
    """``film.ja.srt`` beside ``film.mp4``."""
    return film.with_name(f"{film.stem}.{language}.{form}")


def caption_text(track: CaptionTrack, form: str) -> str:
    """The captions in a format of ``FORMATS``."""
    return FORMATS[form](track)


def caption_args(tracks: Sequence[CaptionTrack], folder: Path, *, number: int) -> tuple[list[str], list[str]]:
    """Input and output arguments for captions in an MP4 that can be switched on.

    Args:
        folder: where they are written, and where ffmpeg runs.
        number: the place of the first of them among all inputs, from 0.
    """
    opened: list[str] = []
    texts: list[str] = []
    for index, track in enumerate(tracks):
        name = f"captions-{index}.srt"
        (folder / name).write_text(srt_text(track), encoding="utf-8", errors="replace", newline="\n")
        opened += ["-f", "srt", "-sub_charenc", "UTF-8", "-protocol_whitelist", "file", "-format_whitelist", "srt", "-i", name]
        texts += ["-map", f"{number + index}:s:0"]
    return opened, [*texts, *(["-c:s", "mov_text"] if tracks else [])]


def language_args(tracks: Sequence[CaptionTrack]) -> list[str]:
    """Output arguments that name the languages of captions, and leave them switched off."""
    named = ((f"-metadata:s:s:{index}", f"language={mp4_language(track.language)}") for index, track in enumerate(tracks))
    off = [] if not tracks else ["-disposition:s", "0"]
    return [*(arg for pair in named for arg in pair), *off]


def _time(seconds: Fraction, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _literal(text: str) -> str:
    """Text in which nothing is taken for a tag of HTML or of ASS, or for the arrow between times."""
    return re.sub(r"([<{\\]|--)(?=[^\s])", rf"\1{JOINER}", text)


def _voiced(caption: Caption) -> str:
    text = _escaped(caption.text)
    return f"<v {_escaped(caption.who)}>{text}" if caption.who else text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
