"""The worker's protocol: one JSON object a line.

The host sends commands (``command``: prepare, make, cancel, quit), the worker events (``event``: alive, step, done, failed).
All but ``quit`` and ``alive`` carry the ``id`` of their job.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

from vidgen.engines.local.job import Batch, Load, MadeTake, Prompt
from vidgen.errors import Cancelled, InputError, MissingError, ProcessingError, VidgenError

_KINDS: dict[str, type[VidgenError]] = {kind.__name__: kind for kind in (InputError, MissingError, ProcessingError)}


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def to_values(value: Any, kind: Any) -> Any:
    """A dataclass of ``job.py`` as JSON values."""
    return _adapter(kind).dump_python(value, mode="json")


def batch_of(values: Any) -> Batch:
    """A batch from its JSON values. Raises ValueError where they are not one."""
    found: Batch = _adapter(Batch).validate_python(values)
    return found


def load_of(values: Any) -> Load:
    """A load from its JSON values."""
    found: Load = _adapter(Load).validate_python(values)
    return found


def prompts_of(values: Any) -> list[Prompt]:
    """Prompts from their JSON values."""
    found: list[Prompt] = _adapter(list[Prompt]).validate_python(values)
    return found


def made_of(values: Any) -> list[MadeTake]:
    """Made takes from their JSON values."""
    found: list[MadeTake] = _adapter(list[MadeTake]).validate_python(values)
    return found


def made_values(made: Sequence[MadeTake]) -> Any:
    """Made takes as JSON values."""
    return to_values(list(made), list[MadeTake])


def error_values(error: BaseException) -> dict[str, Any]:
    """An error as JSON values: ours with all its parts, any other as a failed generation."""
    if isinstance(error, Cancelled):
        return {"kind": "Cancelled"}
    if isinstance(error, VidgenError):
        kind = next((name for name, kind in _KINDS.items() if isinstance(error, kind)), "ProcessingError")
        return {"kind": kind, "code": error.code, "message": error.message, "hint": error.hint, "where": error.where}
    cause = " ".join(str(error).split())[:400]
    return {"kind": "ProcessingError", "code": "generation.failed", "message": f"{type(error).__name__}: {cause}"}


def error_of(values: Any) -> VidgenError:
    """The error from its JSON values, as ``error_values`` gives them."""
    if values.get("kind") == "Cancelled":
        return Cancelled()
    kind = _KINDS.get(values.get("kind", ""), ProcessingError)
    return kind(values["code"], values["message"], hint=values.get("hint", ""), where=values.get("where", ""))


def line(message: dict[str, Any]) -> bytes:
    """A message as a line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
