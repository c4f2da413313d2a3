"""Engines as rows: what each makes, up to what, for how much, and whether it runs here; and which is for which job."""

from __future__ import annotations

from typing import Any

from vidgen import __version__
from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities, engine_table, use_cases
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, VidgenError

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
        rows += [_engine_row(able, *(_local_state(able) if by_model else (ready, state))) for able in models]
    return rows


def engine_state(name: str, able: Capabilities, installed: Engines) -> tuple[bool, str]:
    """Whether an engine runs here, and why not."""
    if able.retired_on:
        return False, f"retired {able.retired_on}; use {able.instead}"
    if name not in installed:
        return False, f"not in {__version__}"
    try:
        lacks = installed.get(name).available()
    except VidgenError as error:
        return False, error.message
    return not lacks, lacks or "ready"


def _local_state(able: Capabilities) -> tuple[bool, str]:
    from vidgen.inventory.video_models import state_here

    return state_here(able.model or "")


def _engine_row(able: Capabilities, ready: bool, state: str) -> dict[str, Any]:
    pictures = "first+last" if able.last_frame else "first" if able.first_frame else "no"
    return {
        "engine": able.engine,
        "title": able.title,
        "model": able.model or "",
        "kind": able.kind,
        "tasks": list(able.tasks),
        "tasks_short": [_SHORT_TASKS.get(task, task) for task in able.tasks],
        "max_s": able.max_s,
        "max_short_side": able.max_short_side,
        "aspects": list(able.aspects),
        "pictures": pictures,
        "references": able.references,
        "seed": able.seed,
        "negative": able.negative,
        "moves": list(able.moves),
        "audio": bool(able.audio),
        "price": _price(able),
        "price_per_second_720p": able.price.a_second(720),
        "price_source": able.price.source,
        "as_of": able.price.as_of,
        "diffusion": able.diffusion,
        "retired_on": able.retired_on,
        "ready": ready,
        "state": state,
        "note": able.note,
    }


def _price(able: Capabilities) -> str:
    """Dollars a second, from the cheapest size and length to the dearest."""
    price = able.price
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
            "price_720p": {engine: able.price.a_second(720) for engine in case.engines if (able := capabilities(engine))},
        }
        for case in use_cases()
    ]
    if name is None:
        return rows
    import difflib

    wanted = name.strip().casefold().replace(" ", "-").replace("_", "-")
    found = [row for row in rows if wanted in (row["name"], row["ja"].casefold())]
    if not found:
        near = difflib.get_close_matches(wanted, [row["name"] for row in rows], 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(row['name'] for row in rows)}"
        raise InputError("usage.invalid", f"there is no use case {name!r}", hint=hint)
    return found
