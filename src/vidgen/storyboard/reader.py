"""Strict YAML: what is written is what is read, with the place of every key and value.

Plain YAML 1.1 turns ``16:9`` into 969, ``no`` into false and lets the last of two equal keys win. Here only ``true`` and
``false`` are booleans, numbers look like numbers, everything else is text; equal keys, tags, anchors, several documents,
deep nesting and oversize files are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vidgen.errors import InputError, Problem, StoryboardError

LARGEST_BYTES = 2_000_000
DEEPEST = 40

Path_ = tuple[str | int, ...]
"""Where in the file: ``("shots", 2, "duration")``."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+)?([eE][-+]?[0-9]+)?$")


@dataclass
class Document:
    """A read file: plain values, the (line, column) of each key and value from 1, and what was wrong with it."""

    text: str
    value: Any = None
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path_) -> tuple[int, int]:
        """The place of a path, or of the nearest thing above it that is in the file."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def read_document(file: Path) -> Document:
    """Read a YAML file. Raises InputError where there is none, StoryboardError where it is not readable YAML at all."""
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise StoryboardError(str(file), [Problem(1, 1, "", f"the file is over {LARGEST_BYTES // 1_000_000} MB")])
        raw = file.read_bytes()
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise InputError(
            "storyboard.not_found", f"{file} {why}", hint="vidgen new FILE.yaml writes a starter", where=str(file)
        ) from error
    return parse_document(raw, str(file))


def parse_document(raw: bytes, name: str) -> Document:
    """Parse bytes as strict YAML. Raises StoryboardError for what cannot be parsed; lesser problems are in the result."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise StoryboardError(name, [Problem(line, 1, "", "the file is not UTF-8 text")]) from None
    document = Document(text)
    try:
        node = _compose(text)
        if node is not None:
            document.value = _Builder(document).build(node, (), 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise StoryboardError(name, [Problem(line, column, "", f"not valid YAML: {error.problem or error.context}")]) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise StoryboardError(name, [Problem(line, 1, "", "the file has a character that YAML does not allow")]) from None
    except RecursionError:
        raise StoryboardError(name, [Problem(1, 1, "", "nested too deeply")]) from None
    return document


def _compose(text: str) -> yaml.Node | None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in _events(text, loader):
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases (& and *) are not used in storyboards; use defaults:", problem_mark=mark
            )
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag not in (None, "!"):
            raise yaml.MarkedYAMLError(problem=f"tags ({event.tag}) are not used in storyboards", problem_mark=mark)
    return yaml.compose(text, Loader=loader)


def _events(text: str, loader: Any) -> Iterator[Any]:
    depth = documents = 0
    for event in yaml.parse(text, Loader=loader):
        mark: Any = event.start_mark
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise yaml.MarkedYAMLError(problem=f"nested more than {DEEPEST} deep", problem_mark=mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise yaml.MarkedYAMLError(problem="a storyboard is one document; --- starts another", problem_mark=mark)
        yield event


class _Builder:
    def __init__(self, document: Document) -> None:
        self.document = document

    def build(self, node: yaml.Node, path: Path_, depth: int) -> Any:
        self.document.places.setdefault(path, _place(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line, column = _place(key_node)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self.document.problems.append(Problem(line, column, dotted(path), "a key must be plain text"))
                continue
            if key in found:
                self.document.problems.append(Problem(line, column, dotted((*path, key)), "this key is there twice"))
                continue
            value = self.build(value_node, (*path, key), depth + 1)
            self.document.places[(*path, key)] = (line, column)
            found[key] = value
        return found


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    if getattr(node, "style", None) in ("'", '"', "|", ">"):
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.match(text):
        return int(text) if len(text) <= 18 else text
    if any(mark in text for mark in ".eE") and any(digit in text for digit in "0123456789") and _FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def dotted(path: Path_) -> str:
    """``shots[2].duration``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
