"""A strict YAML reader that keeps the line and column of every key and value.

Plain YAML 1.1 turns ``16:9`` into 969, ``no`` into false, ``007`` into 7, and keeps the last of two equal keys. Here only
``true`` and ``false`` are booleans, numbers look like numbers, and everything else is text. Equal keys, tags, anchors, several
documents, deep nesting and large files are errors. Values are built from the parser's events, so the cost is bounded by the
size of the file.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vidgen.errors import InputError, Problem, StoryboardError
from vidgen.media.tables import yaml_loader
from vidgen.storyboard.json_escapes import hidden, shown
from vidgen.storyboard.syntax_help import plain_message

LARGEST_BYTES = 8_000_000
MOST_VALUES = 500_000
DEEPEST = 40

Path_ = tuple[str | int, ...]
"""A path in the file: ``("shots", 2, "duration")``."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_INSTEAD = {"storyboard": "; use defaults:"}
_NUMBER_STARTS = frozenset("+-.0123456789")
_LITERALS = {"": None, "~": None, "null": None, "true": True, "false": False}


class WrittenFloat(float):
    """A float that keeps its written form: a title of ``1.50`` stays ``1.50``."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> WrittenFloat:
        """Parse a number."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[WrittenFloat], tuple[str]]:
        return WrittenFloat, (self.text,)


@dataclass
class Document:
    """A parsed file: its plain values, their positions, and the problems found.

    Attributes:
        places: (line, column), from 1, of each key, and of each value in a list.
        spans: start and end index of each value in ``text``.
        keys: the same of each key, by the path of its value.
    """

    text: str
    value: Any = None
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    spans: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path_) -> tuple[int, int]:
        """(line, column) of a path, or of its nearest parent in the file."""
        return place_of(path, self.places)


def place_of(path: Path_, places: Mapping[Path_, tuple[int, int]]) -> tuple[int, int]:
    """(line, column) of a path, or of its nearest parent in the file.

    A single entry that is written without a list is found by its path in the list.
    """
    found: Path_ = ()
    for part in path:
        if (*found, part) in places:
            found = (*found, part)
        elif isinstance(part, str):
            break
    return places.get(found, (1, 1))


def read_document(file: Path) -> Document:
    """Read a YAML file. Raises InputError if it does not exist, StoryboardError if it cannot be parsed."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        missing = isinstance(error, FileNotFoundError)
        raise InputError(
            "storyboard.not_found",
            f"{file} {'does not exist' if missing else f'cannot be read ({why})'}",
            hint="vidgen new FILE.yaml writes a starter",
            where=str(file),
        ) from error
    return parse_document(raw, str(file))


def parse_document(raw: bytes, name: str, what: str = "storyboard") -> Document:
    """Parse bytes as strict YAML. Raises StoryboardError if they cannot be parsed; other problems are in the result.

    ``what``: the kind of file, for messages.
    """
    if len(raw) > LARGEST_BYTES:
        raise StoryboardError(name, [Problem(1, 1, "", f"the file is over {LARGEST_BYTES // 1_000_000} MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place_after(raw[: error.start].decode("utf-8-sig"))
        kind = "is UTF-16 text" if b"\0" in raw[:4] or raw.startswith(_UTF16) else "is not UTF-8 text"
        raise StoryboardError(name, [Problem(line, column, "", f"the file {kind}; save it as UTF-8")]) from None
    document = Document(text)
    try:
        try:
            _Builder(document, text, what).read()
        except yaml.scanner.ScannerError:
            if (plain := hidden(text)) == text:
                raise
            document = Document(text)
            _Builder(document, plain, what).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = _conflict(text) or Problem(line, column, "", plain_message(error, text))
        raise StoryboardError(name, [*document.problems, problem]) from None
    except yaml.reader.ReaderError:
        raise StoryboardError(name, [*document.problems, _bad_character(text)]) from None
    return document


def _bad_character(text: str) -> Problem:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if not found:
        return Problem(1, 1, "", "the file has a character that YAML does not allow")
    message = f"the character U+{ord(found[0]):04X} is not allowed in YAML; remove it, or escape it in double quotes"
    return Problem(*_place_after(text[: found.start()]), "", message)


def _conflict(text: str) -> Problem | None:
    """The problem of unresolved merge conflict markers; None if there are none."""
    found = re.search(r"^(<{7}|>{7})( |$)", text, re.M)
    return Problem(*_place_after(text[: found.start()]), "", "unresolved merge conflict; keep one version") if found else None


def _place_after(text: str) -> tuple[int, int]:
    """(line, column) of the end of a text."""
    lines = re.split(r"\r\n|\r|\n", text)
    return len(lines), len(lines[-1]) + 1


class _Builder:
    """Builds plain values from the events of a YAML parser."""

    def __init__(self, document: Document, text: str, what: str) -> None:
        """``text``: the document's text, or the same after ``json_escapes.hidden``."""
        self.document, self.what = document, what
        self.hides = text != document.text
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml_loader())
        self.depth, self.left = 0, MOST_VALUES

    def read(self) -> None:
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._problem(event, (), f"a {self.what} is one document; --- starts another")
                    return
            elif isinstance(event, yaml.NodeEvent):
                self.document.value = self._value(event, ())

    def _value(self, event: Any, path: Path_) -> Any:
        """The value that begins with an event. Consumes the rest of its events."""
        self.left -= 1
        if self.left < 0:
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_VALUES:,} values", problem_mark=event.start_mark)
        kind = type(event)
        start = event.start_mark
        self.document.places.setdefault(path, (start.line + 1, start.column + 1))
        if kind is yaml.AliasEvent or event.anchor is not None:
            self._problem(
                event, path, f"anchors and aliases (& and *) are not used in {self.what}s{_INSTEAD.get(self.what, '')}"
            )
            if kind is yaml.AliasEvent:
                return None
        if event.tag is not None:
            self._problem(event, path, f"tags ({event.tag}) are not used in {self.what}s")
        if kind is yaml.ScalarEvent:
            self.document.spans[path] = (start.index, event.end_mark.index)
            return _scalar(event.value) if event.style in (None, "") else self._text(event)
        self._deeper(event)
        value = self._mapping(path) if kind is yaml.MappingStartEvent else self._sequence(path)
        self.depth -= 1
        self.document.spans[path] = (start.index, self.end)
        return value

    def _text(self, event: Any) -> str:
        value: str = event.value
        return shown(value, self.document.text[event.start_mark.index : event.end_mark.index]) if self.hides else value

    def _deeper(self, event: Any) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested more than {DEEPEST} deep", problem_mark=event.start_mark)

    def _sequence(self, path: Path_) -> list[Any]:
        found: list[Any] = []
        for event in self.events:
            if type(event) is yaml.SequenceEndEvent:
                self.end = _end(event)
                break
            found.append(self._value(event, (*path, len(found))))
        return found

    def _mapping(self, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        parts: list[str] = []  # of a text with commas, after its first one
        for event in self.events:
            kind = type(event)
            if kind is yaml.MappingEndEvent:
                self.end = _end(event)
                break
            if kind is not yaml.ScalarEvent:
                self._problem(event, path, "a key must be plain text")
                self._skip(event)
                self._skip(next(self.events))
                continue
            key = self._text(event)
            inner = (*path, key)
            value = next(self.events)
            if self._bare(event, value):
                parts.append(key)
                self._problem(event, inner, _after_comma(found, parts))
                continue
            if key in found:
                self._problem(event, inner, "duplicate key")
                self._skip(value)
                continue
            self.document.places[inner] = (event.start_mark.line + 1, event.start_mark.column + 1)
            self.document.keys[inner] = (event.start_mark.index, event.end_mark.index)
            found[key] = self._value(value, inner)
            parts = []
        return found

    def _bare(self, key: Any, value: Any) -> bool:
        """Whether a key inside ``{ }`` has no colon: it follows a comma in text that should be quoted."""
        end = key.end_mark.index
        nothing = isinstance(value, yaml.ScalarEvent) and value.value == "" and value.style in (None, "")
        return nothing and value.end_mark.index == end and self.document.text[end : end + 1] != ":"

    def _skip(self, event: Any) -> None:
        """Skip the value that begins with an event."""
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = next(self.events)

    def _problem(self, event: Any, path: Path_, message: str) -> None:
        mark = event.start_mark
        self.document.problems.append(Problem(mark.line + 1, mark.column + 1, dotted(path), message))


def _after_comma(found: Mapping[str, Any], parts: list[str]) -> str:
    """The message for ``parts`` of an unquoted text with commas, which starts in the last key of ``found``."""
    key, value = next(reversed(list(found.items())), ("", None))
    whole = f': {key}: "{", ".join([value, *parts])}"' if isinstance(value, str) else ""
    return f"a key without a value; inside {{ }} text with a comma must be in quotes{whole}"


def _end(event: Any) -> int:
    index: int = event.end_mark.index
    return index


def _scalar(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _LITERALS:
        return _LITERALS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and ("." in text or "e" in text or "E" in text) and math.isfinite(float(text)):
        return WrittenFloat(text)
    return text


def dotted(path: Path_) -> str:
    """A path as text: ``shots[2].duration``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
