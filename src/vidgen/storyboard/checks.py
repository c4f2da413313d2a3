"""Checks that need the whole storyboard: ids, continued shots, characters, times, and keys that exclude each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from vidgen.errors import InputError
from vidgen.spelling import did_you_mean
from vidgen.storyboard.file_checks import PLAIN, file_problems
from vidgen.storyboard.forms import path_in_file
from vidgen.storyboard.lengths import film_music, follows, known_frames
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import DIALOGUE, Post, Shot, ShotKeys, Storyboard
from vidgen.storyboard.outputs import output_problems
from vidgen.storyboard.reader import Document, Path_, dotted
from vidgen.storyboard.values import LARGEST_SIDE, Duration, Musical, frame_size
from vidgen.storyboard.vocabulary import name_or_text

Found = Iterator[tuple[Path_, str]]
_SPLIT_FROM_S, _LONGEST_PART_S = 6, 5
"""Shots of 6 s and more are split into parts of up to 5 s; see ``planning.split``."""


@dataclass(frozen=True)
class _View:
    """A storyboard, its file and folder, and its ``shots`` and ``everything`` (shots and ``defaults``) with their paths."""

    board: Storyboard
    document: Document
    folder: Path
    shots: tuple[tuple[Path_, Shot], ...]
    everything: tuple[tuple[Path_, ShotKeys], ...]

    @cached_property
    def merged(self) -> tuple[tuple[Path_, Shot, Shot, Fraction], ...]:
        """Each shot: its path, as written, with inherited keys, and its length in seconds (0 if its clip cannot be read)."""
        rate = self.board.fps
        whole = [(path, shot, merged_shot(self.board, None, shot)) for path, shot in self.shots]
        music = partial(film_music, self.board, self.folder)
        return tuple((*one, (known_frames(one[2], rate, self.folder, music) or 0) / rate) for one in whole)

    def written(self, *path: str | int) -> set[str]:
        """The keys of a mapping in the file, valid or not."""
        value = self.document.value
        for key in path:
            value = _member(value, key)
        return set(value) if isinstance(value, dict) else set()


def _member(value: Any, key: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None


def cross_checks(
    board: Storyboard, document: Document, folder: Path, *, contents: bool = False
) -> list[tuple[Path_, str, str]]:
    """All problems between parts of a storyboard, as (path in the file, message, code).

    Args:
        board: may lack values that are invalid in the file; problems that only follow from that are not reported.
        folder: where the files that it names are looked for.
        contents: also open those files.
    """
    shots = tuple(
        (path_in_file(("scenes", scene_index, "shots", index), document.value), shot)
        for scene_index, scene in enumerate(board.scenes)
        for index, shot in enumerate(scene.shots)
    )
    view = _View(board, document, folder, shots, ((("defaults",), board.defaults), *shots))
    checks = [_scene_ids, _ids, _continuity, _cast, _titles, _lengths, _music, _picks, _posts, _voices, _size, _outputs]
    checks += [_clear_beat] if contents else []
    found = [(path, message, PLAIN) for check in checks for path, message in check(view)]
    return [*found, *file_problems(board, view.everything, folder, contents=contents)]


def _scene_ids(view: _View) -> Found:
    seen: dict[str, int] = {}
    for index, scene in enumerate(view.board.scenes):
        first = seen.setdefault(scene.id.lower(), index)
        if first != index:
            yield ("scenes", index, "id"), f"the id {scene.id} is already that of scenes[{first}]"


def _ids(view: _View) -> Found:
    """Ids must be unique without regard to case, because they name files, and differ from parts of long shots (``s03a``)."""
    seen: dict[str, Path_] = {}
    for path, shot in view.shots:
        first = seen.setdefault(shot.id.lower(), path)
        if first != path:
            yield (*path, "id"), f"the id {shot.id} is already that of {dotted(first)}"
    parts = {
        shot.id.lower() + letter: path
        for path, shot, merged, seconds in view.merged
        if seconds >= _SPLIT_FROM_S and not follows(merged)
        for letter in ascii_lowercase[: -(-seconds // _LONGEST_PART_S)]
    }
    for path, shot in view.shots:
        if other := parts.get(shot.id.lower()):
            yield (*path, "id"), f"{dotted(other)} is over 5 s and a part of it will be named {shot.id}; choose another id"


def _continuity(view: _View) -> Found:
    known = {shot.id for _, shot in view.shots}
    written = _ids_as_written(view)
    earlier: set[str] = set()
    for path, shot in view.shots:
        parent = shot.continue_from
        if parent == shot.id:
            yield (*path, "continue_from"), "a shot cannot continue itself"
        elif parent and parent not in known:
            if parent not in written:
                yield (*path, "continue_from"), f"there is no shot {parent}{_near(parent, known)}"
        elif parent and parent not in earlier:
            yield (*path, "continue_from"), f"{parent} comes later; a shot continues an earlier one"
        earlier.add(shot.id)
    if view.board.defaults.continue_from:
        yield ("defaults", "continue_from"), "set continue_from in each shot, not in defaults"


def _ids_as_written(view: _View) -> set[str]:
    """The ids of scenes and shots in the file, valid or not."""
    shots = [view.document.value]
    for key in ("scenes", "shots"):
        shots += [entry for owner in shots for entry in _entries(owner.get(key))]
    return {str(shot.get("id")) for shot in shots}


def _entries(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _cast(view: _View) -> Found:
    declared = view.written("characters")
    for path, keys in view.everything:
        for index, name in enumerate(keys.characters or ()):
            if name not in declared:
                yield (*path, "characters", index), f"{name} is not declared under characters:{_near(name, declared)}"


def _titles(view: _View) -> Found:
    styles = {name_or_text("text_role", name) for name in view.written("text")}
    for path, keys in view.everything:
        for index, text in enumerate(keys.text or ()):
            if text.in_ and text.out and text.out.frames(view.board.fps) <= text.in_.frames(view.board.fps):
                yield (*path, "text", index, "out"), f"out ({text.out}) must be after in ({text.in_})"
            if text.style and text.style not in styles:
                yield (*path, "text", index, "style"), f"there is no text style {text.style}{_near(text.style, styles)}"
            if text.until:
                yield from (((*path, "text", index, "until"), problem) for problem in _until(view, keys, text.until))


def _until(view: _View, keys: ShotKeys, until: str) -> Iterator[str]:
    """What is wrong with the shot up to whose end a title stays."""
    order = [shot.id for _, shot in view.shots]
    if not isinstance(keys, Shot):
        yield "set until in each shot, not in defaults"
    elif until in order:
        if order.index(until) < order.index(keys.id):
            yield f"{until} comes earlier; a title stays up to the end of its own shot or a later one"
    elif until not in _ids_as_written(view):
        yield f"there is no shot {until}{_near(until, order)}"


def _lengths(view: _View) -> Found:
    """Shots have at least a frame, and titles, sounds and lines begin within their shot."""
    rate = view.board.fps
    for path, keys in view.everything:
        if isinstance(keys.duration, Duration) and keys.duration.frames(rate) < 1:
            yield (*path, "duration"), f"{keys.duration} is less than a frame at {float(rate):g} fps"
    for path, shot, merged, seconds in view.merged:
        for key, field, name in _BEGIN:
            owner = path if key in shot.model_fields_set else ("defaults",)
            for index, entry in enumerate(getattr(merged, key) or ()):
                begin = getattr(entry, field)
                if seconds and begin and begin.frames(rate) / rate >= seconds:
                    message = f"{name} ({begin}) is after the end of the shot ({float(seconds):g}s)"
                    yield (*owner, key, index, name), message


def _music(view: _View) -> Found:
    """A length in beats or bars is measured on the music."""
    if "music" not in view.written("audio"):
        for path, keys in view.everything:
            if isinstance(keys.duration, Musical):
                yield (*path, "duration"), f"{keys.duration} is measured on the music; name it under audio: {{music: ...}}"


def _clear_beat(view: _View) -> Found:
    """The music that a length is measured on has a beat."""
    measured = [(path, keys.duration) for path, keys in view.everything if isinstance(keys.duration, Musical)]
    if not measured:
        return
    try:
        music = film_music(view.board, view.folder)
    except InputError as error:
        problem = error.message if error.code.startswith("music.") else None  # else it is a problem of the file itself
    else:
        problem = f"no beat is clear in the music (confidence {music.confidence:.2f})" if music and not music.clear else None
    for path, length in measured if problem else ():
        yield (*path, "duration"), f"{length} cannot be measured: {problem}; give a length in seconds"


_BEGIN = (("text", "in_", "in"), ("sfx", "at", "at"), ("dialogue", "at", "at"))
"""Entries with a time within the shot: key of the shot, field of the entry, and the field's name in the file."""


def _picks(view: _View) -> Found:
    for path, shot in view.shots:
        takes = shot.candidates or view.board.defaults.candidates
        if shot.pick and takes and shot.pick > takes:
            yield (*path, "pick"), f"take {shot.pick} is picked, but there are only {takes} candidates"


_WITH_MODELS = ("auto", "ncnn", "torch", "realesrgan", "runway")
"""Upscaling engines that are told which model to use; for a provider it may be the film's."""


def _posts(view: _View) -> Found:
    """Rate and size apply to the whole film: they are set for all shots, and a shot may set only its engines."""
    owners: list[tuple[Path_, Post | None]] = [((), view.board.post)]
    owners += [(path, keys.post) for path, keys in view.everything]
    set_for_all: set[str] = set()
    for path, post in owners:
        for name, one, other in (("interpolate", "fps", "factor"), ("upscale", "height", "scale")):
            step = getattr(post, name, None)
            if step is None:
                continue
            given = [key for key in (one, other) if getattr(step, key) is not None]
            if len(given) == 2 or (not given and name not in set_for_all):
                yield (*path, "post", name), f"set either {one} or {other}"
            if path[:1] in ((), ("defaults",)):
                set_for_all.add(name)
        if post and post.upscale and post.upscale.model and post.upscale.engine not in _WITH_MODELS:
            words = f"{post.upscale.engine} has no model; leave the model or the engine out"
            yield (*path, "post", "upscale", "model"), words


def _voices(view: _View) -> Found:
    """Narration has words or a file, and mouths that are to follow the dialogue have some."""
    for path, keys in view.everything:
        if keys.voiceover and not (keys.voiceover.text or keys.voiceover.file):
            yield (*path, "voiceover"), "set text or file"
    for path, shot, merged, _ in view.merged:
        if shot.lip_sync == DIALOGUE and not merged.dialogue and "dialogue" not in view.written(*path):
            yield (*path, "lip_sync"), "the shot has no dialogue to follow; write dialogue: [...], or lip_sync: {audio: FILE}"


def _size(view: _View) -> Found:
    width, height = frame_size(view.board.resolution, view.board.aspect)
    if max(width, height) > LARGEST_SIDE:
        message = f"{view.board.resolution} at {view.board.aspect} is {width}x{height}; the limit is {LARGEST_SIDE} pixels"
        yield ("resolution",), message


def _outputs(view: _View) -> Found:
    yield from output_problems(view.board.outputs)


def _near(word: str, known: Collection[str]) -> str:
    return did_you_mean(word, known, cutoff=0.7)
