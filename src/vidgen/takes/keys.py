"""Content keys, so that nothing is bought or computed twice.

* A **request key** identifies the creative request: engine, model, task, prompt, inputs by content, camera, motion, params and
  seed. It does not depend on vidgen's version, file names, shot ids, titles or the number of candidates: a newer vidgen must
  never buy a shot again. It does not depend on length, size and rate either: a stored clip is used if it covers them
  (``request.Order``). A **take key** is a request key with the seed of one take.
* A **derived key** identifies what can be computed again at no cost (post-processing, scores). It also depends on the tool,
its ffmpeg and its weights, so that a better tool gives a better result.

``FIELDS`` lists the fields of a request key explicitly: adding a field to a type must not change the keys of takes that were
paid for. ``None`` and empty values are left out for the same reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vidgen.errors import InputError
from vidgen.media.answers import content_of
from vidgen.media.files import sha256_json
from vidgen.media.names import expanded
from vidgen.media.rate import rate_text
from vidgen.takes.request import Inputs, ShotRequest, SpokenLine

FIELDS: Mapping[str, tuple[str, ...]] = {
    "ShotRequest": (
        *("engine", "model", "task", "prompt", "negative", "params"),
        *("camera", "motion", "base_seed", "inputs"),
    ),
    "Camera": ("move", "size", "angle", "speed", "strength", "lens", "focus", "reveals"),
    "Motion": ("type", "detail", "amount"),
    "Inputs": (
        *("start_frame", "end_frame", "references", "source_video", "motion_reference", "lip_sync_audio", "lines"),
        *("brushes", "continues", "continues_frames", "continues_start", "source_start"),
    ),
    "Words": ("scene", "subject", "action", "motion", "lighting", "style", "extra", "characters", "speakers"),
}
"""The fields of a request key, by type. ``Words`` and ``language`` count only for engines that use them."""

NOT_IN_KEYS: Mapping[str, tuple[str, ...]] = {
    "ShotRequest": ("shot", "words", "language", "frames", "fps", "width", "height"),
    "Inputs": ("continues_engine",),
}
"""Fields that are deliberately not part of a key (but see ``draws_words``)."""


SOUND = ("audio", "generate_audio")
"""Parameters that request sound. They are part of the order, not of the key: a clip with sound can be used without it."""


def request_key(request: ShotRequest, *, draws_words: bool = False, reading: str = "") -> str:
    """The request key: 64 hexadecimal digits. Hashes every input file.

    Args:
        request: the final request of the shot.
        draws_words: ``Engine.draws_words``: whether the engine makes its picture from ``request.words`` and not from the
            prompt alone. previz does, and its slate shows the shot id, so both count; its takes cost nothing.
        reading: ``Engine.reading`` of the request.

    Raises InputError if an input file is missing or a parameter is not a plain value.
    """
    params = {name: value for name, value in request.params.items() if name not in SOUND}
    return sha256_json(_value(replace(request, params=params), draws_words, reading))


def earlier_key(request: ShotRequest, *, draws_words: bool = False, reading: str = "") -> str:
    """The request key of vidgen up to 0.1, which included length, size and rate. Its takes are still found by it."""
    form = {"frames": request.frames, "fps": rate_text(request.fps), "width": request.width, "height": request.height}
    return sha256_json(_value(request, draws_words, reading, form))


def _value(request: ShotRequest, draws_words: bool, reading: str, more: Mapping[str, Any] = MappingProxyType({})) -> Any:
    value = {
        **{name: getattr(request, name) for name in FIELDS["ShotRequest"] if name != "inputs"},
        **more,
        "params": _params(request.params),
        "camera": _fields(request.camera, "Camera"),
        "motion": _fields(request.motion, "Motion"),
        "inputs": _inputs(request.inputs),
    }
    if draws_words:
        value |= {"words": _fields(request.words, "Words"), "language": request.language}
        value |= {"reading": reading, "slate": request.shot if request.params.get("slate", True) else ""}
    return canonical({name: item for name, item in value.items() if item not in (None, {}, "")})


def take_key(request: ShotRequest, take: int, *, draws_words: bool = False) -> str:
    """The key of take number ``take`` (from 1) of a request."""
    return seeded_key(request_key(request, draws_words=draws_words), request.seed_of(take))


def seeded_key(key: str, seed: int) -> str:
    """The take key of a request key and a seed."""
    return sha256_json({"request": key, "seed": seed})


def derived_key(
    kind: str,
    inputs: Sequence[str],
    *,
    settings: Mapping[str, Any],
    tool: str,
    ffmpeg: str = "",
    weights: Sequence[str] = (),
) -> str:
    """The key of something derived from takes that can be computed again at no cost.

    Args:
        kind: kind of result: ``interpolate``, ``score``.
        inputs: SHA-256 of each input file, in order.
        settings: all settings that change the result, as plain values.
        tool: name and version of the tool.
        ffmpeg: its version line.
        weights: SHA-256 of each weights file.
    """
    value = {
        "kind": kind,
        "inputs": list(inputs),
        "settings": settings,
        "tool": tool,
        "ffmpeg": ffmpeg,
        "weights": list(weights),
    }
    return sha256_json(canonical(value))


def canonical(value: Any, place: str = "") -> Any:
    """A value in canonical JSON form: 5.0 is 5, tuples are lists, a Fraction is text. Raises InputError for other types."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() else value
    if isinstance(value, Fraction):
        return rate_text(value)
    if isinstance(value, Mapping):
        return {str(name): canonical(item, f"{place}.{name}".lstrip(".")) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [canonical(item, f"{place}[{index}]") for index, item in enumerate(value)]
    raise InputError(
        "request.bad_value",
        f"{place}: {value!r} cannot be part of a request",
        hint="use text, numbers, true or false, lists and mappings",
        where=place,
    )


def _fields(part: Any, kind: str) -> dict[str, Any]:
    return {name: item for name in FIELDS[kind] if (item := getattr(part, name)) not in (None, "", ())}


def _inputs(inputs: Inputs) -> dict[str, Any]:
    files: dict[str, Any] = {}
    for name in FIELDS["Inputs"]:
        value = getattr(inputs, name)
        if not value:
            continue
        if name == "references":
            files[name] = [_hash(path) for path in value]
        elif name in ("continues_frames", "continues_start", "source_start"):
            files[name] = value
        elif name == "lines":
            files[name] = [{"at": line.at, **_said(line)} for line in value]
        elif name == "brushes":
            files[name] = [{"mask": _hash(brush.mask), "path": brush.path} for brush in value]
        else:
            files[name] = _hash(value)
    return files


def _said(line: SpokenLine) -> dict[str, str]:
    """A line by its sound. One that is not spoken yet has no key that a take could have."""
    return {"sound": _hash(line.file)} if line.file else {"words": line.words}


def _params(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters with LoRA files replaced by their content hash. Malformed entries stay, for the engine to reject."""
    loras = params.get("lora")
    if not loras:
        return params
    each = loras if isinstance(loras, list | tuple) else [loras]
    entries = [dict(one) if isinstance(one, Mapping) else {"file": one} for one in each]
    known = [one | {"file": _hash(expanded(one["file"]))} if isinstance(one.get("file"), str) else one for one in entries]
    return {**params, "lora": known}


def _hash(path: Path) -> str:
    try:
        return content_of(path)
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise InputError("media.not_found", f"{path} {why}", hint="check the path", where=str(path)) from error
