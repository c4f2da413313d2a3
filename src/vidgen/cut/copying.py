"""Check whether a clip can be copied into the film: same encoder settings, frame count, frame times and parameter sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from vidgen.cut.segments import Segment
from vidgen.cut.timeline import Timeline
from vidgen.errors import InputError
from vidgen.media.encode import timescale
from vidgen.media.ffmpeg import find_ffmpeg, run_ffmpeg
from vidgen.media.files import atomic, file_url, sha256_json, write_text
from vidgen.media.rate import rate_text
from vidgen.media.verify import pts_grid


def can_copy(segment: Segment, timeline: Timeline, reference: str) -> bool:
    """Whether the streams of the shot's file, not only its tag, are what encoding would give.

    Args:
        reference: ``parameter_sets`` of our encoder for this film.

    Raises InputError if the file cannot be read.
    """
    import av

    shot = segment.sources[0].shot
    if not segment.may_copy or shot.encoded_as != timeline.profile.key():
        return False
    try:
        count, gaps, first = pts_grid(shot.file)
        with av.open(file_url(shot.file), metadata_errors="replace") as container:
            tick = container.streams.video[0].time_base
            alone = len(container.streams) == 1  # the priming of an audio stream would shift the picture when files are joined
        scale = timescale(timeline.rate)
        on_grid = tick == Fraction(1, scale) and first == 0 and gaps <= {int(scale / timeline.rate)}
        return alone and on_grid and count == shot.frames and parameter_sets(shot.file) == reference
    except (av.FFmpegError, OSError, IndexError, TypeError) as error:
        raise InputError(
            "media.unreadable",
            f"shot {shot.id}: {shot.file.name} cannot be read: {error}",
            hint="make the shot again",
            where=shot.id,
        ) from error


def parameter_sets(path: Path) -> str:
    """The decoder configuration of a file's video (for H.264 the SPS and PPS), in hexadecimal."""
    import av

    with av.open(file_url(path), metadata_errors="replace") as container:
        return (container.streams.video[0].codec_context.extradata or b"").hex()


def reference_sets(timeline: Timeline, work: Path, cancelled: Callable[[], bool] = lambda: False) -> str:
    """The parameter sets of our encoder for this film, found by encoding two black frames. Cached in the work folder."""
    key = sha256_json(
        [timeline.profile.key(), timeline.width, timeline.height, rate_text(timeline.rate), find_ffmpeg().version]
    )
    note = work / "segments" / f"form-{key[:16]}.txt"
    try:
        stored: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
        return stored["sets"]
    except (OSError, ValueError, KeyError):
        pass
    with atomic(note.with_suffix(".mp4")) as part:
        size = f"{timeline.width}x{timeline.height}"
        args = ["-f", "lavfi", "-i", f"color=black:s={size}:r={rate_text(timeline.rate)},setsar=1", "-frames:v", "2"]
        args += [*timeline.profile.video_args(timeline.rate), f"file:{part.resolve()}"]
        run_ffmpeg(args, what="trying the encoder", cancelled=cancelled)
        sets = parameter_sets(part)
    note.with_suffix(".mp4").unlink()
    write_text(note, json.dumps({"sets": sets}))
    return sets
