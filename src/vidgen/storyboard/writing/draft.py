"""A storyboard in the making: what was read of a script or shot list, before it is written as YAML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_SHOTS = 5000
"""Most shots of a draft: a film of two hours has 1,000 to 3,000."""


@dataclass(frozen=True)
class Remark:
    """What a person has to decide: ``line`` (from 1) of the source, the shot's id if it is about one, and the words."""

    line: int
    text: str
    shot: str | None = None


@dataclass(frozen=True)
class Speech:
    """One line of dialogue.

    Attributes:
        who: None if the source does not say it.
        seen: whether the speaker is in the picture (not voice-over or off screen).
        together: whether it is said at the same time as the speech before.
    """

    line: str
    who: str | None = None
    delivery: str | None = None
    seen: bool = True
    together: bool = False


@dataclass
class Remarked:
    """Something with a place in the source. ``decide`` and ``comments`` become comments above it."""

    line: int
    decide: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


@dataclass
class DraftShot(Remarked):
    """One shot.

    Attributes:
        words: keys of the storyboard that are plain text: action, subject, lighting, notes, ...
        camera: keys of ``camera``, canonical.
        cast: names in the source's spelling of who is in the picture.
        cards: titles over the picture.
        length: as the source gives it, such as ``4s`` or ``84f``; empty if it is to be estimated.
    """

    id: str = ""
    words: dict[str, str] = field(default_factory=dict)
    camera: dict[str, str | float] = field(default_factory=dict)
    cast: list[str] = field(default_factory=list)
    speeches: list[Speech] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)
    transition: str = ""
    length: str = ""

    @property
    def action(self) -> str:
        """What happens."""
        return self.words.get("action", "")


@dataclass
class DraftScene(Remarked):
    """A scene: its heading as written, and ``place``, the same as words for a prompt."""

    id: str = ""
    heading: str = ""
    place: str = ""
    shots: list[DraftShot] = field(default_factory=list)


@dataclass
class Person(Remarked):
    """Someone who appears or speaks."""

    name: str = ""
    description: str = ""


@dataclass
class Draft(Remarked):
    """A whole film.

    Attributes:
        people: by ``name.casefold()``, in order of appearance.
        kept: what stands in the storyboard only as comments, in words.
    """

    title: str = ""
    language: str = "en"
    people: dict[str, Person] = field(default_factory=dict)
    scenes: list[DraftScene] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def shots(self) -> list[DraftShot]:
        """All shots, in order."""
        return [shot for scene in self.scenes for shot in scene.shots]

    def person(self, name: str, line: int) -> Person:
        """The person of that name, new if need be. Case makes no difference; the first spelling stays."""
        return self.people.setdefault(name.casefold(), Person(line, name=name))

    def remarks(self) -> Iterator[Remark]:
        """All that a person has to decide, in the order of the storyboard."""
        for about in (self, *self.people.values()):
            yield from (Remark(about.line, text) for text in about.decide)
        for scene in self.scenes:
            first = scene.shots[0].id if scene.shots else None
            yield from (Remark(scene.line, text, first) for text in scene.decide)
            for shot in scene.shots:
                yield from (Remark(shot.line, text, shot.id) for text in shot.decide)
