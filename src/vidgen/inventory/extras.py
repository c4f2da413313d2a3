"""The optional parts of vidgen (``pip install 'vidgen[NAME]'``): what each is for, and which of its packages are not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires

EXTRAS: dict[str, str] = {
    "asr": "whether takes say their lines",
    "checks": "indecent pictures and garbled text in takes",
    "cloud": "access tokens for the engine veo",
    "edit": "editing programs: vidgen export and import",
    "fonts": "titles in Korean and Chinese",
    "keyring": "keys of providers in the system's keyring",
    "local": "diffusion models on this machine",
    "looks": "continuity of takes by an image network",
    "post": "RIFE, and Real-ESRGAN on a GPU",
    "provenance": "signed films (C2PA)",
    "quantise": "weights of fewer bits for local models",
    "ray": "many machines: --executor ray",
    "realesrgan": "the realesrgan package as an upscaler",
    "speech": "English and Japanese voices",
}
"""Extra -> what it is for. Those for work on vidgen itself are not listed."""

_NEEDS = re.compile(r"([A-Za-z0-9._-]+)[^;]*;.*\bextra\s*==\s*['\"]([^'\"]+)['\"]")


@dataclass(frozen=True)
class Extra:
    """One of them. ``lacks``: its packages that are not installed."""

    name: str
    purpose: str
    lacks: tuple[str, ...]

    @property
    def state(self) -> str:
        """For a person."""
        if not self.lacks:
            return f"installed: {self.purpose}"
        return f"{', '.join(self.lacks)} not installed; pip install 'vidgen[{self.name}]' ({self.purpose})"


def extras() -> Iterator[Extra]:
    """All of them, by name; none where vidgen itself is not installed as a package. Imports nothing."""
    try:
        needs = [found.groups() for line in requires("vidgen") or () if (found := _NEEDS.match(line))]
    except PackageNotFoundError:
        return
    for name, purpose in EXTRAS.items():
        yield Extra(name, purpose, tuple(package for package, extra in needs if extra == name and not _here(package)))


def _here(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
