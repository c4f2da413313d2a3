"""Who is in a shot and what they do: read from its words, its characters and those who speak in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidgen.engines.previz import counts, words
from vidgen.engines.previz.people import acting
from vidgen.engines.previz.people.looks import ALIKE
from vidgen.engines.previz.people.looks import table as kinds
from vidgen.engines.previz.people.outside import outside_of
from vidgen.engines.previz.people.wardrobe import looks_said, uncoloured
from vidgen.engines.previz.seeds import seed_for
from vidgen.media.tables import read_table
from vidgen.takes.request import Words

_INSIDE = ("inside", "interior", "indoors", "in the", "in a", "in an", "の中", "内", "店内", "室内", "屋内")
_PAIRS = ("fight", "waltz", "sumo")
"""What two do towards each other."""
_SURE_ROOMS = (
    *("car_inside", "carriage", "cabin", "kitchen", "dining", "bedroom", "corridor", "living"),
    *("courtroom", "classroom", "office", "studio", "ring"),
)
"""Rooms whose names are not said of buildings that are seen from outside."""


@dataclass(frozen=True)
class Company:
    """The people of a shot, as ``kind/seed``, and what they do. ``posture`` and ``gesture`` are "" where nothing is said;
    ``facing`` says that they look at each other, ``speaking`` who of them speaks in ``dialogue``, ``crowd``
    that there are more than one can count."""

    people: tuple[str, ...] = ()
    posture: str = ""
    gesture: str = ""
    facing: bool = False
    speaking: tuple[int, ...] = ()
    crowd: bool = False


@functools.cache
def staging() -> Mapping[str, Any]:
    """The tables of staging.yaml."""
    data: Mapping[str, Any] = read_table("vidgen.engines.previz.people", "staging.yaml", as_written=True)
    return data


def company_of(w: Words, said: Sequence[str], detail: str, negative: str, close: bool) -> Company:
    """Read a shot's people. ``said``: the texts that may name them; ``close``: whether it shows one face."""
    found = counts.people(said, negative)
    named = _people([counts.of_people(" . ".join(said))] if len(found) == 1 else found)  # of one alone, every text speaks
    cast = [person for text in w.characters for person in _character(text, negative)]
    speakers = _not_among(w.speakers, w.characters)
    unseen = close and (cast or named or len(speakers) > 1)
    if unseen:
        speakers = speakers[: 0 if cast or named else 1]
    spoken = [person for text in speakers for person in _character(text, negative)]
    known = [*cast, *spoken]
    people = [*known, *named[len(known) :]]  # who is declared looks as declared
    texts = [uncoloured(text) for text in (w.action, detail, w.subject, w.scene) if text] or list(map(uncoloured, said))
    posture = next((name for text in texts if (name := first_of(text, staging()["postures"]))), "")
    whole = " . ".join(texts)
    beasts = {**words.table()["animals"], **staging()["more_animals"]}
    paired = posture in _PAIRS or words.mentions(whole, [*staging()["pairs"], *staging()["they"]])
    if paired and not (people or counts.nobody_is_there(whole) or words.named(whole, beasts)):
        people = _people([whole, whole])
    if posture == "sumo" and len(people) == 1 and not w.characters:
        people = _people([whole, whole])
    if words.mentions(whole, staging()["teams"]) and not w.characters:
        people = _in_colours(people)
    if posture == "run" and words.mentions(whole, staging()["first_ahead"]):
        people.reverse()  # who is named first runs behind
    gesture = next((name for text in texts if (name := first_of(text, staging()["gestures"]))), "")
    faces = bool(gesture and acting.act("gestures", gesture).row.get("faces"))
    facing = faces or bool(w.speakers) or words.mentions(whole, staging()["facing"]) or posture in (*_PAIRS, "bow")
    most = int(words.table()["people"]["most"])
    packed = bool(people) and not close and words.mentions(whole, staging()["packed"])
    if packed:
        people = [*people, *_people(["crowd"] * (most - len(people)))]
    crowd = packed or (len(people) >= most and words.mentions(whole, staging()["crowd"]))
    return Company(tuple(people[:most]), posture, gesture, facing, _speaking(w, len(people[:most])), crowd)


def _in_colours(people: list[str]) -> list[str]:
    """Two teams: the first half in red, the second in blue."""
    sides = ["red" if number < len(people) / 2 else "blue" for number in range(len(people))]
    return [one.replace("/", f"+top={side}/") for one, side in zip(people, sides, strict=True)]


def _character(text: str, negative: str) -> list[str]:
    """A character: as many as the description names, nobody for an animal or a thing that is drawn as such, else one."""
    found = _people(counts.people([text], negative), text)
    if found or not text:
        return found or _people([text])
    groups = (words.table()["animals"], staging()["more_animals"], staging()["vehicles"])
    return [] if any(words.named(text, group) for group in groups) else _people([text])


def _speaking(w: Words, count: int) -> tuple[int, ...]:
    """Which of the people speak, by their order: the characters, then those who are none; all where that is not known."""
    everybody = [*w.characters, *_not_among(w.speakers, w.characters)]
    if len(everybody) != count:
        return tuple(range(count)) if w.speakers else ()
    return tuple(sorted({everybody.index(speaker) for speaker in w.speakers}))


def _not_among(speakers: Sequence[str], characters: Sequence[str]) -> list[str]:
    """The speakers who are not among the characters."""
    left, out = list(characters), []
    for speaker in speakers:
        if speaker in left:
            left.remove(speaker)
        else:
            out.append(speaker)
    return out


def _people(said: Sequence[str], identity: str = "") -> list[str]:
    """``kind/seed`` of people, each by what is said of it. The same words look the same in every shot."""
    out = []
    for number, words_of_one in enumerate(said):
        noun, body = _body(words_of_one, number, said.count(words_of_one) > 1)
        clothes = _longest(words.blanked(words_of_one, kinds()["looks_not"]), kinds()["wears"])
        if clothes and "+" not in body and body not in ("boy", "girl", "baby") and clothes not in body:
            body = f"{body}+{clothes}"
        looks = looks_said(words_of_one)
        body = "+".join([body, *looks])
        out.append(f"{body}/{seed_for(0 if ALIKE in looks else number, identity or noun or words_of_one)}")
    return out


def _body(said: str, number: int, several: bool) -> tuple[str, str]:
    """The word that says who the ``number``-th of the shot is, and the row of the body."""
    nouns = counts.mentions_of(said, words.table()["people"]["named"])
    noun, mixed = nouns[0].noun if nouns else "", kinds()["mixed"]
    body = _longest(said, kinds()["who"], nouns[0].span if nouns else None)
    group = next((mixed[one.noun] for one in nouns if one.noun in mixed), mixed.get(body))
    if not (group or body) and several:
        group = mixed["anyone"]
    if not group:
        return noun, body or "person"
    old = "old_" if body.startswith("old_") and set(group) <= {"man", "woman"} else ""
    return noun, old + str(group[number % len(group)])


def _longest(text: str, group: Mapping[str, Sequence[str]], at: tuple[int, int] | None = None) -> str:
    """The name of the group whose longest word the text has, the first of equally long ones; "" for none. A word that stands
    ``at`` this place goes before all others."""
    every = {word: name for name, listed in group.items() for word in listed}
    best, of = (False, 0), ""
    for found in words.affirmed(text, tuple(every)):
        here = at is not None and found.start() < at[1] and at[0] < found.end()
        if (word := _listed(found[0], every)) and (here, len(word)) > best:
            best, of = (here, len(word)), every[word]
    return of


def _listed(found: str, every: Iterable[str]) -> str:
    """The listed word that was found, without its plural."""
    plain = re.sub(r"[\s-]+", " ", found.lower())
    plain = str(words.grammar()["plurals"].get(plain, plain))
    known = {word.lower(): word for word in every}
    return next((known[one] for ending in ("", "s", "es") if (one := plain.removesuffix(ending)) in known), "")


def first_of(text: str, group: Mapping[str, Sequence[str]], other: Sequence[str] = ()) -> str:
    """The name whose word the text has first; "" for none. ``other``: words that hold one and mean something else."""
    return next(iter(all_of(text, group, other)), "")


def all_of(text: str, group: Mapping[str, Sequence[str]], other: Sequence[str] = ()) -> list[str]:
    """The names whose words the text has, in its order; ``other``: words that hold one and mean something else."""
    every = {word: name for name, listed in group.items() for word in listed}
    found = (_listed(match[0], every) for match in words.affirmed(words.blanked(text, other), tuple(every)))
    return list(dict.fromkeys(every[word] for word in found if word))


def room_of(what: str, people: bool, first_place: int | None) -> str:
    """The room in which a shot plays; "" for none. ``first_place``: where the text names an outdoor place that can be drawn:
    that wins, unless the room is named first and people are inside it."""
    rooms, (rest, seen) = staging()["rooms"], outside_of(what)
    text = words.blanked(rest, staging()["rooms_not"])
    name = next((room for room, listed in rooms.items() if words.mentions(text, listed)), "")
    if seen and not (name and words.mentions(text, _INSIDE)):
        name = seen if seen in rooms else ""  # who is at work there is outside, too
    if not name or first_place is None:
        return name
    at = words.position(text, rooms[name])
    inside = name in _SURE_ROOMS or words.mentions(text, _INSIDE)
    return name if people and inside and at is not None and at < first_place else ""
