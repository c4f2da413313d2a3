"""Calls a function after each step, also of pipelines whose call takes no callback: through their scheduler."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any


@contextmanager
def after_each_step(pipe: Any, watch: Callable[..., Any]) -> Iterator[None]:
    """Call ``watch(pipe, index, time, {"latents": ...})`` after each step of a pipeline whose call takes no callback.

    What it returns is not used: such a batch cannot be made smaller half-way.
    """
    if "callback_on_step_end" in inspect.signature(pipe.__call__).parameters:
        yield
        return
    plain, numbers = pipe.scheduler.step, count()

    def step(noise: Any, time: Any, *rest: Any, **named: Any) -> Any:
        made = plain(noise, time, *rest, **named)
        watch(pipe, next(numbers), time, {"latents": made[0]})
        return made

    pipe.scheduler.step = step
    try:
        yield
    finally:
        del pipe.scheduler.step
