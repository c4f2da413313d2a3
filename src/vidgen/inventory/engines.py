"""Engines as rows: what each makes, up to what, for how much, and whether it runs here; and which is for which job."""

from __future__ import annotations

from typing import Any

from vidgen import __version__
from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities, engine_table, use_cases
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, VidgenError
from vidgen.spelling import nearest

_SHORT_TASKS = {
    "text_to_video": "text",
    "image_to_video": "image",
    "first_last_frame": "first+last",
    "video_to_video": "video",
    "motion_transfer": "performance",
    "lip_sync": "lip sync",
    "motion_brush": "motion brush",
}


def engine_rows() -> list[dict[str, Any]]:
    """One row for each engine and model: what it makes, up to what, for how much, and whether it runs here."""
    installed = Engines()
    rows = []
    for name in [*engine_table(), *(name for name in installed.names if name not in engine_table())]:
        if name in engine_table():
            models: tuple[Capabilities, ...] = engine_table()[name]
        else:
            try:
                models = (installed.get(name).capabilities(),)
            except VidgenError as error:  # a broken plug-in breaks its own row only
                rows.append(_engine_row(Capabilities(engine=name, kind="local"), False, error.message))
                continue
        ready, state = engine_state(name, models[0], installed)
        by_model = ready and name == "local"
        rows += [_engine_row(row, *(_local_state(row) if by_model else (ready, state))) for row in models]
    return rows


def engine_state(name: str, row: Capabilities, installed: Engines) -> tuple[bool, str]:
    """Whether an engine runs here, and why not."""
    if row.retired_on:
        return False, f"retired {row.retired_on}; use {row.instead}"
    if name not in installed:
        return False, f"not in {__version__}"
    try:
        lacks = installed.get(name).available()
    except VidgenError as error:
        return False, error.message
    return not lacks, lacks or "ready"


def _local_state(row: Capabilities) -> tuple[bool, str]:
    from vidgen.inventory.video_models import state_here

    return state_here(row.model or "")


def _engine_row(row: Capabilities, ready: bool, state: str) -> dict[str, Any]:
    pictures = "first+last" if row.last_frame else "first" if row.first_frame else "no"
    return {
        "engine": row.engine,
        "title": row.title,
        "model": row.model or "",
        "kind": row.kind,
        "tasks": list(row.tasks),
        "tasks_short": [_SHORT_TASKS.get(task, task) for task in row.tasks],
        "max_s": row.max_s,
        "max_short_side": row.max_short_side,
        "aspects": list(row.aspects),
        "pictures": pictures,
        "references": row.references,
        "seed": row.seed,
        "negative": row.negative,
        "moves": list(row.moves),
        "audio": bool(row.audio),
        "price": _price(row),
        "price_per_second_720p": row.price.a_second(720),
        "price_source": row.price.source,
        "as_of": row.price.as_of,
        "diffusion": row.diffusion,
        "retired_on": row.retired_on,
        "ready": ready,
        "state": state,
        "note": row.note,
    }


def _price(row: Capabilities) -> str:
    """Dollars a second, from the cheapest size and length to the dearest."""
    price = row.price
    rates = [usd / longest for _, longest, usd in price.by_clip] or [usd for _, usd in price.by_height]
    if not rates and price.per_second is None:
        return "?"
    rates = rates or [price.per_second or 0.0]
    low, high = (f"{rate:.2f}" if round(rate, 2) == round(rate, 3) else f"{rate:.3f}" for rate in (min(rates), max(rates)))
    if not max(rates):
        return "free"
    return low if low == high else f"{low}-{high}"


def recommendations(name: str | None) -> list[dict[str, Any]]:
    """Use cases and their engines; one of them where ``name`` (English or Japanese) is given. Raises InputError."""
    rows: list[dict[str, Any]] = [
        {
            "name": case.name,
            "ja": case.ja,
            "engines": list(case.engines),
            "preset": case.preset,
            "why": case.why,
            "price_720p": {engine: row.price.a_second(720) for engine in case.engines if (row := capabilities(engine))},
        }
        for case in use_cases()
    ]
    if name is None:
        return rows
    key = name.strip().casefold().replace(" ", "-").replace("_", "-")
    found = [row for row in rows if key in (row["name"], row["ja"].casefold())]
    if not found:
        near = nearest(key, [row["name"] for row in rows])
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(row['name'] for row in rows)}"
        raise InputError("usage.invalid", f"there is no use case {name!r}", hint=hint)
    return found
