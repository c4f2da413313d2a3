"""What a delivery is, in numbers. All sizes are in pixels and even, all rates in frames a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from vidgen.catalog.deliveries import AudioCodec, Codec, codecs
from vidgen.media.chapters import Chapter
from vidgen.media.rate import rate_text

DELIVERY_VERSION = 1
"""Part of every key. Increase it when the same film and settings give another file."""


@dataclass(frozen=True)
class Master:
    """The finished film: its file, form, title and chapters.

    ``deep``: the same pictures with 10 bits, for codecs that can hold them; None where the film has only 8.
    """

    file: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    title: str = ""
    chapters: tuple[Chapter, ...] = ()
    deep: Path | None = None

    @property
    def seconds(self) -> Fraction:
        """Length of the film."""
        return Fraction(self.frames) / self.rate

    def frames_at(self, rate: Fraction) -> int:
        """How many frames the film has at another rate, at least one."""
        return max(1, int(self.seconds * rate + Fraction(1, 2)))

    def chapters_at(self, rate: Fraction) -> Sequence[Chapter]:
        """The chapters in frames of another rate; of those that begin at one frame there only the last."""
        moved = {int(Fraction(one.start) / self.rate * rate + Fraction(1, 2)): one.title for one in self.chapters}
        inside = [Chapter(start, title) for start, title in moved.items() if start < self.frames_at(rate)]
        return inside if len(inside) > 1 else ()


@dataclass(frozen=True)
class Framing:
    """The picture of a delivery: its size, and what becomes of a film of another shape.

    ``crop`` fills the picture, around ``centre`` (shares of the film's width and height); ``pad`` adds black bars.
    """

    width: int
    height: int
    fit: Literal["crop", "pad"] = "crop"
    centre: tuple[float, float] = (0.5, 0.5)


@dataclass(frozen=True)
class VideoSpec:
    """A video. Its name is relative to the film's folder, and ``file`` the path.

    Args:
        deep: whether it has 10 bits where the codec has two depths.
        crf: quality, as a number of x264; each codec has its own scale (``deliveries.yaml``).
        bitrate: bits a second instead; None: by quality.
        speed: preset of x264 and x265.
        gop: longest distance of key frames, in frames.
        audio: how its sound is encoded; None: silent.
    """

    name: str
    file: Path
    framing: Framing
    rate: Fraction
    codec: str
    deep: bool = False
    crf: int = 17
    bitrate: int | None = None
    speed: str = "fast"
    gop: int = 48
    audio: AudioCodec | None = None

    @property
    def encoding(self) -> Codec:
        """The codec's row."""
        return codecs()[self.codec]

    @property
    def pix_fmt(self) -> str:
        """Pixel format of the file."""
        return self.encoding.pix_fmt(deep=self.deep)

    def settings(self) -> dict[str, Any]:
        """All that decides the pictures, as JSON values, for keys."""
        return _settings(self, name=None, file=None, audio=None)


@dataclass(frozen=True)
class PreviewSpec:
    """A short silent animation, from frame ``start`` of the film on. ``percent``: quality of WebP."""

    name: str
    file: Path
    framing: Framing
    rate: Fraction
    codec: str
    start: int
    frames: int
    percent: int = 92

    def settings(self) -> dict[str, Any]:
        """All that decides the pictures, as JSON values, for keys."""
        return _settings(self, name=None, file=None)


@dataclass(frozen=True)
class StillSpec:
    """One frame of the film as a picture. ``percent``: quality of JPEG."""

    name: str
    file: Path
    framing: Framing
    codec: str
    frame: int
    percent: int = 92

    def settings(self) -> dict[str, Any]:
        """All that decides the picture, as JSON values, for keys."""
        return _settings(self, name=None, file=None)


def _settings(spec: VideoSpec | PreviewSpec | StillSpec, **without: None) -> dict[str, Any]:
    values = {**asdict(spec), **without, "version": DELIVERY_VERSION, "row": asdict(codecs()[spec.codec])}
    return {**values, "rate": rate_text(spec.rate)} if not isinstance(spec, StillSpec) else values
