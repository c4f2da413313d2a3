"""What a delivery may be: kinds of files by the endings of their names, and codecs, read from ``deliveries.yaml``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal

from vidgen.media.tables import read_table

Kind = Literal["video", "preview", "still"]
AudioCodec = Literal["aac", "opus", "flac", "pcm"]


@dataclass(frozen=True)
class FileKind:
    """What files with one ending are: the codecs that they may hold, the default first, and how sound is encoded in them."""

    kind: Kind
    codecs: tuple[str, ...]
    audio: AudioCodec | None = None


@dataclass(frozen=True)
class Codec:
    """How a codec is encoded; the fields are explained in ``deliveries.yaml``."""

    name: str
    encoder: str
    stream: str
    pixels: tuple[str, ...]
    crf: int | None = None
    rate: bool = False
    x26x: bool = False
    args: tuple[str, ...] = ()
    audio: AudioCodec | None = None

    @property
    def deep(self) -> bool:
        """Whether it can hold 10 bits."""
        return len(self.pixels) > 1

    def pix_fmt(self, *, deep: bool) -> str:
        """The pixel format of a file; ``deep``: with 10 bits, where the codec can."""
        return self.pixels[-1] if deep else self.pixels[0]


@functools.cache
def _table() -> Mapping[str, Any]:
    table: dict[str, Any] = read_table("vidgen.catalog", "deliveries.yaml")
    return table


@functools.cache
def file_kinds() -> Mapping[str, FileKind]:
    """Every kind of file by the ending of its name, in lower case."""
    return MappingProxyType(
        {ending: FileKind(row["kind"], tuple(row["codecs"]), row.get("audio")) for ending, row in _table()["kinds"].items()}
    )


def file_kind(name: str) -> FileKind | None:
    """What a file of this name is; None where nothing is known of its ending."""
    return file_kinds().get(PurePath(name).suffix.lower())


@functools.cache
def codecs() -> Mapping[str, Codec]:
    """Every codec by name."""
    return MappingProxyType(
        {
            name: Codec(name, **{**row, "pixels": tuple(row["pixels"]), "args": tuple(row.get("args", ()))})
            for name, row in _table()["codecs"].items()
        }
    )


def quality_crf(name: str) -> int:
    """The crf of H.264 at a quality by its name."""
    return int(_table()["qualities"][name]["crf"])


def quality_percent(name: str) -> int:
    """The quality of JPEG and WebP, in per cent, at a quality by its name."""
    return int(_table()["qualities"][name]["percent"])


def audio_stream(codec: AudioCodec) -> str:
    """What ffmpeg calls a sound codec in a finished file."""
    return str(_table()["audio"][codec])
