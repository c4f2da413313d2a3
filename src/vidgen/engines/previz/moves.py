"""The table of camera moves: what each does, and how fast. Needs nothing but Python, so that a plan can ask for it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from vidgen.media.tables import read_table
from vidgen.storyboard.model import Camera


@functools.cache
def _table() -> Mapping[str, Any]:
    data: Mapping[str, Any] = read_table("vidgen.engines.previz", "moves.yaml")
    return data


@functools.cache
def moves() -> Mapping[str, Mapping[str, Any]]:
    """The table of moves."""
    return dict(_table()["moves"])


def speeds() -> Mapping[str, float]:
    """How many times as fast a move is at each speed."""
    found: Mapping[str, float] = _table()["speeds"]
    return found


def move_of(camera: Camera) -> Mapping[str, Any]:
    """The table row of a camera's move; a move that is not in the table stands still."""
    return moves().get(camera.move, {})
