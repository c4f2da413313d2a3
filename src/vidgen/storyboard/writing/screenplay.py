"""A screenplay's elements as a draft: headings become scenes, paragraphs of action shots; what is said belongs to the shot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vidgen.storyboard.writing.draft import Draft, DraftScene, DraftShot, Speech
from vidgen.storyboard.writing.fountain import Element, elements
from vidgen.storyboard.writing.headings import Place, place_of
from vidgen.storyboard.writing.looks import transition_of
from vidgen.storyboard.writing.timing import is_long, speeches_seconds
from vidgen.storyboard.writing.words import half_width, index, language_of, plain

LONGEST_TALK_S = 10
"""Speeches that would need longer together are given a shot of their own: models hold a picture for about so long."""

_EXTENSION = re.compile(r"\s*[(（]([^()（）]*)[)）]\s*$")
_VOICE_OF = re.compile(r"(.+)の声")


def screenplay_draft(text: str, language: str | None = None) -> Draft:
    """The draft of a screenplay. ``language``: en or ja; left out, that of the text."""
    builder = _Builder(Draft(1, language=language or language_of(text)))
    for element in elements(text):
        builder.take(element)
    return builder.finished()


def cue_of(cue: str) -> tuple[str, bool, str | None]:
    """Who speaks, whether they are in the picture, and how: ``STEEL (V.O.)`` -> STEEL, False, voice-over."""
    name, seen = cue.strip(), True
    ways: list[str] = []
    while found := _EXTENSION.search(name):
        word = plain(found[1])
        name = name[: found.start()].rstrip()
        if word in index("continued") or not word:
            continue
        off = index("off").get(word)
        seen = seen and off is None
        ways.insert(0, off or half_width(found[1]))
    if found := _VOICE_OF.fullmatch(name):
        name, seen, ways = found[1], False, ["off screen", *ways]
    return half_width(name) or cue.strip(), seen, ", ".join(ways) or None


class _Builder:
    """Takes elements in order. ``waiting``, ``undecided``: comments for the next shot, and what is to decide
    about it."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.japanese = draft.language == "ja"
        self.place = Place()
        self.scene: DraftScene | None = None
        self.shot: DraftShot | None = None
        self.transition: tuple[str, str, int] | None = None
        self.waiting: list[str] = []
        self.undecided: list[str] = []

    def take(self, element: Element) -> None:
        _TAKE[element.kind](self, element)

    def finished(self) -> Draft:
        if self.transition and self.transition[0] != "cut":
            name, words, line = self.transition
            where = self.shot or self.scene or self.draft
            why = f"a transition ({name}) leads into a shot, so it is left out"
            where.decide.append(f'"{words}" (line {line}) ends the film; {why}')
        last = self.shot or self.scene or self.draft
        last.comments += self.waiting
        last.decide += self.undecided
        return self.draft

    def title(self, element: Element) -> None:
        if element.name == "title" and not self.draft.title:
            self.draft.title = element.text
        elif element.name != "language":
            self.draft.comments.append(f"{element.name}: {element.text}")

    def person(self, element: Element) -> None:
        if element.name:
            person = self.draft.person(element.name, element.line)
            person.description = person.description or element.text

    def heading(self, element: Element) -> None:
        self.place = place_of(element.text, self.place)
        self._begin_scene(element.line, element.name, element.text, self.place.words(self.japanese))

    def action(self, element: Element) -> None:
        shot = self._begin_shot(element.line)
        shot.words["action"] = element.text
        if is_long(element.text):
            shot.decide.append("a long paragraph for one shot; make a shot of each thing that happens")

    def speech(self, element: Element) -> None:
        who, seen, way = cue_of(element.name) if element.name else (None, False, None)
        delivery = ", ".join(part for part in (way, element.delivery) if part) or None
        if who:
            self.draft.person(who, element.line)
        shot = self.shot
        together = element.dual and bool(shot and shot.speeches)
        speech = Speech(element.text, who, delivery, seen, together)
        full = shot and shot.speeches and speeches_seconds([*shot.speeches, speech]) > LONGEST_TALK_S
        if shot is None or (full and not together):
            shot = self._begin_shot(element.line)
            if who and seen:
                shot.words["action"] = f"{who}が話す" if self.japanese else f"{who} speaks"
        if speeches_seconds([speech]) > LONGEST_TALK_S:
            shot.decide.append(f"a long speech (line {element.line}); make shots of it where another picture should come")
        shot.speeches.append(speech)

    def transition_(self, element: Element) -> None:
        words = element.text
        name, doubt = transition_of(words)
        if name is None:
            self.undecided.append(doubt)
            return
        if doubt:
            self.waiting.append(words)
        if self.transition is None or name != "cut":
            self.transition = (name, words, element.line)

    def centred(self, element: Element) -> None:
        """A title card: a shot of its own, unless the words before it are a card, too."""
        shot = self.shot
        if shot is None or not shot.cards or shot.words or shot.speeches:
            shot = self._begin_shot(element.line)
        shot.cards.append(element.text)

    def super_(self, element: Element) -> None:
        """A title over the picture of the shot that is there."""
        shot = self.shot or self._begin_shot(element.line)
        shot.cards.append(element.text)

    def section(self, element: Element) -> None:
        self.waiting.append(element.text)

    def synopsis(self, element: Element) -> None:
        target = self.scene.comments if self.scene and self.shot is None else self.waiting
        target.append(element.text)

    def note(self, element: Element) -> None:
        target = self.shot.comments if self.shot else self.waiting
        target.append(f"note: {element.text}")

    def _begin_scene(self, line: int, number: str, heading: str, place: str) -> DraftScene:
        self.scene = DraftScene(line, id=number, heading=heading, place=place, comments=self.waiting)
        self.shot, self.waiting = None, []
        self.draft.scenes.append(self.scene)
        return self.scene

    def _begin_shot(self, line: int) -> DraftShot:
        waiting, self.waiting = self.waiting, []
        undecided, self.undecided = self.undecided, []
        scene = self.scene or self._begin_scene(line, "", "", "")
        first = len(self.draft.scenes) == 1 and not scene.shots
        self.shot = DraftShot(line, undecided, waiting)
        scene.shots.append(self.shot)
        if self.transition:
            name, words, _ = self.transition
            self.transition = None
            if first and name not in ("cut", "fade_black"):
                self.shot.decide.append(f'"{words}" before the first shot: nothing comes before it, so it is left out')
            elif name != "cut":
                self.shot.transition = name
        return self.shot


_TAKE: Mapping[str, Callable[[_Builder, Element], None]] = {
    "title": _Builder.title,
    "person": _Builder.person,
    "heading": _Builder.heading,
    "action": _Builder.action,
    "speech": _Builder.speech,
    "transition": _Builder.transition_,
    "centred": _Builder.centred,
    "super": _Builder.super_,
    "section": _Builder.section,
    "synopsis": _Builder.synopsis,
    "note": _Builder.note,
}
