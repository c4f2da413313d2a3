"""Text from elsewhere (storyboards, file names, providers) as it may be shown and kept: seen, never obeyed, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
UNSAFE = re.compile(f"[{_CONTROL}]")
"""Control characters except tab and line feed (escape sequences begin with one), other line ends, marks that turn the
direction of text around, and halves of characters, which file names that are not UTF-8 have."""
_LINE_UNSAFE = re.compile(f"[{_CONTROL}\t\n]")

_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}(\.[\w-]+){2}")
_NAMED_KEY = re.compile(r"(?i)\b(bearer|key)\s+[A-Za-z0-9._~+/=-]{8,}")
_ADDRESS = re.compile(r"""(\w+://)([^\s/?#"'@]*@)?([^\s?#"']*)([?#][^\s"']*)?""")


def shown(text: str) -> str:
    r"""The text with every unsafe character written out: ``\x1b``, ``\u202e``. Line feeds and tabs stay."""
    return UNSAFE.sub(_written_out, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""The text as one line: line feeds and tabs are written out as well, as ``\n`` and ``\t``."""
    return _LINE_UNSAFE.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with the given secrets, and whatever looks like a token, replaced by ``[key]``."""
    for secret in secrets:
        text = text.replace(secret, "[key]") if secret else text
    return _NAMED_KEY.sub(r"\1 [key]", _WEB_TOKEN.sub("[key]", text))


def bare_addresses(text: str) -> str:
    """The text whose addresses have neither user and password nor query: those of signed addresses let anyone in."""
    return _ADDRESS.sub(lambda found: f"{found[1]}{found[3]}{'?...' if found[4] else ''}", text)
