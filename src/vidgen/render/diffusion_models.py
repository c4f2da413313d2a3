"""The diffusion models as rows for ``models`` and ``doctor``: what each needs, whether it fits here; and pulling them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vidgen.catalog.diffusion import Model, model, models
from vidgen.engines.local.devices import Device, devices
from vidgen.errors import Cancelled, MissingError
from vidgen.weights import hub

_HOW = {"none": "fits", "model": "fits, one part at a time", "group": "fits, streamed (slow)"}


def is_diffusion(name: str) -> bool:
    """Whether a name is one of these models, or a hub id."""
    return model(name) is not None or name.count("/") == 1


def diffusion_rows(names: Sequence[str] = (), *, verify: bool = False) -> list[dict[str, Any]]:
    """The named models, else every one, as JSON values; ``verify`` reads every file that is here."""
    wanted = [model(name) or Model(name, name, repo=name) for name in names] or models()
    return [_row(one, verify) for one in wanted]


def _row(one: Model, verify: bool) -> dict[str, Any]:
    found = hub.pulled(one.repo) if one.repo else None
    problems = hub.problems(found) if found and verify else []
    state = "damaged" if problems else "here" if found else "absent" if one.runs else "gone"
    return {
        "name": one.name,
        "task": "video",
        "title": one.title,
        "family": one.family,
        "makes": list(one.tasks),
        "licence": one.licence,
        "limits": one.limits,
        "gated": one.gated,
        "parameters": one.parameters,
        "repo": one.repo,
        "revision": found.revision if found else None,
        "bytes": sum(size for size, _ in found.files.values()) if found else None,
        "vram_gb": dict(one.vram_gb),
        "fits": fits(one),
        "state": state,
        "where": str(hub.folder_of(one.repo)) if one.repo else "",
        "problems": problems,
        "used_by": "engine local" if one.runs else None,
        "ended": one.ended or None,
        "instead": one.instead or None,
        "source": one.source,
        "as_of": one.as_of,
    }


def fits(one: Model, device: Device | None = None) -> str:
    """Whether and how a model fits a GPU of this machine (or ``device``), in words."""
    if not one.runs:
        return f"{one.ended}; use {one.instead}"
    if not one.vram_gb:
        return "need of memory not known"
    gpu = device or max((each for each in devices() if each.is_gpu), key=lambda each: each.memory_gb, default=None)
    least = min(one.vram_gb.values())
    if gpu is None:
        return f"no GPU here; needs one of {least:g} GB"
    how = one.fits(gpu.memory_gb)
    return _HOW[how] if how else f"does not fit {gpu.memory_gb:.0f} GB; needs {least:g} GB"


def pull_diffusion(
    name: str,
    *,
    say: Callable[[str], None],
    agree: Callable[[str], bool] | None = None,
    on_bytes: Callable[[int, int], None] | None = None,
) -> Path:
    """Download a model after telling its size, licence and limits; ``agree`` asks a person, where there is one.

    Raises MissingError where it cannot be had, Cancelled where the person says no.
    """
    row = model(name)
    if row and not row.runs:
        raise MissingError("engine.retired", f"{row.title} cannot be had: {row.ended}", hint=f"use {row.instead}")
    repo = row.repo if row else name
    offered = hub.offer(repo, row.revision if row else "main")
    here = hub.pulled(repo)
    if here is None or here.revision != offered.revision:
        licence = f", licence {row.licence}" if row and row.licence else ""
        limits = f" ({row.limits})" if row and row.limits else ""
        say(f"{name}: {offered.bytes / 1e9:.1f} GB in {len(offered.files)} files{licence}{limits}")
        if agree and not agree(f"Download {offered.bytes / 1e9:.1f} GB?"):
            raise Cancelled
    path = hub.pull(offered, on_bytes=on_bytes).path
    for lora in row.loras if row else ():
        hub.pull(hub.offer(lora.repo, extra=(lora.file,)))
    return path


def summary() -> str:
    """One line for doctor: which models are here, and which of the others would fit."""
    here = [row["name"] for row in diffusion_rows() if row["state"] == "here"]
    gpu = max((each for each in devices() if each.is_gpu), key=lambda each: each.memory_gb, default=None)
    if gpu is None:
        can = "no GPU: models run on the CPU, which takes hours a clip"
    else:
        could = [one.name for one in models() if one.runs and one.fits(gpu.memory_gb)]
        can = f"{len(could)} of {sum(one.runs for one in models())} models fit {gpu.name} ({gpu.memory_gb:.0f} GB)"
    return f"{', '.join(here) or 'none downloaded'}; {can}"
