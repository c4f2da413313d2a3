"""What film people write for camera, size and transition, as names of the storyboard. Unknown words are told, with a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vidgen.spelling import folded
from vidgen.storyboard.values import parse_lens
from vidgen.storyboard.vocabulary import known_name, names, nearest
from vidgen.storyboard.writing.words import half_width, index, plain

KEYS = {"shot_size": "size", "camera_angle": "angle", "camera_move": "move", "focus": "focus", "camera_speed": "speed"}
"""Kind of name -> key of ``camera``."""
_KIND_OF = {key: kind for kind, key in KEYS.items()}
_BETWEEN = re.compile(r"[,、，;；|\n/／+＋&＆()（）]+|\s+(?:and|then|with|to)\s+|から|→(?=\S)(?![^A-Za-z]*$)")
_MM = re.compile(r"([0-9]{1,4}(?:\.[0-9]+)?) ?mm")


def camera_of(cells: Sequence[tuple[str, str, str]], japanese: bool = False) -> tuple[dict[str, str | float], list[str]]:
    """The keys of ``camera`` from (column as written, key of ``camera``, cell) of a row, and what is to decide.

    A word may stand in another column than its own (a size under camera). Only one word a key is taken. ``japanese``: whether
    the list is Japanese, where WS may be a wide or a waist shot.
    """
    camera: dict[str, str | float] = {}
    doubts: list[str] = []
    for column, key, cell in cells:
        if key == "lens":
            camera_lens(cell, column, camera, doubts)
            continue
        for word in _parts(cell, key):
            found = _meaning(word, key)
            if japanese and plain(word) == "ws":
                doubts.append(f'{column}: "{word}" is taken as a wide shot (ws); a waist shot is ms')
            if found is None:
                doubts.append(f'{column}: "{word}" is not known{_perhaps(word, key)}')
            elif camera.setdefault(found[0], found[1]) != found[1]:
                doubts.append(f'{column}: "{word}" beside {camera[found[0]]}: one {found[0]} a shot; make two shots of it')
    if set(camera) == {"move"} and camera["move"] == "static":
        return {"move": "static"}, doubts
    return camera, doubts


def camera_lens(cell: str, column: str, camera: dict[str, str | float], doubts: list[str]) -> None:
    """Set ``lens`` of ``camera``: millimetres, or words."""
    text = half_width(cell)
    try:
        value = parse_lens(f"{text}mm" if re.fullmatch(r"[0-9.]+", text) else text)
    except ValueError as error:
        doubts.append(f'{column}: "{cell}": {error}')
        return
    camera["lens"] = value


def transition_of(words: str) -> tuple[str | None, str]:
    """A transition's canonical name, and a doubt: what is not said by the name, or why there is none."""
    word = plain(words)
    if word in index("transitions"):
        name = index("transitions")[word]
        return name, "" if word in ("cutto", "backto") or name != "cut" else words
    for form in (word, word.removesuffix("to")):
        if known := known_name("transition", form):
            return known, ""
    guess = nearest("transition", word.removesuffix("to"))
    return None, f'the transition "{words}" is not known{f" (did you mean {guess}?)" if guess else ""}; it is a cut now'


def _parts(cell: str, key: str) -> Iterator[str]:
    """The words of a cell: all of it if it is one name, else what commas, slashes and the like divide it into."""
    whole = " ".join(cell.split())
    if _meaning(whole, key):
        yield whole
        return
    for part in _BETWEEN.split(cell):
        part = " ".join(part.split()).strip(" .・-–—")
        if not part:
            continue
        halves = [half for half in re.split("・", part) if half.strip()]
        if _meaning(part, key) is None and len(halves) > 1 and all(_meaning(half, key) for half in halves):
            yield from halves
        elif (two := _two_words(part, key)) and _meaning(part, key) is None:
            yield from two
        else:
            yield part


def _two_words(part: str, key: str) -> list[str] | None:
    """``Slow dolly in`` and ``low angle CU`` are two names side by side; None if a part is not one."""
    words = part.split(" ")
    for at in range(1, min(len(words), 8)):
        first, rest = " ".join(words[:at]), " ".join(words[at:])
        if _meaning(first, key):
            if _meaning(rest, key):
                return [first, rest]
            if more := _two_words(rest, key):
                return [first, *more]
    return None


def _meaning(word: str, key: str) -> tuple[str, str | float] | None:
    """(key of ``camera``, value) of a word. The column's own kind of name comes first."""
    own = _KIND_OF.get(key, "camera_move")
    if found := _MM.fullmatch(half_width(word).lower()):
        return ("lens", float(found[1])) if 1 <= float(found[1]) <= 2000 else None
    for kind in (own, *(other for other in KEYS if other != own)):
        for form in (word, plain(word)):
            if name := known_name(kind, form):
                return KEYS[kind], name
    wanted = index("camera").get(plain(word))
    if wanted:
        kind, _, name = wanted.partition("/")
        return KEYS[kind], name
    stem = re.sub(r"(?i)\s*(shot|ショット|サイズ|アングル|angle)$", "", word)
    return _meaning(stem, key) if stem and stem != word and plain(stem) not in index("guesses") else None


def _perhaps(word: str, key: str) -> str:
    guess: str | float | None = index("guesses").get(plain(word))
    own = _KIND_OF.get(key, "camera_move")
    inside = (found[1] for part in word.split() if (found := _meaning(part, key)))
    alike = (near for kind in (own, *KEYS) if (near := nearest(kind, word)))
    guess = guess or next(inside, None) or next(alike, None)
    if not guess:
        return f"; see the names of {key} in the reference"
    meant = (name.canonical for kind in KEYS for name in names(kind) if folded(guess) in map(folded, name.spellings))
    return f" (did you mean {next(meant, guess)}?)"
