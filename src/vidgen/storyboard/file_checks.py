"""Whether the files that a storyboard names are there, beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from vidgen.media.names import named_file, nearest_name
from vidgen.storyboard.model import Post, ShotKeys, Storyboard
from vidgen.storyboard.reader import Path_
from vidgen.storyboard.values import MODEL_SUFFIXES

Found = Iterator[tuple[Path_, str]]


def missing_files(board: Storyboard, owners: Iterable[tuple[Path_, ShotKeys]], folder: Path) -> Found:
    """Every named file that is not a file on this machine; ``owners`` are the shots and ``defaults`` with their paths."""
    there: dict[str, str] = {}
    for path, name in _named(board, owners):
        if name not in there:
            there[name] = _why_not(named_file(folder, name))
        if there[name]:
            yield path, f"{name} {there[name]}"


def files_of(board: Storyboard, folder: Path) -> list[Path]:
    """Every file that a storyboard names."""
    owners = [((), board.defaults), *(((), shot) for scene in board.scenes for shot in scene.shots)]
    return [named_file(folder, name) for name in dict.fromkeys(name for _, name in _named(board, owners))]


def _why_not(file: Path) -> str:
    try:
        if file.is_file():
            return ""
        if file.exists():
            return "is not a file"
        near = nearest_name(file)
        return "is not there; " + (f"did you mean {near}?" if near else "file names are relative to the storyboard's folder")
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"


def _named(board: Storyboard, owners: Iterable[tuple[Path_, ShotKeys]]) -> Found:
    for name, character in board.characters.items():
        yield from ((("characters", name, "references", index), file) for index, file in enumerate(character.references))
    if board.audio and board.audio.music:
        yield ("audio", "music", "file"), board.audio.music.file
    for index, bed in enumerate(board.audio.ambience if board.audio else ()):
        yield ("audio", "ambience", index, "file"), bed.file
    yield from _of_post((), board.post)
    for path, keys in owners:
        yield from _of_shot(path, keys)


def _of_shot(path: Path_, keys: ShotKeys) -> Found:
    for key in ("start_frame", "end_frame", "source_video", "motion_reference", "clip"):
        if name := getattr(keys, key):
            yield (*path, key), name
    yield from (((*path, "references", index), name) for index, name in enumerate(keys.references or ()))
    yield from (((*path, "sfx", index, "file"), item.file) for index, item in enumerate(keys.sfx or ()))
    yield from (((*path, "motion_brush", index, "mask"), item.mask) for index, item in enumerate(keys.motion_brush or ()))
    yield from (((*path, "dialogue", index, "file"), item.file) for index, item in enumerate(keys.dialogue or ()) if item.file)
    if keys.voiceover and keys.voiceover.file:
        yield (*path, "voiceover", "file"), keys.voiceover.file
    if keys.lip_sync:
        yield (*path, "lip_sync", "audio"), keys.lip_sync.audio
    yield from _of_post(path, keys.post)


def _of_post(path: Path_, post: Post | None) -> Found:
    if post and post.colour and post.colour.lut:
        yield (*path, "post", "colour", "lut"), post.colour.lut
    if post and post.upscale and post.upscale.model and post.upscale.model.lower().endswith(MODEL_SUFFIXES):
        yield (*path, "post", "upscale", "model"), post.upscale.model
