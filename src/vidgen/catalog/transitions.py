"""What the names of transitions mean, read from ``transitions.yaml``."""

from __future__ import annotations

import functools

from vidgen.media.tables import read_table

CUT = "cut"


@functools.cache
def _table() -> dict[str, str]:
    table: dict[str, str] = read_table("vidgen.catalog", "transitions.yaml")
    return table


def known(name: str) -> bool:
    """Whether a name is in the table."""
    return name in _table()


def plain_cut(name: str) -> bool:
    """Whether the picture simply cuts."""
    return _table().get(name) == CUT


def blend(name: str) -> str:
    """The xfade blend that draws a transition, or ``dip:COLOUR``. Raises KeyError for a name not in the table, or a cut."""
    found = _table()[name]
    if found == CUT:
        raise KeyError(name)
    return found
