"""Assemble a film from a timeline: make the missing pieces, join them with the sound, check the result.

Work folder: ``segments/`` has pieces by key, ``audio/`` sound by key, ``cut.json`` describes the film at ``out``, ``tmp/`` is
scratch. An interrupted run continues where it stopped; a film that is up to date is not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.cut.caption_files import srt_text
from vidgen.cut.encode_segment import encode_segments
from vidgen.cut.join import Seal, join
from vidgen.cut.pieces import Encode, OnEvent, Piece, make_parts
from vidgen.cut.segments import Segment, form, segment_parts, split
from vidgen.cut.sound import Levels, Soundtrack, sound_recipe
from vidgen.cut.timeline import Timeline, settle
from vidgen.errors import Notice
from vidgen.media.files import sha256_file, sha256_json, write_text
from vidgen.media.sweep import alive, sweep

MANIFEST = "cut.json"
KEPT_CUTS = 3
"""The store keeps the pieces of this many last cuts, so that an earlier version is quickly made again."""


@dataclass(frozen=True)
class CutResult:
    """A finished film. ``reencoded``: pieces encoded in this run; ``copied``: clips used unchanged; ``reused``: pieces of an
    earlier run. All three are 0 if the film was up to date. ``levels``: how loud it is; None for a film without sound."""

    output: Path
    frames: int
    duration: float
    width: int
    height: int
    reencoded: int
    copied: int
    notices: tuple[Notice, ...]
    reused: int = 0
    levels: Levels | None = None


def assemble(
    timeline: Timeline,
    work: Path,
    out: Path,
    *,
    on_event: OnEvent = lambda name, data: None,
    cancelled: Callable[[], bool] = lambda: False,
    jobs: int = 2,
    seal: Seal | None = None,
    encode: Encode = encode_segments,
) -> CutResult:
    """Make the film.

    Args:
        timeline: the timeline; it need not be settled.
        work: folder that keeps pieces between runs; only one run at a time may use it.
        out: the film, ``.mp4``; written only when it is complete and checked.
        on_event: progress callback, called by one thread at a time.
        cancelled: polled several times a second.
        jobs: pieces encoded at once.
        seal: what the film says of itself: tags, and a last step on the finished file.
        encode: encodes pieces, here or elsewhere; called by ``jobs`` threads.

    Raises InputError for an invalid timeline, ProcessingError if a step fails, Cancelled.
    """
    settled, notices = settle(timeline)
    segments = split(settled)
    notices += _title_notices(settled)
    key = cut_key(settled, segments, seal)
    manifest = read_manifest(work)
    if up_to_date(manifest, key, out):
        kept = [Notice(**stored) for stored in manifest.get("notices", [])]
        return _result(settled, out, notices + kept, [], Levels.of(manifest))
    store = ArtifactStore(work / "segments", ".mp4")
    with scratch_of(work) as scratch:
        parts = make_parts(
            settled, segments, store, work, scratch, on_event=on_event, cancelled=cancelled, jobs=jobs, encode=encode
        )  # fmt: skip
        sound = parts.sound
        pieces = [(piece.path, piece.frames) for piece in parts.pieces]
        join(pieces, sound.file if sound else None, settled, out, scratch, cancelled, seal)
    if store.damaged:
        count = len(store.damaged)
        notices.append(Notice("cut.segment_rebuilt", f"{count} stored piece(s) of the film were damaged and made again"))
    used = sorted({piece.key for piece in parts.pieces if piece.state != "copied"})
    history = [used, *(cut for cut in manifest.get("history", []) if cut != used)][:KEPT_CUTS]
    made_of = {f"{one.kind} {one.name}": segment_parts(one, settled) for one in segments}
    _write_manifest(work, key, out, sound, history, made_of)
    store.keep_only({stem for cut in history for stem in cut})
    on_event("cut.joined", {"output": str(out), "frames": settled.frames})
    return _result(settled, out, [*notices, *(sound.notices if sound else ())], parts.pieces, sound.levels if sound else None)


def _title_notices(timeline: Timeline) -> list[Notice]:
    from vidgen.cut.titles import title_notices

    return [notice for shot in timeline.shots if shot.cues for notice in title_notices(shot.cues, shot.id)]


def cut_key(timeline: Timeline, segments: list[Segment], seal: Seal | None = None) -> str:
    """The content key of the film. The ffmpeg version is not part of it: a finished film stays valid."""
    recipes = [segment.recipe() for segment in segments]
    named: dict[str, Any] = {"chapters": [asdict(chapter) for chapter in timeline.chapters]} if timeline.chapters else {}
    if timeline.captions:
        named["captions"] = [{"language": track.language, "text": srt_text(track)} for track in timeline.captions]
    said = {"title": timeline.title, "seal": seal.key if seal else None, **named}
    return sha256_json({**form(timeline), "pieces": recipes, "sound": sound_recipe(timeline), **said})


@dataclass(frozen=True)
class CutKeys:
    """Content keys of a film: of its pictures, of its sound as heard, and of the mix before the loudness is set."""

    picture: str
    sound: str
    mix: str


def cut_keys(timeline: Timeline) -> CutKeys:
    """The keys of a settled timeline. Nothing needs to be made yet."""
    recipe = sound_recipe(timeline) or {}
    pieces = [segment.recipe() for segment in split(timeline)]
    picture = sha256_json({**form(timeline), "pieces": pieces})
    return CutKeys(picture, sha256_json(recipe), sha256_json({**recipe, "loudness": None}))


def read_manifest(work: Path) -> dict[str, Any]:
    """What ``cut.json`` says of the last film; empty where there is none, or it is damaged."""
    try:
        found = json.loads((work / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_manifest(
    work: Path,
    key: str,
    out: Path,
    sound: Soundtrack | None,
    history: list[list[str]],
    made_of: dict[str, dict[str, str]],
) -> None:
    """Write ``cut.json``. What is said of ``sound`` is repeated as long as the film is up to date; ``made_of``: the parts of
    each piece, by kind and name.
    """
    stored = {
        "key": key,
        "size": out.stat().st_size,
        "sha256": sha256_file(out),
        "notices": [notice.as_dict() for notice in (sound.notices if sound else ())],
        "levels": asdict(sound.levels) if sound and sound.levels else None,
        "history": history,
        "made_of": made_of,
    }
    write_text(work / MANIFEST, json.dumps(stored, indent=1, sort_keys=True) + "\n")


def up_to_date(manifest: dict[str, Any], key: str, out: Path) -> bool:
    """Whether the film at ``out`` is that of the manifest, with the same key."""
    if manifest.get("key") != key or not out.is_file() or out.stat().st_size != manifest.get("size"):
        return False
    return sha256_file(out) == manifest.get("sha256")


def _result(timeline: Timeline, out: Path, notices: list[Notice], pieces: list[Piece], levels: Levels | None) -> CutResult:
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
        levels=levels,
    )


@contextmanager
def scratch_of(work: Path) -> Iterator[Path]:
    """A temporary folder of this run. Removes those of killed runs first."""
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
