"""A look at a provider's clip before it is kept: whether it plays, and what of it the film will have to change. The file stays
byte for byte as it came.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from vidgen.errors import InputError, ProcessingError
from vidgen.media.exact import probe_exact
from vidgen.media.probe import MediaInfo, part_from, probe_video
from vidgen.takes.request import ShotRequest

_NEAR = Fraction(3, 100)
"""Share by which two shapes may differ before it is said that the picture will be cropped."""

Notices = list[tuple[str, str]]


def is_whole(clip: Path) -> bool:
    """Whether a file is a clip to its end, as far as its container tells."""
    try:
        probe_video(clip)
    except InputError:
        return False
    return True


def inspect_clip(clip: Path, request: ShotRequest, provider: str, first: int = 0) -> Notices:
    """Decode a downloaded clip once, pictures and sound, and compare it, from frame number ``first`` on, with what the film
    needs. Returns notices.

    Raises ProcessingError ``provider.bad_result`` where it is no video, is cut off, shows nothing, or is HDR.
    """
    try:
        info = probe_exact(clip)
        sound = not info.has_audio or _sound_is_whole(clip)
    except InputError as error:
        raise ProcessingError(
            "provider.bad_result",
            f"{provider} gave a file that is not a usable clip: {error.message.replace(str(clip), 'it')}",
            hint="look at it at the provider; --regenerate makes it anew, at its price",
            where=request.shot,
        ) from error
    notices = _differences(part_from(info, first), request, provider)
    if info.faults:
        text = f"the pictures that {provider} made are damaged in places; what can be decoded is shown ({info.faults})"
        notices.append(("post.damaged_source", text))
    if not sound:
        text = f"the sound that {provider} made is damaged or cut off; what can be decoded is heard"
        notices.append(("sound.damaged", text))
    return notices


def _differences(info: MediaInfo, request: ShotRequest, provider: str) -> Notices:
    """Where the clip's shape or length is not the film's."""
    notices: Notices = []
    width, height = info.display_size
    if abs(Fraction(width, height) / Fraction(request.width, request.height) - 1) > _NEAR:
        text = f"{provider} made {width}x{height}; it is cropped to the shape of {request.width}x{request.height}"
        notices.append(("take.reshaped", text))
    missing = request.duration_s - info.duration_s
    if missing > 1.5 / float(request.fps):
        notices.append(("take.held", f"{provider} made {info.duration_s:.2f} s; the last frame is held for {missing:.2f} s"))
    return notices


def _sound_is_whole(clip: Path) -> bool:
    """Whether all of a clip's sound decodes."""
    from vidgen.media.audio import decode_audio

    harm: list[bool] = []
    for _ in decode_audio(clip, damaged=lambda: harm.append(True)):
        pass
    return not harm
