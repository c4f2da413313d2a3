"""Reads what an editing program gives back: OpenTimelineIO."""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from vidgen.catalog.transitions import known, plain_cut
from vidgen.errors import InputError
from vidgen.interchange.cut import DISSOLVE
from vidgen.interchange.library import otio, read
from vidgen.interchange.returned import SeenClip, SeenCut, SeenFile, SeenSound, SeenTransition
from vidgen.interchange.texts import one_line
from vidgen.interchange.timeline import PICTURE
from vidgen.media.rate import parse_rate
from vidgen.media.wording import counted
from vidgen.storyboard.vocabulary import known_name

LARGEST_BYTES = 64_000_000
DEEPEST = 120
"""The library reads nested values by recursion: a file that is nested deeper than any cut could crash it."""

LONGEST_S = 1_000_000
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.S)


def read_cut(raw: bytes, name: str) -> SeenCut:
    """Read a cut. Raises InputError ``import.invalid`` for what is none, MissingError without OpenTimelineIO."""
    text = _checked(raw, name)
    timeline = read(text, "otio_json", name)
    if type(timeline).__name__ == "SerializableCollection":
        inside = [one for one in timeline if isinstance(one, otio().schema.Timeline)]
        timeline = inside[0] if len(inside) == 1 else timeline
    if not isinstance(timeline, otio().schema.Timeline):
        raise _invalid(name, "it holds no timeline")
    return _Reader(name).cut(timeline)


def _checked(raw: bytes, name: str) -> str:
    if len(raw) > LARGEST_BYTES:
        raise _invalid(name, f"it is over {LARGEST_BYTES // 1_000_000} MB")
    if not raw.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        raise _invalid(name, "it is not OpenTimelineIO")
    depth = 0
    for found in _BRACKETS.finditer(raw):
        kind = found[0][:1]
        depth += (kind in b"[{") - (kind in b"]}")
        if depth > DEEPEST:
            raise _invalid(name, f"it is nested more than {DEEPEST} deep")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(name, "it is not UTF-8 text") from None


def _invalid(name: str, why: str) -> InputError:
    hint = "export the cut of your program as OpenTimelineIO (.otio)"
    return InputError("import.invalid", f"{name} cannot be read as a cut: {why}", hint=hint, where=name)


def shown(text: object) -> str:
    """A text of the file, short and on one line, for a message."""
    line = one_line(str(text))
    return repr(line if len(line) <= 60 else f"{line[:57]}...")


@dataclass
class _Reader:
    name: str
    not_taken: list[str] = field(default_factory=list)

    def cut(self, timeline: Any) -> SeenCut:
        tracks = list(timeline.tracks)
        pictures = [one for one in tracks if isinstance(one, otio().schema.Track) and one.kind == "Video" and one.enabled]
        named = [one for one in pictures if one.name == PICTURE] or [one for one in pictures if any(True for _ in one)]
        if not named:
            raise _invalid(self.name, "it has no track of pictures")
        picture = max(named, key=lambda track: sum(_about(one).get("shot") is not None for one in track))
        clips = tuple(self._clips(picture))
        self._others(tracks, picture)
        about = _about(timeline)
        shots = _list(about.get("shots"))
        return SeenCut(
            clips,
            _text(about.get("storyboard")),
            None if shots is None else tuple(map(str, shots)),
            self._sounds(tracks),
            tuple(self.not_taken),
        )

    def _clips(self, track: Any) -> Iterator[SeenClip]:
        schema = otio().schema
        into: SeenTransition | None = None
        alone = False
        for item in track:
            if isinstance(item, schema.Transition):
                into = self._transition(item)
                continue
            if isinstance(item, schema.Clip) and item.enabled:
                yield self._clip(item, into, alone)
                into, alone = None, False
                continue
            if isinstance(item, schema.Clip):
                self.not_taken.append(f"{shown(item.name)} is switched off in the cut; here it is left out")
            elif isinstance(item, schema.Gap):
                if self._span(item)[1] > 0:
                    text = f"a gap of {float(self._span(item)[1]):.3g} s: a film has none, so what follows comes earlier"
                    self.not_taken.append(text)
                else:
                    continue
            else:
                what = "a compound clip" if isinstance(item, schema.Stack | schema.Track) else "an item of an unknown kind"
                self.not_taken.append(f"{what} ({shown(getattr(item, 'name', ''))}): take it apart in the cut")
            into, alone = None, True
        if into is not None:
            self.not_taken.append("a transition behind the last shot: a film ends with its last frame")

    def _clip(self, item: Any, into: SeenTransition | None, alone: bool) -> SeenClip:
        opens, length = self._span(item)
        file = self._file(item)
        for effect in item.effects:
            speed = getattr(effect, "time_scalar", None)
            if speed == 1 or not getattr(effect, "enabled", True):
                continue
            what = "a still" if speed == 0 else f"a speed of {speed:.3g}" if isinstance(speed, float | int) else "an effect"
            self.not_taken.append(f"{shown(item.name)}: {what} ({shown(effect.name or effect.effect_name)}) is left out")
        for marker in item.markers:
            if not _about(marker):
                self.not_taken.append(f"{shown(item.name)}: a remark ({shown(marker.name or marker.comment)})")
        return SeenClip(one_line(item.name), _text(_about(item).get("shot")), file, opens, length, into, alone)

    def _file(self, item: Any) -> SeenFile | None:
        reference = item.media_reference
        if reference is None or isinstance(reference, otio().schema.MissingReference):
            return None
        place = str(getattr(reference, "target_url", None) or getattr(reference, "name_prefix", "") or "")
        last = unquote(re.split(r"[?#]", place)[0]).replace("\\", "/").rsplit("/", 1)[-1]
        about = _about(reference)
        take = about.get("take")
        return SeenFile(last, _text(about.get("sha256")), take if isinstance(take, int) else None)

    def _span(self, item: Any) -> tuple[Fraction, Fraction]:
        """Where an item opens in its file, whose clock may not begin at 0, and its length, in seconds."""
        try:
            span = item.trimmed_range()
        except Exception:
            raise _invalid(self.name, f"{shown(item.name)} has no length") from None
        start, length = self._seconds(span.start_time, item), self._seconds(span.duration, item)
        whole = getattr(getattr(item, "media_reference", None), "available_range", None)
        return start - (self._seconds(whole.start_time, item) if whole is not None else 0), max(length, Fraction(0))

    def _seconds(self, time: Any, item: Any) -> Fraction:
        value, rate = time.value, time.rate
        if not (math.isfinite(value) and math.isfinite(rate) and rate > 0 and abs(value) <= LONGEST_S * rate):
            raise _invalid(self.name, f"{shown(item.name)} has a time that is none")
        return Fraction(value) / exact_rate(rate)

    def _transition(self, item: Any) -> SeenTransition:
        before, after = (max(Fraction(0), self._seconds(time, item)) for time in (item.in_offset, item.out_offset))
        names = (item.name, _about(item).get("type"))
        found = [name for name in map(_transition_name, names) if name]
        if item.transition_type == "SMPTE_Dissolve":
            found = [DISSOLVE]
        if not found:
            self.not_taken.append(f"the transition {shown(item.name or item.transition_type)} is not known; here it dissolves")
        return SeenTransition(found[0] if found else DISSOLVE, before, after)

    def _others(self, tracks: list[Any], picture: Any) -> None:
        """What is on other tracks."""
        schema = otio().schema
        for track in tracks:
            if track is picture:
                continue
            inside = [one for one in track if not isinstance(one, schema.Gap)] if isinstance(track, schema.Track) else [track]
            audio = getattr(track, "kind", "") == "Audio"
            foreign = [one for one in inside if not (audio and _about(one).get("role") is not None)]
            if foreign:
                kind = "sounds" if audio else "pictures"
                text = f"track {shown(track.name)} has {kind} that are not of the storyboard ({counted(len(foreign), 'item')})"
                self.not_taken.append(text)

    def _sounds(self, tracks: list[Any]) -> tuple[SeenSound, ...] | None:
        found = []
        for track in tracks:
            for item in track if getattr(track, "kind", "") == "Audio" else ():
                digest = _text(_about(item).get("sha256"))
                if digest and isinstance(item, otio().schema.Clip):
                    opens, length = self._span(item)
                    found.append(SeenSound(digest, float(opens), float(length)))
        return tuple(sorted(found)) if found else None


def exact_rate(rate: float) -> Fraction:
    """A rate of a file as it is meant: 23.976 is 24000/1001. Above the rates of pictures, as it is."""
    try:
        return parse_rate(float(rate))
    except ValueError:
        return Fraction(rate)


def _transition_name(text: object) -> str | None:
    """The storyboard's name of a transition; None for none, and for cuts."""
    name = known_name("transition", text) if isinstance(text, str) else None
    return name if name and known(name) and not plain_cut(name) else None


def _about(thing: Any) -> Mapping[str, Any]:
    """What vidgen wrote into something; empty where it did not."""
    try:
        about = thing.metadata["vidgen"]
    except (AttributeError, KeyError, TypeError):
        return {}
    return about if hasattr(about, "get") and hasattr(about, "keys") else {}


def _list(value: Any) -> list[Any] | None:
    """The values of a list, which is one of the library's own kind; None for anything else."""
    return list(value) if type(value).__name__ in ("AnyVector", "list") else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
