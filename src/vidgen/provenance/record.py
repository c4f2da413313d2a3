"""The record of a film: who made each of its shots, from what, and the hashes that prove it. The sidecar holds it as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from vidgen.media.files import beside, sha256_file, write_text

SCHEMA: Literal["vidgen.provenance.v1"] = "vidgen.provenance.v1"
ENDING = ".provenance.json"
_MOST_BYTES = 64 * 2**20

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(max_length=4000)]


class _Part(BaseModel):
    """Values of the record: unknown keys are left to newer versions, instances are immutable."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class ShotRecord(_Part):
    """One shot.

    Args:
        start, frames: its frames in the film. Those of a transition belong to both of its shots.
        take, request_key, take_sha256: which take it is, what that was asked with, and the SHA-256 of the camera original.
        take_start: number of the take's frame that the shot opens with, at the take's own rate.
        prompt_sha256: of the prompt's UTF-8 text: it proves a prompt and does not tell it.
        diffusion: whether a trained model made it; None for a user's own clip, of which nobody knows.
        source_type: IPTC name; None: unknown.
        post: what was done to its pictures. left_alone: why its colours were not matched, where that was asked for.
        coded_sha256: of its coded frames (``frames.py``). frames_sha256: of its decoded frames; None: not taken.
    """

    id: Words
    start: Annotated[int, Field(ge=0)]
    frames: Annotated[int, Field(ge=1)]
    engine: Words
    model: Words | None = None
    take: int | None = None
    take_start: int | None = None
    seed: int | None = None
    request_key: Words | None = None
    take_sha256: Digest | None = None
    prompt_sha256: Digest | None = None
    diffusion: bool | None = None
    source_type: Words | None = None
    post: list[Words] = Field(default_factory=list)
    left_alone: Words | None = None
    coded_sha256: Digest | None = None
    frames_sha256: Digest | None = None


class Record(_Part):
    """A film.

    Args:
        storyboard: its bare file name.
        source_type, ai_made: of the whole film; ``ai_made`` is None where nobody knows.
        label: the words that are shown; None: none.
        sound_sha256: of the coded sound; None: the film is silent. pixel_format: of the decoded frames.
        file, film_sha256, size: of the finished file; in the sidecar alone.
    """

    schema_: Literal["vidgen.provenance.v1"] = Field(SCHEMA, alias="schema")
    version: Words
    title: Words = ""
    author: Words | None = None
    storyboard: Words | None = None
    fps: Words
    width: int
    height: int
    frames: int
    source_type: Words
    ai_made: bool | None = None
    label: Words | None = None
    signed: bool = False
    sound_sha256: Digest | None = None
    pixel_format: Words | None = None
    shots: list[ShotRecord]
    file: Words | None = None
    film_sha256: Digest | None = None
    size: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON values; what is not known is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def without_hashes(self) -> Record:
        """What was known before the film was made: two such records are equal where nothing but vidgen's version changed."""
        shots = [shot.model_copy(update={"coded_sha256": None, "frames_sha256": None}) for shot in self.shots]
        hashes = ("file", "film_sha256", "size", "sound_sha256", "pixel_format")
        return self.model_copy(update={"shots": shots, "version": "", **dict.fromkeys(hashes)})


def plain_name(file: Path) -> str:
    """A file's name as text: bytes that are no text are replaced, since JSON of other programs cannot hold them."""
    return os.fsencode(file.name).decode("utf-8", "replace")


def record_from(data: Any) -> Record | None:
    """The record of an ``as_dict``; None for anything else."""
    try:
        return Record.model_validate(data)
    except pydantic.ValidationError:
        return None


def sidecar_path(film: Path) -> Path:
    """``film.provenance.json`` beside ``film.mp4``."""
    return beside(film, ENDING)


def read_sidecar(file: Path) -> Record | None:
    """The record in a sidecar; None where there is no such file, or it is something else."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return None
        data: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record_from(data)


def is_ours(file: Path) -> bool:
    """Whether a file, damaged or not, was written as a sidecar: nothing else is ever replaced or removed."""
    try:
        with file.open("rb") as opened:
            return SCHEMA.encode() in opened.read(400)
    except OSError:
        return False


def write_sidecar(file: Path, record: Record, film: Path) -> None:
    """Write the record of a finished film, with the film's own size and checksum, where it differs from what is there."""
    whole = record.model_copy(update={"file": plain_name(film), "film_sha256": sha256_file(film), "size": film.stat().st_size})
    if read_sidecar(file) != whole:
        write_text(file, sidecar_text(whole.as_dict()))


def sidecar_text(data: Mapping[str, Any]) -> str:
    """A record as JSON text; its schema comes first."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
