"""From a timeline to a film: make the pieces that are missing, join them with the sound, check, and remember.

Work folder: ``segments/`` pieces by key, ``audio/`` sound by key, ``cut.json`` what the film at ``out`` was made of,
``tmp/`` scratch. A run that was stopped goes on where it was; a film that is still right is not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.cut.copying import can_copy, reference_sets
from vidgen.cut.encode_segment import encode_segment
from vidgen.cut.join import join
from vidgen.cut.segments import Segment, form, segment_key, split
from vidgen.cut.store import PieceStore
from vidgen.cut.timeline import Timeline, settle
from vidgen.errors import Cancelled, Notice
from vidgen.media.files import sha256_file, sha256_json, write_text

OnEvent = Callable[[str, dict[str, Any]], None]
"""Called with ``cut.segment`` {done, total, name, kind, state: encoded|reused|copied}, ``cut.sound`` and ``cut.joined``."""

MANIFEST = "cut.json"
KEPT_CUTS = 3
"""Pieces of this many last cuts stay in the store, so that going back to a former version is quick."""


@dataclass(frozen=True)
class CutResult:
    """A finished film. ``reencoded``: pieces encoded in this run; ``copied``: clips used as they are; ``reused``: pieces
    that an earlier run had made. All three are 0 where the film was already there and right."""

    output: Path
    frames: int
    duration: float
    width: int
    height: int
    reencoded: int
    copied: int
    notices: tuple[Notice, ...]
    reused: int = 0


@dataclass(frozen=True)
class _Piece:
    path: Path
    frames: int
    state: str


def assemble(
    timeline: Timeline,
    work: Path,
    out: Path,
    *,
    on_event: OnEvent = lambda name, data: None,
    cancelled: Callable[[], bool] = lambda: False,
    jobs: int = 2,
) -> CutResult:
    """Make the film.

    Args:
        timeline: what to cut; it is settled first.
        work: folder that keeps pieces between runs; at most one run at a time may use it.
        out: the film, ``.mp4``; appears only when it is complete and checked.
        on_event: told of progress, from one thread at a time.
        cancelled: looked at several times a second.
        jobs: how many pieces to encode at once.

    Raises InputError for a timeline that cannot be cut, ProcessingError where a step failed, Cancelled.
    """
    settled, notices = settle(timeline)
    segments = split(settled)
    notices += _glyph_notices(settled)
    key = _cut_key(settled, segments)
    manifest = _read_manifest(work)
    if _still_right(manifest, key, out):
        return _result(settled, out, notices, [])
    store = PieceStore(work / "segments", ".mp4")
    with _scratch(work) as scratch:
        sound, pieces, found = _make(settled, segments, store, work, scratch, on_event, cancelled, jobs)
        if cancelled():
            raise Cancelled()
        join([(piece.path, piece.frames) for piece in pieces], sound, settled, out, scratch, cancelled)
    notices += found
    used = sorted({piece.path.stem for piece in pieces if piece.state != "copied"})
    history = [used, *(cut for cut in manifest.get("history", []) if cut != used)][:KEPT_CUTS]
    _write_manifest(work, key, out, history)
    store.keep_only({stem for cut in history for stem in cut})
    on_event("cut.joined", {"output": str(out), "frames": settled.frames})
    return _result(settled, out, notices, pieces)


def _make(
    timeline: Timeline,
    segments: list[Segment],
    store: PieceStore,
    work: Path,
    scratch: Path,
    on_event: OnEvent,
    cancelled: Callable[[], bool],
    jobs: int,
) -> tuple[Path | None, list[_Piece], list[Notice]]:
    """Make all pieces and the sound, several at once; the first failure stops the others."""
    from vidgen.cut.sound import make_sound

    stop = threading.Event()

    def halted() -> bool:
        return stop.is_set() or cancelled()

    maker = _Maker(timeline, store, work, scratch, halted)
    keys = _keys(timeline, segments)
    wanted = dict(zip(keys, segments, strict=True))
    made: dict[str, _Piece] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="cut") as pool:
        try:
            sound = pool.submit(make_sound, timeline, work, scratch, halted)
            futures = {pool.submit(maker.piece, key, segment): key for key, segment in wanted.items()}
            for future in as_completed(futures):
                key = futures[future]
                made[key] = future.result()
                data = {"done": len(made), "total": len(wanted), "name": wanted[key].name, "kind": wanted[key].kind}
                on_event("cut.segment", {**data, "state": made[key].state})
            sound_file, notices = _sound_result(sound, on_event)
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    for key in store.damaged:
        name = wanted[key].name if key in wanted else key[:12]
        notices.append(Notice("cut.segment_rebuilt", f"the stored piece {name} was damaged and was made again"))
    return sound_file, [made[key] for key in keys], notices


def _sound_result(future: Future[tuple[Path | None, list[Notice]]], on_event: OnEvent) -> tuple[Path | None, list[Notice]]:
    file, notices = future.result()
    if file:
        on_event("cut.sound", {"file": str(file)})
    return file, list(notices)


class _Maker:
    """Makes one piece at a time per thread: finds it, copies it, or encodes it."""

    def __init__(self, timeline: Timeline, store: PieceStore, work: Path, scratch: Path, cancelled: Callable[[], bool]) -> None:
        self._timeline, self._store, self._work, self._scratch = timeline, store, work, scratch
        self._cancelled = cancelled
        self._reference: str | None = None
        self._lock = threading.Lock()

    def piece(self, key: str, segment: Segment) -> _Piece:
        if self._cancelled():
            raise Cancelled()
        source = segment.sources[0].shot
        if segment.may_copy and source.encoded_as and can_copy(segment, self._timeline, self._sets()):
            return _Piece(source.file, segment.frames, "copied")
        if self._store.find(key):
            return _Piece(self._store.path(key), segment.frames, "reused")

        def write(part: Path) -> dict[str, Any]:
            encode_segment(segment, self._timeline, part, self._scratch, self._cancelled)
            return {"frames": segment.frames, "name": segment.name}

        self._store.make(key, write)
        return _Piece(self._store.path(key), segment.frames, "encoded")

    def _sets(self) -> str:
        with self._lock:
            if self._reference is None:
                self._reference = reference_sets(self._timeline, self._work, self._cancelled)
            return self._reference


def _keys(timeline: Timeline, segments: list[Segment]) -> list[str]:
    """The store names of the pieces: by content, and by the ffmpeg and the fonts that draw them."""
    from vidgen.media.ffmpeg import find_ffmpeg

    fonts: list[str] = []
    if any(shot.cues for shot in timeline.shots):
        from vidgen.weights.fonts import font_file

        fonts = [f"{file.name} {file.stat().st_size}" for file in (font_file("sans"), font_file("serif"))]
    version = find_ffmpeg().version
    return [segment_key(segment, timeline, version, fonts) for segment in segments]


def _glyph_notices(timeline: Timeline) -> list[Notice]:
    from vidgen.cut.titles import glyph_notices

    return [notice for shot in timeline.shots if shot.cues for notice in glyph_notices(shot.cues, shot.id)]


def _cut_key(timeline: Timeline, segments: list[Segment]) -> str:
    """Identity of the film by what goes into it. Not by the ffmpeg: a film that is right stays right."""
    from vidgen.cut.sound import sound_recipe

    recipes = [segment.recipe() for segment in segments]
    return sha256_json({**form(timeline), "pieces": recipes, "sound": sound_recipe(timeline), "title": timeline.title})


def _read_manifest(work: Path) -> dict[str, Any]:
    try:
        found = json.loads((work / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_manifest(work: Path, key: str, out: Path, history: list[list[str]]) -> None:
    stored = {"key": key, "size": out.stat().st_size, "sha256": sha256_file(out), "history": history}
    write_text(work / MANIFEST, json.dumps(stored, indent=1, sort_keys=True) + "\n")


def _still_right(manifest: dict[str, Any], key: str, out: Path) -> bool:
    """Whether the film at ``out`` is the one the manifest speaks of, made of the same things."""
    if manifest.get("key") != key or not out.is_file() or out.stat().st_size != manifest.get("size"):
        return False
    return sha256_file(out) == manifest.get("sha256")


def _result(timeline: Timeline, out: Path, notices: list[Notice], pieces: list[_Piece]) -> CutResult:
    states = [piece.state for piece in {piece.path: piece for piece in pieces}.values()]
    return CutResult(
        output=out,
        frames=timeline.frames,
        duration=timeline.duration_s,
        width=timeline.width,
        height=timeline.height,
        reencoded=states.count("encoded"),
        copied=states.count("copied"),
        notices=tuple(notices),
        reused=states.count("reused"),
    )


@contextmanager
def _scratch(work: Path) -> Iterator[Path]:
    """A temporary folder of this run; those that killed runs left behind are removed first."""
    base = work / "tmp"
    base.mkdir(parents=True, exist_ok=True)
    for old in base.glob("run-*"):
        if not _alive(old.name.split("-")[1]):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=base, prefix=f"run-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
