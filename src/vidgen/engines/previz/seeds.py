"""Seeds of named parts of a world. Needs nothing but Python, so that a plan can ask for them."""

from __future__ import annotations

import zlib


def seed_for(seed: int, *names: object) -> int:
    """A stable seed for a named part of a world."""
    return zlib.crc32(":".join(str(name) for name in (seed, *names)).encode()) & 0x7FFFFFFF
