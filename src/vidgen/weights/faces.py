"""Which font draws which letters: the font of the title, then those of other scripts. Uses no network.

A font of another script is at hand where its package is installed or ``vidgen models pull`` has fetched it. Which font a letter
*should* have does not depend on that, so that a title looks the same everywhere or is complained about.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vidgen.errors import MissingError
from vidgen.media.home import vidgen_home
from vidgen.media.once import once
from vidgen.weights.fonts import UNSEEN, Face, Kind, face, font_file
from vidgen.weights.registry import Model, model
from vidgen.weights.store import install_together

_SCRIPTS = ("noto-scripts", "noto-korean", "noto-chinese-simplified", "noto-chinese-traditional")
"""Rows of the registry with fonts of other scripts, the likeliest first."""
_OWN = {"ko": "noto-korean", "zh": "noto-chinese-simplified"}
"""Languages whose letters are drawn with a font of their own first, as the Japanese one draws some of them otherwise."""
_TRADITIONAL = ("hant", "tw", "hk", "mo")


@dataclass(frozen=True)
class Lacking:
    """Letters that cannot be drawn, and the row of the registry that has them; None: no font that vidgen can have."""

    letters: str
    row: Model | None


@dataclass(frozen=True)
class Faces:
    """The fonts for a title. Those of other scripts are opened when a letter needs them."""

    kind: Kind
    language: str = ""
    _home: Path = field(default_factory=vidgen_home, compare=False, repr=False)
    """Asked once: a film has thousands of letters."""

    @property
    def own(self) -> Face:
        """The title's own font. Raises MissingError if it is not installed."""
        return face(font_file(self.kind))

    def of(self, letters: str) -> Face | None:
        """The font at hand for some letters that belong together, such as a letter and its marks; None: there is none."""
        return _face_of(letters, self.kind, _own(self.language), self._home)


def lacking(text: str, kind: Kind, language: str = "") -> list[Lacking]:
    """The letters of a text that no font at hand draws as it should, each once, by the font that has them."""
    known, own = Faces(kind, language), _own(language)
    found: dict[str | None, str] = {}
    for char in dict.fromkeys(unicodedata.normalize("NFC", text)):
        if unicodedata.category(char) in UNSEEN:
            continue
        wanted = own is not None and not _at_hand(own, kind) and _claims(own, char)
        if wanted or known.of(char) is None:
            row = own if wanted else _who_has(char, kind)
            found[row] = found.get(row, "") + char
    return [Lacking(letters, model(row) if row else None) for row, letters in found.items()]


def font_path(name: str) -> Path:
    """The file of a font that ``Faces`` gave, by the file's name."""
    kinds: tuple[Kind, ...] = ("sans", "serif")
    found = [font_file(kind) for kind in kinds]
    found += [file for row in _SCRIPTS for kind in kinds for file in _at_hand(row, kind)]
    return next(file for file in found if file.name == name)


@once
def _face_of(letters: str, kind: Kind, own: str | None, _home: Path) -> Face | None:
    return next((one for one in _candidates(letters, kind, own) if one.has(letters)), None)


def _candidates(letters: str, kind: Kind, own: str | None) -> Iterator[Face]:
    """The fonts that may have some letters, best first."""
    if own and _claims(own, letters[0]):
        yield from map(face, _at_hand(own, kind))
    yield face(font_file(kind))
    script = unicodedata.name(letters[0], "").partition(" ")[0].title()
    for row in _SCRIPTS:
        if _claims(row, letters[0]):
            yield from map(face, sorted(_at_hand(row, kind), key=lambda file: (script not in file.name, file.name)))


def _own(language: str) -> str | None:
    main, *more = language.lower().split("-")
    if main == "zh" and set(more) & set(_TRADITIONAL):
        return "noto-chinese-traditional"
    return _OWN.get(main)


def _who_has(char: str, kind: Kind) -> str | None:
    """The row that has a letter, of those that are not here."""
    return next((row for row in _SCRIPTS if not _at_hand(row, kind) and _claims(row, char)), None)


def _claims(row: str, char: str) -> bool:
    return any(ord(char) in span for span in _ranges(row))


@functools.cache
def _ranges(row: str) -> tuple[range, ...]:
    spans = (span.split("-") for span in model(row).covers.split())
    return tuple(range(int(first, 16), int(last, 16) + 1) for first, last in spans)


def _at_hand(name: str, kind: Kind) -> tuple[Path, ...]:
    return _installed(name, kind, vidgen_home())


@once
def _installed(name: str, kind: Kind, _home: Path) -> tuple[Path, ...]:
    """The files of a row: those of the kind, where it has both."""
    row = model(name)
    try:
        folder = install_together([row])
    except MissingError:
        return ()
    names = [pin.name for pin in row.files]
    serifs = [name for name in names if "Serif" in name]
    return tuple(folder / name for name in names if not serifs or (name in serifs) == (kind == "serif"))
