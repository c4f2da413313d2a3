"""How pictures are encoded. One profile for takes, segments and post, so that equal streams can be joined by copy."""

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
"""The pixel format of results with 10 bits."""


@dataclass(frozen=True)
class EncodeProfile:
    """H.264 with 8 bits, or HEVC Main 10 where ``pix_fmt`` has 10: H.264 with 10 bits plays in hardware nowhere, HEVC Main 10
    on every phone, television and graphics card since about 2016, and ``hvc1`` is the tag that Apple's players ask for.

    ``crf`` 0-51 (lower is better), ``preset`` the encoder's name of a speed, ``gop`` the longest GOP in frames. A ``draft``
    (H.264 alone; else ValueError) is looked at less long for small files: a quarter of the work, a tenth more bytes.
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
        """Whether pictures keep 10 bits."""
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
        """Output arguments that write the profile's key into the file: for ``encoded_as`` and ``is_draft``."""
        return ["-metadata", f"grouping={_DRAFT_TAG if self.draft else _TAG}{self.key()}"]

    def key(self) -> str:
        """Identity of the encoded form; two files of one size, rate and key can be joined by copy, drafts among them."""
        form = asdict(self)
        del form["draft"]
        return sha256_json(form)[:16]


_TAG, _DRAFT_TAG = "vidgen-encode:", "vidgen-draft:"


def encoded_as(path: Path) -> str | None:
    """The ``EncodeProfile.key()`` with which vidgen encoded a file; None for any other file."""
    told = _tag(path)
    return next((told.removeprefix(tag) for tag in (_TAG, _DRAFT_TAG) if told.startswith(tag)), None)


def is_draft(path: Path) -> bool:
    """Whether vidgen encoded a file as a draft."""
    return _tag(path).startswith(_DRAFT_TAG)


def _tag(path: Path) -> str:
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        return container.metadata.get("grouping", "")


_QUICK = "superfast"
_AS_MASTER = "ref=2:chroma-qp-offset=-2:mbtree=1:rc-lookahead=10"
"""What makes the parameter sets of ``_QUICK`` those of ``MASTER``'s preset, and the bits go where they are seen longest."""

MASTER = EncodeProfile()
"""The form in which takes and post-processed clips are kept, and the default of the final cut."""

DRAFT = replace(MASTER, draft=True)
"""The form of takes that stand in for others, and of what the film is made of where they alone are seen."""

SMALLEST_HEVC = 16
"""Pixels a side, at least, that the HEVC encoder takes."""


def delivery(info: MediaInfo, width: int, height: int) -> EncodeProfile:
    """How a file of the user's own is encoded at that size: a source of more than 8 bits keeps 10, others are as ``MASTER``.

    Subsampling is always 4:2:0, for the same reason that 10 bits are HEVC: nothing else plays everywhere.
    """
    return replace(MASTER, pix_fmt=DEEP) if info.bits > 8 and min(width, height) >= SMALLEST_HEVC else MASTER


def timescale(rate: Fraction) -> int:
    """Ticks per second of an MP4 video track at which every frame boundary is an integer."""
    scale = rate.numerator
    while scale < 10_000:
        scale *= 2
    return scale
