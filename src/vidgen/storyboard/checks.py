"""Checks that need the whole storyboard: ids, who continues whom, characters, files, and keys that exclude each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from vidgen.errors import Problem
from vidgen.storyboard.model import Post, Shot, ShotKeys, Storyboard
from vidgen.storyboard.reader import Document, Path_, dotted


def cross_checks(board: Storyboard, document: Document, folder: Path, wrong: Iterable[Path_] = ()) -> list[Problem]:
    """Every problem between the parts of a storyboard; files are looked for in ``folder``.

    ``wrong``: paths that are already known to be wrong and are left out of ``board``; what follows from them is not said.
    """
    found = [entry for check in (_ids, _continuity, _cast, _texts, _picks, _posts, _voices) for entry in check(board, document)]
    found += _files(board, document, folder)
    known = {bad[:length] for bad in wrong for length in range(1, len(bad) + 1)}
    return [Problem(*document.place(path), dotted(path), message) for path, message in found if path not in known]


Found = Iterator[tuple[Path_, str]]


def _shots(board: Storyboard, document: Document) -> Iterator[tuple[Path_, Shot]]:
    flat = isinstance(document.value, dict) and "shots" in document.value
    for scene_index, scene in enumerate(board.scenes):
        for index, shot in enumerate(scene.shots):
            yield (("shots", index) if flat else ("scenes", scene_index, "shots", index)), shot


def _everything(board: Storyboard, document: Document) -> Iterator[tuple[Path_, ShotKeys]]:
    yield ("defaults",), board.defaults
    yield from _shots(board, document)


def _ids(board: Storyboard, document: Document) -> Found:
    seen: dict[str, str] = {}
    for index, scene in enumerate(board.scenes):
        if not scene.shots:
            seen[scene.id.lower()] = f"scenes[{index}]"
    for path, shot in _shots(board, document):
        key = shot.id.lower()
        if key in seen:
            yield (*path, "id"), f"the id {shot.id} is already that of {seen[key]}"
        seen.setdefault(key, dotted(path))


def _continuity(board: Storyboard, document: Document) -> Found:
    earlier: set[str] = {scene.id for scene in board.scenes if not scene.shots}
    known = {shot.id for _, shot in _shots(board, document)} | earlier
    for path, shot in _shots(board, document):
        wanted = shot.continue_from
        if wanted == shot.id:
            yield (*path, "continue_from"), "a shot cannot continue itself"
        elif wanted and wanted not in known:
            yield (*path, "continue_from"), f"there is no shot {wanted}{_near(wanted, known)}"
        elif wanted and wanted not in earlier:
            yield (*path, "continue_from"), f"{wanted} comes later; a shot continues an earlier one"
        earlier.add(shot.id)


def _cast(board: Storyboard, document: Document) -> Found:
    for path, keys in _everything(board, document):
        for index, name in enumerate(keys.characters or ()):
            if name not in board.characters:
                yield (*path, "characters", index), f"{name} is not declared under characters:{_near(name, board.characters)}"


def _texts(board: Storyboard, document: Document) -> Found:
    for path, keys in _everything(board, document):
        for index, text in enumerate(keys.text or ()):
            if text.in_ and text.out and text.out.frames(board.fps) <= text.in_.frames(board.fps):
                yield (*path, "text", index, "out"), f"out ({text.out}) must be after in ({text.in_})"
            if text.style and text.style not in board.text:
                yield (*path, "text", index, "style"), f"there is no text style {text.style}{_near(text.style, board.text)}"


def _picks(board: Storyboard, document: Document) -> Found:
    for path, shot in _shots(board, document):
        takes = shot.candidates or board.defaults.candidates
        if shot.pick and takes and shot.pick > takes:
            yield (*path, "pick"), f"take {shot.pick} is picked, but there are only {takes} candidates"


def _posts(board: Storyboard, document: Document) -> Found:
    owners: list[tuple[Path_, Post | None]] = [((), board.post)]
    owners += [(path, keys.post) for path, keys in _everything(board, document)]
    for path, post in owners:
        if post is None:
            continue
        if post.interpolate and (post.interpolate.fps is None) == (post.interpolate.factor is None):
            yield (*path, "post", "interpolate"), "say either fps or factor"
        if post.upscale and (post.upscale.height is None) == (post.upscale.scale is None):
            yield (*path, "post", "upscale"), "say either height or scale"


def _voices(board: Storyboard, document: Document) -> Found:
    for path, keys in _everything(board, document):
        if keys.voiceover and not (keys.voiceover.text or keys.voiceover.file):
            yield (*path, "voiceover"), "say text or file"


def _files(board: Storyboard, document: Document, folder: Path) -> Found:
    for path, name in _file_names(board, document):
        if "\0" in name:
            yield path, "a file name cannot have a null character"
        elif "://" in name:
            yield path, f"{name} is an address; download the file and name it here"
        elif not (folder / name).is_file():
            yield path, f"there is no file {name} beside the storyboard"


def _file_names(board: Storyboard, document: Document) -> Iterator[tuple[Path_, str]]:
    for name, character in board.characters.items():
        yield from ((("characters", name, "references", index), file) for index, file in enumerate(character.references))
    if board.audio and board.audio.music:
        yield ("audio", "music", "file"), board.audio.music.file
    for index, bed in enumerate(board.audio.ambience if board.audio else ()):
        yield ("audio", "ambience", index, "file"), bed.file
    if board.post and board.post.colour and board.post.colour.lut:
        yield ("post", "colour", "lut"), board.post.colour.lut
    for path, keys in _everything(board, document):
        yield from _files_of(path, keys)


def _files_of(path: Path_, keys: ShotKeys) -> Iterator[tuple[Path_, str]]:
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
    if keys.post and keys.post.colour and keys.post.colour.lut:
        yield (*path, "post", "colour", "lut"), keys.post.colour.lut


def _near(word: str, known: object) -> str:
    import difflib

    near = difflib.get_close_matches(word, [str(name) for name in known], 1, cutoff=0.7)  # type: ignore[attr-defined]
    return f" (did you mean {near[0]}?)" if near else ""
