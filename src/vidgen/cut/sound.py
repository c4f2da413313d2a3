"""The soundtrack: mixed once as PCM of exactly the film's length, brought to its loudness, encoded once, kept by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.timeline import Timeline
from vidgen.errors import Notice, ProcessingError
from vidgen.media.files import file_url, sha256_json
from vidgen.media.rate import SAMPLE_RATE

SOUND_VERSION = 2
"""Part of every key. Raise it when the same tracks would come out as another sound."""


def sound_recipe(timeline: Timeline) -> dict[str, Any] | None:
    """Everything the soundtrack is made of, as JSON values; None for a film without sound."""
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
    """The encoded soundtrack and its notices, from the store where it is there; None for a film without sound."""
    recipe = sound_recipe(timeline)
    if recipe is None:
        return None, []
    from vidgen.cut.loudness import encode_to_target
    from vidgen.cut.mixing import mix_to_wav

    mixes, finished = ArtifactStore(work / "audio" / "mix", ".wav"), ArtifactStore(work / "audio", ".m4a")
    mix_key, key = sha256_json({**recipe, "loudness": None}), sha256_json(recipe)
    notes = finished.find(key)
    if notes is None:

        def write_mix(parts: list[Path]) -> list[dict[str, Any]]:
            found = mix_to_wav(timeline.sound.tracks, timeline.samples, parts[0], cancelled)
            return [{"samples": timeline.samples, "notices": [notice.as_dict() for notice in found]}]

        def write_sound(parts: list[Path]) -> list[dict[str, Any]]:
            part, mix = parts[0], mixes.path(mix_key)
            measured, notices = encode_to_target(mix, timeline.sound.loudness, part, timeline.samples, cancelled)
            _check_length(part, timeline.samples)
            silent = measured.silent
            levels = {"lufs": None if silent else measured.i, "dbtp": None if silent else measured.tp}
            return [{**levels, "notices": [*mixed["notices"], *(notice.as_dict() for notice in notices)]}]

        mixed = mixes.find(mix_key) or mixes.make([mix_key], write_mix)[0]
        [notes] = finished.make([key], write_sound)
    mixes.keep_only({mix_key})
    finished.keep_only({key})
    return finished.path(key), [Notice(**notice) for notice in notes["notices"]]


def _check_length(path: Path, samples: int) -> None:
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        stream = container.streams.audio[0]
        found = round((stream.duration or 0) * (stream.time_base or 0) * SAMPLE_RATE)
    if abs(found - samples) > 1:
        raise ProcessingError("media.bad_output", f"the soundtrack has {found} samples instead of {samples}")
