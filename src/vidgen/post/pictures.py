"""The stages up to the encoder: decode, interpolate, enlarge, each in its own thread or process, in the order of the route."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from vidgen.post.ahead import ahead, room_for
from vidgen.post.engines import Chosen, Fetch
from vidgen.post.filters import Lanczos, Nearest
from vidgen.post.reading import deep, frame_bytes, read_frames, read_interpolated
from vidgen.post.retime import retime, start_of
from vidgen.post.scene_changes import SceneChangeDetector, find_pieces, pieces_of
from vidgen.post.stages import FilterInterpolator, FilterUpscaler, Form, FrameUpscaler, PairInterpolator, Picture, PostEngine
from vidgen.post.work import Work

Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class LoadedEngines:
    """The loaded engines of a route. ``scaler`` brings what comes out of them to the exact size."""

    interpolator: FilterInterpolator | PairInterpolator | None
    upscaler: FrameUpscaler | None
    scaler: FilterUpscaler


def load_engines(work: Work, fetch: Fetch) -> LoadedEngines:
    """Load what the work needs; networks are kept for the next clip. Raises MissingError where weights cannot be had."""
    if work.route.networks:
        _steady_memory()
    interpolator = _loaded(work.route.interpolator, fetch)
    upscaler = _loaded(work.route.upscaler, fetch)
    assert interpolator is None or isinstance(interpolator, FilterInterpolator | PairInterpolator)
    scaler = upscaler if isinstance(upscaler, FilterUpscaler) else Lanczos()
    return LoadedEngines(interpolator, upscaler if isinstance(upscaler, FrameUpscaler) else None, scaler)


def encoder_form(work: Work, engines: LoadedEngines) -> Form:
    """The form of the frames that ``pictures`` gives."""
    if work.route.enlarge_first:
        return Form(work.settings.width, work.settings.height, work.settings.rate)
    factor = engines.upscaler.factor if engines.upscaler else 1
    return Form(work.source.width * factor, work.source.height * factor, work.settings.rate)


def pictures(
    work: Work, engines: LoadedEngines, *, first: int = 0, cancelled: Cancelled
) -> Generator[bytes | memoryview, None, None]:
    """Raw frames number ``first`` to the last of the result, before they are brought to size and graded."""
    room = room_for(frame_bytes(encoder_form(work, engines), work.pixels))
    last: bytes | memoryview = b""
    count = first
    for picture in islice(ahead(_made(work, engines, first, cancelled), room), work.frames - first):
        last = picture if isinstance(picture, bytes) else np.ascontiguousarray(picture).data.cast("B")
        count += 1
        yield last
    yield from (last for _ in range(work.frames - count))


def _made(work: Work, engines: LoadedEngines, first: int, cancelled: Cancelled) -> Iterator[bytes | Picture]:
    engine = engines.interpolator
    if isinstance(engine, PairInterpolator):
        start = start_of(work.clock.times, first / work.settings.rate)
        detector = SceneChangeDetector()
        read: Iterable[Picture] = detector.watch(_read(work, detector.start_for(start), cancelled), start)
        if work.route.enlarge_first and engines.upscaler:
            read = _sized(_enlarged(read, engines.upscaler), work)
        made = retime(read, work.clock.times, detector.changes, engine, work.settings.rate, work.frames, first=first)
        yield from made if work.route.enlarge_first or not engines.upscaler else _enlarged(made, engines.upscaler)
    elif engines.upscaler:
        frames = (_array(data, work) for data in ahead(_raw(work, engine, first, cancelled), _reading_room(work)))
        yield from _enlarged(frames, engines.upscaler)
    else:
        yield from _raw(work, engine, first, cancelled)


def _raw(work: Work, engine: FilterInterpolator | None, first: int, cancelled: Cancelled) -> Iterator[bytes]:
    if engine is None:
        yield from read_frames(work.info, work.pixels, first=first, cancelled=cancelled)
        return
    whole = isinstance(engine, Nearest)
    pieces = pieces_of([], work.info.frames) if whole else find_pieces(work.info, cancelled=cancelled)
    rate = work.settings.rate
    yield from read_interpolated(
        work.info, work.clock, pieces, engine, rate, work.frames, work.pixels, first=first, cancelled=cancelled
    )


def _read(work: Work, first: int, cancelled: Cancelled) -> Iterator[Picture]:
    for data in ahead(read_frames(work.info, work.pixels, first=first, cancelled=cancelled), _reading_room(work)):
        yield _array(data, work)


def _reading_room(work: Work) -> int:
    return room_for(frame_bytes(work.source, work.pixels))


def _array(data: bytes, work: Work) -> Picture:
    shape = work.source.height, work.source.width, 3
    return np.frombuffer(data, np.uint16).reshape(shape) if deep(work.pixels) else np.frombuffer(data, np.uint8).reshape(shape)


def _enlarged(read: Iterable[Picture], engine: FrameUpscaler) -> Iterator[Picture]:
    """Each picture enlarged, in batches; one that comes several times in a row is enlarged once."""
    waiting: list[tuple[Picture, int]] = []
    for picture in read:
        if waiting and waiting[-1][0] is picture:
            waiting[-1] = picture, waiting[-1][1] + 1
            continue
        if len(waiting) == engine.batch:
            yield from _repeated(waiting, engine)
            waiting = []
        waiting.append((picture, 1))
    if waiting:
        yield from _repeated(waiting, engine)


def _repeated(counted: list[tuple[Picture, int]], engine: FrameUpscaler) -> Iterator[Picture]:
    large = engine.enlarge([picture for picture, _ in counted])
    for picture, (_, times) in zip(large, counted, strict=True):
        yield from (picture for _ in range(times))


def _sized(read: Iterable[Picture], work: Work) -> Iterator[Picture]:
    """Brought to the exact size: odd sides by one pixel more of their edge, others by lanczos, as ffmpeg has it."""
    import av

    width, height = work.settings.width, work.settings.height
    for picture in read:
        if Form(picture.shape[1], picture.shape[0], work.settings.rate).even_size == (width, height):
            extended: Any = np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)), "edge")
            picture = extended
        if picture.shape[:2] == (height, width):
            yield picture
            continue
        whole: Any = np.ascontiguousarray(picture)
        frame = av.VideoFrame.from_ndarray(whole, format=work.pixels)
        sized: Any = frame.reformat(width, height, format=work.pixels, interpolation="LANCZOS").to_ndarray()
        yield sized


@functools.cache
def _steady_memory() -> None:
    """Large pictures come and go in several threads. glibc keeps what each thread frees, so that memory creeps for a hundred
    frames; two arenas hold it. Mapping pictures one by one would hold it better, but costs networks 40 % of their speed.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(_M_ARENA_MAX, 2)


_M_ARENA_MAX = -8


def _loaded(chosen: Chosen | None, fetch: Fetch) -> PostEngine | None:
    return chosen.load(fetch) if chosen else None
