"""Join the pieces and the sound to the film by copying streams, and check it before it gets its final name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from vidgen.cut.caption_files import caption_args, language_args
from vidgen.cut.looks import plain
from vidgen.cut.timeline import Timeline
from vidgen.errors import ProcessingError
from vidgen.media.chapters import bare_args, chapter_args
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic, file_url
from vidgen.media.joining import copy_args, list_args, write_list
from vidgen.media.rate import SAMPLE_RATE
from vidgen.media.verify import check_video


class Seal(Protocol):
    """What a film says of itself: its container ``tags``, and a last step on the finished file before it gets its final name.
    ``key`` changes with both.
    """

    @property
    def key(self) -> str:
        """Of all that it writes into the file."""

    @property
    def tags(self) -> Mapping[str, str]:
        """ffmpeg's names of container tags, and their text."""

    def __call__(self, film: Path, timeline: Timeline, /) -> None:
        """Work on the finished and checked file, in place."""


def join(
    pieces: list[tuple[Path, int]],
    sound: Path | None,
    timeline: Timeline,
    out: Path,
    scratch: Path,
    cancelled: Callable[[], bool] = lambda: False,
    seal: Seal | None = None,
) -> None:
    """Write the film to ``out``.

    Args:
        pieces: files of equal form with their frame counts, in film order.
        sound: the finished AAC, exactly as long as the film; None makes a film without an audio stream.
        scratch: an existing folder for temporary files.
        seal: what it says of itself; None: its title.

    Raises ProcessingError unless the film has exactly the planned frames, evenly spaced from 0, and sound as planned.
    """
    with atomic(out) as part, tempfile.TemporaryDirectory(dir=scratch, prefix="join-") as name:
        folder = Path(name)
        write_list(pieces, timeline.rate, folder)
        args = list_args()
        if sound:
            args += input_args(sound.resolve())
        captions, texts = caption_args(timeline.captions, folder, number=2 if sound else 1)
        number = (2 if sound else 1) + len(timeline.captions)
        opened, named = chapter_args(timeline.chapters, timeline.frames, timeline.rate, folder, number=number)
        args += [*captions, *opened]
        args += ["-map", "0:v:0", *copy_args(timeline.rate), *(("-map", "1:a:0", "-c:a", "copy") if sound else ())]
        args += [*texts, *named, *bare_args(), *language_args(timeline.captions)]
        for name, text in {"title": timeline.title, **(seal.tags if seal else {})}.items():
            if words := " ".join(plain(text).split()):
                args += ["-metadata", f"{name}={words}"]
        args += [
            "-movie_timescale",
            str(SAMPLE_RATE),
            "-movflags",
            "+faststart",
            f"file:{part.resolve()}",
        ]
        run_ffmpeg(args, what="joining the film", cwd=folder, cancelled=cancelled)
        check_film(part, timeline, with_sound=sound is not None)
        if seal:
            seal(part, timeline)


def check_film(path: Path, timeline: Timeline, *, with_sound: bool) -> None:
    """Raise ProcessingError unless the file has the planned frames, frame times, size, rate and length of sound."""
    import av

    width, height = timeline.width, timeline.height
    check_video(path, frames=timeline.frames, width=width, height=height, rate=timeline.rate, name="the film")
    with av.open(file_url(path), metadata_errors="replace") as container:
        streams = container.streams.audio
        if bool(streams) != with_sound:
            raise ProcessingError("media.bad_output", f"the film has {'no' if with_sound else 'unexpected'} sound")
        if not streams:
            return
        stream = streams[0]
        tick = stream.time_base or Fraction(0)
        start, length = (stream.start_time or 0) * tick, (stream.duration or 0) * tick
    frame = 1 / timeline.rate
    if abs(start) > frame or abs(length - timeline.frames * frame) > frame:
        raise ProcessingError(
            "media.bad_output",
            f"the film: sound of {float(length):.3f} s from {float(start):.3f} s, picture of {timeline.duration_s:.3f} s",
        )
