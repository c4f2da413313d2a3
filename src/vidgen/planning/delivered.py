"""Size and rate of the finished film, after post-processing."""

from __future__ import annotations

from fractions import Fraction

from vidgen.planning.unsupported import film_post
from vidgen.storyboard.model import Post, Storyboard


def delivered_size(size: tuple[int, int], post: Post | None) -> tuple[int, int]:
    """Width and height of the film whose takes have ``size``."""
    upscale = post.upscale if post else None
    if upscale is None:
        return size
    width, height = size
    if upscale.height:
        return max(
            2, 2 * int(Fraction(width * upscale.height, height) / 2 + Fraction(1, 2))
        ), upscale.height + upscale.height % 2
    scale = upscale.scale or 2
    return width * scale, height * scale


def film_rate(board: Storyboard) -> Fraction:
    """Frames per second of the film after post-processing, without a preset."""
    return delivered_rate(board.fps, film_post(board))


def delivered_rate(rate: Fraction, post: Post | None) -> Fraction:
    """Frames per second of the film whose takes have ``rate``."""
    interpolate = post.interpolate if post else None
    if interpolate is None:
        return rate
    if interpolate.fps:
        return interpolate.fps
    return rate * Fraction(str(interpolate.factor)) if interpolate.factor else rate
