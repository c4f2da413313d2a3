"""Encoder settings. Takes, segments and post-processing share one profile, so that streams can be joined by copy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidgen.media.files import file_url, sha256_json
from vidgen.media.rate import rate_text

if TYPE_CHECKING:
    from vidgen.media.probe import MediaInfo

DEEP = "yuv420p10le"
"""Pixel format of 10-bit results."""


@dataclass(frozen=True)
class EncodeProfile:
    """H.264 with 8 bits, or HEVC Main 10 if ``pix_fmt`` has 10 bits.

    No hardware decodes 10-bit H.264; HEVC Main 10 plays on phones, televisions and graphics cards since about 2016. Apple's
    players need the tag ``hvc1``.

    Args:
        crf: 0-51, lower is better.
        preset: the encoder's speed preset.
        gop: longest GOP in frames.
        draft: H.264 only (else ValueError): a quarter of the encoding time for a tenth more bytes.
    """

    crf: int = 17
    preset: str = "fast"
    gop: int = 48
    pix_fmt: str = "yuv420p"
    draft: bool = False

    def __post_init__(self) -> None:
        if self.draft and self.deep:
            raise ValueError("a draft has 8 bits")

    @property
    def deep(self) -> bool:
        """Whether the profile has 10 bits."""
        return self.pix_fmt == DEEP

    def video_args(self, rate: Fraction) -> list[str]:
        """Output arguments: closed GOPs, BT.709 limited range and its tags, one fixed time scale per rate."""
        colours = "colorprim=bt709:transfer=bt709:colormatrix=bt709"
        params = f"open-gop=0:stitchable=1:{colours}:fullrange=off"
        if self.draft:
            params += f":{_AS_MASTER}"
        h264 = ["libx264", "-profile:v", "high", "-x264-params", params]
        # Parameter sets in one place and no settings in the stream, so that pieces of one film join by copy.
        fixed = "open-gop=0:repeat-headers=0:info=0:pools=2:frame-threads=1:log-level=error"
        hevc = ["libx265", "-profile:v", "main10", "-tag:v", "hvc1", "-x265-params", f"{fixed}:{colours}:range=limited"]
        return [
            *("-c:v", *(hevc if self.deep else h264), "-preset", _QUICK if self.draft else self.preset, "-crf", str(self.crf)),
            *("-pix_fmt", self.pix_fmt, "-g", str(self.gop), "-threads", "2"),
            *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
            *("-r", rate_text(rate), "-video_track_timescale", str(timescale(rate)), "-fps_mode", "cfr"),
        ]

    def tag_args(self) -> list[str]:
        """Output arguments that write the profile's key into the file, for ``encoded_as`` and ``is_draft``."""
        return ["-metadata", f"grouping={_DRAFT_TAG if self.draft else _TAG}{self.key()}"]

    def key(self) -> str:
        """Identifier of the encoded form. Files with the same size, rate and key can be joined by copy, drafts too."""
        form = asdict(self)
        del form["draft"]
        return sha256_json(form)[:16]


_TAG, _DRAFT_TAG = "vidgen-encode:", "vidgen-draft:"


def encoded_as(path: Path) -> str | None:
    """The ``EncodeProfile.key()`` of a file that vidgen encoded; None for any other file."""
    tag_text = _tag(path)
    return next((tag_text.removeprefix(prefix) for prefix in (_TAG, _DRAFT_TAG) if tag_text.startswith(prefix)), None)


def is_draft(path: Path) -> bool:
    """Whether vidgen encoded a file as a draft."""
    return _tag(path).startswith(_DRAFT_TAG)


def _tag(path: Path) -> str:
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        return container.metadata.get("grouping", "")


_QUICK = "superfast"
_AS_MASTER = "ref=2:chroma-qp-offset=-2:mbtree=1:rc-lookahead=10"
"""Gives ``_QUICK`` the parameter sets of ``MASTER``'s preset, and spends bits on what stays in the picture longest."""

MASTER = EncodeProfile()
"""Profile of takes that vidgen encodes, of post-processed clips, and the default of the final cut."""

DRAFT = replace(MASTER, draft=True)
"""Profile of placeholder takes, and of parts of the film that show nothing else."""

SMALLEST_HEVC = 16
"""Smallest picture side in pixels that the HEVC encoder accepts."""


def delivery(info: MediaInfo, width: int, height: int) -> EncodeProfile:
    """The profile for a user's file at that size: 10 bits if the source has more than 8, else ``MASTER``.

    Chroma subsampling is always 4:2:0, because nothing else plays everywhere.
    """
    return replace(MASTER, pix_fmt=DEEP) if info.bits > 8 and min(width, height) >= SMALLEST_HEVC else MASTER


def timescale(rate: Fraction) -> int:
    """Ticks per second of an MP4 video track at which every frame boundary is an integer."""
    scale = rate.numerator
    while scale < 10_000:
        scale *= 2
    return scale
