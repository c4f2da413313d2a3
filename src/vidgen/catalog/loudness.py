"""The loudness targets by name, read from ``loudness.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from vidgen.media.tables import read_table


@functools.cache
def loudness_table() -> Mapping[str, tuple[float, float]]:
    """Integrated loudness in LUFS and highest true peak in dBTP of each target: web, podcast, ebu, atsc."""
    table = read_table("vidgen.catalog", "loudness.yaml")
    return MappingProxyType({name: (float(value["i"]), float(value["tp"])) for name, value in table.items()})
