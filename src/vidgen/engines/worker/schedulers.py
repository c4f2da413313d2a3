"""The scheduler that takes the steps: the model's own, or that of a recipe."""

from __future__ import annotations

import inspect
from typing import Any

from vidgen.engines.local.job import Recipe
from vidgen.errors import InputError


def set_scheduler(pipe: Any, recipe: Recipe) -> None:
    """Give the pipeline the scheduler of the recipe; the model's own where it names none."""
    if not hasattr(pipe, "_vidgen_scheduler"):
        pipe._vidgen_scheduler = pipe.scheduler
    own = pipe._vidgen_scheduler
    changes: dict[str, Any] = {"flow_shift": recipe.extra["flow_shift"]} if "flow_shift" in recipe.extra else {}
    if recipe.schedule:  # these times are meant as they are
        exact = {"use_dynamic_shifting": False, "shift": 1.0, "shift_terminal": None}
        changes |= {name: value for name, value in exact.items() if name in own.config}
    if not recipe.scheduler and not changes:
        pipe.scheduler = own
        return
    import diffusers

    kind: Any = getattr(diffusers, recipe.scheduler, None) if recipe.scheduler else type(own)
    if not hasattr(kind, "from_config") or not issubclass(kind, diffusers.SchedulerMixin):
        raise InputError(
            "request.bad_value",
            f"params.scheduler: there is no scheduler {recipe.scheduler!r}",
            hint="a class of diffusers, such as UniPCMultistepScheduler",
        )
    if _flows(own) and not _flows(kind):
        raise InputError(
            "request.bad_value",
            f"params.scheduler: {recipe.scheduler} cannot take the steps of {recipe.model}, which follows a flow",
            hint="one that can, such as UniPCMultistepScheduler, DPMSolverMultistepScheduler or the model's own",
        )
    if _matches(kind) and "shift" not in changes:  # these call it so
        changes["shift"] = changes.pop("flow_shift", own.config.get("shift", own.config.get("flow_shift", 1.0)))
    if _matches(type(own)) and not _matches(kind):  # the others follow noise by default
        shift = changes.get("flow_shift", own.config.get("shift", 1.0))
        changes |= {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": shift}
    pipe.scheduler = kind.from_config(own.config, **changes)


def _flows(scheduler: Any) -> bool:
    """Whether a scheduler follows a flow, or a class of schedulers can."""
    if not isinstance(scheduler, type):
        return _matches(type(scheduler)) or scheduler.config.get("prediction_type") == "flow_prediction"
    return _matches(scheduler) or "use_flow_sigmas" in inspect.signature(scheduler).parameters


def _matches(kind: type) -> bool:
    return any("FlowMatch" in one.__name__ for one in kind.__mro__)
