"""Which part of a take is in the film where the judge does not say: what a person's or the storyboard's trim says, else the
usual part.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from vidgen.planning.plan import EngineShot, GeneratedShot, PlannedShot
from vidgen.takes.lockfile import Pick
from vidgen.takes.request import ShotRequest, Take, Window


def trimmed(take: Take, planned: EngineShot) -> Take:
    """The take with what the storyboard says of the part that is used."""
    return replace(take, trim=planned.trim) if isinstance(planned, GeneratedShot) else take


def trim_range(take: Take, request: ShotRequest) -> tuple[int, int]:
    """The first and the last frame that a shot can open with in a take, so that all of it is seen."""
    free = replace(take, begins=None, trim=replace(take.trim, start=None))
    return take.first, max(take.first, take.frames - free.window(request).frames)


def trim_over(planned: GeneratedShot) -> str | None:
    """What the storyboard says of where a shot opens, as the lock file has it."""
    return None if planned.trim.start is None else str(planned.trim.start)


def trimmed_by_person(take: Take, planned: PlannedShot, pick: Pick | None) -> Take | None:
    """The take with the part that a person chose while reviewing; None where nobody did, or the storyboard's trim is another
    one since: the later word holds. A shot that has become longer opens as late as its take allows.
    """
    if pick is None or pick.trim is None or (pick.by, pick.take) != ("person", take.take):
        return None
    if not isinstance(planned, GeneratedShot) or planned.parent != planned.id or trim_over(planned) != pick.trim_over:
        return None
    least, most = trim_range(take, planned.request)
    opens = Fraction(min(max(pick.trim, least), most) - take.first) / take.fps
    return replace(take, trim=replace(take.trim, start=opens))


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
    return bool(inputs.source_video or inputs.motion_reference or inputs.has_voice or request.sound)
