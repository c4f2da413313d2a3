"""Checks that need the whole storyboard: ids, who continues whom, characters, times, and keys that exclude each other."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from string import ascii_lowercase

from vidgen.storyboard.file_checks import PLAIN, file_problems
from vidgen.storyboard.forms import path_in_file
from vidgen.storyboard.lengths import follows, known_frames
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Post, Shot, ShotKeys, Storyboard
from vidgen.storyboard.reader import Document, Path_, dotted
from vidgen.storyboard.values import LARGEST_SIDE, Duration, frame_size
from vidgen.storyboard.vocabulary import name_or_text

Found = Iterator[tuple[Path_, str]]
_MOST_GUESSED = 500
"""Comparing a name with more than that takes too long for a guess."""
_SPLIT_FROM_S, _LONGEST_PART_S = 6, 5
"""Shots from 6 s on are split into parts of up to 5 s; see planning."""


@dataclass(frozen=True)
class _View:
    """A board, its file and folder; ``shots`` and ``everything`` (shots and ``defaults``) with their paths in the file."""

    board: Storyboard
    document: Document
    folder: Path
    shots: tuple[tuple[Path_, Shot], ...]
    everything: tuple[tuple[Path_, ShotKeys], ...]

    @cached_property
    def merged(self) -> tuple[tuple[Path_, Shot, Shot, Fraction], ...]:
        """Each shot: path, as it is written, with what it inherits, and its length in seconds, 0 where that is that of a clip
        which cannot be read."""
        rate = self.board.fps
        whole = [(path, shot, merged_shot(self.board, None, shot)) for path, shot in self.shots]
        return tuple((*one, (known_frames(one[2], rate, self.folder) or 0) / rate) for one in whole)

    def written(self, *path: str) -> set[str]:
        """The keys that a mapping of the file has, right or wrong."""
        value = self.document.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return set(value) if isinstance(value, dict) else set()


def cross_checks(
    board: Storyboard, document: Document, folder: Path, *, contents: bool = False
) -> list[tuple[Path_, str, str]]:
    """Every problem between the parts of a storyboard: path in the file, message, code. Files are looked for in ``folder``, and
    with ``contents`` also opened.

    ``board`` may lack what is wrong in the file; what follows from that is not said.
    """
    shots = tuple(
        (path_in_file(("scenes", scene_index, "shots", index), document.value), shot)
        for scene_index, scene in enumerate(board.scenes)
        for index, shot in enumerate(scene.shots)
    )
    view = _View(board, document, folder, shots, ((("defaults",), board.defaults), *shots))
    checks = (_scene_ids, _ids, _continuity, _cast, _titles, _lengths, _picks, _posts, _voices, _size)
    found = [(path, message, PLAIN) for check in checks for path, message in check(view)]
    return [*found, *file_problems(board, view.everything, folder, contents=contents)]


def _scene_ids(view: _View) -> Found:
    seen: dict[str, int] = {}
    for index, scene in enumerate(view.board.scenes):
        first = seen.setdefault(scene.id.lower(), index)
        if first != index:
            yield ("scenes", index, "id"), f"the id {scene.id} is already that of scenes[{first}]"


def _ids(view: _View) -> Found:
    """Ids name files, so that ``A`` and ``a`` are the same; ``s03a`` is also what a long ``s03`` is split into."""
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
        yield ("defaults", "continue_from"), "each shot says for itself which one it continues"


def _ids_as_written(view: _View) -> set[str]:
    """Ids that the file gives to scenes and shots, also where they are not valid."""
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


def _lengths(view: _View) -> Found:
    """Shots of at least a frame; titles, sounds and lines that begin within their shot: a later one would never come."""
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
                    words = f"{name} ({begin}) is after the end of the shot ({float(seconds):g}s)"
                    yield (*owner, key, index, name), words


_BEGIN = (("text", "in_", "in"), ("sfx", "at", "at"), ("dialogue", "at", "at"))
"""What begins at a time within its shot: key of the shot, its field, and that one's name in the file."""


def _picks(view: _View) -> Found:
    for path, shot in view.shots:
        takes = shot.candidates or view.board.defaults.candidates
        if shot.pick and takes and shot.pick > takes:
            yield (*path, "pick"), f"take {shot.pick} is picked, but there are only {takes} candidates"


def _posts(view: _View) -> Found:
    """Rate and size are the film's: what applies to all shots says them, and a shot may say its engines alone."""
    owners: list[tuple[Path_, Post | None]] = [((), view.board.post)]
    owners += [(path, keys.post) for path, keys in view.everything]
    said: set[str] = set()
    for path, post in owners:
        for step, one, other in (("interpolate", "fps", "factor"), ("upscale", "height", "scale")):
            wish = getattr(post, step, None)
            if wish is None:
                continue
            given = [key for key in (one, other) if getattr(wish, key) is not None]
            if len(given) == 2 or (not given and step not in said):
                yield (*path, "post", step), f"say either {one} or {other}"
            if path[:1] in ((), ("defaults",)):
                said.add(step)
        if post and post.upscale and post.upscale.engine == "lanczos" and post.upscale.model:
            yield (*path, "post", "upscale", "model"), "lanczos has no model; leave the model or the engine out"


def _voices(view: _View) -> Found:
    for path, keys in view.everything:
        if keys.voiceover and not (keys.voiceover.text or keys.voiceover.file):
            yield (*path, "voiceover"), "say text or file"


def _size(view: _View) -> Found:
    width, height = frame_size(view.board.resolution, view.board.aspect)
    if max(width, height) > LARGEST_SIDE:
        words = f"{view.board.resolution} at {view.board.aspect} is {width}x{height}; the largest side is {LARGEST_SIDE} pixels"
        yield ("resolution",), words


def _near(word: str, known: Collection[str]) -> str:
    if len(known) > _MOST_GUESSED:
        return ""
    near = difflib.get_close_matches(word, list(known), 1, cutoff=0.7)
    return f" (did you mean {near[0]}?)" if near else ""
