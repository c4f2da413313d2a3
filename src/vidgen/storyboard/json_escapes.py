"""JSON's surrogate pairs in a YAML file: ``"\\ud83c\\udf41"`` is 🍁, but YAML does not know such escapes.

The two halves are passed to the YAML parser as two private characters of the same written length, so that line and column
numbers stay right. Afterwards they are joined.
"""

from __future__ import annotations

import json
import re

_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_PRIVATE = re.compile("([\ue000-\ue3ff])([\ue400-\ue7ff])")
_AWAY = 0xE000 - 0xD800


def hidden(text: str) -> str:
    """The text with private characters for the halves; of the same length."""
    return _PAIR.sub(lambda found: f"{found[1]}\\u{_moved(found[2])}\\u{_moved(found[3])}", text)


def shown(value: str, written: str) -> str:
    """The value of a double-quoted text with hidden halves. ``written``: the text in the file, with its quotes."""
    if not _PAIR.search(written):
        return value
    try:
        return str(json.loads(written))  # also right where the text has private characters of its own
    except ValueError:
        return _PRIVATE.sub(lambda found: _joined(found[1], found[2]), value)


def _moved(half: str) -> str:
    return f"{int(half, 16) + _AWAY:04x}"


def _joined(first: str, second: str) -> str:
    halves = chr(ord(first) - _AWAY) + chr(ord(second) - _AWAY)
    return halves.encode("utf-16", "surrogatepass").decode("utf-16")
