"""Make the pieces of a film and its sound in parallel: reuse, copy or encode each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.copying import can_copy, reference_sets
from vidgen.cut.encode_segment import encode_segments
from vidgen.cut.segments import Segment, segment_key
from vidgen.cut.sound import Soundtrack, make_sound
from vidgen.cut.timeline import Timeline
from vidgen.cut.titles import fonts_of
from vidgen.errors import Cancelled

OnEvent = Callable[[str, dict[str, Any]], None]
"""Called with ``cut.segment`` {done, total, name, kind, state: encoded|reused|copied}, ``cut.sound`` and ``cut.joined``."""

Encode = Callable[[Sequence[Segment], Timeline, Sequence[Path], Path, Callable[[], bool]], None]
"""``encode_segments``, or one that has it done elsewhere."""


@dataclass(frozen=True)
class Piece:
    """A finished piece. ``state``: ``encoded`` in this run, ``reused`` from an earlier run, or ``copied`` (the clip itself)."""

    key: str
    path: Path
    frames: int
    state: str


@dataclass(frozen=True)
class Parts:
    """All parts of a film; ``sound`` is None for a film without."""

    pieces: list[Piece]
    sound: Soundtrack | None


def make_parts(
    timeline: Timeline,
    segments: list[Segment],
    store: ArtifactStore,
    work: Path,
    scratch: Path,
    *,
    on_event: OnEvent,
    cancelled: Callable[[], bool],
    jobs: int,
    encode: Encode = encode_segments,
) -> Parts:
    """Make all pieces and the sound with ``jobs`` threads. The first failure stops the others and is raised."""
    stop = threading.Event()

    def halted() -> bool:
        return stop.is_set() or cancelled()

    maker = _Maker(timeline, store, work, scratch, halted, encode)
    keys = segment_keys(timeline, segments)
    by_key = dict(zip(keys, segments, strict=True))
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="cut") as pool:
        try:
            sound = pool.submit(make_sound, timeline, work, halted)
            futures = [pool.submit(maker.make, group) for group in _groups(by_key)]
            made = _gather(sound, futures, by_key, on_event)
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Parts([made[key] for key in keys], sound.result())


def _groups(by_key: dict[str, Segment]) -> list[dict[str, Segment]]:
    """The pieces in film order; a body is grouped with the window after it, because both read the same shot."""
    groups: list[dict[str, Segment]] = []
    for key, segment in by_key.items():
        last = list(groups[-1].values()) if groups else []
        follows = len(last) == 1 and segment.kind == "window" and last[0].kind == "body"
        if follows and segment.sources[0].shot == last[0].sources[0].shot:
            groups[-1][key] = segment
        else:
            groups.append({key: segment})
    return groups


def _gather(
    sound: Future[Soundtrack | None], futures: list[Future[list[Piece]]], by_key: dict[str, Segment], on_event: OnEvent
) -> dict[str, Piece]:
    """Wait for all pieces and report each as it finishes."""
    made: dict[str, Piece] = {}
    waiting: list[Future[Any]] = [sound, *futures]
    for future in as_completed(waiting):
        if future is sound:
            if made_sound := sound.result():
                on_event("cut.sound", {"file": str(made_sound.file)})
            continue
        for piece in future.result():
            made[piece.key] = piece
            segment = by_key[piece.key]
            progress = {"done": len(made), "total": len(by_key), "name": segment.name, "kind": segment.kind}
            on_event("cut.segment", {**progress, "state": piece.state})
    return made


class _Maker:
    """Makes pieces; each thread makes one at a time."""

    def __init__(
        self, timeline: Timeline, store: ArtifactStore, work: Path, scratch: Path, cancelled: Callable[[], bool], encode: Encode
    ) -> None:
        self._encode = encode
        self._timeline, self._store, self._work, self._scratch = timeline, store, work, scratch
        self._cancelled = cancelled
        self._reference: str | None = None
        self._lock = threading.Lock()

    def make(self, group: dict[str, Segment]) -> list[Piece]:
        """The pieces of a group. Those to be encoded are encoded in one ffmpeg run."""
        if self._cancelled():
            raise Cancelled()
        found = {key: self._find(key, segment) for key, segment in group.items()}
        missing = {key: group[key] for key, piece in found.items() if piece is None}
        if missing:

            def write(parts: list[Path]) -> list[dict[str, Any]]:
                self._encode(list(missing.values()), self._timeline, parts, self._scratch, self._cancelled)
                return [{"frames": segment.frames, "name": segment.name} for segment in missing.values()]

            self._store.make(list(missing), write)
        return [piece or self._stored(key, group[key], "encoded") for key, piece in found.items()]

    def _find(self, key: str, segment: Segment) -> Piece | None:
        shot = segment.sources[0].shot
        if segment.may_copy and shot.encoded_as and can_copy(segment, self._timeline, self._sets()):
            return Piece(key, shot.file, segment.frames, "copied")
        return self._stored(key, segment, "reused") if self._store.find(key) else None

    def _stored(self, key: str, segment: Segment, state: str) -> Piece:
        return Piece(key, self._store.path(key), segment.frames, state)

    def _sets(self) -> str:
        with self._lock:
            if self._reference is None:
                self._reference = reference_sets(self._timeline, self._work, self._cancelled)
            return self._reference


def segment_keys(timeline: Timeline, segments: list[Segment]) -> list[str]:
    """The store keys of the pieces: by content, ffmpeg version, and fonts where there are titles."""
    from vidgen.media.ffmpeg import find_ffmpeg
    from vidgen.weights.faces import font_path

    version = find_ffmpeg().version
    sizes = {name: font_path(name).stat().st_size for name in fonts_of([one for each in segments for one in each.titles])}
    fonts = [{name: sizes[name] for name in fonts_of(segment.titles)} for segment in segments]
    return [segment_key(segment, timeline, version, used) for segment, used in zip(segments, fonts, strict=True)]
