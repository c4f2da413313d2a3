"""File names as people mean them: the same letters are the same name, however they are stored."""

from __future__ import annotations

import os
import shlex
import unicodedata
from pathlib import Path

from vidgen.spelling import nearest


def expanded(name: str | Path) -> Path:
    """A path with ``~`` replaced by the user's home; as it is where nobody knows that home."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def named_file(folder: Path, name: str) -> Path:
    """The file that ``name`` means in ``folder``: the one of exactly that name, else the one with the same letters.

    ``é`` can be stored as one character or as ``e`` with an accent; disks and editors differ in which they use. Where nothing
    is found, the path as written.
    """
    written = folder / name
    if name.isascii() or os.path.lexists(written):
        return written
    place = folder
    for part in Path(name).parts:
        exact = place / part
        found = (
            exact
            if os.path.lexists(exact)
            else next((one for one in _entries(place) if _plain(one.name) == _plain(part)), None)
        )
        if found is None:
            return written
        place = found
    return place


def nearest_name(file: Path) -> str | None:
    """The name in the file's folder that was perhaps meant; other case counts as equal. None where nothing is near."""
    return nearest(_plain(file.name), [one.name for one in _entries(file.parent)], cutoff=0.8, most=10_000)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError):
        return []


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def shell_word(text: str) -> str:
    """A file name or another argument as it can be typed in a shell: one word, whatever is in it."""
    if text.isprintable():
        return shlex.quote(text)
    escaped = (chr(one) if 32 <= one < 127 and one not in b"'\\" else f"\\x{one:02x}" for one in os.fsencode(text))
    return f"$'{''.join(escaped)}'"
