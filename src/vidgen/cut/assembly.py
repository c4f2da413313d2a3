"""From a timeline to a film: make the pieces that are missing, join them with the sound, check, and remember.

Work folder: ``segments/`` pieces by key, ``audio/`` sound by key, ``cut.json`` what the film at ``out`` was made of,
``tmp/`` scratch. A run that was stopped goes on where it was; a film that is still right is not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.join import join
from vidgen.cut.pieces import OnEvent, Piece, make_parts
from vidgen.cut.segments import Segment, form, split
from vidgen.cut.timeline import Timeline, settle
from vidgen.errors import Notice
from vidgen.media.files import sha256_file, sha256_json, write_text
from vidgen.media.sweep import alive, sweep

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
    notices += _title_notices(settled)
    key = _cut_key(settled, segments)
    manifest = _read_manifest(work)
    if _still_right(manifest, key, out):
        return _result(settled, out, notices + [Notice(**told) for told in manifest.get("notices", [])], [])
    store = ArtifactStore(work / "segments", ".mp4")
    with _scratch(work) as scratch:
        parts = make_parts(
            settled, segments, store, work, scratch, on_event=on_event, cancelled=cancelled, jobs=jobs
        )  # fmt: skip
        join([(piece.path, piece.frames) for piece in parts.pieces], parts.sound, settled, out, scratch, cancelled)
    if store.damaged:
        count = len(store.damaged)
        notices.append(Notice("cut.segment_rebuilt", f"{count} stored piece(s) of the film were damaged and made again"))
    used = sorted({piece.key for piece in parts.pieces if piece.state != "copied"})
    history = [used, *(cut for cut in manifest.get("history", []) if cut != used)][:KEPT_CUTS]
    _write_manifest(work, key, out, parts.notices, history)
    store.keep_only({stem for cut in history for stem in cut})
    on_event("cut.joined", {"output": str(out), "frames": settled.frames})
    return _result(settled, out, notices + parts.notices, parts.pieces)


def _title_notices(timeline: Timeline) -> list[Notice]:
    from vidgen.cut.titles import title_notices

    return [notice for shot in timeline.shots if shot.cues for notice in title_notices(shot.cues, shot.id)]


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


def _write_manifest(work: Path, key: str, out: Path, told: list[Notice], history: list[list[str]]) -> None:
    """``told``: what there is to say about the film itself, to be said again as long as it stands."""
    stored = {
        "key": key,
        "size": out.stat().st_size,
        "sha256": sha256_file(out),
        "notices": [notice.as_dict() for notice in told],
        "history": history,
    }
    write_text(work / MANIFEST, json.dumps(stored, indent=1, sort_keys=True) + "\n")


def _still_right(manifest: dict[str, Any], key: str, out: Path) -> bool:
    """Whether the film at ``out`` is the one the manifest speaks of, made of the same things."""
    if manifest.get("key") != key or not out.is_file() or out.stat().st_size != manifest.get("size"):
        return False
    return sha256_file(out) == manifest.get("sha256")


def _result(timeline: Timeline, out: Path, notices: list[Notice], pieces: list[Piece]) -> CutResult:
    states = list({piece.key: piece.state for piece in pieces}.values())
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
        pid = old.name.split("-")[1]
        if not pid.isdigit() or not alive(int(pid)):
            shutil.rmtree(old, ignore_errors=True)
    for pieces in (work / "segments", work / "audio"):
        sweep(pieces, deep=True)
    folder = Path(tempfile.mkdtemp(dir=base, prefix=f"run-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
