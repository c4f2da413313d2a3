"""Vetoes of what a clip shows, where the packages that see it are installed (extra ``checks``): indecent pictures and garbled
text. A few pictures of a clip are looked at, once; what was found is kept by the clip's content.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.media.files import write_text
from vidgen.media.frames import Frame, frames_at
from vidgen.scoring.checks import CHECKS
from vidgen.scoring.reading import Reading
from vidgen.scoring.rules import RULES
from vidgen.scoring.types import Veto

VERSION = 1
PICTURES = 5
"""How many are looked at for ``nsfw``, spread over the clip."""
PLACES = 2
CLOSE = 5
"""Text is looked for at so many places, each so many pictures."""
STEP_S = Fraction(1, 12)
"""Between the pictures of a place: text that moves is still near, a model has drawn its letters anew."""

Found = Mapping[str, Sequence[tuple[int, float]]]
"""By code: numbers of frames, and what was measured there."""


def content_vetoes(
    file: Path, digest: str, reading: Reading, counts: Collection[str], part: tuple[int, int | None], cache: Path | None
) -> tuple[Veto, ...]:
    """The vetoes among ``counts`` for a part of a clip: its first frame and how many, None: all. None of a code that is not
    measured here. ``digest``: the file's SHA-256, by which findings are kept in the folder ``cache``.
    """
    asked = [code for code in CHECKS if code in counts and CHECKS[code].available]
    if not asked:
        return ()
    start, frames = part
    end = reading.frames if frames is None else start + frames
    found = _found(file, reading, asked, cache / f"{digest}.content{VERSION}.json" if cache and digest else None)
    inside = {code: [(frame, value) for frame, value in found[code] if start <= frame < end] for code in asked}
    rate = Fraction(reading.fps)
    return tuple(veto for code in asked for veto in _RULES[code](inside[code], rate))


def _nsfw(scores: Sequence[tuple[int, float]], rate: Fraction) -> list[Veto]:
    limit = RULES.vetoes["nsfw"]
    over = [frame for frame, score in scores if score > limit]
    mean = sum(score for _, score in scores) / max(1, len(scores))
    if len(over) < 2 or mean <= limit:
        return []
    return [Veto("nsfw", _seconds(over[0], rate), f"the pictures look indecent (mean score {mean:.2f}, limit {limit:.2f})")]


def _garbled_text(changes: Sequence[tuple[int, float]], rate: Fraction) -> list[Veto]:
    garbled = [frame for frame, changed in changes if changed >= RULES.vetoes["text_redrawn"]]
    text = "the letters of a text change from picture to picture"
    return [Veto("garbled_text", _seconds(garbled[0], rate), text)] if garbled else []


_RULES = {"nsfw": _nsfw, "garbled_text": _garbled_text}


def _seconds(frame: int, rate: Fraction) -> float:
    return round(float(frame / rate), 3)


def _found(file: Path, reading: Reading, codes: Sequence[str], kept: Path | None) -> Found:
    """What was found of these codes, now or before."""
    known: dict[str, Any] = {}
    if kept and kept.is_file():
        try:
            known = {code: [(int(frame), float(value)) for frame, value in rows] for code, rows in _read(kept).items()}
        except (ValueError, TypeError, AttributeError):
            known = {}  # damaged or foreign: look again
    new = [code for code in codes if code not in known]
    if new:
        places = {code: _places(code, reading) for code in new}
        wanted = {frame for groups in places.values() for group in groups for frame in group}
        pictures = dict(frames_at(file, wanted))
        known |= {code: [_measured(code, group, pictures) for group in places[code]] for code in new}
        if kept:
            write_text(kept, json.dumps(known) + "\n")
    return known


def _read(kept: Path) -> Any:
    return json.loads(kept.read_text(encoding="utf-8"))


def _places(code: str, reading: Reading) -> list[list[int]]:
    """The frames that are looked at together."""
    if code == "nsfw":
        return [[frame] for frame in sorted({reading.frames * (2 * index + 1) // (2 * PICTURES) for index in range(PICTURES)})]
    step = max(1, round(STEP_S * Fraction(reading.fps)))
    middles = {reading.frames * (2 * index + 1) // (2 * PLACES) for index in range(PLACES)}
    firsts = sorted({middle - step * (CLOSE // 2) for middle in middles})
    groups = [[first + step * index for index in range(CLOSE)] for first in firsts]
    return [group for group in groups if group[0] >= 0 and group[-1] < reading.frames]


def _measured(code: str, group: Sequence[int], pictures: Mapping[int, Frame]) -> tuple[int, float]:
    """A place, and what is there."""
    look = _module(code)
    shown = [pictures[frame] for frame in group]
    return group[0], float(look.score(shown[0]) if code == "nsfw" else look.redrawn(shown))


def _module(code: str) -> Any:
    """What looks for a code, loaded where it is wanted."""
    return importlib.import_module(f"vidgen.scoring.{CHECKS[code].module}")
