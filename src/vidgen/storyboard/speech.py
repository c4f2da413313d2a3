"""The storyboard's ``speech``: which engine says the lines that have no recording, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from vidgen.storyboard.parts import Number, Part
from vidgen.storyboard.values import or_installed

Says = dict[str, Annotated[str, Field(min_length=1)]]
"""Words and how they are said: ``{Kyoto: kyoh-toe}``."""
Speed = Annotated[Number, Field(ge=0.5, le=2)]
"""Pace of speech; 1 is the engine's own."""
SpeechEngine = Annotated[
    Literal["auto", "hibari", "kokoro-ja", "command", "openai", "off"],
    or_installed("vidgen.speakers"),
]


def _argument_list(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("a list of arguments is needed, such as [say, --out, '{out}']; no shell reads it")
    return value


class Speech(Part):
    """How lines are spoken: ``speech: hibari`` or ``{engine, command, voice, ...}``; ``timeout`` in seconds."""

    engine: SpeechEngine = "auto"
    command: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_argument_list)] = ()
    voice: str | None = None
    model: str | None = None
    speed: Speed | None = None
    say: Says = Field(default_factory=dict)
    timeout: Number = Field(120.0, gt=0, le=86400)
