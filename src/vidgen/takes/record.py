"""The record of a stored take, ``<sha256>.json`` beside its clip: the take keys it serves and how it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.media.rate import rate_text
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Generated, Order, Take, TakeRequest

if TYPE_CHECKING:
    from vidgen.media.probe import MediaInfo

SCHEMA = 1

_OF_THE_CLIP = frozenset({"schema", "sha256", "size", "also", "check"})
"""The fields of a record that belong to its clip; all others belong to a take."""


def manifest_of(clip: Path) -> Mapping[str, Any]:
    """The manifest of a stored take, by its clip; empty for any other file."""
    made = read_record(clip.with_suffix(".json")).get("manifest")
    return made if isinstance(made, dict) else {}


def row_of(take: Take) -> Mapping[str, Any]:
    """All that is recorded of a stored take; empty where its record is damaged."""
    rows = rows_of(read_record(take.file.with_suffix(".json")))
    return next((row for row in rows if row["take_key"] == take.key), {})


def record_of(
    take: TakeRequest, generated: Generated, request_key: str, *, order: Order | None, original: MediaInfo
) -> dict[str, Any]:
    """The record of a new take, as one row of JSON values. ``original``: the probed clip."""
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
        "order": order.as_dict() if order else None,
        **({"first": generated.first} if generated.first else {}),
        "original": form_of(original),
    }


def form_of(info: MediaInfo) -> dict[str, Any]:
    """The form of a camera original: display size in pixels, (average) frames per second, colours as ffmpeg's numbers."""
    width, height = info.display_size
    return {
        "frames": info.frames,
        "fps": rate_text(info.rate),
        "width": width,
        "height": height,
        "sound": info.has_audio,
        "codec": info.codec,
        "pix_fmt": info.pix_fmt,
        "colour": {
            "range": info.color_range,
            "matrix": info.color_matrix,
            "primaries": info.color_primaries,
            "transfer": info.color_transfer,
        },
    }


_ROW: Mapping[str, Any] = {
    **dict.fromkeys(("take_key", "request_key", "made", "shot", "engine"), str),
    **dict.fromkeys(("take", "seed"), int),
    "cost_basis": str | None,
    "diffusion": bool,
    "cost_usd": int | float | None,
    "manifest": dict,
}
"""The required fields of one take in a record, with their types. Other fields are informative."""


def take_of(row: Mapping[str, Any], file: Path, digest: str, *, reused: bool) -> Take:
    """The take of a row. Older records lack the form: then the clip is probed, which raises InputError if it is unreadable."""
    form = row.get("original") or form_of(_probed(file))
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
        frames=form["frames"],
        fps=Fraction(form["fps"]),
        width=form["width"],
        height=form["height"],
        order=Order.from_dict(row["order"]) if row.get("order") else None,
        reused=reused,
        first=row.get("first", 0),
    )


def _probed(file: Path) -> MediaInfo:
    from vidgen.media.probe import probe_video

    return probe_video(file)


def read_record(sidecar: Path) -> dict[str, Any]:
    """The record in a sidecar; empty if it is missing, damaged (a folder in its place, too) or belongs to another clip."""
    try:
        data = json.loads(sidecar.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, RecursionError):
        return {}
    known = isinstance(data, dict) and data.get("schema") == SCHEMA and data.get("sha256") == sidecar.stem
    if not known or type(data.get("size")) is not int or not isinstance(data.get("also"), list):
        return {}
    if "check" in data and data["check"] != _check_of(data):  # records of older versions have none
        return {}
    return data if all(_is_row(row) for row in (data, *data["also"])) else {}


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or not all(isinstance(row.get(name), kind) for name, kind in _ROW.items()):
        return False
    try:
        if (form := row.get("original")) is not None:
            Fraction(form["fps"]) / int(form["frames"]) / int(form["width"]) / int(form["height"])
        if (order := row.get("order")) is not None:
            Order.from_dict(order)
        if type(first := row.get("first", 0)) is not int or not 0 <= first < (form or {}).get("frames", 1):
            return False
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return False
    return True


def rows_of(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The takes that one clip serves: engines may give the same clip for two requests."""
    if data:
        yield {name: value for name, value in data.items() if name not in _OF_THE_CLIP}
        yield from data["also"]


def sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its ``check``: no changed byte of it passes for what an engine said, into a film's provenance."""
    plain = json.loads(json.dumps(data))  # as it will be read again: names are text, tuples are lists
    return {**plain, "check": _check_of(plain)}


def _check_of(data: Mapping[str, Any]) -> str:
    """SHA-256 of a record as sorted JSON, without its ``check``."""
    rest = {name: value for name, value in data.items() if name != "check"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def record_text(data: Mapping[str, Any]) -> str:
    """A record as JSON text."""
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
