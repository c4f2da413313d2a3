"""The two fonts that titles are set in: files, family names, and what they cannot write. Never any network."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path
from typing import Literal

from vidgen.media.home import vidgen_home
from vidgen.weights.registry import Model, model
from vidgen.weights.store import install_together

Kind = Literal["sans", "serif"]

_ROWS: dict[Kind, str] = {"sans": "noto-sans-jp", "serif": "noto-serif-jp"}

_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn"}
"""Categories of characters that need no glyph of their own: controls, format marks, spaces, variation selectors."""


def _row(kind: Kind) -> Model:
    return model(_ROWS[kind])


def family(kind: Kind) -> str:
    """The family name that ASS styles use: ``Noto Sans JP`` or ``Noto Serif JP``."""
    return _row(kind).family


def font_file(kind: Kind) -> Path:
    """The font's file, checked by SHA-256 once a process. Raises MissingError where its package is not installed."""
    return _checked(kind, vidgen_home())


@functools.cache
def _checked(kind: Kind, _home: Path) -> Path:
    row = _row(kind)
    return install_together([_row(each) for each in _ROWS]) / row.files[0].name


def fonts_dir() -> Path:
    """A folder that holds both fonts and nothing else, for libass. Raises MissingError as ``font_file`` does."""
    files = [font_file(kind) for kind in _ROWS]
    return files[0].parent


@functools.cache
def _coverage(file: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(file, lazy=True) as font:
        return frozenset(font.getBestCmap())


def missing_glyphs(text: str, kind: Kind) -> str:
    """The characters of ``text`` that the font cannot write, each once, in order of appearance; empty where all is well."""
    known = _coverage(font_file(kind))
    unknown = (char for char in unicodedata.normalize("NFC", text) if ord(char) not in known)
    return "".join(dict.fromkeys(char for char in unknown if unicodedata.category(char) not in _UNSEEN))
