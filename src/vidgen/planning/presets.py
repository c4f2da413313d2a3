"""Presets: named sets of delivery settings, one YAML file each in the ``presets`` folder."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pydantic

from vidgen.errors import InputError
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.spelling import nearest
from vidgen.storyboard.model import Audio, Post, ShotKeys
from vidgen.storyboard.parts import Aspect, Part, Rate, Resolution
from vidgen.storyboard.reader import parse_document


class Encode(Part):
    """Delivery encoding: ``crf`` 0-51 (lower is better), ``preset`` an x264 preset, ``gop`` in frames."""

    crf: int = pydantic.Field(MASTER.crf, ge=0, le=51)
    preset: str = pydantic.Field(MASTER.preset, pattern="^(ultra|super|very)?fast(er)?$|^medium$|^slow(er)?$|^veryslow$")
    gop: int = pydantic.Field(MASTER.gop, ge=1, le=600)


class PresetFile(Part):
    """The keys of a preset file. They win over the storyboard, because the user named the preset on the command line."""

    title: str
    ja: str
    use: str
    resolution: Resolution | None = None
    aspect: Aspect | None = None
    fps: Rate | None = None
    post: Post | None = None
    audio: Audio | None = None
    shots: ShotKeys = ShotKeys()
    encode: Encode = Encode()


@dataclass(frozen=True)
class Preset:
    """A preset by name."""

    name: str
    file: PresetFile

    @property
    def profile(self) -> EncodeProfile:
        """Encoder settings of the final cut."""
        return EncodeProfile(crf=self.file.encode.crf, preset=self.file.encode.preset, gop=self.file.encode.gop)


def _folder() -> Any:
    """The folder of presets: inside the installed package, or beside the sources of a checkout."""
    packaged = files("vidgen").joinpath("presets")
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "presets"


@functools.cache
def presets() -> Mapping[str, Preset]:
    """All presets by name. Raises InputError ``preset.invalid`` for an invalid file."""
    found = {}
    for entry in sorted(_folder().iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            name = entry.name.removesuffix(".yaml")
            try:
                document = parse_document(entry.read_bytes(), entry.name)
                found[name] = Preset(name, PresetFile.model_validate(document.value))
            except pydantic.ValidationError as error:
                raise InputError("preset.invalid", f"preset {name}: {error}", where=entry.name) from error
    return found


def preset(name: str) -> Preset:
    """The preset of that name. Raises InputError ``preset.unknown`` with a suggestion."""
    found = presets().get(name)
    if found:
        return found
    near = nearest(name, presets())
    hint = f"did you mean {near}?" if near else f"there are: {', '.join(presets())}"
    raise InputError("preset.unknown", f"there is no preset {name!r}", hint=hint)
