"""Enlargement by a provider: one more paid take of a shot, made of the take that is picked. Bought once, like any take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import Notice
from vidgen.planning.plan import FilmShot, ProviderUpscale, UserClip
from vidgen.takes.request import Inputs, Words

UPSCALERS: Mapping[str, str] = {"runway": "magnific_video_upscaler_creative"}
"""What ``post.upscale.engine`` may be beside the engines of this machine, and the provider's model."""


def enlargement(
    planned: FilmShot,
    size: tuple[int, int],
    lookup: Callable[[str, str | None], Capabilities | None],
    warn: Callable[[Notice], None],
) -> ProviderUpscale | None:
    """The take that enlarges a shot's picked take to ``size`` (pixels); None where the shot does not ask a provider for it, or
    has that size anyway. Nobody pays for a larger animatic or a larger clip of their own: that is a notice.
    """
    upscale = planned.post.upscale if planned.post else None
    if upscale is None or upscale.engine not in UPSCALERS:
        return None
    engine, model = upscale.engine, UPSCALERS[upscale.engine]
    if isinstance(planned, UserClip):
        text = f"post.upscale: {engine} enlarges takes alone; lanczos enlarges your own clip"
        warn(Notice("engine.wish_approximated", text, planned.id))
        return None
    request = planned.request
    if (request.width, request.height) == size:
        return None
    if planned.engine == "previz":
        text = f"post.upscale: {engine} is not paid for an animatic; lanczos enlarges it"
        warn(Notice("engine.wish_approximated", text, planned.id))
        return None
    capabilities = lookup(engine, model) or Capabilities(engine=engine)
    enlarged = replace(
        request, shot=f"{planned.id}.upscale", engine=engine, model=model, task="video_to_video", prompt="", negative="",
        words=Words(), width=size[0], height=size[1], inputs=Inputs(), params={},
    )  # fmt: skip
    price = capabilities.price_of(request.duration_s, *size, "video_to_video")
    return ProviderUpscale(of=planned, model=model, request=enlarged, estimated_usd=price)
