"""The last step of every draft: ids, lengths, who is in the picture."""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections.abc import Iterator
from fractions import Fraction

from vidgen.storyboard.lint.shot_rules import is_named
from vidgen.storyboard.values import parse_length
from vidgen.storyboard.writing.draft import MOST_SHOTS, Draft, DraftShot, Person
from vidgen.storyboard.writing.timing import FPS, shot_seconds
from vidgen.storyboard.writing.words import index, plain

_LONGEST_ID = 24
LONGEST_CARD = 2000
_CAPITALS = "[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ'’.-]*"
_INTRODUCED = re.compile(rf"\b({_CAPITALS}(?: {_CAPITALS}){{0,2}}) \((?=[^()]{{0,200}}[0-9])([^()\n]{{1,200}})\)")
"""Someone seen for the first time, in capitals with the age: ``OLD TOM (80s, bent)``."""

_SPLIT_S, _PART_S = 6, 5
"""Shots of 6 s and more are split into parts of up to 5 s, whose ids have a letter more."""


def finish(draft: Draft) -> Draft:
    """Give every scene and shot an id and every shot a length, and list who is in it. Changes and returns the draft.

    Raises ValueError, with a message for the user, if there is nothing in it, or far too much.
    """
    if not draft.scenes:
        raise ValueError("it has no scenes, no action, no dialogue and no rows")
    if (count := sum(max(1, len(scene.shots)) for scene in draft.scenes)) > MOST_SHOTS:
        raise ValueError(f"it has {count:,} shots, and a storyboard takes {MOST_SHOTS:,}; divide it")
    for scene in draft.scenes:
        scene.shots = scene.shots or [DraftShot(scene.line)]
    for shot in draft.shots:
        _long_card(shot)
        shot.length = shot.length or _written(shot_seconds(shot))
    _scene_ids(draft)
    _shot_ids(draft)
    _descriptions(draft)
    for shot in draft.shots:
        shot.cast = _cast(draft, shot)
        _first_shot_of_nothing(shot)
    return draft


def _written(seconds: Fraction) -> str:
    return f"{float(seconds):g}s"


def frames_of(shot: DraftShot) -> Fraction:
    """A shot's length in frames."""
    return Fraction(parse_length(shot.length).frames(Fraction(FPS)))


def _long_card(shot: DraftShot) -> None:
    """Titles of a shot are one title in lines; the storyboard takes 2,000 letters."""
    card = "\n".join(shot.cards)
    if len(card) > LONGEST_CARD:
        shot.decide.append(f"the title is longer than {LONGEST_CARD} letters and was cut")
    shot.cards = [card[:LONGEST_CARD]] if card.strip() else []


def _first_shot_of_nothing(shot: DraftShot) -> None:
    if not (shot.words or shot.speeches or shot.cards or shot.camera):
        shot.decide.append("nothing is said about what is seen; describe it")


def plain_id(text: str) -> str:
    """An id from what people call a scene or shot: ``S#12`` -> ``S12``; empty if nothing of it can be in an id."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?i)^(?:カット|シーン|ショット|cut|scene|shot)[\s.:#-]*(?=[0-9])", "", text.strip())
    text = re.sub(r"[^A-Za-z0-9_-]+", "-", text.replace("#", "")).strip("-_")
    return text[:_LONGEST_ID].strip("-_")


def _scene_ids(draft: Draft) -> None:
    taken: set[str] = set()
    for number, scene in enumerate(draft.scenes, 1):
        wanted = plain_id(scene.id)
        first = f"sc{wanted}" if wanted[:1].isdigit() else wanted or f"sc{number:02d}"
        scene.id = next(name for name in _names(first) if name.lower() not in taken)
        taken.add(scene.id.lower())


def _shot_ids(draft: Draft) -> None:
    """Ids as in the source, if each is there once; else with the scene's before them; else ``s001``, ``s002``, ..."""
    shots = draft.shots
    width = max(2, len(str(len(shots))))
    wanted = [plain_id(shot.id) for shot in shots]
    if len({word.lower() for word in wanted if word}) < sum(map(bool, wanted)):
        scenes = [scene.id for scene in draft.scenes for _ in scene.shots]
        wanted = [word and f"{scene[:11]}-{word[:14]}" for scene, word in zip(scenes, wanted, strict=True)]
    taken: set[str] = set()
    of_parts: set[str] = set()
    for number, (shot, word) in enumerate(zip(shots, wanted, strict=True), 1):
        new = next(
            name
            for name in _names(word or f"s{number:0{width}d}")
            if name.lower() not in taken and name.lower() not in of_parts and taken.isdisjoint(_parts(name, shot))
        )
        if shot.id and plain_id(shot.id) != new:
            shot.comments.insert(0, f"{shot.id} in the list")
        shot.id = new
        taken.add(new.lower())
        of_parts |= _parts(new, shot)


def _names(wanted: str) -> Iterator[str]:
    """What else an id may be: ``1A`` itself, ``1-A``, ``1A-2``, ``1A-3``, ..."""
    yield wanted
    if re.search(r"[0-9][A-Za-z]$", wanted):
        yield f"{wanted[:-1]}-{wanted[-1]}"
    yield from (f"{wanted}-{number}" for number in itertools.count(2))


def _parts(identity: str, shot: DraftShot) -> set[str]:
    """The ids that the parts of a long shot will have."""
    seconds = frames_of(shot) / FPS
    if not identity or seconds < _SPLIT_S:
        return set()
    count = -(-seconds // _PART_S)
    return {identity.lower() + letter for letter in string.ascii_lowercase[: int(min(count, 26))]}


def _descriptions(draft: Draft) -> None:
    """What the script says about a person in brackets where they first appear: ``STEEL (40s, weathered)``."""
    for shot in draft.shots:
        for found in _INTRODUCED.finditer(shot.action):
            person = _called(draft, found[1]) or draft.person(found[1], shot.line)
            person.description = person.description or _described(found[2], draft.language)
    everything = "\n".join(shot.action for shot in draft.shots)
    for person in draft.people.values():
        inside = re.search(rf"(?<!\w){re.escape(person.name)}\s*[(（]([^()（）\n]{{1,200}})[)）]", everything)
        if inside and not person.description and not is_cue_extension(inside[1]):
            person.description = _described(inside[1], draft.language)
        if not person.description:
            person.decide.append(f"{person.name} has no description: say how {person.name} looks, or give references")


def _called(draft: Draft, name: str) -> Person | None:
    """The person whose cue is a part of a full name: ADA for ADA OKAFOR."""
    return next((found for word in (name, *name.split()) if (found := draft.people.get(word.casefold()))), None)


def _described(words: str, language: str) -> str:
    plain_words = " ".join(words.split())
    if not plain_words.isdigit():
        return plain_words
    return f"{plain_words}歳" if language == "ja" else f"aged {plain_words}"


def is_cue_extension(words: str) -> bool:
    """Whether brackets after a name say how it is spoken, not who it is."""
    return plain(words) in index("off") or plain(words) in index("continued")


def _cast(draft: Draft, shot: DraftShot) -> list[str]:
    """Who is in the picture: those listed, who speaks there, and who is named in the action."""
    listed = [draft.people[name.casefold()] for name in shot.cast if name.casefold() in draft.people]
    speaking = [draft.people[speech.who.casefold()] for speech in shot.speeches if speech.who and speech.seen]
    text = " ".join(shot.words.get(key, "") for key in ("subject", "action"))
    folded = text.casefold()
    named = [one for key, one in draft.people.items() if key in folded and is_named(one.name, text)]
    unique: dict[str, Person] = {one.name: one for one in (*listed, *speaking, *named)}
    return list(unique)
