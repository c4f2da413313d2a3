"""Escape text from elsewhere (storyboards, file names, providers), so that a terminal shows it and does not interpret it."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from vidgen.escapes import UNSAFE, shown

__all__ = ["json_line", "json_shown", "shown"]


def json_line(value: Any, *, ascii_only: bool = False) -> str:
    """A value as one line of JSON that is safe to print. NaN and infinity become null.

    ``ascii_only``: escape all characters beyond ASCII, for streams that are not UTF-8.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:  # JSON has no NaN and no infinity
        text = json.dumps(_finite(value), ensure_ascii=False, default=str)
    return json_shown(text, ascii_only=ascii_only)


def json_shown(text: str, *, ascii_only: bool = False) -> str:
    r"""JSON text with unsafe characters escaped as ``\u001b``; with ``ascii_only`` all beyond ASCII."""
    text = UNSAFE.sub(_escaped, text)
    return _BEYOND_ASCII.sub(_escaped, text) if ascii_only else text


_BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def _escaped(found: re.Match[str]) -> str:
    pairs = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pairs[at : at + 4]}" for at in range(0, len(pairs), 4))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
