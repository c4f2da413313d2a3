"""The meaning of transition names, read from ``transitions.yaml``."""

from __future__ import annotations

import functools

from vidgen.media.tables import read_table

CUT = "cut"
J_CUT, L_CUT = SOUND_CUTS = ("j_cut", "l_cut")
"""Cuts of the picture at which the incoming sound leads, or the outgoing one stays."""


@functools.cache
def _table() -> dict[str, str]:
    table: dict[str, str] = read_table("vidgen.catalog", "transitions.yaml")
    return table


def known(name: str) -> bool:
    """Whether a name is in the table."""
    return name in _table()


def plain_cut(name: str) -> bool:
    """Whether the transition is a plain cut of the picture."""
    return _table().get(name) == CUT


def blend(name: str) -> str:
    """The xfade name of a transition, or ``dip:COLOUR``. Raises KeyError for an unknown name or a cut."""
    found = _table()[name]
    if found == CUT:
        raise KeyError(name)
    return found
