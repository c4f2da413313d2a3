"""Texts and places as other programs can read them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote


def readable(text: str) -> str:
    """The text without what JSON and XML of other programs cannot hold: control characters, and bytes that are no UTF-8."""
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(one for one in whole if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cn", "Cs"))


def one_line(text: str) -> str:
    """The same on one line: a new line would begin a new entry in some formats."""
    return " ".join(re.sub(r"[\s\u2028\u2029]+", " ", readable(text)).split())


def plain_values(value: Any) -> Any:
    """JSON values that OpenTimelineIO can hold: readable texts, and integers of 64 bits (others as text)."""
    if isinstance(value, Mapping):
        return {readable(str(key)): plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    return readable(str(value))


def relative_path(file: Path, folder: Path) -> Path:
    """The way from a folder to a file. It names no home and no user; another drive has no such way, so it is absolute."""
    try:
        return Path(os.path.relpath(file.absolute(), folder.absolute()))
    except ValueError:
        return file.absolute()


def relative_url(file: Path, folder: Path) -> str:
    """The same as a URL, with every character escaped that means something in one."""
    way = relative_path(file, folder)
    return way.as_uri() if way.is_absolute() else quote(os.fsencode(way.as_posix()), safe="/~")
