"""Rules about post-processing: too many passes, or passes beyond their limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.shots import ShotView
from vidgen.storyboard.model import Colour, Grain, Interpolate, Post, Upscale
from vidgen.storyboard.values import frame_size

FURTHEST_RATE = Fraction(5, 2)
"""24 to 60 frames per second: three of five frames are synthesised."""
FURTHEST_SCALE, FURTHEST_FACE = 4, 2
LARGE = 2160
"""Short side of a 4K picture in pixels."""
FEW_FRAMES = 15
_DRAWN = re.compile(r"(?i)anime|cartoon|stop.?motion|hand.?drawn|claymation|アニメ|セル画|クレイ|手描き|ストップモーション")
_FACE = re.compile(r"(?i)\b(?:face|faces|portrait|headshot)\b|顔|表情|ポートレート")
_CLOSE = ("mcu", "cu", "ecu")


def post_rules(view: ShotView) -> Iterator[Finding]:
    """V205-V208; V206 and V207 not for a user's clip, whose rate and size are not known here."""
    post = view.shot.post
    if not post:
        return
    path, own = view.path_of("post"), bool(view.shot.clip)
    yield from (view.finding("V205", path, what=what) for what in _stacked(view, post))
    if not own and (times := _times(view, post.interpolate)) > FURTHEST_RATE:
        yield view.finding("V206", path, times=f"{float(times):.3g}")
    yield from (view.finding("V207", path, what=what) for what in (() if own else _enlarged(view, post.upscale)))
    if post.grain and post.grain.amount and _short_side(view, post.upscale) >= LARGE:
        yield view.finding("V208", path, height=_short_side(view, post.upscale))


def _stacked(view: ShotView, post: Post) -> Iterator[str]:
    """Interpolation, upscaling and grading are usual; grain on top of synthesised frames is one pass too many."""
    given = [name for name in ("interpolate", "upscale", "colour", "grain") if not _idle(getattr(post, name))]
    if {"interpolate", "upscale", "grain"} <= set(given):
        yield f"{len(given)} passes over every picture: {', '.join(given)}"
    elif not _idle(post.interpolate) and (view.board.fps <= FEW_FRAMES or _DRAWN.search(view.shot.style or "")):
        yield "interpolation smears a look that is drawn on few frames"


def _idle(step: Interpolate | Upscale | Colour | Grain | None) -> bool:
    """Whether a pass changes nothing, or synthesises no detail."""
    if isinstance(step, Colour):
        return step.model_copy(update={"reference": None, "strength": Colour().strength}) == Colour()
    if isinstance(step, Grain):
        return step.amount == 0
    return step is None or step.engine in ("nearest", "lanczos")


def _times(view: ShotView, step: Interpolate | None) -> Fraction:
    """The factor of the frame rate."""
    if step is None or _idle(step):
        return Fraction(1)
    return step.fps / view.board.fps if step.fps else Fraction(str(step.factor or 1))


def _short_side(view: ShotView, step: Upscale | None) -> int:
    width, height = frame_size(view.board.resolution, view.board.aspect)
    if step is None:
        return min(width, height)
    return min(width, height) * (step.scale or 1) if not step.height else min(width * step.height // height, step.height)


def _enlarged(view: ShotView, step: Upscale | None) -> Iterator[str]:
    if step is None or _idle(step):
        return
    taken = min(frame_size(view.board.resolution, view.board.aspect))
    times = _short_side(view, step) / taken
    close = view.shot.camera is not None and view.shot.camera.size in _CLOSE and bool(view.shot.characters)
    if taken >= LARGE and times > 1:
        yield f"takes of {taken} lines are 4K already"
    elif times > FURTHEST_SCALE:
        yield f"{times:.3g} times as large; the models make {FURTHEST_SCALE} times, the rest is stretched"
    elif step.model == "RealESRGAN_x4plus" and times > FURTHEST_FACE and (close or _FACE.search(view.text)):
        yield f"RealESRGAN_x4plus repaints faces at {times:.3g} times the size"
