"""How pictures are encoded. One profile for takes, segments and post, so that equal streams can be joined by copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from vidgen.media.files import sha256_json
from vidgen.media.rate import rate_text


@dataclass(frozen=True)
class EncodeProfile:
    """H.264 settings. ``crf`` 0-51 (lower is better), ``preset`` an x264 preset name, ``gop`` the longest GOP in frames."""

    crf: int = 17
    preset: str = "fast"
    gop: int = 48
    pix_fmt: str = "yuv420p"

    def video_args(self, rate: Fraction) -> list[str]:
        """Output arguments: closed GOPs, BT.709 limited range and its tags, one fixed time scale per rate."""
        return [
            *("-c:v", "libx264", "-profile:v", "high", "-preset", self.preset, "-crf", str(self.crf)),
            *("-pix_fmt", self.pix_fmt, "-g", str(self.gop), "-threads", "2"),
            *("-x264-params", "open-gop=0:stitchable=1:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off"),
            *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
            *("-r", rate_text(rate), "-video_track_timescale", str(timescale(rate)), "-fps_mode", "cfr"),
        ]

    def tag_args(self) -> list[str]:
        """Output arguments that write the profile's key into the file, so that ``encoded_as`` can tell it."""
        return ["-metadata", f"grouping={_TAG}{self.key()}"]

    def key(self) -> str:
        """Identity of the encoded form; two files of one size, rate and key can be joined by copy."""
        return sha256_json(asdict(self))[:16]


_TAG = "vidgen-encode:"


def encoded_as(path: Path) -> str | None:
    """The ``EncodeProfile.key()`` with which vidgen encoded a file; None for any other file."""
    import av

    with av.open(str(path)) as container:
        told = container.metadata.get("grouping", "")
    return told.removeprefix(_TAG) if told.startswith(_TAG) else None


MASTER = EncodeProfile()
"""The form in which takes and post-processed clips are kept, and the default of the final cut."""


def timescale(rate: Fraction) -> int:
    """Ticks per second of an MP4 video track at which every frame boundary is an integer."""
    scale = rate.numerator
    while scale < 10_000:
        scale *= 2
    return scale
