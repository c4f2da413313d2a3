"""Upscaling by a provider: a further paid take, made from the picked take of a shot. It is bought once, like any take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import Notice
from vidgen.planning.plan import FilmShot, ProviderUpscale, UserClip
from vidgen.takes.request import Inputs, Words, nearest_frames

UPSCALERS: Mapping[str, str] = {"runway": "magnific_video_upscaler_creative"}
"""Providers allowed as ``post.upscale.engine``, with the model to use."""


def enlargement(
    planned: FilmShot,
    size: tuple[int, int],
    lookup: Callable[[str, str | None], Capabilities | None],
    warn: Callable[[Notice], None],
) -> ProviderUpscale | None:
    """The take that upscales a shot's picked take to ``size`` (width, height in pixels).

    None if the shot names no provider for it or already has that size. Animatics and user's clips are not upscaled by a
    provider; ``warn`` gets a notice.
    """
    upscale = planned.post.upscale if planned.post else None
    if upscale is None or upscale.engine not in UPSCALERS:
        return None
    engine, model = upscale.engine, UPSCALERS[upscale.engine]
    if isinstance(planned, UserClip):
        text = f"post.upscale: {engine} upscales only generated takes; lanczos is used for your own clip"
        warn(Notice("engine.wish_approximated", text, planned.id))
        return None
    request = planned.request
    if (request.width, request.height) == size:
        return None
    if planned.engine == "previz":
        text = f"post.upscale: {engine} is not bought for an animatic; lanczos is used"
        warn(Notice("engine.wish_approximated", text, planned.id))
        return None
    capabilities = lookup(engine, model) or Capabilities(engine=engine)
    if planned.trim.seconds:
        request = replace(request, frames=nearest_frames(planned.trim.seconds, request.fps))
    enlarged = replace(
        request, shot=f"{planned.id}.upscale", engine=engine, model=model, task="video_to_video", prompt="", negative="",
        words=Words(), width=size[0], height=size[1], inputs=Inputs(), params={},
    )  # fmt: skip
    price = capabilities.price_of(request.duration_s, *size, "video_to_video")
    return ProviderUpscale(of=planned, model=model, request=enlarged, estimated_usd=price)
