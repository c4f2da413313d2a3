"""Small copies of takes, and stills of them, made once by content. The originals are only read."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vidgen.app.review import Dailies
from vidgen.errors import InputError, Notice, ProcessingError
from vidgen.media.answers import content_of
from vidgen.media.encode import timescale
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import atomic, sha256_json
from vidgen.media.probe import probe_video
from vidgen.media.rate import rate_text
from vidgen.media.verify import check_video
from vidgen.planning.plan import UserClip
from vidgen.render.at_hand import ShotAtHand
from vidgen.render.film_timeline import ShotClip
from vidgen.render.forecast import processed_clips
from vidgen.render.own_clips import clip_start
from vidgen.review.wave import film_peaks, part_of
from vidgen.takes.request import Take, Window, nearest_frames

FOLDER = "media"
RECIPE = 1
"""Number of the way in which copies and stills are made; another number makes them anew."""
OURS = re.compile(r"[0-9a-f]{24}\.(mp4|jpg)")
_OWN, _AFTER = 0, -1
"""Numbers of what is no take: a user's own clip, and the picked take after post-processing."""
_THREADS = max(1, min(4, os.cpu_count() or 1))
_KEY_SECONDS = Fraction(1, 2)


@dataclass(frozen=True)
class Form:
    """How small a copy is: its short side at most, in pixels, and how coarse its picture (x264 CRF) and sound (kbit/s) are."""

    short_side: int
    crf: int
    sound_kbit: int


FORMS = (Form(360, 26, 96), Form(240, 30, 64), Form(144, 34, 32))
"""Of the page's copies, and those of a file that has to be smaller."""


@dataclass(frozen=True)
class Shown:
    """A clip as the page shows it: the names of its files in the media folder, and the part of it that is in the film.

    ``first`` and ``last``: stills of the first and the last frame that are in the film. ``fps`` and ``width`` x ``height`` are
    those of the original, whose frames the copy has one by one.
    """

    video: str
    poster: str
    first: str
    last: str
    window: Window
    frames: int
    fps: Fraction
    width: int
    height: int
    evidence: Mapping[int, str]
    """Pictures of vetoes, by their place in the list of the take's vetoes."""


@dataclass(frozen=True)
class _Source:
    """A file to show: its content, form and part in the film."""

    file: Path
    sha256: str
    frames: int
    fps: Fraction
    size: tuple[int, int]
    window: Window
    evidence: Mapping[int, Path]
    form: Form = FORMS[0]

    def key(self, *parts: object) -> str:
        """The name of what is made of it."""
        form = () if self.form == FORMS[0] else (self.form.short_side, self.form.crf, self.form.sound_kbit)
        return sha256_json([RECIPE, *form, *parts])[:24]

    def small(self, width: int, height: int) -> tuple[int, int]:
        """The size of a copy of such a picture: its short side at most the form's, both sides even."""
        factor = min(Fraction(1), Fraction(self.form.short_side, min(width, height)))
        return max(2, round(width * factor / 2) * 2), max(2, round(height * factor / 2) * 2)


@dataclass(frozen=True)
class ShownShot:
    """A shot's clips as the page shows them. ``clip``: a user's own; ``after``: the picked take after post-processing;
    ``wave``: peaks of the film's sound.
    """

    takes: Mapping[int, Shown]
    clip: Shown | None = None
    after: Shown | None = None
    troubles: tuple[Notice, ...] = ()
    wave: tuple[int, ...] = ()

    @property
    def clips(self) -> tuple[Shown, ...]:
        """All of them."""
        return tuple(one for one in (*self.takes.values(), self.clip, self.after) if one)


def shown_film(
    film: Dailies, folder: Path, form: Form = FORMS[0], *, only: Collection[str] | None = None
) -> dict[str, ShownShot]:
    """Make what is missing in ``folder`` and return the shots by id, or some of them. A clip that cannot be read is left out,
    with a notice.
    """
    stop = threading.Event()
    shots = [shot for shot in film.shots if only is None or shot.planned.id in only]
    picked = {shot.planned.id: shot.picked for shot in film.shots if shot.picked}
    after = processed_clips(film.plan, picked, film.project.root, [shot.planned.id for shot in shots])
    with ThreadPoolExecutor(_THREADS, "review") as pool:
        try:
            jobs = {
                shot.planned.id: {
                    number: pool.submit(_shown, replace(one, form=form), folder, stop)
                    for number, one in _sources(shot, after.get(shot.planned.id))
                }
                for shot in shots
            }
            peaks = film_peaks(film)
            planned = {shot.planned.id: shot.planned for shot in film.shots}
            return {
                name: replace(_collected(name, each), wave=part_of(peaks, planned[name], film)) for name, each in jobs.items()
            }
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _collected(name: str, jobs: Mapping[int, Future[Shown]]) -> ShownShot:
    """What came of a shot's clips."""
    clips, troubles = {}, []
    for number, job in jobs.items():
        try:
            clips[number] = job.result()
        except (ProcessingError, InputError) as error:
            what = f"take {number}" if number > 0 else "the clip"
            troubles.append(Notice("review.not_shown", f"{what} cannot be shown: {error.message}", name))
    takes = {number: one for number, one in clips.items() if number > 0}
    return ShownShot(takes, clips.get(_OWN), clips.get(_AFTER), tuple(troubles))


def sweep(folder: Path, film: Mapping[str, ShownShot]) -> None:
    """Remove copies and stills that the page does not show. Files of other names stay."""
    used = {name for shot in film.values() for one in shot.clips for name in files_of(one)}
    for file in folder.iterdir() if folder.is_dir() else ():
        if OURS.fullmatch(file.name) and file.name not in used:
            file.unlink(missing_ok=True)


def files_of(one: Shown) -> Sequence[str]:
    """The names of a clip's files."""
    return (one.video, one.poster, one.first, one.last, *one.evidence.values())


def _sources(shot: ShotAtHand, after: ShotClip | None) -> Iterator[tuple[int, _Source]]:
    """A shot's files by the number of their take, or what else they are."""
    planned = shot.planned
    if isinstance(planned, UserClip):
        info = probe_video(planned.clip)
        start = min(clip_start(planned, info), info.frames - 1)
        needed = nearest_frames(Fraction(planned.seconds_each).limit_denominator(100_000), info.rate)
        window = Window(start, min(needed, info.frames - start))
        yield _OWN, _Source(planned.clip, content_of(planned.clip), info.frames, info.rate, info.display_size, window, {})
        return
    for take in shot.takes:
        window = take.window(planned.request)
        vetoes = shot.vetoes(take.take)
        pictures = {number: Path(veto["evidence"]) for number, veto in enumerate(vetoes) if "evidence" in veto}
        yield take.take, _Source(take.file, take.sha256, take.frames, take.fps, _size(take), window, pictures)
    if after:
        info = probe_video(after.file)
        window = Window(0, min(planned.frames, info.frames))
        yield _AFTER, _Source(after.file, after.sha256, info.frames, info.rate, info.display_size, window, {})


def _size(take: Take) -> tuple[int, int]:
    return take.width, take.height


def _shown(source: _Source, folder: Path, stop: threading.Event) -> Shown:
    window = source.window
    first, last = window.start, window.start + window.frames - 1
    places = {"poster": first + window.frames // 2, "first": first, "last": last}
    places = {name: min(place, source.frames - 1) for name, place in places.items()}
    video = folder / f"{source.key(source.sha256)}.mp4"
    if not video.is_file():
        _copy(source, video, stop)
    stills = {name: folder / f"{source.key(source.sha256, place)}.jpg" for name, place in places.items()}
    missing = {places[name]: file for name, file in stills.items() if not file.is_file()}
    _stills(video, missing)
    evidence = {number: _picture(file, folder, source) for number, file in source.evidence.items() if file.is_file()}
    names = {name: file.name for name, file in stills.items()}
    return Shown(
        video.name, **names, window=window, frames=source.frames, fps=source.fps,
        width=source.size[0], height=source.size[1], evidence=evidence,
    )  # fmt: skip


def _copy(source: _Source, target: Path, stop: threading.Event) -> None:
    """Encode a small copy with the very frames of the original, evenly spaced, so that frame numbers mean the same."""
    width, height = source.small(*source.size)
    rate = rate_text(source.fps)
    pictures = f"setpts=N/({rate})/TB,scale={width}:{height}:flags=bicubic,setsar=1,format=yuv420p"
    gop = str(max(1, round(source.fps * _KEY_SECONDS)))  # a player reaches any frame quickly
    coded = ["-c:v", "libx264", "-preset", "superfast", "-crf", str(source.form.crf), "-g", gop, "-bf", "0", "-threads", "2"]
    ticks = str(timescale(source.fps))
    timed = ["-r", rate, "-fps_mode", "cfr", "-video_track_timescale", ticks, "-movflags", "+faststart"]
    sound = ["-map", "0:a:0?", "-c:a", "aac", "-b:a", f"{source.form.sound_kbit}k", "-ac", "2"]
    bare = ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-f", "mp4"]
    with atomic(target) as part:
        run_ffmpeg(
            [*input_args(source.file), "-map", "0:V:0", "-vf", pictures, *coded, *timed, *sound, *bare, str(part)],
            what=f"a small copy of {source.file.name}",
            cancelled=stop.is_set,
        )
        check_video(part, frames=source.frames, width=width, height=height, name=source.file.name)


def _stills(video: Path, wanted: Mapping[int, Path]) -> None:
    """Write frames of a copy as JPEG."""
    if not wanted:
        return
    from vidgen.media.frames import frames_at
    from vidgen.media.stills import write_image

    for number, frame in frames_at(video, wanted):
        write_image(wanted[number], frame)


def _picture(file: Path, folder: Path, source: _Source) -> str:
    """A picture of a fault, small, as JPEG; returns its name."""
    target = folder / f"{source.key(file.name)}.jpg"
    if not target.is_file():
        import cv2

        from vidgen.media.stills import read_image, write_image

        frame = read_image(file)
        size = source.small(frame.shape[1], frame.shape[0])
        write_image(target, cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(frame.dtype))
    return target.name
