"""The manifest of a take: everything that decided its pictures."""

from __future__ import annotations

from typing import Any

from vidgen.engines.local.job import Batch, RequestedTake
from vidgen.engines.worker.loaded import Loaded


def manifest_of(batch: Batch, take: RequestedTake, loaded: Loaded, together: int, seconds: float) -> dict[str, Any]:
    """The manifest of one take, as JSON values. ``together``: takes of its call. ``seconds``: how long that call took."""
    import diffusers
    import torch
    import transformers

    recipe, used = batch.recipe, loaded.used
    scheduler = loaded.pipe.scheduler
    settings = ("flow_shift", "shift", "prediction_type", "timestep_spacing", "use_karras_sigmas", "solver_order")
    return {
        "model": recipe.model,
        "revision": recipe.revision,
        "pipeline": type(loaded.pipe).__name__,
        "family": recipe.family,
        "task": recipe.task,
        "scheduler": type(scheduler).__name__,
        "scheduler_settings": {name: scheduler.config[name] for name in settings if name in scheduler.config},
        "steps": recipe.steps,
        "schedule": {name: list(times) for name, times in recipe.schedule.items()} or None,
        "guidance": recipe.guidance,
        "quality": recipe.tier,
        "settings": dict(recipe.extra),
        "cache": {"kind": recipe.cache.kind, **recipe.cache.settings} if recipe.cache else None,
        "adapters": [
            {"role": one.role, "weight": one.weight, "sha256": one.sha256, "file": one.file.name} for one in used.adapters
        ],
        "negative": recipe.prompt.negative,
        "seed": take.seed,
        "made": {"width": recipe.width, "height": recipe.height, "frames": recipe.frames, "fps": recipe.fps},
        "reject": {"keep": recipe.reject.keep, "at": recipe.reject.at} if recipe.reject else None,
        "batch": together,
        "dtype": used.dtype,
        "attention": used.attention or "default",
        "compile": used.compile,
        "context_parallel": used.share,
        "quantise": used.quantise or None,
        "offload": used.offload,
        "tiling": used.tiling,
        "device": torch.cuda.get_device_name(used.device) if used.device.startswith("cuda") else used.device,
        "versions": {
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "transformers": transformers.__version__,
        },
        "seconds": round(seconds, 2),
    }
