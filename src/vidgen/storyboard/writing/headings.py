"""What a scene heading says: inside or outside, the place, the time of day; as words for a prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidgen.storyboard.writing.words import half_width, index, is_japanese, plain

_SIDE = re.compile(r"(?i)(int\.?\s?/\s?ext|ext\.?\s?/\s?int|i/e|int|ext|est)(?:\.|\s|$)\s*")
_DASH = re.compile(r"\s+[-–—―]{1,2}\s+|\s*[—―]\s*")
_SIDES = {"int": "interior", "ext": "exterior", "est": "exterior", "屋内": "屋内", "屋外": "屋外"}
_SAME_PLACE = re.compile(r"同(?=$|[・、（(\s　])[・、\s　]*")


@dataclass(frozen=True)
class Place:
    """A place: its parts, such as house and kitchen; inside or outside; the time of day. All in words of the script."""

    parts: tuple[str, ...] = ()
    side: str = ""
    time: str = ""

    def words(self, japanese: bool) -> str:
        """As a prompt says it: ``brick's patio, exterior, day``; ``公園、昼``."""
        return ("、" if japanese else ", ").join(part for part in (*self.parts, self.side, self.time) if part)


def place_of(heading: str, before: Place = Place()) -> Place:
    """The place of a heading. ``before``: that of the scene before, for CONTINUOUS, LATER and 同."""
    if is_japanese(heading):
        return _japanese(heading, before)
    found = _SIDE.match(heading)
    side, rest = "", heading
    if found:
        short = found[1].lower().replace(".", "").replace(" ", "")
        side = _SIDES.get(short, "interior and exterior")
        rest = heading[found.end() :]
    parts = [part.strip(" .,-") for part in _DASH.split(rest)]
    parts = [_lower(part) for part in parts if part]
    time = ""
    if parts and plain(parts[-1]) in index("same_time"):
        parts, time = parts[:-1], before.time
    elif parts and (plain(parts[-1]) in index("times") or (len(parts) > 1 and _names_time(parts[-1]))):
        parts, time = parts[:-1], parts[-1]
    return Place(tuple(parts), side, time)


def _lower(text: str) -> str:
    """Headings are in capitals, which video models read as letters to draw. Words that are not, stay."""
    return text.lower() if text == text.upper() else text


def _names_time(text: str) -> bool:
    return any(plain(word) in index("times") for word in re.split(r"[\s,/()]+", text))


def _japanese(heading: str, before: Place) -> Place:
    side = ""
    if found := _SIDE.match(heading):
        side = {"int": "屋内", "ext": "屋外", "est": "屋外"}.get(found[1].lower().rstrip("."), "屋内外")
        heading = heading[found.end() :]
    outside, notes = re.sub(r"[（(][^（）()]*[）)]", " ", heading), re.findall(r"[（(]([^（）()]*)[）)]", heading)
    same = _SAME_PLACE.match(outside.strip())
    outside = outside.strip()[same.end() :] if same else outside
    parts = [half_width(part) for part in re.split(r"[・、\s　]+|[-–—―]+", outside) if part.strip()]
    parts += [half_width(note) for note in notes if note.strip()]
    goes_on = same or any(plain(part) in index("same_time") for part in parts)
    times = [part for part in parts if plain(part) in index("times")]
    parts = [part for part in parts if part not in times and plain(part) not in index("same_time")]
    if same:
        parts = [*before.parts[:1], *parts]
    return Place(tuple(parts), side or (before.side if same else ""), times[-1] if times else before.time if goes_on else "")
