"""What the types of the storyboard file are built of: the base of all mappings, shorthand forms, and scalar types."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict, WithJsonSchema

from vidgen.storyboard.values import (
    ASPECT_PATTERN,
    DURATION_SCHEMA,
    RATE_SCHEMA,
    RESOLUTION_SCHEMA,
    Duration,
    parse_aspect,
    parse_duration,
    parse_file_name,
    parse_frame_rate,
    parse_language,
    parse_resolution,
)


class Part(BaseModel):
    """Base of all mappings in the file: unknown keys are errors, instances are immutable."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True, coerce_numbers_to_str=True
    )


def short(key: str, kinds: type | tuple[type, ...] = str) -> BeforeValidator:
    """Accept a plain value for a mapping with one key: ``camera: dolly_in`` for ``{move: dolly_in}``."""

    def expand(value: Any) -> Any:
        return {key: value} if isinstance(value, kinds) and not isinstance(value, bool) else value

    return BeforeValidator(expand)


def yes_or(key: str) -> BeforeValidator:
    """Accept a boolean for a mapping with one key: ``own_sound: false`` for ``{heard: false}``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, bool) else value)


def many(key: str | None = None) -> BeforeValidator:
    """Accept one entry for a list of one, and text for an entry with that key."""

    def expand(value: Any) -> Any:
        entries = value if isinstance(value, list | tuple) or value is None else [value]
        if key is None or entries is None:
            return entries
        plain = [isinstance(entry, str | int | float) and not isinstance(entry, bool) for entry in entries]
        return [{key: entry} if short else entry for entry, short in zip(entries, plain, strict=True)]

    return BeforeValidator(expand)


def plain_values(value: Any) -> Any:
    """Free values (``params``, ``provenance``) converted to plain types."""
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_values(item) for item in value]
    return float(value) if isinstance(value, float) else value


Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
"""A number written as a number: neither ``true`` nor ``"5"``."""
Share = Annotated[float, Strict(), Field(ge=0, le=1)]
YesNo = Annotated[bool, Strict()]
File = Annotated[str, BeforeValidator(parse_file_name)]
"""A file, named relative to the storyboard's folder."""
Free = Annotated[dict[str, Any], AfterValidator(plain_values)]
Time = Annotated[Duration, BeforeValidator(parse_duration), WithJsonSchema(DURATION_SCHEMA), PlainSerializer(str)]
"""``4``, ``"4s"``, ``"96f"``: seconds or frames."""

Rate = Annotated[Fraction, BeforeValidator(parse_frame_rate), WithJsonSchema(RATE_SCHEMA), PlainSerializer(str)]
Resolution = Annotated[str, BeforeValidator(parse_resolution), WithJsonSchema(RESOLUTION_SCHEMA)]
"""``1080p``, ``4k``, any ``64p``-style height, or ``1920x1080``."""
Aspect = Annotated[str, BeforeValidator(parse_aspect), WithJsonSchema({"type": "string", "pattern": ASPECT_PATTERN})]

Language = Annotated[str, BeforeValidator(parse_language)]
