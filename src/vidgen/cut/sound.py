"""The soundtrack: mixed as PCM of exactly the film's length, encoded at its loudness target, and stored by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.timeline import Timeline
from vidgen.errors import Notice, ProcessingError
from vidgen.media.files import file_url, sha256_json
from vidgen.media.rate import SAMPLE_RATE

SOUND_VERSION = 2
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


def make_sound(
    timeline: Timeline, work: Path, scratch: Path, cancelled: Callable[[], bool] = lambda: False
) -> tuple[Path | None, list[Notice]]:
    """The encoded soundtrack, new or from the store, and its notices; None for a film without sound."""
    recipe = sound_recipe(timeline)
    if recipe is None:
        return None, []
    from vidgen.cut.loudness import encode_to_target

    finished, key = ArtifactStore(work / "audio", ".m4a"), sha256_json(recipe)
    notes = finished.find(key)
    if notes is None:
        mix, of_mix = make_mix(timeline, work, cancelled)

        def write_sound(parts: list[Path]) -> list[dict[str, Any]]:
            part = parts[0]
            measured, notices = encode_to_target(mix, timeline.sound.loudness, part, timeline.samples, cancelled)
            _check_length(part, timeline.samples)
            silent = measured.silent
            levels = {"lufs": None if silent else measured.i, "dbtp": None if silent else measured.tp}
            return [{**levels, "notices": [notice.as_dict() for notice in (*of_mix, *notices)]}]

        [notes] = finished.make([key], write_sound)
    ArtifactStore(work / "audio" / "mix", ".wav").keep_only({_mix_key(recipe)})
    finished.keep_only({key})
    return finished.path(key), stored_notices(notes)


def make_mix(timeline: Timeline, work: Path, cancelled: Callable[[], bool] = lambda: False) -> tuple[Path, list[Notice]]:
    """The mix as float WAV, new or from the store, and its notices: all tracks before any loudness target."""
    from vidgen.cut.mixing import mix_to_wav

    mixes, key = ArtifactStore(work / "audio" / "mix", ".wav"), _mix_key(sound_recipe(timeline) or {})

    def write_mix(parts: list[Path]) -> list[dict[str, Any]]:
        found = mix_to_wav(timeline.sound.tracks, timeline.samples, parts[0], cancelled)
        return [{"samples": timeline.samples, "notices": [notice.as_dict() for notice in found]}]

    note = mixes.find(key) or mixes.make([key], write_mix)[0]
    return mixes.path(key), stored_notices(note)


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
