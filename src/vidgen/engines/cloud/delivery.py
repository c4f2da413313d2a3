"""What a provider made into what was asked for: exact frames, rate and size; every difference is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vidgen.errors import InputError, ProcessingError
from vidgen.media.dubbing import dub
from vidgen.media.files import atomic
from vidgen.media.normalise import conform
from vidgen.media.probe import probe_video
from vidgen.takes.request import ShotRequest

_NEAR = Fraction(3, 100)
"""Share by which two aspects may differ before it is said that the picture was cropped."""


def is_whole(raw: Path) -> bool:
    """Whether a file is a clip to its end, as far as its container tells."""
    try:
        probe_video(raw)
    except InputError:
        return False
    return True


def deliver(raw: Path, out: Path, request: ShotRequest, provider: str) -> list[tuple[str, str]]:
    """Write the downloaded clip to ``out`` as the request wants it: trimmed, or its last frame held; scaled, and cropped where
    its shape differs; with the sound that it has. Returns notices. Raises ProcessingError where it is not a video.
    """
    notices: list[tuple[str, str]] = []

    def damaged() -> None:
        text = f"the sound that {provider} made is damaged or cut off; what could be decoded is kept"
        notices.append(("sound.damaged", text))

    try:
        info = probe_video(raw)
        with atomic(out) as part:
            conform(
                raw, part, width=request.width, height=request.height, rate=request.fps, frames=request.frames, fit="crop",
                max_hold=request.frames,
            )  # fmt: skip
            if info.has_audio:
                dub(part, raw, begins=Fraction(0), seconds=request.frames / request.fps, damaged=damaged)
    except InputError as error:
        raise ProcessingError(
            "provider.bad_result",
            f"{provider} gave a file that is not a usable clip: {error.message.replace(str(raw), 'it')}",
            hint="look at it at the provider; --regenerate makes it anew, at its price",
            where=request.shot,
        ) from error
    width, height = info.display_size
    if abs(Fraction(width, height) / Fraction(request.width, request.height) - 1) > _NEAR:
        text = f"{provider} made {width}x{height}; it was cropped to the shape of {request.width}x{request.height}"
        notices.append(("take.reshaped", text))
    missing = request.duration_s - info.duration_s
    if missing > 1.5 / float(request.fps):
        notices.append(("take.held", f"{provider} made {info.duration_s:.2f} s; the last frame is held for {missing:.2f} s"))
    return notices
