"""How wide Arabic is: its letters have other widths where they are joined. HarfBuzz, inside libass, draws them."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Container, Mapping
from types import MappingProxyType

_FORMS = range(0xFE70, 0xFF00)
"""Joined forms of the Arabic letters, each with its letter in the character database."""


_NAMES = {(True, True): "medial", (True, False): "final", (False, True): "initial", (False, False): "isolated"}
"""Joined to the letter before it, and to the one after it."""


@functools.cache
def _joined() -> Mapping[tuple[str, str], str]:
    """(form, letters) -> joined form; of two letters only lam with alef."""
    found = {}
    for code in _FORMS:
        form, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if form in ("<initial>", "<medial>", "<final>", "<isolated>") and letters[0] != "0020":
            found[form.strip("<>"), "".join(chr(int(letter, 16)) for letter in letters)] = chr(code)
    return MappingProxyType(found)


def joined_forms(text: str, known: Container[int]) -> str:
    """The text with its Arabic letters in the forms that are drawn, where a font knows these. Other text is unchanged."""
    if not any("\u0600" <= char <= "\u06ff" for char in text):
        return text
    forms = _joined()
    base = [char for char in text if unicodedata.category(char) not in ("Mn", "Cf")]
    drawn, skip = [], False
    for at, char in enumerate(base):
        if skip:
            skip = False
            continue
        after = base[at + 1] if at + 1 < len(base) else ""
        letters, skip = (char + after, True) if ("isolated", char + after) in forms and after else (char, False)
        following = base[at + 2] if skip and at + 2 < len(base) else "" if skip else after
        left = at > 0 and ("initial", base[at - 1]) in forms and ("final", char) in forms
        right = ("initial", letters) in forms and ("final", following) in forms
        shaped = forms.get((_NAMES[left, right], letters), letters)
        drawn.append(shaped if all(ord(one) in known for one in shaped) else letters)
    return "".join(drawn)
