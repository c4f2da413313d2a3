"""What a model folder is, read from its JSON files and the headers of its weights alone; what is unsafe is refused."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from vidgen.catalog.diffusion import Family, Model, families, family_of_pipeline, model, models
from vidgen.engines.local.families import ModelConfig, PipelineFamily, parts_of, pipeline_family
from vidgen.errors import InputError, MissingError
from vidgen.media.answers import once_a_file
from vidgen.media.names import expanded
from vidgen.settings import settings
from vidgen.spelling import nearest
from vidgen.weights import hub

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pickle", ".pkl")
LIBRARIES = ("diffusers", "transformers")
"""Packages that parts of a model may come from, beside those of its family (``PipelineFamily.libraries``)."""
_SAMPLES, _BLOCK = 64, 1 << 16
_LARGEST_HEADER = 100 << 20


@dataclass(frozen=True)
class ModelFolder:
    """A model on this machine: its folder in diffusers layout, its pipeline class, family and, where it is one that the
    table knows, its row. ``revision`` is the hub's commit, or ``sha256:`` and 16 digits of the content of a user's own.
    """

    path: Path
    pipeline: str
    family: Family
    model: Model | None
    revision: str
    config: ModelConfig = ModelConfig()

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """What the model can make."""
        if self.model:
            return self.model.tasks
        return self.calls.tasks(self.family, self.pipeline, self.config)

    @property
    def calls(self) -> PipelineFamily:
        """How its pipelines are called."""
        return pipeline_family(self.family.name)

    @property
    def name(self) -> str:
        """What to call it: the table's name, else the folder's."""
        return self.model.name if self.model else self.path.name


def trusted() -> bool:
    """Whether the user said ``--trust-model``: pickles and a model's own code may then be loaded."""
    return settings().trust_model


def find_model(name: str) -> ModelFolder:
    """The model of that name in the table, hub id, or folder; nothing is downloaded.

    Raises MissingError ``models.missing`` with the command that gets it, ``engine.retired`` for one that cannot be had any
    more, InputError for a folder that is not a model or is not safe, and for an unknown name.
    """
    path = expanded(name)
    if path.is_dir():
        return open_folder(path)
    row = model(name)
    if row and not row.runs:
        raise MissingError("engine.retired", f"{row.title} cannot be run: {row.ended}", hint=f"use {row.instead}", where=name)
    repo = row.repo if row else name
    if row is None and (path.exists() or name.startswith((".", "~", "/")) or name.count("/") != 1):
        near = nearest(name, [one.name for one in models() if one.runs])
        guess = f"did you mean {near}? " if near else ""
        what = "a file, not a model folder" if path.exists() else "neither a model, a hub id nor a folder"
        raise InputError("models.unknown", f"{name} is {what}", hint=f"{guess}vidgen models list shows them", where=name)
    pulled = hub.pulled(repo)
    if pulled is None:
        raise MissingError(
            "models.missing",
            f"the model {name} is not on this machine",
            hint=f"vidgen models pull {row.name if row else f'{repo}, or check the path: there is no such folder'}",
            where=name,
        )
    return open_folder(pulled.path, row=row, revision=pulled.revision)


def open_folder(path: Path, *, row: Model | None = None, revision: str = "") -> ModelFolder:
    """Look at a folder in diffusers layout. Loads nothing.

    Raises InputError: ``models.not_a_pipeline`` where it is not one of a family that is known, ``models.unsafe`` where it
    needs pickles or code of its own, ``models.damaged`` where a weights file is not whole.
    """
    index = _index(path)
    pipeline = str(index.get("_class_name", ""))
    family = family_of_pipeline(pipeline)
    if family is None:
        known = ", ".join(family.title for family in families().values())
        raise InputError(
            "models.not_a_pipeline",
            f"{path}: {pipeline or 'its model_index.json'} is not a video pipeline that can be used",
            hint=f"families that can: {known}",
            where=str(path),
        )
    calls = pipeline_family(family.name)
    for name, (library, _) in parts_of(index).items():
        _check_part(path, name, library, (*LIBRARIES, *calls.libraries))
    if not trusted() and (code := sorted(path.glob("*.py"))):
        raise _unsafe(path, f"{code[0].name} is code of its own")
    config = ModelConfig(index, _config(path / "transformer"), _config(path / "vae"))
    family = replace(family, size_multiple=calls.size_multiple(family, config))
    return ModelFolder(path, pipeline, family, row, revision or _fingerprint(path), config)


def _index(path: Path) -> Mapping[str, Any]:
    file = path / "model_index.json"
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = ", ".join(sorted(entry.name for entry in path.iterdir())[:8]) or "nothing"
        raise InputError(
            "models.not_a_pipeline",
            f"{path} is not a model in diffusers layout: it has no model_index.json",
            hint=f"name the folder that holds model_index.json; this one holds {there}",
            where=str(path),
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        hint = "get the model again, or give yourself the right to read it"
        raise InputError("models.not_a_pipeline", f"{file} cannot be read: {why}", hint=hint, where=str(file)) from error
    if not isinstance(index, dict):
        hint = "get the model again"
        raise InputError("models.not_a_pipeline", f"{file} is not a mapping", hint=hint, where=str(file))
    return index


def _check_part(root: Path, name: str, library: str, known: Collection[str]) -> None:
    folder = root / name
    if library not in known and not trusted():
        raise _unsafe(root, f"its {name} comes from {library!r}, which is code of its own")
    if not folder.is_dir():
        raise _lacking(root, f"the folder {name} is missing")
    safe = sorted(folder.glob("*.safetensors"))
    try:
        pickled = sorted(file for file in folder.iterdir() if file.suffix in PICKLES and not file.name.startswith("training"))
    except OSError as error:
        raise _lacking(root, f"{name} cannot be read: {error.strerror}") from error
    if not trusted():
        if pickled and not safe:
            raise _unsafe(root, f"{name}/{pickled[0].name} is a pickle, which can run code when it is loaded")
        if code := sorted(folder.glob("*.py")):
            raise _unsafe(root, f"{name}/{code[0].name} is code of its own")
        if "auto_map" in _config(folder):
            raise _unsafe(root, f"{name}/config.json asks for code of its own")
    if (folder / "config.json").is_file() and not safe and not pickled:
        raise _lacking(root, f"{name} holds no weights")
    for listing in sorted(folder.glob("*.safetensors.index.json")):
        if lost := sorted(set(_shards(listing)) - {file.name for file in safe}):
            raise _lacking(root, f"{name}/{lost[0]} is missing{f', and {len(lost) - 1} more' if lost[1:] else ''}")
    for file in safe:
        check_safetensors(file)


def _shards(listing: Path) -> list[str]:
    """The weights files of a part that is kept in several."""
    try:
        return [str(file) for file in json.loads(listing.read_text(encoding="utf-8"))["weight_map"].values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"{listing} is not a list of weights files: {error}"
        raise InputError("models.damaged", text, hint="get the model again", where=str(listing)) from error


def _lacking(root: Path, what: str) -> InputError:
    return InputError("models.damaged", f"{root}: {what}", hint="get the model again", where=str(root))


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        text = f"{folder / 'config.json'}: {error}"
        raise InputError("models.damaged", text, hint="get the model again", where=str(folder)) from error
    return config if isinstance(config, dict) else {}


@once_a_file
def check_safetensors(file: Path) -> int:
    """Check that a safetensors file is whole, by its header and size alone; the bytes of its tensors.

    Raises InputError ``models.damaged``.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > min(size, _LARGEST_HEADER):
                raise ValueError("its header is longer than the file")
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, str(error) or "it is empty") from error
    data = max(ends, default=0)
    if size != 8 + length + data:
        raise _damaged(file, f"it has {size} bytes instead of {8 + length + data}")
    return int(data)


def _damaged(file: Path, why: str) -> InputError:
    text = f"{file} is not a whole safetensors file: {why}"
    return InputError("models.damaged", text, hint="get the model again", where=str(file))


def _unsafe(root: Path, why: str) -> InputError:
    return InputError(
        "models.unsafe",
        f"{root}: {why}",
        hint="use a copy with safetensors, or --trust-model if you know who made it",
        where=str(root),
    )


def _fingerprint(root: Path) -> str:
    """A name for the folder's content: all JSON, and of each weights file its size, header and blocks spread over it."""
    digest = hashlib.sha256()
    for file in sorted(file for file in root.rglob("*") if file.suffix in (".json", ".safetensors", ".model", ".txt")):
        digest.update(f"{file.relative_to(root).as_posix()}\0{file.stat().st_size}\0".encode())
        for block in _blocks(file):
            digest.update(block)
    return f"sha256:{digest.hexdigest()[:16]}"


def _blocks(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size <= _SAMPLES * _BLOCK:
            yield stream.read()
            return
        for index in range(_SAMPLES):
            stream.seek((size - _BLOCK) * index // (_SAMPLES - 1))
            yield stream.read(_BLOCK)
