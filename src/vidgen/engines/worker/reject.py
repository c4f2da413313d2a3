"""Early rejection: candidates whose unfinished pictures are clearly worse leave the batch half-way. Off by default.

What is measured is a step's prediction of the clean latents, not the noisy latents themselves. The measures are coarse on
purpose (does it move, has it collapsed, does it flicker): finer judgements of unfinished pictures are known to be unstable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class Prediction:
    """What the last step took the clean latents to be."""

    def __init__(self) -> None:
        self._noise: Any = None
        self._sample: Any = None

    @contextmanager
    def recorded(self, pipe: Any) -> Iterator[None]:
        """Record the inputs of each step of a pipeline's scheduler."""
        plain = pipe.scheduler.step

        def step(noise: Any, time: Any, sample: Any, *rest: Any, **named: Any) -> Any:
            self._noise, self._sample = noise, sample
            return plain(noise, time, sample, *rest, **named)

        pipe.scheduler.step = step
        try:
            yield
        finally:
            del pipe.scheduler.step

    def clean(self, pipe: Any) -> Any:
        """[batch, channels, frames, height, width]; None where this scheduler does not provide it. Multistep solvers keep it;
        of a flow it is the sample less its noise: x - sigma * v.
        """
        scheduler, sample = pipe.scheduler, self._sample
        outputs = getattr(scheduler, "model_outputs", None)
        if outputs and outputs[-1] is not None and outputs[-1].shape == sample.shape:
            return outputs[-1]
        if "FlowMatch" in type(scheduler).__name__ and scheduler.step_index:
            return sample - scheduler.sigmas[scheduler.step_index - 1].to(sample.device) * self._noise
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
    """Indices of the ``keep`` best, in their order. What differs by less than a hundredth is equal (processors round
    differently), and of equals the earlier stays; what is not a number is the worst.
    """
    rounded = [math.inf if math.isnan(value) else round(value, 2) for value in bad]
    best = sorted(range(len(bad)), key=lambda index: (rounded[index], index))[:keep]
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
