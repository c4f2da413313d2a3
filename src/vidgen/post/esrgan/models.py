"""Reads ``models.yaml``: what each Real-ESRGAN model is made of. Light: loads neither torch nor numpy."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vidgen.errors import InputError
from vidgen.media.tables import read_table

Kind = Literal["srvgg", "rrdb"]


@dataclass(frozen=True)
class Esrgan:
    """One model; the fields are those of ``models.yaml``, sizes in pixels of the source."""

    name: str
    network: Kind
    weights: str
    graphs: Mapping[int, str]
    native: int
    overlap: int
    feather: int
    tile_pixels: int
    bytes_per_pixel: int

    def factor(self, needed: int | None) -> int:
        """The factor that is made where ``needed`` would do: that, the next larger, or the largest; None: the native one."""
        if needed is None:
            return self.native
        return min((factor for factor in self.graphs if factor >= needed), default=max(self.graphs))

    def pixels_on_cpu(self, workers: int = 1) -> int:
        """How many pixels each of several workers may be given: at most a quarter of the machine's memory for all of them."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 8_000_000_000
        return min(self.tile_pixels, memory // 4 // workers // self.bytes_per_pixel)


@functools.cache
def models() -> Mapping[str, Esrgan]:
    """Every model by its canonical name."""
    rows = read_table("vidgen.post.esrgan", "models.yaml")
    return {name: Esrgan(name, **row) for name, row in rows.items()}


def model(name: str) -> Esrgan:
    """The model of that name. Raises InputError ``models.unknown``."""
    if name not in models():
        raise InputError("models.unknown", f"Real-ESRGAN has no model {name!r}", hint=f"known: {', '.join(models())}")
    return models()[name]
