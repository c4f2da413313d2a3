"""The parameters of a shot (``params`` in the storyboard) for a local model: checked, and turned into values of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.catalog.diffusion import Tier
from vidgen.engines.local.adapters import adapters_are_here
from vidgen.engines.local.folder import ModelFolder
from vidgen.engines.local.job import Cache, Rejection
from vidgen.errors import InputError
from vidgen.spelling import nearest
from vidgen.takes.request import ShotRequest, Task

COMMON = ("quality", "steps", "guidance", "scheduler", "cache", "lora", "retime", "reject", "slate")
"""Parameters of every family; each family has settings of its own besides."""

Notices = tuple[tuple[str, str], ...]
"""Notices as pairs of code and message."""


@dataclass(frozen=True)
class Sampling:
    """How the steps are taken: the quality (tier) and what the user changed of it.

    Args:
        quality: name of the tier.
        schedule: times of the steps (``timesteps`` or ``sigmas``); empty where the scheduler spaces them.
        notices: what differs from the request.
    """

    quality: str
    tier: Tier
    steps: int
    guidance: float
    scheduler: str
    schedule: Mapping[str, tuple[float, ...]]
    notices: Notices = ()


def checked_params(request: ShotRequest, folder: ModelFolder) -> Mapping[str, Any]:
    """The request's parameters. Raises InputError ``request.bad_value`` where one is unknown, out of its range, or of no use to
    this model.
    """
    params, settings = request.params, folder.family.settings
    for name in params:
        if name not in COMMON and name not in settings:
            raise _unknown(request, name, folder)
    for name in params.keys() & settings.keys():
        _, least, most = settings[name]
        _check_number(request, name, least, most)
    if problem := folder.calls.bad_setting(params, folder.config):
        name, why, hint = problem
        raise bad_value(request, f"params.{name}: {folder.name} {why}", hint)
    if "steps" in params:
        _check_number(request, "steps", 1, 1000)
        if params["steps"] % 1:
            raise bad_value(request, f"params.steps: {params['steps']} is not a whole number", "such as 20")
    if "guidance" in params:
        _check_number(request, "guidance", 0, 50)
    if params.get("retime", "motion") not in ("motion", "blend", "nearest"):
        raise bad_value(request, f"params.retime: {params['retime']!r} is not known", "motion, blend or nearest")
    return params


def sampling_of(request: ShotRequest, folder: ModelFolder) -> Sampling:
    """Steps, guidance, scheduler and times of the steps. Raises InputError ``request.bad_value`` for an unknown quality.

    A quality that needs LoRAs which are not here is replaced by the family's own: without them it gives no picture.
    """
    params, notices = request.params, []
    tiers = folder.model.tiers if folder.model else folder.family.tiers
    quality = params.get("quality", "standard")
    if not isinstance(quality, str) or quality not in tiers:
        raise bad_value(request, f"params.quality: {quality!r} is not known", f"one of {', '.join(tiers)}")
    tier = tiers[quality]
    if not adapters_are_here(folder, tier):
        tier = folder.family.tiers[quality]
        text = f"quality: {quality} of {folder.name} needs a distilled LoRA that is not here"
        text += f"; {tier.steps} steps are made; vidgen models pull {folder.name}"
        notices.append(("engine.wish_approximated", text))
    steps, scheduler = int(params.get("steps", tier.steps)), str(params.get("scheduler", ""))
    as_trained = steps == tier.steps and not scheduler
    if tier.schedule and not as_trained:
        text = f"steps: {folder.name} was made for {tier.steps} of its own times; {steps} are spaced by its scheduler"
        notices.append(("engine.wish_approximated", text))
    guidance = float(params.get("guidance", tier.guidance))
    schedule = tier.schedule if as_trained else {}
    return Sampling(quality, tier, steps, guidance, scheduler, schedule, tuple(notices))


def cache_of(request: ShotRequest, folder: ModelFolder, default: str) -> Cache | None:
    """The cache of the request, else that of the quality (``default``); None for none. Raises InputError for an unknown one."""
    requested = request.params.get("cache", default)
    if requested in (None, "", "none", False):
        return None
    given = dict(requested) if isinstance(requested, Mapping) else {"kind": requested}
    kind, known = str(given.pop("kind", "")), folder.family.caches
    if kind not in known:
        text = f"params.cache: {kind!r} is not known to work with {folder.family.title}"
        raise bad_value(request, text, f"it has: {', '.join(known) or 'none'}")
    return Cache(kind, {**known[kind], **given})


def rejection_of(request: ShotRequest, folder: ModelFolder, task: Task, takes: int) -> tuple[Rejection | None, Notices]:
    """Early rejection among ``takes`` candidates, and a notice where the model cannot do it. Raises InputError."""
    requested = request.params.get("reject")
    if not requested:
        return None, ()
    if not isinstance(requested, Mapping) or not {"keep", "at"} >= set(requested) or not isinstance(requested.get("keep"), int):
        text = "params.reject: it is {keep: 2, at: 0.5}: how many candidates stay, after which share of the steps"
        raise bad_value(request, text, "keep from 1, at between 0.2 and 0.9")
    keep, at = requested["keep"], requested.get("at", 0.5)
    if keep < 1 or not isinstance(at, int | float) or not 0.2 <= at <= 0.9:
        raise bad_value(request, "params.reject: keep is at least 1, at between 0.2 and 0.9", "change it or leave it out")
    if task not in folder.calls.shrinkable:
        text = f"reject: candidates of {folder.name} are not made in one batch that could lose some; all are made"
        return None, (("local.reject_unused", text),)
    return (Rejection(keep, at) if takes > keep else None), ()


def family_settings(request: ShotRequest, folder: ModelFolder, tier: Tier) -> dict[str, Any]:
    """The family's own settings: those given by the user, and those that follow from the shot and its quality."""
    settings = folder.family.settings
    found = {**folder.calls.settings_of(request), **{name: request.params[name] for name in settings if name in request.params}}
    if tier.flow_shift is not None:
        found.setdefault("flow_shift", tier.flow_shift)
    if not request.inputs.source_video:
        found.pop("strength", None)
    elif "strength" in settings:  # pipelines have defaults of their own
        found.setdefault("strength", settings["strength"][0])
    found.pop("tail", None)  # the batch says how long it really is
    return found


def bad_value(request: ShotRequest, text: str, hint: str) -> InputError:
    """The error for a parameter of a shot."""
    return InputError("request.bad_value", text, hint=hint, where=request.shot)


def _unknown(request: ShotRequest, name: str, folder: ModelFolder) -> InputError:
    known = (*COMMON, *folder.family.settings)
    near = nearest(name, known)
    guess = f"did you mean {near}? " if near else ""
    return bad_value(request, f"params.{name} is not known to {folder.family.title}", f"{guess}known: {', '.join(known)}")


def _check_number(request: ShotRequest, name: str, least: float, most: float) -> None:
    value = request.params[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        text = f"params.{name}: {value!r} is not a number from {least:g} to {most:g}"
        raise bad_value(request, text, "change it or leave it out")
