"""Where things are in a storyboard's text, and how pieces of it are replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vidgen.errors import InputError, StoryboardError
from vidgen.storyboard.reader import Document, Path_, dotted, parse_document

_BREAK = re.compile(r"\r\n|[\r\n]")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9]+f")
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True)
class Splice:
    """The text from ``start`` to ``end`` is replaced."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice], start: int = 0, end: int | None = None) -> str:
    """A piece of a text with splices inside it, which do not overlap. Several at one place stay in their order."""
    parts, here = [], start
    for one in sorted(splices, key=lambda one: one.start):
        parts += [text[here : one.start], one.text]
        here = one.end
    return "".join([*parts, text[here:end]])


@dataclass(frozen=True)
class Layout:
    """A parsed text. ``name``: of its file, for messages."""

    document: Document
    name: str

    @classmethod
    def of(cls, text: str, name: str) -> Layout:
        """Raises StoryboardError for text that cannot be parsed."""
        return cls(parse_document(text.encode("utf-8", "surrogatepass"), name), name)

    @property
    def text(self) -> str:
        """The whole text."""
        return self.document.text

    @cached_property
    def line_break(self) -> str:
        """How lines end: as the first one does."""
        found = _BREAK.search(self.text)
        return found[0] if found else "\n"

    def has(self, path: Path_) -> bool:
        """Whether there is a value at a path, be it an empty one."""
        return path in self.document.spans

    def value(self, path: Path_) -> Any:
        """The value at a path; None where there is none."""
        value = self.document.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def keys_of(self, path: Path_) -> list[Path_]:
        """The paths of what is in a mapping or list, in file order."""
        value = self.value(path)
        inner = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        return [(*path, part) for part in inner]

    def is_block(self, path: Path_) -> bool:
        """Whether a mapping or list is written on lines of its own, without brackets."""
        start, end = self.document.spans[path]
        return isinstance(self.value(path), dict | list) and end > start and self.text[start] not in "[{"

    def quoted(self, path: Path_) -> bool:
        """Whether a mapping is written as JSON."""
        keys = self.keys_of(path)
        return bool(keys) and not self.is_block(path) and self.text[self.document.keys[keys[0]][0]] == '"'

    def content_end(self, path: Path_) -> int:
        """The index behind the last character of a value: without the comments and empty lines that follow it."""
        start, end = self.document.spans[path]
        if self.is_block(path):
            return self.content_end(self.keys_of(path)[-1])
        if not self.is_text_block(path):
            return end
        written = self.text[start:end]
        return start + len(re.sub(r"(\r\n|[\r\n])\Z", "", written) if self.keeps(path) else written.rstrip())

    def is_text_block(self, path: Path_) -> bool:
        """Whether a value is text that begins with ``|`` or ``>``."""
        start, end = self.document.spans[path]
        return self.text[start : start + 1] in ("|", ">") and end > start

    def keeps(self, path: Path_) -> bool:
        """Whether a value is text whose empty lines at the end count (``|+``)."""
        start, _ = self.document.spans[path]
        return self.is_text_block(path) and "+" in self.text[start : start + 3]

    def line_start(self, index: int) -> int:
        """The start of the line that a character is on."""
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def line_end(self, index: int) -> int:
        """The end of the line that a character is on, before its line break."""
        found = _BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def next_line(self, index: int) -> int:
        """The start of the next line."""
        found = _BREAK.search(self.text, index)
        return found.end() if found else len(self.text)

    def column(self, index: int) -> int:
        """How many characters are before one on its line."""
        return index - self.line_start(index)

    def begins_line(self, index: int) -> bool:
        """Whether only spaces are before a character on its line."""
        return not self.text[self.line_start(index) : index].strip()


def written(value: Any, *, quoted: bool) -> str:
    """A value on one line, as YAML or, ``quoted``, as JSON: a number, a name, a time, or mappings and lists of them."""
    if quoted:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(item, quoted=False)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(item, quoted=False) for item in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def _says(text: str, name: str, expected: Any) -> bool:
    try:
        document = Layout.of(text, name).document
    except StoryboardError:
        return False
    return not document.problems and bool(document.value == expected)


def checked(text: str, name: str, expected: Any, path: Path_ = ()) -> str:
    """The text, if it says what it should. Raises InputError ``import.layout`` where an edit did not work out."""
    if not _says(text, name, expected):
        raise InputError(
            "import.layout",
            f"{name} is written in a way in which {dotted(path) or 'it'} cannot be changed without changing more",
            hint="write each shot on lines of its own, and try again; nothing was changed",
            where=name,
        )
    return text
