"""What there is to know about engines, models and this machine, as rows for ``engines``, ``models`` and ``doctor``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from vidgen import __version__
from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities, engine_table, use_cases
from vidgen.config import config
from vidgen.engines.registry import Engines, plugin_problems
from vidgen.errors import InputError, VidgenError
from vidgen.media.home import lasting_home, vidgen_home
from vidgen.media.places import writable
from vidgen.settings import settings

_SHORT_TASKS = {
    "text_to_video": "text",
    "image_to_video": "image",
    "first_last_frame": "first+last",
    "video_to_video": "video",
    "motion_transfer": "performance",
    "lip_sync": "lip sync",
    "motion_brush": "motion brush",
}
State = Literal["ok", "warn", "bad", "info"]


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
        ready, state = _engine_state(name, models[0], installed)
        by_model = ready and name == "local"
        rows += [_engine_row(able, *(_local_state(able) if by_model else (ready, state))) for able in models]
    return rows


def _engine_state(name: str, able: Capabilities, installed: Engines) -> tuple[bool, str]:
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
    from vidgen.render.diffusion_models import state_here

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


def model_rows(names: Sequence[str] = (), *, verify: bool = False) -> list[dict[str, Any]]:
    """Weights and fonts: task, licence, size, sha256, sources and where they are; ``verify`` reads every file.

    All of them, or those of the given names. Raises InputError ``models.unknown``.
    """
    from vidgen.weights.store import rows

    return rows(names, verify=verify)


def diagnose() -> list[dict[str, Any]]:
    """Checks of this machine: each with state (ok, warn, bad, info), what was found and what to do about it."""
    checks = [
        _check("ok" if sys.version_info >= (3, 11) else "bad", "python", sys.version.split()[0], "Python 3.11 or newer"),
        _ffmpeg(),
        _fonts(),
        _writable(vidgen_home()),
        _disk(Path.cwd()),
        _cpu(),
        _gpu(),
        _models(),
        _downloads(),
        _config(),
    ]
    installed = Engines()
    for name in engine_table():
        able = engine_table()[name][0]
        ready, state = _engine_state(name, able, installed)
        checks.append(_check("ok" if ready else "info", f"engine {name}", state + _key_place(name, installed)))
    for problem in plugin_problems():
        checks.append(_check("warn", f"engine {problem.name}", problem.why, f"reinstall or remove {problem.package}"))
    return checks


def _key_place(name: str, installed: Engines) -> str:
    """Where an engine's key is, for those that have one; never the key."""
    try:
        place = getattr(installed.get(name), "key_place", str)()
    except VidgenError:
        return ""
    return f" (key from the {place})" if place else ""


def _check(state: State, name: str, found: str, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "state": state, "found": found, "remedy": remedy if state in ("warn", "bad") else None}


def _ffmpeg() -> dict[str, Any]:
    from vidgen.media.ffmpeg import find_ffmpeg

    try:
        found = find_ffmpeg()
    except VidgenError as error:
        return _check("bad", "ffmpeg", error.message, error.hint)
    return _check("ok", "ffmpeg", f"{found.version.partition(' Copyright')[0]} ({found.source}: {found.path})")


def _fonts() -> dict[str, Any]:
    from vidgen.weights.fonts import font_file

    try:
        return _check("ok", "title fonts", ", ".join(font_file(kind).name for kind in ("sans", "serif")))
    except VidgenError as error:
        return _check("bad", "title fonts", error.message, error.hint)


def _writable(folder: Path) -> dict[str, Any]:
    ancestor = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    fine = writable(ancestor)
    if fine and not settings().home and lasting_home() is None:
        return _check("warn", "VIDGEN_HOME", f"{folder}, as you have no home folder", "set VIDGEN_HOME to a folder that lasts")
    return _check("ok" if fine else "bad", "VIDGEN_HOME", str(folder), f"{ancestor} is not writable; set VIDGEN_HOME")


def _disk(folder: Path) -> dict[str, Any]:
    free = shutil.disk_usage(folder).free / 1e9
    return _check("ok" if free > 5 else "warn", "disk", f"{free:.1f} GB free here", "takes and segments need room: a few GB")


def _downloads() -> dict[str, Any]:
    forbidden = settings().offline
    return _check(
        "info", "downloads", "forbidden (VIDGEN_OFFLINE)" if forbidden else "allowed, never during plan, lint or previz"
    )


def _cpu() -> dict[str, Any]:
    return _check("info", "cpu", f"{os.cpu_count()} cores")


def _gpu() -> dict[str, Any]:
    from vidgen.engines.local.devices import devices

    found = [f"{device.name}, {device.memory_gb:.0f} GB" for device in devices() if device.is_gpu]
    if found:
        return _check("ok", "gpu", "; ".join(found))
    if shutil.which("nvidia-smi"):
        return _check("warn", "gpu", "nvidia-smi is there and shows none", "check the driver: nvidia-smi")
    return _check("info", "gpu", "none found: previz and cloud engines only")


def _models() -> dict[str, Any]:
    from vidgen.render.diffusion_models import summary

    try:
        return _check("info", "video models", summary())
    except VidgenError:  # the user's configuration, of which another line tells
        return _check("info", "video models", "not known while the configuration is wrong")


def _config() -> dict[str, Any]:
    try:
        told = config().model_dump(exclude_unset=True, by_alias=True)
    except VidgenError as error:
        return _check("bad", "configuration", error.message, error.hint)
    return _check("info", "configuration", ", ".join(f"{key}: {value}" for key, value in told.items()) or "none")
