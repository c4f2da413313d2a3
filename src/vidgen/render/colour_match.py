"""Brings the shots of a scene to one light: exposure, white balance and contrast of a reference (``post.colour.match``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen import __version__
from vidgen.cut.contact_sheet import Label
from vidgen.cut.timeline import Timeline, settle
from vidgen.errors import Notice
from vidgen.media.answers import content_of
from vidgen.media.files import atomic, sha256_json, write_text
from vidgen.media.probe import probe_video
from vidgen.planning.plan import Plan, UserClip
from vidgen.post.settings import Match
from vidgen.render.made import MadeShot, clip_part
from vidgen.storyboard.forms import AUTO_SCENE

if TYPE_CHECKING:
    from vidgen.media.frames import Frame
    from vidgen.post.matching import Compared

SAMPLES, WIDTH = 9, 160
"""Frames of a shot that are looked at, spread over it, and their width in pixels."""

Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class Part:
    """The part of a file that is in the film: ``frames`` frames from ``start`` on."""

    file: Path
    sha256: str
    start: int
    frames: int

    @property
    def key(self) -> list[str | int]:
        """What tells it from other parts."""
        return [self.sha256, self.start, self.frames]

    def samples(self) -> list[Frame]:
        """Some small frames of it."""
        import cv2
        import numpy as np

        from vidgen.media.frames import frames_at

        places = {self.start + self.frames * (2 * index + 1) // (2 * SAMPLES) for index in range(SAMPLES)}
        found = []
        for _, frame in frames_at(self.file, places):
            height = max(2, round(WIDTH * frame.shape[0] / frame.shape[1]))
            found.append(np.asarray(cv2.resize(frame, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8))
        return found


_FLAT = ("black, white or one colour", "黒・白または単色")
_LEFT = {
    "strength": ("strength: 0", "strength: 0"),
    "flat": _FLAT,
    "reference_flat": tuple(f"{{reference}}: {words}" for words in _FLAT),
    "alike": ("looks like {reference} already", "{reference} と同じ"),
    "no_nearer": ("comes no nearer to {reference}", "{reference} に近づかない"),
}
"""Why a shot is left alone, in English and in Japanese."""


@dataclass(frozen=True)
class ColourMatch:
    """A shot that is to be brought to the light of ``reference``, and how different both look before and after (CIE 1976 colour
    difference of shadows, middles and highlights; None where that cannot be measured). ``why``: why it is left alone, as in
    ``post.matching.Compared``; empty where it is not. ``table``: the transform as a .cube file, for other programs. ``source``:
    what it was before.
    """

    shot: str
    reference: str
    match: Match
    before: float | None
    after: float | None
    why: str
    table: Path
    source: Part

    def as_dict(self) -> dict[str, Any]:
        """An entry of ``colour`` in ``data`` of ``render --json``."""
        differences = {"delta_e_before": _rounded(self.before), "delta_e_after": _rounded(self.after)}
        done = {"table": str(self.table) if self.match.seen else None, "left_alone": self.left_alone() or None}
        return {"shot": self.shot, "reference": self.reference, **asdict(self.match), **differences, **done}

    def left_alone(self, *, japanese: bool = False) -> str:
        """Why nothing is done to it; empty where something is."""
        return _LEFT[self.why][japanese].format(reference=self.reference) if self.why else ""

    @property
    def line(self) -> str:
        """For a person."""
        if self.why:
            return f"{self.shot}: colours left alone: {self.left_alone()}"
        return f"{self.shot}: colours matched to {self.reference} (delta E {self.before:.1f} -> {self.after:.1f})"


def _rounded(difference: float | None) -> float | None:
    return None if difference is None else round(difference, 2)


def match_colours(
    plan: Plan, made: Sequence[MadeShot], folder: Path, warn: Warn, *, look_only: bool = False
) -> dict[str, ColourMatch]:
    """What is done to each shot that is to be matched, by its id. Reads a few frames of each; results are kept in ``folder`` by
    what they were made of, unless ``look_only``.
    """
    parts = {shot.planned.id: _part(shot) for shot in made}
    found: dict[str, ColourMatch] = {}
    planned = {shot.id: shot for shot in plan.shots}
    for shot, reference in references(plan, warn).items():
        one, other, post = parts.get(shot), parts.get(reference), planned[shot].post
        if one is None or other is None or not post or not post.colour:
            continue
        seen = _kept(one, other, post.colour.strength, folder, look_only=look_only)
        table = folder / f"{shot}.cube"
        found[shot] = ColourMatch(shot, reference, seen.match, seen.before, seen.after, seen.why, table, one)
    return found


_WORDS = {"ja": ("色合わせの前と後", "前", "後", "そのまま")}
_ENGLISH = ("Colours before and after matching", "before", "after", "left alone")


def compared(
    labels: Iterable[Label], matches: Mapping[str, ColourMatch], timeline: Timeline, language: str
) -> tuple[str, list[Label]]:
    """A heading, and pictures of the shots that were to be matched, before and after, for a contact sheet; ``labels``: of all.
    Of a shot that is left alone the second says why.
    """
    settled, _ = settle(timeline)
    heading, before, after, left = _WORDS.get(language, _ENGLISH)
    found: list[Label] = []
    for label, start, cut in zip(labels, settled.starts, settled.shots, strict=True):
        if one := matches.get(cut.id):
            frame = one.source.start + one.source.frames * (label.frame - start) // cut.frames
            why = one.left_alone(japanese=language == "ja")
            found.append(Label(frame, f"{cut.id} {before}", _told(one.before), one.source.file))
            reached = why or f"{one.reference}: {_told(one.after)}"
            found.append(Label(label.frame, f"{cut.id} {left if why else after}", reached))
    return heading, found


def _told(difference: float | None) -> str:
    return "" if difference is None else f"ΔE {difference:.1f}"


def write_tables(matches: Mapping[str, ColourMatch], folder: Path) -> None:
    """Write the transforms as .cube files, for other programs."""
    for one in matches.values():
        if one.match.seen:
            from vidgen.media.cube import Cube, write_cube
            from vidgen.post.matching import bake_match

            folder.mkdir(parents=True, exist_ok=True)
            with atomic(one.table) as part:
                write_cube(part, Cube(bake_match(one.match)))


def references(plan: Plan, warn: Warn) -> dict[str, str]:
    """Which shots are to be matched, each with the id of its reference: one that is not matched itself. Warns of references
    that are not in the film, or that lead back to the shot.
    """
    asked = _asked(plan, warn)
    found: dict[str, str] = {}
    for shot, reference in asked.items():
        seen = {shot}
        while reference in asked and reference not in seen:
            seen.add(reference)
            reference = asked[reference]
        if reference in seen:
            text = f"post.colour.reference: {', '.join(sorted(seen))} refer to each other; {shot} is left as it is"
            warn([Notice("colour.no_reference", text, shot)])
        else:
            found[shot] = reference
    return found


def _asked(plan: Plan, warn: Warn) -> dict[str, str]:
    """The reference that each shot asks for; without one the first of its group that is matched. A group is a scene; where the
    storyboard has no scenes, shots whose ``scene`` says the same.
    """
    first: dict[tuple[str, str], str] = {}
    asked: dict[str, str] = {}
    ids = {shot.id: shot.id for shot in plan.shots} | {shot.parent: shot.id for shot in reversed(plan.shots)}
    whole = plan.board.scenes
    flat = len(whole) == 1 and whole[0].id == AUTO_SCENE and not (whole[0].heading or whole[0].scene)
    for planned in plan.shots:
        colour = planned.post.colour if planned.post else None
        if not colour or not colour.match:
            continue
        root = first.setdefault((planned.scene, planned.shot.scene or "" if flat else ""), planned.id)
        reference = ids.get(colour.reference) if colour.reference else root
        if reference is None:
            text = f"post.colour.reference: there is no shot {colour.reference} in the film; it is left as it is"
            warn([Notice("colour.no_reference", text, planned.id)])
        elif reference != planned.id:
            asked[planned.id] = reference
    return asked


def _part(shot: MadeShot) -> Part | None:
    if isinstance(shot.planned, UserClip):
        start, end = clip_part(shot.planned)
        file = shot.planned.clip
        return Part(file, content_of(file), start, (end or probe_video(file).frames) - start)
    if shot.picked is None:
        return None
    window = shot.picked.window(shot.planned.request)
    return Part(shot.picked.file, shot.picked.sha256, window.start, window.frames)


def _kept(one: Part, reference: Part, strength: float, folder: Path, *, look_only: bool) -> Compared:
    """What comparing two parts gave, read from ``folder`` where they were compared before."""
    from vidgen.post.matching import Compared, compare

    key = sha256_json({"clip": one.key, "reference": reference.key, "strength": strength, "tool": f"vidgen {__version__}"})
    file = folder / f"{key}.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        match = Match(**{name: float(value) for name, value in kept["match"].items()})
        before, after = (None if kept[name] is None else float(kept[name]) for name in ("before", "after"))
        if match.seen != bool(kept["why"]) and (not match.seen or before is not None):
            return Compared(match, before, after, kept["why"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    found = compare(one.samples(), reference.samples(), strength)
    if not look_only:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps(asdict(found)) + "\n")
    return found
