"""What assembling a film would do, piece by piece, and why. Makes and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from vidgen.artifacts import ArtifactStore
from vidgen.cut.assembly import cut_key, read_manifest, up_to_date
from vidgen.cut.join import Seal
from vidgen.cut.pieces import segment_keys
from vidgen.cut.segments import Segment, segment_parts, split
from vidgen.cut.timeline import Timeline, settle
from vidgen.media.files import sha256_json

State = Literal["encode", "copy", "keep", "make"]


@dataclass(frozen=True)
class Forecast:
    """What would become of one part of the film.

    Args:
        kind: ``body``, ``window``, ``sound`` or ``film``.
        shots: ids of the shots that it shows.
        state: ``encode`` (a piece), ``copy`` (the clip as it is), ``keep`` (from an earlier run), ``make`` (sound, film).
        why: in a few words; empty for what is kept.
    """

    name: str
    kind: str
    shots: tuple[str, ...]
    frames: int
    state: State
    why: str

    def as_dict(self) -> dict[str, Any]:
        """An entry of ``segments``."""
        return {**asdict(self), "shots": list(self.shots)}


def forecast(
    timeline: Timeline, work: Path, out: Path, waits_for: Mapping[str, str], seal: Seal | None = None
) -> list[Forecast]:
    """The pieces in film order, then sound and film.

    ``waits_for``: why shots have no clip yet, by id; their entries in the timeline have any file. Raises InputError for an
    invalid timeline.
    """
    settled, _ = settle(timeline)
    segments = split(settled)
    manifest = read_manifest(work)
    found = list(_pieces(settled, segments, work, manifest, waits_for))
    if settled.sound.tracks:
        found.append(_sound(settled, work, waits_for))
    shots = tuple(shot.id for shot in settled.shots)
    current = not waits_for and up_to_date(manifest, cut_key(settled, segments, seal), out)
    why = "" if current else _why_film(found, manifest, out)
    found.append(Forecast(out.name, "film", shots, settled.frames, "keep" if current else "make", why))
    return found


def _pieces(
    timeline: Timeline, segments: list[Segment], work: Path, manifest: Mapping[str, Any], waits_for: Mapping[str, str]
) -> Iterator[Forecast]:
    store = ArtifactStore(work / "segments", ".mp4", look_only=True)
    before = manifest.get("made_of", {})
    for segment, key in zip(segments, segment_keys(timeline, segments), strict=True):
        shots = tuple(source.shot.id for source in segment.sources)
        waiting = [f"{shot}: {waits_for[shot]}" for shot in shots if shot in waits_for]
        state: State
        if waiting:
            state, why = "encode", "; ".join(waiting)
        elif segment.may_copy and segment.sources[0].shot.encoded_as == timeline.profile.key():
            state, why = "copy", "the clip has the film's form"
        elif store.find(key):
            state, why = "keep", ""
        else:
            state, why = "encode", _why_piece(segment, timeline, before, damaged=key in store.damaged)
        yield Forecast(segment.name, segment.kind, shots, segment.frames, state, why)


def _why_piece(segment: Segment, timeline: Timeline, before: Mapping[str, Mapping[str, str]], *, damaged: bool) -> str:
    known = before.get(f"{segment.kind} {segment.name}")
    if damaged:
        return "the stored piece is damaged"
    if known is None:
        return "it was not in the last film"
    changed = [part for part, key in segment_parts(segment, timeline).items() if known.get(part) != key]
    return f"{' and '.join(changed)} changed" if changed else "the stored piece is gone, or ffmpeg or the fonts changed"


def _sound(timeline: Timeline, work: Path, waits_for: Mapping[str, str]) -> Forecast:
    from vidgen.cut.sound import sound_recipe

    there = ArtifactStore(work / "audio", ".m4a", look_only=True).find(sha256_json(sound_recipe(timeline)))
    kept = there is not None and not waits_for
    why = "" if kept else "takes are to be made" if waits_for else "a sound, its place or the loudness changed, or it is new"
    return Forecast("sound", "sound", (), timeline.frames, "keep" if kept else "make", why)


def _why_film(parts: list[Forecast], manifest: Mapping[str, Any], out: Path) -> str:
    if not manifest:
        return "it was not made yet"
    if not out.is_file():
        return "the file is gone"
    changed = [one.name for one in parts if one.state not in ("keep", "copy")]
    if not changed:
        return "the order, the title, the chapters or the provenance changed, or the file was changed"
    return f"{', '.join(changed[:5])}{', ...' if len(changed) > 5 else ''} changed"
