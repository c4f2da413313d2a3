"""Splits what a shot asks for into clauses that can each be asked about, by simple rules, in English and Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from vidgen.media.tables import read_table
from vidgen.planning.prompt import camera_words
from vidgen.scoring.types import Expectation
from vidgen.takes.request import ShotRequest

Kind = Literal["object", "number", "action", "camera", "style", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 12
"""Clauses of a prompt that are asked about; a longer prompt's last ones are left out."""


@dataclass(frozen=True)
class Clause:
    """One thing that was asked for, in the words of the prompt."""

    kind: Kind
    text: str


@cache
def table() -> Mapping[str, Any]:
    """``clauses.yaml``: rules and questions."""
    found: dict[str, Any] = read_table("vidgen.critics", "clauses.yaml")
    return found


def clauses(expectation: Expectation) -> list[Clause]:
    """The clauses of a shot: of its words where the prompt was made of them, else of the prompt itself."""
    request, prompt = expectation.request, expectation.prompt or ""
    found = list(_of_words(request)) if request and _made_of_words(request) else [_clause(part) for part in _parts(prompt)]
    return list(dict.fromkeys(found))[:MOST]


def _made_of_words(request: ShotRequest) -> bool:
    words = request.words
    told = [words.scene, words.subject, words.action, words.style, *words.characters]
    return any(text and text.casefold().rstrip(".。") in request.prompt.casefold() for text in told)


def _of_words(request: ShotRequest) -> Iterator[Clause]:
    words = request.words
    for text in (words.subject, *words.characters, words.scene):
        yield from (_clause(part) for part in _parts(text))
    yield from (Clause("action", part) for part in _parts(words.action))
    if request.camera.move != "static" or request.camera.size:
        yield from (Clause("camera", part) for part in _parts(camera_words(request.camera)))
    for text in (words.lighting, words.style):
        yield from (Clause("style", part) for part in _parts(text))
    yield from (_clause(part) for part in _parts(words.extra))


def _clause(text: str) -> Clause:
    rules, low = table(), text.casefold()
    if re.search(rules["quotes"], text):
        return Clause("text", text)
    if _has(low, rules["words"]["camera"]):
        return Clause("camera", text)
    if _has(low, rules["words"]["style"]):
        return Clause("style", text)
    if re.search(rules["number"], low):
        return Clause("number", text)
    return Clause("action" if re.search(rules["action"], low) else "object", text)


def _has(text: str, words: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), text) for word in words)


def _parts(text: str) -> Iterator[str]:
    """Clauses between marks; what is in quotes is not split, and neither is ``2.5``."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return f"\x00{len(held) - 1}\x00"

    masked = re.sub(table()["quotes"], hold, text)
    for part in re.split(r"[,;!?、。，；]|\.(?!\d)|\bwhile\b", masked):
        whole = re.sub(r"\x00(\d+)\x00", lambda found: held[int(found[1])], part)
        if len(clean := " ".join(whole.split())) > 1:
            yield clean
