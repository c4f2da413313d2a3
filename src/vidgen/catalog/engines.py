"""Read ``engines.yaml`` and ``use_cases.yaml``: capabilities and prices of engines, and recommendations."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidgen.catalog.capabilities import Capabilities, Price
from vidgen.errors import MissingError
from vidgen.media.tables import read_table


@dataclass(frozen=True)
class UseCase:
    """One recommendation: the use case in English and Japanese, engines, preset and reason."""

    name: str
    ja: str
    engines: tuple[str, ...]
    preset: str
    why: str


@functools.cache
def engine_table() -> Mapping[str, tuple[Capabilities, ...]]:
    """All engines and their models, in the table's order; the first model is the default."""
    table = read_table("vidgen.catalog", "engines.yaml")
    usual = {"as_of": table["as_of"]}
    return {
        name: tuple(
            _capabilities(name, model, {**usual, **_shared(row), **(values or {})}) for model, values in _models(row).items()
        )
        for name, row in table["engines"].items()
    }


def _models(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The engine's models; for the local engine those of ``diffusion.yaml`` that can run."""
    if row["models"] != "diffusion.yaml":
        models: Mapping[str, Any] = row["models"]
        return models
    from vidgen.catalog.diffusion import families
    from vidgen.catalog.diffusion import models as diffusion_models

    found = {}
    for model in (one for one in diffusion_models() if one.runs):
        family = families()[model.family]
        fps, frames, size = model.fps or family.fps, model.max_frames or family.max_frames, model.size or family.size
        found[model.name] = {
            "tasks": list(model.tasks),
            "max_s": round(frames / fps, 1),
            "max_short_side": min(size),
            "first_frame": not {"image_to_video", "first_last_frame"}.isdisjoint(model.tasks),
            "last_frame": "first_last_frame" in model.tasks,
            "references": family.references,
            "seed": True,
            "negative": family.negative,
            "audio": "always" if family.audio else False,
            "moves": list(family.moves if model.moves is None else model.moves),
            "prompt_order": family.prompt_order,
            "prompt_chars": family.prompt_chars,
            **({"note": family.note} if family.note else {}),
        }
    return found


def _shared(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "models"}


def _capabilities(engine: str, model: str, row: Mapping[str, Any]) -> Capabilities:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    price = _price(values.pop("price", {}))
    values["task_prices"] = {task: _price(given) for task, given in values.get("task_prices", {}).items()}
    if values.get("moves") == "all":
        values["moves"] = ("all",)
    return Capabilities(engine=engine, model=model, price=price, **values)


def _price(row: Mapping[str, Any]) -> Price:
    values: dict[str, Any] = {key: tuple(map(tuple, value)) if isinstance(value, list) else value for key, value in row.items()}
    return Price(**values)


def capabilities(engine: str, model: str | None = None) -> Capabilities | None:
    """The capabilities of an engine and model (None: its default); None for an unknown engine.

    An unknown model of a provider gets the default row with an unknown price, because catalogues change monthly.
    """
    rows = engine_table().get(engine)
    if not rows:
        return None
    if model is None:
        return rows[0]
    known = next((row for row in rows if row.model == model), None)
    if known:
        return known
    from dataclasses import replace

    if rows[0].kind in ("local", "built-in"):
        return replace(rows[0], model=model)
    return replace(rows[0], model=model, price=Price(), task_prices={})


def refuse_retired(engine: str, model: str | None, where: str = "") -> None:
    """Raise MissingError ``engine.retired``, with a replacement, if the engine or this model is retired."""
    rows = engine_table().get(engine, ())
    gone = next((row for row in rows if row.retired_on and (row.model == model or all(one.retired_on for one in rows))), None)
    if gone:
        what = gone.title if all(one.retired_on for one in rows) else f"{gone.title} {gone.model}"
        text, hint = f"{what} was retired on {gone.retired_on}", f"use {gone.instead}" if gone.instead else ""
        raise MissingError("engine.retired", text, hint=hint, where=where)


def unknown_model(engine: str, model: str | None, *, own: bool = False) -> tuple[str, ...]:
    """The known models of an engine, if ``model`` is not one of them; else an empty tuple.

    ``own``: also for engines that accept any model.
    """
    rows = engine_table().get(engine, ())
    known = tuple(row.model for row in rows if row.model)
    return () if model is None or model in known or (not own and any(row.any_model for row in rows)) else known


@functools.cache
def use_cases() -> tuple[UseCase, ...]:
    """The recommendations, in the table's order."""
    return tuple(
        UseCase(**{**row, "engines": tuple(row["engines"])})
        for row in read_table("vidgen.catalog", "use_cases.yaml")["use_cases"]
    )
