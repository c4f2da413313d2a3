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
from vidgen.storyboard.model import Aspect, Audio, Part, Post, Rate, Resolution, ShotKeys
from vidgen.storyboard.reader import parse_document


class Encode(Part):
    """Delivery encoding: ``crf`` 0-51 (lower is better), ``preset`` an x264 preset, ``gop`` in frames."""

    crf: int = pydantic.Field(MASTER.crf, ge=0, le=51)
    preset: str = pydantic.Field(MASTER.preset, pattern="^(ultra|super|very)?fast(er)?$|^medium$|^slow(er)?$|^veryslow$")
    gop: int = pydantic.Field(MASTER.gop, ge=1, le=600)


class PresetFile(Part):
    """What a preset may set. Everything it sets wins over the storyboard, since a person named it on the command line."""

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
        """How the final cut is encoded."""
        return EncodeProfile(crf=self.file.encode.crf, preset=self.file.encode.preset, gop=self.file.encode.gop)


def _folder() -> Any:
    """The presets inside an installed package, or beside the sources of a checkout."""
    packaged = files("vidgen").joinpath("presets")
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "presets"


@functools.cache
def presets() -> Mapping[str, Preset]:
    """All presets by name. Raises InputError naming the file where one is wrong."""
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
    """One preset. Raises InputError with the nearest name where there is none of that name."""
    found = presets().get(name)
    if found:
        return found
    near = nearest(name, presets())
    hint = f"did you mean {near}?" if near else f"there are: {', '.join(presets())}"
    raise InputError("preset.unknown", f"there is no preset {name!r}", hint=hint)
