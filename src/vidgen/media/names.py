"""File names compared by their letters (Unicode NFC), however they are stored."""

from __future__ import annotations

import os
import shlex
import unicodedata
from pathlib import Path

from vidgen.spelling import nearest


def expanded(name: str | Path) -> Path:
    """A path with ``~`` replaced by the user's home; unchanged if the home is not known."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def named_file(folder: Path, name: str) -> Path:
    """The file ``name`` in ``folder``: with exactly that name, else with the same letters; the path as written if neither
    exists.

    ``é`` is stored as one character or as ``e`` with an accent, depending on disk and editor.
    """
    written = folder / name
    if name.isascii() or os.path.lexists(written):
        return written
    current = folder
    for part in Path(name).parts:
        exact = current / part
        found = (
            exact
            if os.path.lexists(exact)
            else next((one for one in _entries(current) if _plain(one.name) == _plain(part)), None)
        )
        if found is None:
            return written
        current = found
    return current


def nearest_name(file: Path) -> str | None:
    """The most similar name in the file's folder, ignoring case; None if nothing is similar."""
    return nearest(_plain(file.name), [one.name for one in _entries(file.parent)], cutoff=0.8, most=10_000)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError):
        return []


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def shell_word(text: str) -> str:
    """An argument quoted for a shell, control characters and invalid UTF-8 included."""
    if text.isprintable():
        return shlex.quote(text)
    escaped = (chr(one) if 32 <= one < 127 and one not in b"'\\" else f"\\x{one:02x}" for one in os.fsencode(text))
    return f"$'{''.join(escaped)}'"
