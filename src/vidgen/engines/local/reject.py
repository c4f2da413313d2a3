"""Early rejection: candidates whose unfinished pictures are clearly worse leave the batch half-way. Off by default.

The scheduler's prediction of the clean latents is measured, not the noisy latents themselves. The measures are coarse on
purpose (does it move, has it collapsed, does it flicker): finer judgements of unfinished pictures are known to be unstable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def predicted(pipe: Any, latents: Any) -> Any:
    """The scheduler's prediction of the clean latents after a step: [batch, channels, frames, height, width]; None where it
    keeps none.
    """
    outputs = getattr(pipe.scheduler, "model_outputs", None)
    if outputs and outputs[-1] is not None and outputs[-1].shape == latents.shape:
        return outputs[-1]
    return None


def badness(clean: Any) -> list[float]:
    """How far each candidate is from the middle of its batch, towards standing still, grey collapse, or flicker; 0 is fine.

    Args:
        clean: predicted clean latents, [batch, channels, frames, height, width].
    """
    import torch

    values = clean.detach().float()
    spread = values.std(dim=(1, 3, 4)).mean(dim=1)
    steps = (values[:, :, 1:] - values[:, :, :-1]).abs().mean(dim=(1, 3, 4))
    motion = steps.mean(dim=1)
    jumps = (steps[:, 1:] - steps[:, :-1]).abs().mean(dim=1) if steps.shape[1] > 1 else torch.zeros_like(motion)
    found = torch.zeros(len(values))
    for measure, low_is_bad in ((spread, True), (motion, True), (jumps, False)):
        middle = measure.median().clamp_min(1e-6)
        ratio = (measure / middle).clamp(1e-3, 1e3).log().cpu()
        found += (-ratio if low_is_bad else ratio).clamp_min(0)
    return [float(value) for value in found]


def survivors(bad: Sequence[float], keep: int) -> list[int]:
    """Indices of the ``keep`` best, in their order; of equals the earlier stays."""
    best = sorted(range(len(bad)), key=lambda index: (bad[index], index))[:keep]
    return sorted(best)


def shrink(pipe: Any, tensors: dict[str, Any], keep: Sequence[int], batch: int) -> dict[str, Any]:
    """The callback's tensors for the survivors alone; what the scheduler remembers of the others is dropped too."""
    scheduler = pipe.scheduler
    if hasattr(scheduler, "model_outputs"):
        scheduler.model_outputs = [
            part[list(keep)] if part is not None and part.shape[0] == batch else part for part in scheduler.model_outputs
        ]
    if getattr(scheduler, "last_sample", None) is not None and scheduler.last_sample.shape[0] == batch:
        scheduler.last_sample = scheduler.last_sample[list(keep)]
    return {
        name: tensor[list(keep)] if tensor is not None and tensor.shape[0] == batch else tensor
        for name, tensor in tensors.items()
    }
