"""The diffusion models as rows for ``models`` and ``doctor``: what each needs, whether it fits here; and pulling them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vidgen.catalog.diffusion import MODES, Model, model, models
from vidgen.engines.local.devices import Device, devices, main_memory_gb
from vidgen.engines.local.settings import settings
from vidgen.errors import Cancelled, MissingError
from vidgen.weights import hub

_HOW = {"none": "fits", "model": "fits one part at a time", "group": "fits streamed in blocks, slowly"}


def is_diffusion(name: str) -> bool:
    """Whether a name is one of these models, or a hub id."""
    return model(name) is not None or name.count("/") == 1


def diffusion_rows(names: Sequence[str] = (), *, verify: bool = False) -> list[dict[str, Any]]:
    """The named models, else every one, as JSON values; ``verify`` reads every file that is here."""
    rows = [model(name) or Model(name, name, repo=name) for name in names] or models()
    return [_row(row, verify) for row in rows]


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
        "download_gb": one.download_gb,
        "vram_gb": dict(one.vram_gb),
        "vram_published": list(one.published),
        "ram_gb": one.ram_gb,
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


def fits(one: Model, device: Device | None = None, ram_gb: float | None = None) -> str:
    """Whether and how a model fits a GPU of this machine (or ``device``) and its main memory, in words, with networks of as
    many bits as the user's ``config.yaml`` says (``quantise``).
    """
    if not one.runs:
        return f"{one.ended}; use {one.instead}"
    if not one.vram_gb:
        return "need of memory not known"
    gpu = device or largest_gpu()
    modes = MODES if gpu is None or gpu.kind == "cuda" else MODES[:1]  # a Mac has one memory: nothing can wait outside
    quantise = settings().quantise or ""
    need = one.need(quantise)
    if gpu is None:
        return f"no GPU here; needs one of {_need(one, min(modes, key=need.__getitem__), quantise)}"
    main = main_memory_gb() if ram_gb is None else ram_gb
    if main and one.ram_gb and one.ram_gb > main:
        return f"does not fit: loading takes {one.ram_gb:.0f} GB of main memory, and here are {main:.0f}"
    how = one.fits(gpu.memory_gb, modes, quantise)
    if how is None:
        return f"does not fit: needs {_need(one, modes[-1], quantise)}, and here are {gpu.memory_gb:.0f}"
    whole = f"; whole: {_need(one, 'none', quantise)}" if how != "none" else ""
    return f"{_HOW[how]}: {_need(one, how, quantise)} of {gpu.memory_gb:.0f}{whole}"


def _need(one: Model, mode: str, quantise: str) -> str:
    method = quantise.partition(":")[0]
    about = "" if mode in one.published and not method else "about "
    return f"{about}{one.need(quantise)[mode]:g} GB{f' with {method}' if method else ''}"


def largest_gpu() -> Device | None:
    """The GPU with the most memory; None where there is none."""
    return max((each for each in devices() if each.is_gpu), key=lambda each: each.memory_gb, default=None)


def can_run(one: Model) -> bool:
    """Whether a model fits this machine in some way."""
    return one.runs and largest_gpu() is not None and fits(one).startswith("fits")


def state_here(name: str) -> tuple[bool, str]:
    """Whether a model of the table can be used on this machine now, and what is so or missing, for the table of engines."""
    one = model(name)
    if one is None:
        return False, "not known"
    how = fits(one)
    if hub.pulled(one.repo) is None:
        return False, f"not downloaded (vidgen models pull {one.name}); {how}"
    return largest_gpu() is None or how.startswith("fits"), f"downloaded; {how}"


def ready_model() -> str | None:
    """The first model of the table that is downloaded, makes clips from words and fits a GPU of this machine."""
    candidates = (one for one in models() if "text_to_video" in one.tasks and can_run(one))
    return next((one.name for one in candidates if hub.pulled(one.repo)), None)


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
    offers = _offers(row) if row else [hub.offer(name)]
    new = [one for one in offers if not _is_here(one)]
    if new:
        size, files = sum(one.bytes for one in new) / 1e9, sum(len(one.files) for one in new)
        licence = f", licence {row.licence}" if row and row.licence else ""
        limits = f" ({row.limits})" if row and row.limits else ""
        say(f"{name}: {size:.1f} GB in {files} files{licence}{limits}")
        if agree and not agree(f"Download {size:.1f} GB?"):
            raise Cancelled(message=f"{name} was not downloaded: the answer was no")
    return [hub.pull(one, on_bytes=on_bytes).path for one in offers][0]


def _offers(row: Model) -> list[hub.Offer]:
    """What belongs to a model: itself, put together where it has to be, and the LoRAs of its qualities."""
    whole = hub.offer(row.repo, row.revision)
    if row.assembled:
        parts = {folder: hub.offer(repo) for folder, repo in row.assembled.parts.items()}
        whole = hub.assembled(whole, row.assembled.index, parts, row.assembled.files)
    return [whole, *(hub.offer(lora.repo, only=lora.file) for lora in row.loras)]


def _is_here(offer: hub.Offer) -> bool:
    here = hub.pulled(offer.place or offer.repo)
    return here is not None and here.revision == offer.revision and set(offer.files) <= set(here.files)


def summary() -> str:
    """One line for doctor: which models are here, and which of the others would fit."""
    here = [row["name"] for row in diffusion_rows() if row["state"] == "here"]
    gpu = largest_gpu()
    if gpu is None:
        can = "no GPU: models run on the CPU, which takes hours a clip"
    else:
        could = [one.name for one in models() if can_run(one)]
        can = f"{len(could)} of {sum(one.runs for one in models())} models fit {gpu.name} ({gpu.memory_gb:.0f} GB)"
    return f"{', '.join(here) or 'none downloaded'}; {can}"
