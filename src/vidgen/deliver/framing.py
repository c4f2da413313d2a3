"""From the film's picture to that of a delivery: cropped around a point, or with bars, and scaled once."""

from __future__ import annotations

from collections.abc import Iterator

from vidgen.deliver.spec import Framing

SCALER = "flags=bicubic+accurate_rnd+full_chroma_int"
KEPT_COLOURS = "in_color_matrix=bt709:in_range=tv:out_color_matrix=bt709:out_range=tv"
"""Colours of a video: those of the film, BT.709 of limited range."""
_SLACK = 2
"""Pixels of the result by which shapes may differ and still count as the same: sides are rounded to even numbers."""


def framing_filters(width: int, height: int, framing: Framing, colours: str = KEPT_COLOURS) -> Iterator[str]:
    """The filters, in order, that turn pictures of ``width`` x ``height`` into the framing; none where they are alike.

    ``colours``: options of the scaler.
    """
    size = (framing.width, framing.height)
    if (width, height) == size:
        if colours != KEPT_COLOURS:
            yield f"scale={colours}:{SCALER}"
        return
    if same_shape(width, height, framing):
        yield _scale(*size, colours)
    elif framing.fit == "crop":
        yield "crop={}:{}:{}:{}".format(*crop_box(width, height, framing))
        yield _scale(*size, colours)
    else:
        inner = _inside(width, height, framing)
        yield _scale(*inner, colours)
        left, top = (_even((whole - part) / 2) for whole, part in zip(size, inner, strict=True))
        yield f"pad={framing.width}:{framing.height}:{left}:{top}:black"
    yield "setsar=1"


def same_shape(width: int, height: int, framing: Framing) -> bool:
    """Whether the picture fits without bars or cropping, but for the rounding of its sides."""
    wide = framing.height * width / height
    high = framing.width * height / width
    return abs(wide - framing.width) <= _SLACK or abs(high - framing.height) <= _SLACK


def crop_box(width: int, height: int, framing: Framing) -> tuple[int, int, int, int]:
    """Width, height, left and top of the part that is used, all even. It has the framing's shape, is as large as it can be, and
    lies around the centre as far as the picture's edges allow.
    """
    scale = max(framing.width / width, framing.height / height)
    sides = [min(whole, max(2, _even(target / scale))) for whole, target in ((width, framing.width), (height, framing.height))]
    corner = [
        min(max(0, _even(share * whole - side / 2)), whole - side)
        for share, whole, side in zip(framing.centre, (width, height), sides, strict=True)
    ]
    return sides[0], sides[1], corner[0], corner[1]


def enlargement(width: int, height: int, framing: Framing) -> float:
    """By how much the film's pixels are enlarged; below 1: made smaller."""
    pick = max if framing.fit == "crop" else min
    return pick(framing.width / width, framing.height / height)


def _inside(width: int, height: int, framing: Framing) -> tuple[int, int]:
    scale = min(framing.width / width, framing.height / height)
    return min(framing.width, max(2, _even(width * scale))), min(framing.height, max(2, _even(height * scale)))


def _scale(width: int, height: int, colours: str) -> str:
    return f"scale={width}:{height}:{colours}:{SCALER}"


def _even(value: float) -> int:
    return 2 * int(value / 2 + 0.5)
