"""Check the user's own clips before anything is made or bought. Problems are reported with their line in the storyboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from vidgen.errors import InputError, Notice, Problem, StoryboardError
from vidgen.media.names import named_file
from vidgen.media.normalise import check_usable, source_notices
from vidgen.media.probe import part_from, probe_video
from vidgen.planning.delivered import film_rate
from vidgen.planning.plan import Plan, UserClip
from vidgen.storyboard.lengths import film_frames
from vidgen.storyboard.loader import LoadedBoard
from vidgen.storyboard.merge import merged_shot
from vidgen.storyboard.model import Shot
from vidgen.storyboard.reader import Path_, dotted
from vidgen.storyboard.values import Duration
from vidgen.takes.request import frames_from


def check_clips(loaded: LoadedBoard, plan: Plan) -> list[Notice]:
    """Notices on the clips of a plan. Raises StoryboardError if one is too short or unusable."""
    paths = {shot.id: path for path, shot, _ in _clips(loaded)}
    used = [
        (paths[planned.parent], planned.clip, planned.frames, planned.trim.start)
        for planned in plan.shots
        if isinstance(planned, UserClip)
    ]
    _check(loaded, used, plan.fps)
    infos = ((planned.id, probe_video(planned.clip)) for planned in plan.shots if isinstance(planned, UserClip))
    return [Notice(one.code, one.message, shot) for shot, info in infos for one in source_notices(info, deep=info.bits > 8)]


def check_lengths(loaded: LoadedBoard) -> None:
    """``check_clips`` without a plan. Raises StoryboardError for clips that are shorter than their ``duration``."""
    board, rate = loaded.board, film_rate(loaded.board)
    used = (
        (path, named_file(loaded.path.parent, shot.clip or ""), frames, _start(shot, board.fps))
        for path, _, shot in _clips(loaded)
        if (frames := _given_frames(shot, board.fps, rate))
    )
    _check(loaded, used, rate)


def _clips(loaded: LoadedBoard) -> Iterator[tuple[Path_, Shot, Shot]]:
    """Each shot with a clip: its path in the file, the shot as written, and merged with inherited keys."""
    for scene_index, scene in enumerate(loaded.board.scenes):
        for index, shot in enumerate(scene.shots):
            merged = merged_shot(loaded.board, scene, shot)
            if merged.clip:
                yield loaded.shot_path(scene_index, index), shot, merged


def _start(shot: Shot, rate: Fraction) -> Fraction | None:
    return shot.trim.start.at(rate) if shot.trim and shot.trim.start else None


def _given_frames(shot: Shot, rate: Fraction, film_rate: Fraction) -> int | None:
    """The length in frames of the film that the storyboard gives a shot with a clip; None where the clip gives it."""
    if frames := film_frames(shot, rate, film_rate):
        return frames
    if isinstance(shot.duration, Duration):
        return int(shot.duration.frames(rate) * film_rate / rate)
    return 1 if _start(shot, rate) else None


def _check(loaded: LoadedBoard, used: Iterable[tuple[Path_, Path, int, Fraction | None]], rate: Fraction) -> None:
    """``used``: path of the shot in the file, its clip, the number of its frames at ``rate`` that are in the film, and the
    second at which they begin.
    """
    problems: list[Problem] = []
    for path, clip, frames, start in used:
        try:
            info = probe_video(clip)
            check_usable(part_from(info, frames_from(start or Fraction(0), info.rate)), rate, frames)
        except InputError as error:
            key = ("trim" if start else "duration") if error.code == "media.too_short" else "clip"
            owner = path if (*path, key) in loaded.places else ("defaults",)
            place: Path_ = (*owner, key) if (*owner, key) in loaded.places else path
            message = error.message.replace(str(clip), clip.name) + (f"; {error.hint}" if error.hint else "")
            problems.append(Problem(*loaded.place(place), dotted(place), message, error.code))
    if problems:
        raise StoryboardError(str(loaded.path), list(dict.fromkeys(problems)))
