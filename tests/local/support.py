"""Requests and batches in a line."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.engines.local.job import Batch, Load, Prompt, Recipe, RequestedTake
from vidgen.takes.request import Inputs, ShotRequest, TakeRequest

PIPELINES = {
    "wan-t2v": ("wan", "WanPipeline"),
    "wan-i2v": ("wan", "WanImageToVideoPipeline"),
    "wan-flf2v": ("wan", "WanImageToVideoPipeline"),
    "wan-ti2v": ("wan", "WanPipeline"),
    "wan-moe": ("wan", "WanPipeline"),
    "wan-vace": ("wan-vace", "WanVACEPipeline"),
    "ltx": ("ltx", "LTXPipeline"),
    "cogvideox": ("cogvideox", "CogVideoXPipeline"),
    "cogvideox-i2v": ("cogvideox", "CogVideoXImageToVideoPipeline"),
    "svd": ("svd", "StableVideoDiffusionPipeline"),
    "animatediff": ("animatediff", "AnimateDiffPipeline"),
    "hunyuan15": ("hunyuan15", "HunyuanVideo15Pipeline"),
    "skyreels-df": ("skyreels-df", "SkyReelsV2DiffusionForcingPipeline"),
    "kandinsky5": ("kandinsky5", "Kandinsky5T2VPipeline"),
}

LORA_OF = {"wan-t2v": "WanPipeline", "wan-moe": "WanPipeline", "ltx": "LTXPipeline", "animatediff": "AnimateDiffPipeline"}
"""Tiny models that the fixture ``lora`` makes LoRAs for."""


def shot(model: Path | str | None = None, **wishes: Any) -> ShotRequest:
    """A request for one second of 96x64 at 24/s."""
    values: dict[str, Any] = {
        "shot": "one",
        "engine": "local",
        "task": "text_to_video",
        "prompt": "a calm sea at dawn",
        "frames": 24,
        "fps": Fraction(24),
        "width": 96,
        "height": 64,
        "base_seed": 11,
        "model": str(model) if model else None,
        "inputs": Inputs(),
        "params": {"steps": 3},
    }
    return ShotRequest(**{**values, **wishes})


def takes_of(request: ShotRequest, count: int = 1) -> list[TakeRequest]:
    """Takes 1 to ``count`` of a request."""
    return [TakeRequest(request, number, request.seed_of(number)) for number in range(1, count + 1)]


def batch(folder: Path, out: Path, *, kind: str = "wan-t2v", takes: int = 1, largest: int = 0, **wishes: Any) -> Batch:
    """A batch of a tiny model: 9 frames of 96x64 in 3 steps."""
    family, pipeline = PIPELINES[kind]
    load = Load(folder, wishes.pop("pipeline", pipeline))
    values: dict[str, Any] = {
        "model": kind,
        "revision": kind,
        "family": family,
        "task": "text_to_video",
        "prompt": Prompt("a calm sea at dawn", "blur"),
        "width": 96,
        "height": 64,
        "frames": 9,
        "fps": 8.0,
        "steps": 3,
        "guidance": 5.0,
    }
    recipe = Recipe(**{**values, **wishes})
    wanted = tuple(RequestedTake(number, 10 + number, out / f"{number}.mp4") for number in range(1, takes + 1))
    return Batch("job", load, recipe, wanted, largest)
