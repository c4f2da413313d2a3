"""Reads a recipe's pictures and clips and brings them to its size."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.engines.local.families import Inputs
from vidgen.engines.local.job import Recipe
from vidgen.errors import InputError


def read_inputs(recipe: Recipe) -> Inputs:
    """Read the recipe's files. Raises InputError where one cannot be read."""
    files = recipe.inputs
    return Inputs(
        start=_picture(files.get("start_frame"), recipe),
        end=_picture(files.get("end_frame"), recipe),
        video=_clip(files["source_video"], recipe) if "source_video" in files else (),
        tail=_ending(files["tail"], recipe) if "tail" in files else (),
        references=[_picture(file, recipe) for name, file in sorted(files.items()) if name.startswith("reference")],
    )


def _picture(file: Path | None, recipe: Recipe) -> Any:
    if file is None:
        return None
    from vidgen.media.stills import read_image

    return _fitted(read_image(file), recipe)


def _fitted(frame: Any, recipe: Recipe) -> Any:
    """A picture scaled and cropped to the recipe's size."""
    import cv2
    from PIL import Image

    height, width = frame.shape[:2]
    scale = max(recipe.width / width, recipe.height / height)
    sized = (max(recipe.width, round(width * scale)), max(recipe.height, round(height * scale)))
    picture = cv2.resize(frame, sized, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    x, y = (sized[0] - recipe.width) // 2, (sized[1] - recipe.height) // 2
    return Image.fromarray(picture[y : y + recipe.height, x : x + recipe.width])


def _clip(file: Path, recipe: Recipe) -> list[Any]:
    """The clip's pictures at the moments of the recipe's frames; the last one stays where the clip is shorter."""
    from vidgen.media.frames import read_frames
    from vidgen.media.probe import probe_video

    rate = probe_video(file).rate
    numbers = [int(Fraction(index) / Fraction(recipe.fps) * rate + Fraction(1, 2)) for index in range(recipe.frames)]
    found: list[Any] = []
    last = None
    for number, frame in enumerate(read_frames(file)):
        last = frame
        while len(found) < len(numbers) and numbers[len(found)] <= number:
            found.append(_fitted(frame, recipe))
        if len(found) == len(numbers):
            return found
    if last is None:
        raise InputError("media.no_video", f"{file} has no pictures", where=str(file))
    return found + [_fitted(last, recipe)] * (len(numbers) - len(found))


def _ending(file: Path, recipe: Recipe) -> list[Any]:
    """The last pictures of a clip that are in the film, at the recipe's rate, in order: one more than the recipe skips. The
    first one of a clip that is too short stays.
    """
    from vidgen.media.frames import read_frames
    from vidgen.media.probe import probe_video

    info = probe_video(file)
    step, last = info.rate / recipe.rate, min(info.frames, recipe.tail_frames or info.frames) - 1
    numbers = [max(0, last - round(step * before)) for before in range(recipe.skip, -1, -1)]
    frames = {number: frame for number, frame in enumerate(read_frames(file)) if number in set(numbers)}
    latest = max(frames)
    return [_fitted(frames[min(number, latest)], recipe) for number in numbers]
