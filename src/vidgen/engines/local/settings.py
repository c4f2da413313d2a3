"""How this machine runs models: the ``local:`` part of the user's ``config.yaml``. None of it is part of a storyboard."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from vidgen.engines.local.job import gguf_files
from vidgen.errors import InputError
from vidgen.media.home import configuration, vidgen_home


@dataclass(frozen=True)
class Settings:
    """Wishes for this machine; empty values are chosen by what is there.

    ``offload``: none, model, group, sequential. ``attention``: a back end of diffusers. ``batch``: most candidates at once.
    ``devices``: such as ``cuda:0``. ``dtype``: float32, bfloat16, float16. ``quantise``: float8, bitsandbytes-8bit,
    bitsandbytes-4bit, torchao-int8, or ``gguf:FILE`` (``gguf:FILE,FILE`` for two networks), beside ``config.yaml`` unless a
    folder is named. ``context_parallel``: how many devices make one clip together; 1: each makes shots of its own.
    """

    offload: str = ""
    attention: str = ""
    compile: bool = False
    batch: int = 0
    devices: tuple[str, ...] = ()
    dtype: str = ""
    quantise: str = ""
    context_parallel: int = 1


_CHOICES = {
    "offload": ("", "none", "model", "group", "sequential"),
    "dtype": ("", "float32", "bfloat16", "float16"),
    "quantise": ("", "float8", "bitsandbytes-8bit", "bitsandbytes-4bit", "torchao-int8"),
}


def settings() -> Settings:
    """The user's settings. Raises InputError ``config.invalid``."""
    file, told = vidgen_home() / "config.yaml", configuration().get("local") or {}
    if not isinstance(told, dict):
        raise InputError("config.invalid", f"{file}: local is not a mapping", hint="correct it", where=str(file))
    known = {field.name: field for field in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in told.items():
        choices = _CHOICES.get(name, (value,))
        if name == "quantise" and (found := gguf_files(str(value))):
            value = f"gguf:{','.join(str(file.parent / one) for one in found)}"
        elif name not in known or value not in choices:
            have = [*filter(None, choices), *(["gguf:FILE"] if name == "quantise" else [])] if name in known else known
            text = f"{file}: local.{name}: {value!r} is not known"
            raise InputError("config.invalid", text, hint=f"known: {', '.join(have)}", where=str(file))
        if name in ("batch", "context_parallel") and (type(value) is not int or value < 1):
            text = f"{file}: local.{name}: {value!r} is not a whole number above 0"
            raise InputError("config.invalid", text, hint=f"{name}: 2", where=str(file))
        values[name] = tuple(value) if isinstance(value, list) else (value,) if name == "devices" else value
    return Settings(**values)
