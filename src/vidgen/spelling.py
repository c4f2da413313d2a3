"""What was perhaps meant by a name that is not known: the one place where names are compared by likeness."""

from __future__ import annotations

import difflib
import functools
import unicodedata
from collections.abc import Collection

MOST_OPTIONS = 500
"""Comparing a name with more options takes too long for a guess."""

LONGEST = 64
"""Letters of a name that are compared at most."""

_ALIKE = str.maketrans("", "", "_- ・‐‑‒–—−'’")
"""What makes no difference in a name, after NFKC."""


@functools.lru_cache(4096)
def folded(text: str) -> str:
    """A name without what makes no difference in it: case, full or half width, spaces, hyphens, underscores."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_ALIKE)


def nearest(word: str, options: Collection[str], *, cutoff: float = 0.6, most: int = MOST_OPTIONS) -> str | None:
    """The option that is most like a word; None where none is.

    Args:
        word: what was written. options: what is known.
        cutoff: likeness from 0 (nothing in common) to 1 (the same) that is needed.
        most: with more options than that, there is no guess.

    >>> nearest("Pre-viz", ["runway", "previz"])
    'previz'
    """
    if len(options) > most:
        return None
    by_form = {folded(option): option for option in options}
    found = difflib.get_close_matches(folded(word)[:LONGEST], by_form, 1, cutoff=cutoff)
    return by_form[found[0]] if found else None


def did_you_mean(word: str, options: Collection[str], *, cutoff: float = 0.6) -> str:
    """`` (did you mean previz?)`` for a message, with the space before it; empty where no option is near."""
    near = nearest(word, options, cutoff=cutoff)
    return f" (did you mean {near}?)" if near else ""


def shared(one: str, other: str) -> float:
    """The share of letters that two texts have in common, in order: 0 to 1."""
    import difflib

    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
