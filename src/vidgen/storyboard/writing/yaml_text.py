"""A draft as the text of a storyboard. All words of the source are quoted, or stand in comments on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vidgen.escapes import one_line
from vidgen.storyboard.starter import quoted
from vidgen.storyboard.writing.draft import Draft, DraftScene, DraftShot, Speech
from vidgen.storyboard.writing.timing import FPS, RULE, begin_of

_KEYS = ("subject", "action", "lighting", "style", "prompt", "voiceover", "notes")
_LONGEST_COMMENT = 1000
_TITLE_LETTERS = 200


def storyboard_text(draft: Draft, source: str, file: str) -> str:
    """The YAML of a finished draft.

    Args:
        source: name of what it was made of, for the first comment. file: name of the storyboard, for the commands in it.
    """
    return "\n".join(_lines(draft, source, file)) + "\n"


def _lines(draft: Draft, source: str, file: str) -> Iterator[str]:
    command = re.sub(r"[^\w.\- ]", "_", file)
    yield from _comments(f"Made of {source}. See what it would make: vidgen plan {command}   Make it: vidgen render {command}")
    yield from _comments(*RULE)
    if any(True for _ in draft.remarks()):
        yield "# Lines that begin with decide: are for you."
    yield from _comments(*draft.comments, *draft.kept)
    yield "vidgen: 1"
    yield f"title: {quoted(draft.title[:_TITLE_LETTERS])}"
    yield f"language: {draft.language}"
    yield "aspect: 16:9"
    yield "resolution: 720p"
    yield f"fps: {FPS}"
    yield "seed: 1"
    yield from _people(draft)
    yield ""
    yield "scenes:"
    for scene in draft.scenes:
        yield from _scene(scene)


def _people(draft: Draft) -> Iterator[str]:
    yield ""
    yield from _decide(*draft.decide)
    if draft.people:
        yield "characters:"
    for person in draft.people.values():
        yield from _decide(*person.decide, indent=2)
        words = f"{{description: {_quoted(person.description)}}}" if person.description else "{}"
        yield f"  {_quoted(person.name)}: {words}"


def _scene(scene: DraftScene) -> Iterator[str]:
    yield from _comments(*scene.comments, indent=2)
    yield from _decide(*scene.decide, indent=2)
    yield f"  - id: {_quoted(scene.id)}"
    for key, value in (("heading", scene.heading), ("scene", scene.place)):
        if value:
            yield f"    {key}: {_quoted(value)}"
    yield "    shots:"
    for shot in scene.shots:
        yield from _shot(shot)


def _shot(shot: DraftShot) -> Iterator[str]:
    yield from _comments(*shot.comments, indent=6)
    yield from _decide(*shot.decide, indent=6)
    yield f"      - id: {_quoted(shot.id)}"
    for key in _KEYS:
        if value := shot.words.get(key):
            yield f"        {key}: {_quoted(value)}"
    if shot.cast:
        yield f"        characters: [{', '.join(map(_quoted, shot.cast))}]"
    if shot.camera:
        values = (f"{key}: {_quoted(value) if isinstance(value, str) else f'{value:g}'}" for key, value in shot.camera.items())
        yield f"        camera: {{{', '.join(values)}}}"
    yield f"        duration: {shot.length.removesuffix('s')}"
    if shot.transition:
        yield f"        transition: {shot.transition}"
    if shot.cards:
        yield f"        text: [{{text: {_quoted(shot.cards[0])}, role: title}}]"
    if shot.speeches:
        yield "        dialogue:"
        yield from (f"          - {{{line}}}" for line in _speeches(shot.speeches))


def _speeches(speeches: list[Speech]) -> Iterator[str]:
    """Speeches that are said together begin at the same time; the others follow one another."""
    for place, speech in enumerate(speeches):
        follows = place + 1 < len(speeches) and speeches[place + 1].together
        parts = {"who": speech.who, "line": speech.line, "delivery": speech.delivery}
        words = [f"{key}: {_quoted(value)}" for key, value in parts.items() if value]
        if speech.together or follows:
            words.append(f"at: {begin_of(speeches, place):g}")
        yield ", ".join(words)


def _decide(*texts: str, indent: int = 0) -> Iterator[str]:
    yield from _comments(*(f"decide: {text}" for text in texts), indent=indent)


def _comments(*texts: str, indent: int = 0) -> Iterator[str]:
    """Texts as comments, one line each, whatever they hold."""
    for text in texts:
        shown = re.sub("[\ufeff\ufffe\uffff]", "", one_line(" ".join(text.split())))
        short = shown if len(shown) <= _LONGEST_COMMENT else f"{shown[:_LONGEST_COMMENT]}..."
        yield f"{' ' * indent}# {short}".rstrip()


def _quoted(value: object) -> str:
    return quoted(str(value))
