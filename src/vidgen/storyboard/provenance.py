"""``provenance`` of a storyboard: what the film says about where it comes from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict

from vidgen.storyboard.parts import Part
from vidgen.storyboard.vocabulary import name_or_text


def _label(value: Any) -> Any:
    if isinstance(value, bool):
        return "auto" if value else "off"
    return name_or_text("label", value.strip()) if isinstance(value, str) else value


class Provenance(Part):
    """``c2pa``: whether the film is signed; ``label``: ``auto``, ``off``, or words to show; ``author``: who made it."""

    c2pa: Annotated[bool, Strict()] = False
    label: Annotated[str, BeforeValidator(_label), Field(min_length=1, max_length=120)] = "off"
    author: str | None = Field(None, min_length=1, max_length=200)
