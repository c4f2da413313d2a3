"""Which part of a take is in the film where the judge does not say: what the storyboard's trim says, else the usual part."""

from __future__ import annotations

from dataclasses import replace

from vidgen.planning.plan import EngineShot, GeneratedShot
from vidgen.takes.request import ShotRequest, Take, Window


def trimmed(take: Take, planned: EngineShot) -> Take:
    """The take with what the storyboard says of the part that is used."""
    return replace(take, trim=planned.trim) if isinstance(planned, GeneratedShot) else take


def usual_part(take: Take, request: ShotRequest, *, steady: bool = False) -> Window:
    """The part of a take that is used where no other is better: from its beginning where that was given, to its end where that
    was given, else from its middle, so that there is material on both sides. ``steady``: another shot goes on from it, or it
    keeps the time of something else; then from its beginning too.
    """
    inputs = request.inputs
    window = replace(take, begins=None).window(request)
    if steady or take.first or take.trim.start is not None or opens_given(request):
        return window
    spare = take.frames - window.start - window.frames
    return replace(window, start=window.start + (spare if inputs.end_frame else spare // 2))


def opens_given(request: ShotRequest) -> bool:
    """Whether a take opens with a given picture."""
    inputs = request.inputs
    return bool(inputs.start_frame or inputs.continues or inputs.brushes)


def is_timed(request: ShotRequest) -> bool:
    """Whether a take keeps the time of something else: a clip that it follows, a voice, or its own sound."""
    inputs = request.inputs
    return bool(inputs.source_video or inputs.motion_reference or inputs.lip_sync_audio or request.sound)
