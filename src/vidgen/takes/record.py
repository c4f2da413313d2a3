"""The record of a stored take, ``<sha256>.json`` beside its clip: which take keys the clip answers and how it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Generated, Take, TakeRequest

SCHEMA = 1


def manifest_of(clip: Path) -> Mapping[str, Any]:
    """How a stored take was made, by its file; empty for any other file."""
    made = read_record(clip.with_suffix(".json")).get("manifest")
    return made if isinstance(made, dict) else {}


def record_of(take: TakeRequest, generated: Generated, request_key: str) -> dict[str, Any]:
    """What is kept of a take that was just made, as one row."""
    request = take.request
    return {
        "take_key": seeded_key(request_key, take.seed),
        "request_key": request_key,
        "made": datetime.now(UTC).isoformat(timespec="microseconds"),
        "shot": request.shot,
        "take": take.take,
        "seed": take.seed,
        "engine": request.engine,
        "model": generated.manifest.get("model", request.model),
        "diffusion": generated.diffusion,
        "cost_usd": generated.cost_usd,
        "cost_basis": None if generated.cost_usd is None else generated.cost_basis,
        "prompt": request.prompt,
        "manifest": dict(generated.manifest),
    }


_ROW: Mapping[str, Any] = {
    **dict.fromkeys(("take_key", "request_key", "made", "shot", "engine"), str),
    **dict.fromkeys(("take", "seed"), int),
    "cost_basis": str | None,
    "diffusion": bool,
    "cost_usd": int | float | None,
    "manifest": dict,
}
"""What a record says of one take, by name and type. What else is in it is for people."""


def take_of(row: Mapping[str, Any], file: Path, digest: str, *, reused: bool) -> Take:
    """The take of a row."""
    return Take(
        take=row["take"],
        key=row["take_key"],
        file=file,
        sha256=digest,
        seed=row["seed"],
        engine=row["engine"],
        model=row.get("model"),
        diffusion=row["diffusion"],
        cost_usd=row.get("cost_usd"),
        cost_basis=row.get("cost_basis") or "provider",
        manifest=row["manifest"],
        reused=reused,
    )


def read_record(sidecar: Path) -> dict[str, Any]:
    """A sidecar's contents; empty where there is none or it is not the one of its clip, whole."""
    try:
        data = json.loads(sidecar.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    known = isinstance(data, dict) and data.get("schema") == SCHEMA and data.get("sha256") == sidecar.stem
    if not known or type(data.get("size")) is not int or not isinstance(data.get("also"), list):
        return {}
    return data if all(_is_row(row) for row in (data, *data["also"])) else {}


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(name), kind) for name, kind in _ROW.items())


def rows_of(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The takes that one clip answers: engines may draw the same picture for two requests."""
    if data:
        yield {name: value for name, value in data.items() if name not in ("schema", "sha256", "size", "also")}
        yield from data["also"]


def record_text(data: Mapping[str, Any]) -> str:
    """A record as it is written."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
