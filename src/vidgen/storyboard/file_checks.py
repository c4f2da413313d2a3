"""Check that the files a storyboard names exist and can be used for their purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from vidgen.errors import InputError
from vidgen.media.names import named_file, nearest_name
from vidgen.storyboard.model import Ambience, LipSync, Post, ShotKeys, Storyboard
from vidgen.storyboard.reader import Path_
from vidgen.storyboard.values import MODEL_SUFFIXES

Kind = Literal["picture", "video", "clip", "sound", "lut", "weights"]
"""The purpose of a file. A ``clip`` is in the film itself; a ``video`` steers an engine."""

Named = Iterator[tuple[Path_, str, Kind]]
Found = Iterator[tuple[Path_, str, str]]
"""Path in the file, message, code."""

PLAIN = "storyboard.invalid"
"""The code of a problem of the storyboard itself."""

_PICTURES = ("start_frame", "end_frame")
_VIDEOS = ("source_video", "motion_reference")


def file_problems(
    board: Storyboard, owners: Iterable[tuple[Path_, ShotKeys]], folder: Path, *, contents: bool = False
) -> Found:
    """The problems with the files that a storyboard names. Each file is checked once.

    Args:
        owners: the shots and ``defaults`` with their paths.
        contents: also check that each file can be read for its purpose.
    """
    seen: dict[tuple[str, Kind], tuple[str, str] | None] = {}
    for path, name, kind in _named(board, owners):
        if (name, kind) not in seen:
            seen[name, kind] = _file_problem(named_file(folder, name), name, kind if contents else None)
        if wrong := seen[name, kind]:
            yield (path, *wrong)


def files_of(board: Storyboard, folder: Path) -> list[Path]:
    """All files that a storyboard names."""
    return [named_file(folder, name) for name in dict.fromkeys(name for _, name, _ in files_named(board))]


def files_named(board: Storyboard) -> Named:
    """Every place in a storyboard (as its types have it) where a file is named, the name, and its purpose."""
    owners: list[tuple[Path_, ShotKeys]] = [(("defaults",), board.defaults)]
    for number, scene in enumerate(board.scenes):
        owners += [(("scenes", number, "shots", index), shot) for index, shot in enumerate(scene.shots)]
    return _named(board, owners)


def _file_problem(file: Path, name: str, kind: Kind | None) -> tuple[str, str] | None:
    """The problem with a file (``name`` in the storyboard) and its code; None if it can be used."""
    try:
        if file.is_file():
            return _content_problem(file, name, kind) if kind else None
        if file.exists():
            return f"{name} is not a file", PLAIN
        near = nearest_name(file)
        remedy = f"did you mean {near}?" if near else "file names are relative to the storyboard's folder"
        return f"{name} does not exist; {remedy}", PLAIN
    except (OSError, ValueError) as error:
        return f"{name} cannot be read ({getattr(error, 'strerror', None) or error})", PLAIN


def _content_problem(file: Path, name: str, kind: Kind) -> tuple[str, str] | None:
    try:
        _READERS[kind](file)
    except InputError as error:
        remedy = f"; {error.hint}" if error.hint else ""
        return error.message.replace(str(file), name) + remedy, error.code
    return None


def _read_picture(file: Path) -> None:
    from vidgen.media.stills import check_image

    check_image(file)


def _read_video(file: Path) -> None:
    from vidgen.media.probe import probe_video

    probe_video(file)


def _read_clip(file: Path) -> None:
    from vidgen.media.normalise import refuse_hdr
    from vidgen.media.probe import probe_video

    refuse_hdr(probe_video(file))


def _read_sound(file: Path) -> None:
    from vidgen.media.probe import has_sound

    if not has_sound(file):
        raise InputError("media.no_audio", f"{file} has no sound", hint="give a file with sound", where=str(file))


def _read_lut(file: Path) -> None:
    from vidgen.media.cube import read_cube

    read_cube(file)


_READERS: Mapping[Kind, Callable[[Path], None]] = {
    "picture": _read_picture,
    "video": _read_video,
    "clip": _read_clip,
    "sound": _read_sound,
    "lut": _read_lut,
    "weights": lambda file: None,  # checked when the network loads them
}
"""How to read a file by its purpose; raises InputError if it cannot be used."""


def _named(board: Storyboard, owners: Iterable[tuple[Path_, ShotKeys]]) -> Named:
    for name, character in board.characters.items():
        for index, file in enumerate(character.references):
            yield ("characters", name, "references", index), file, "picture"
    if board.audio and board.audio.music:
        yield ("audio", "music", "file"), board.audio.music.file, "sound"
    yield from _of_ambience(("audio",), board.audio.ambience if board.audio else ())
    for index, scene in enumerate(board.scenes):
        yield from _of_ambience(("scenes", index), scene.ambience)
    yield from _of_post((), board.post)
    for path, keys in owners:
        yield from _of_pictures(path, keys)
        yield from _of_sounds(path, keys)
        yield from _of_post(path, keys.post)


def _of_pictures(path: Path_, keys: ShotKeys) -> Named:
    yield from (((*path, key), name, "picture") for key in _PICTURES if (name := getattr(keys, key)))
    yield from (((*path, key), name, "video") for key in _VIDEOS if (name := getattr(keys, key)))
    if keys.clip:
        yield (*path, "clip"), keys.clip, "clip"
    yield from (((*path, "references", index), name, "picture") for index, name in enumerate(keys.references or ()))
    for index, brush in enumerate(keys.motion_brush or ()):
        yield (*path, "motion_brush", index, "mask"), brush.mask, "picture"


def _of_ambience(path: Path_, beds: Iterable[Ambience] | None) -> Named:
    yield from (((*path, "ambience", index, "file"), bed.file, "sound") for index, bed in enumerate(beds or ()))


def _of_sounds(path: Path_, keys: ShotKeys) -> Named:
    yield from _of_ambience(path, keys.ambience)
    yield from (((*path, "sfx", index, "file"), item.file, "sound") for index, item in enumerate(keys.sfx or ()))
    for index, line in enumerate(keys.dialogue or ()):
        if line.file:
            yield (*path, "dialogue", index, "file"), line.file, "sound"
    if keys.voiceover and keys.voiceover.file:
        yield (*path, "voiceover", "file"), keys.voiceover.file, "sound"
    if isinstance(keys.lip_sync, LipSync):
        yield (*path, "lip_sync", "audio"), keys.lip_sync.audio, "sound"


def _of_post(path: Path_, post: Post | None) -> Named:
    if post and post.colour and post.colour.lut:
        yield (*path, "post", "colour", "lut"), post.colour.lut, "lut"
    if post and post.upscale and post.upscale.model and post.upscale.model.lower().endswith(MODEL_SUFFIXES):
        yield (*path, "post", "upscale", "model"), post.upscale.model, "weights"
