"""The soundtrack: mixed as PCM of exactly the film's length, encoded at its loudness target, and stored by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.timeline import Timeline
from vidgen.errors import Notice, ProcessingError
from vidgen.media.files import file_url, sha256_json
from vidgen.media.loudness import measure_parts
from vidgen.media.rate import SAMPLE_RATE

if TYPE_CHECKING:
    from vidgen.cut.loudness import Encoded
    from vidgen.cut.spoken import Part

SOUND_VERSION = 4
"""Part of every key. Increase it when the same tracks give a different sound."""


def sound_recipe(timeline: Timeline) -> dict[str, Any] | None:
    """All inputs of the soundtrack, as JSON values, for keys; None for a film without sound."""
    if not timeline.sound.tracks:
        return None
    tracks = [{**asdict(track), "file": None} for track in timeline.sound.tracks]
    loudness = timeline.sound.loudness
    return {
        "version": SOUND_VERSION,
        "samples": timeline.samples,
        "tracks": tracks,
        "loudness": asdict(loudness) if loudness else None,
    }


@dataclass(frozen=True)
class Levels:
    """How loud a finished soundtrack is, measured as encoded; None for silence.

    Args:
        lufs: integrated loudness.
        dbtp: true peak.
        dialogue_lufs: integrated loudness of those parts alone in which somebody speaks; None where nobody does.
        gain_db: from the mix, which the stems add up to, to the film.
        limited: whether a limiter lowered peaks, so that the film is not just the mix with that gain.
    """

    lufs: float | None
    dbtp: float | None
    dialogue_lufs: float | None
    gain_db: float
    limited: bool

    @property
    def line(self) -> str:
        """For a person."""
        if self.lufs is None or self.dbtp is None:
            return "sound: silent"
        said = "" if self.dialogue_lufs is None else f", dialogue {self.dialogue_lufs:.1f} LUFS"
        limited = "; a limiter holds the loudest moments down (the stems are without it)" if self.limited else ""
        return f"sound: {self.lufs:.1f} LUFS, peaks {self.dbtp:.1f} dBTP{said}{limited}"

    @classmethod
    def of(cls, note: Mapping[str, Any]) -> Levels | None:
        """From a stored note; None where it is damaged."""
        try:
            return cls(**note["levels"])
        except (KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Soundtrack:
    """The encoded soundtrack in ``file``; ``levels`` are None where the note of a stored one is damaged."""

    file: Path
    levels: Levels | None
    notices: tuple[Notice, ...] = ()


def make_sound(timeline: Timeline, work: Path, cancelled: Callable[[], bool] = lambda: False) -> Soundtrack | None:
    """The encoded soundtrack, new or from the store; None for a film without sound."""
    recipe = sound_recipe(timeline)
    if recipe is None:
        return None
    from vidgen.cut.loudness import encode_to_target

    finished, key = ArtifactStore(work / "audio", ".m4a"), sha256_json(recipe)
    notes = finished.find(key)
    if notes is None:
        mix = make_mix(timeline, work, cancelled)

        def write_sound(parts: list[Path]) -> list[dict[str, Any]]:
            part = parts[0]
            encoded, notices = encode_to_target(mix.file, timeline.sound.loudness, part, timeline.samples, cancelled)
            _check_length(part, timeline.samples)
            levels = _levels(encoded, part, mix.spoken, cancelled)
            return [{"levels": asdict(levels), "notices": [notice.as_dict() for notice in (*mix.notices, *notices)]}]

        [notes] = finished.make([key], write_sound)
    ArtifactStore(work / "audio" / "mix", ".wav").keep_only({_mix_key(recipe)})
    finished.keep_only({key})
    return Soundtrack(finished.path(key), Levels.of(notes), tuple(stored_notices(notes)))


def _levels(encoded: Encoded, file: Path, spoken: Sequence[Part], cancelled: Callable[[], bool]) -> Levels:
    found = encoded.loudness
    if found.silent:
        return Levels(None, None, None, encoded.gain_db, encoded.limited)
    said = measure_parts(file, spoken, cancelled) if spoken else None
    dialogue = None if said is None or said.silent else said.i
    return Levels(found.i, found.tp, dialogue, encoded.gain_db, encoded.limited)


@dataclass(frozen=True)
class Mix:
    """All tracks in one float WAV, before any loudness target. ``spoken``: where somebody speaks, in samples."""

    file: Path
    spoken: tuple[Part, ...]
    notices: tuple[Notice, ...]


def make_mix(timeline: Timeline, work: Path, cancelled: Callable[[], bool] = lambda: False) -> Mix:
    """The mix, new or from the store."""
    from vidgen.cut.mixing import mix_to_wav

    mixes, key = ArtifactStore(work / "audio" / "mix", ".wav"), _mix_key(sound_recipe(timeline) or {})

    def write_mix(parts: list[Path]) -> list[dict[str, Any]]:
        found = mix_to_wav(timeline.sound.tracks, timeline.samples, parts[0], cancelled)
        notices = [notice.as_dict() for notice in found.notices]
        return [{"samples": timeline.samples, "spoken": [list(part) for part in found.spoken], "notices": notices}]

    note = mixes.find(key) or mixes.make([key], write_mix)[0]
    spoken = tuple((int(begin), int(end)) for begin, end in note.get("spoken", ()))
    return Mix(mixes.path(key), spoken, tuple(stored_notices(note)))


def _mix_key(recipe: Mapping[str, Any]) -> str:
    return sha256_json({**recipe, "loudness": None})


def _check_length(path: Path, samples: int) -> None:
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        found = round((stream.duration or 0) * (stream.time_base or 0) * SAMPLE_RATE)
    if abs(found - samples) > 1:
        raise ProcessingError("media.bad_output", f"the soundtrack has {found} samples instead of {samples}")


def stored_notices(note: Mapping[str, Any]) -> list[Notice]:
    """What was to be said when a stored sound was made. A damaged note says nothing: the sound itself has a checksum."""
    try:
        return [Notice(**notice) for notice in note["notices"]]
    except (KeyError, TypeError):
        return []
