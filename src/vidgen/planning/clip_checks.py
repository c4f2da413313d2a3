"""The user's own clips against the film: each problem in its place in the storyboard, before anything is made or bought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from vidgen.errors import InputError, Notice, Problem, StoryboardError
from vidgen.media.names import named_file
from vidgen.media.normalise import check_usable, source_notices
from vidgen.media.probe import probe_video
from vidgen.planning.compile import film_rate
from vidgen.planning.plan import Plan, UserClip
from vidgen.storyboard.loader import LoadedBoard
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Shot
from vidgen.storyboard.reader import Path_, dotted
from vidgen.storyboard.values import Duration


def check_clips(loaded: LoadedBoard, plan: Plan) -> list[Notice]:
    """Look at the clips of a plan; what is to be said of them. Raises StoryboardError where one is too short or unusable."""
    paths = {shot.id: path for path, shot, _ in _clips(loaded)}
    used = [
        (planned.id, planned.parent, planned.clip, planned.frames) for planned in plan.shots if isinstance(planned, UserClip)
    ]
    _check(loaded, ((paths[parent], clip, frames) for _, parent, clip, frames in used), plan.fps)
    infos = ((shot, probe_video(clip)) for shot, _, clip, _ in used)
    return [Notice(one.code, one.message, shot) for shot, info in infos for one in source_notices(info, deep=info.bits > 8)]


def check_lengths(loaded: LoadedBoard) -> None:
    """``check_clips`` without a plan: clips that are shorter than the duration that the storyboard gives them."""
    board, rate = loaded.board, film_rate(loaded.board)
    used = (
        (path, named_file(loaded.path.parent, shot.clip or ""), int(shot.duration.frames(board.fps) * rate / board.fps))
        for path, _, shot in _clips(loaded)
        if isinstance(shot.duration, Duration)
    )
    _check(loaded, used, rate)


def _clips(loaded: LoadedBoard) -> Iterator[tuple[Path_, Shot, Shot]]:
    """Each shot that is a clip: its path in the file, the shot as written, and with what it inherits."""
    for scene_index, scene in enumerate(loaded.board.scenes):
        for index, shot in enumerate(scene.shots):
            merged = merged_shot(loaded.board, scene, shot)
            if merged.clip:
                yield loaded.shot_path(scene_index, index), shot, merged


def _check(loaded: LoadedBoard, used: Iterable[tuple[Path_, Path, int]], rate: Fraction) -> None:
    """``used``: path of the shot in the file, its clip, and how many frames of it at ``rate`` are in the film."""
    problems: list[Problem] = []
    for path, clip, frames in used:
        try:
            check_usable(probe_video(clip), rate, frames)
        except InputError as error:
            key = "duration" if error.code == "media.too_short" else "clip"
            owner = path if (*path, key) in loaded.places else ("defaults",)
            place: Path_ = (*owner, key) if (*owner, key) in loaded.places else path
            words = error.message.replace(str(clip), clip.name) + (f"; {error.hint}" if error.hint else "")
            problems.append(Problem(*loaded.place(place), dotted(place), words, error.code))
    if problems:
        raise StoryboardError(str(loaded.path), list(dict.fromkeys(problems)))
