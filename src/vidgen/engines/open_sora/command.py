"""From a shot to Open-Sora's command line: legal numbers, a CSV file, and a notice for each difference.

The prompt travels in the CSV file: as an argument, quotation marks would break it and a number would be read as one.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.engines.open_sora.setup import CONFIGS, PICTURE_WEIGHTS, SCRIPT, Setup, revision
from vidgen.errors import InputError
from vidgen.takes.request import Inputs, Order, ShotRequest, TakeRequest

MODEL = "open-sora-v2"
FPS = 24
"""The rate that the model was made for; the program adds it to the prompt."""
MAX_FRAMES, FRAME_STEP = 129, 4
STEPS, GUIDANCE, GUIDANCE_PICTURE = 50, 7.5, 3.0
SHAPES = ("2.39:1", "2:1", "16:9", "3:2", "4:3", "1:1", "3:4", "2:3", "9:16", "1:2")
"""Shapes that the program knows at both resolutions, for its pictures and its clips."""
SMALL_PIXELS = 256 * 256
_LARGER = 1.5
"""Up to so many times the pixels of the small resolution it is enough."""
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "steps": (1, 1000), "guidance": (0, 50), "guidance_img": (0, 50), "motion_score": (1, 10),
}  # fmt: skip
PARAMS = ("quality", "direct", *_NUMBERS)
_QUALITIES = ("draft", "standard", "final")


@dataclass
class Job:
    """One run of the program: its command line, what it will have made, and how that differs from the wish."""

    setup: Setup
    argv: list[str]
    manifest: dict[str, Any]
    notices: list[tuple[str, str]] = field(default_factory=list)


def plan(take: TakeRequest, here: Setup, scratch: Path) -> Job:
    """The command line for a take; its CSV file and pictures are written into ``scratch``, where ``samples`` will be.

    Raises InputError for parameters that cannot be used and shots that are too long.
    """
    request = take.request
    params = _checked(request)
    kind, pictures = _condition(request.inputs, scratch)
    direct = kind != "t2v" or bool(params.get("direct", False))
    notices: list[tuple[str, str]] = []
    if not direct and not (here.folder / PICTURE_WEIGHTS).is_file():
        direct = True
        text = "prompt: made without Open-Sora's picture stage, which text gains by: ckpts/flux1-dev.safetensors is not here"
        notices.append(("engine.wish_approximated", text))
    resolution = _resolution(request, params)
    chosen = f"{'' if direct else 't2i2v_'}{resolution}.py"
    shape, frames = _shape(request.width, request.height), _frames(request)
    score = params.get("motion_score", max(1, min(7, round(0.8 * request.motion.amount))))
    gpus = here.gpus if resolution == "768px" else 1  # the small one is not made to be shared
    settings = {
        "save-dir": scratch / "samples",
        "dataset.data-path": _write_csv(scratch / "prompt.csv", request, pictures),
        "cond_type": kind,
        "num_frames": frames,
        "aspect_ratio": shape,
        "fps_save": FPS,
        "num_steps": params.get("steps", STEPS),
        "guidance": float(params.get("guidance", GUIDANCE)),
        "guidance_img": float(params.get("guidance_img", GUIDANCE_PICTURE)),
        "motion-score": score,
        "seed": take.seed,
        "sampling_option.seed": take.seed,
        "offload_model": here.offload,
    }
    argv = [here.torchrun, "--nproc_per_node", str(gpus), "--standalone", SCRIPT, f"{CONFIGS}/{chosen}"]
    argv += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    manifest = {
        "model": MODEL,
        "revision": revision(here.folder),
        "program": "Open-Sora",
        "config": chosen,
        "task": {"t2v": "text_to_video", "i2v_head": "image_to_video", "i2v_loop": "first_last_frame"}.get(kind, "last_frame"),
        "scheduler": "rectified flow, Euler, shifted",
        "steps": settings["num_steps"],
        "guidance": settings["guidance"],
        "guidance_img": settings["guidance_img"],
        "motion_score": score,
        "negative": request.negative,
        "seed": take.seed,
        "made": {"resolution": resolution, "shape": shape, "frames": frames, "fps": FPS},
        "gpus": gpus,
    }
    return Job(here, argv, manifest, [*notices, *_differences(request, resolution, shape, frames)])


def order_of(request: ShotRequest) -> Order:
    """What the program is told of a request's length, size and rate. Raises InputError as ``plan`` does."""
    size = f"{_resolution(request, _checked(request))} {_shape(request.width, request.height)}"
    return Order(_frames(request) / FPS, size, str(FPS))


def _checked(request: ShotRequest) -> Mapping[str, Any]:
    params = {name: value for name, value in request.params.items() if name != "slate"}
    for name, value in params.items():
        if name not in PARAMS:
            raise _bad(request, f"params.{name} is not known to Open-Sora", f"known: {', '.join(PARAMS)}")
        if name in _NUMBERS:
            least, most = _NUMBERS[name]
            whole = name in ("steps", "motion_score")
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not least <= value <= most:
                kind = "a whole number" if whole else "a number"
                raise _bad(
                    request, f"params.{name}: {value!r} is not {kind} from {least:g} to {most:g}", "change it or leave it out"
                )
    if params.get("quality", "standard") not in _QUALITIES:
        raise _bad(request, f"params.quality: {params['quality']!r} is not known", f"one of {', '.join(_QUALITIES)}")
    if not isinstance(params.get("direct", False), bool):
        raise _bad(request, f"params.direct: {params['direct']!r} is not true or false", "change it or leave it out")
    return params


def _bad(request: ShotRequest, text: str, hint: str) -> InputError:
    return InputError("request.bad_value", text, hint=hint, where=request.shot)


def _condition(inputs: Inputs, scratch: Path) -> tuple[str, list[Path]]:
    """The program's name for what is given, and the pictures, as files of ours: its CSV tells them apart by semicolons."""
    from vidgen.media.stills import read_image, write_image

    pictures = []
    first, last = scratch / "first.png", scratch / "last.png"
    if inputs.start_frame:
        write_image(first, read_image(inputs.start_frame))
        pictures.append(first)
    elif inputs.continues:
        from vidgen.engines.local.opening import last_picture

        pictures.append(last_picture(inputs.continues, first, inputs.continues_frames))
    if inputs.end_frame:
        write_image(last, read_image(inputs.end_frame))
        pictures.append(last)
    kinds = {(): "t2v", (first,): "i2v_head", (last,): "i2v_tail", (first, last): "i2v_loop"}
    return kinds[tuple(pictures)], pictures


def _write_csv(file: Path, request: ShotRequest, pictures: Sequence[Path]) -> Path:
    row = {"name": "take", "text": " ".join(request.prompt.split())}
    if pictures:
        row["ref"] = ";".join(map(str, pictures))
    if request.negative:
        row["neg"] = " ".join(request.negative.split())
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerow(row)
    return file


def _resolution(request: ShotRequest, params: Mapping[str, Any]) -> str:
    quality = params.get("quality", "standard")
    small = request.width * request.height <= _LARGER * SMALL_PIXELS
    return "256px" if quality == "draft" or (small and quality != "final") else "768px"


def _shape(width: int, height: int) -> str:
    """The nearest shape that the program knows."""

    def distance(name: str) -> float:
        across, down = map(float, name.split(":"))
        return abs(math.log(width / height) - math.log(across / down))

    return min(SHAPES, key=distance)


def _frames(request: ShotRequest) -> int:
    """The smallest legal number of frames that is as long as the shot and whose last one is not before the shot's. The longest
    clip may be shorter than the shot, as long as its last frame is not too early.
    """
    last, length = (Fraction(count) / request.fps * FPS for count in (request.frames - 1, request.frames))
    frames = _legal(max(math.ceil(last) + 1, math.ceil(length)))
    if frames > MAX_FRAMES:
        frames = _legal(math.ceil(last) + 1)
    if frames > MAX_FRAMES:
        raise InputError(
            "engine.cannot",
            f"{request.duration_s:.3g} s is longer than Open-Sora makes: {MAX_FRAMES} frames, {MAX_FRAMES / FPS:.3g} s",
            hint="make the shot shorter, or choose another model",
            where=request.shot,
        )
    return max(frames, FRAME_STEP + 1)


def _legal(frames: int) -> int:
    """The smallest number of frames that the program makes, not below this one."""
    return math.ceil((frames - 1) / FRAME_STEP) * FRAME_STEP + 1


def _differences(request: ShotRequest, resolution: str, shape: str, frames: int) -> list[tuple[str, str]]:
    texts = []
    if request.fps != FPS:
        rate = f"{float(request.fps):.4g}"
        texts.append(f"fps: Open-Sora makes {FPS} frames a second; the film retimes them to {rate}")
    elif frames != request.frames:
        texts.append(f"duration: Open-Sora makes {frames} frames; the film shows {request.frames}")
    size = f"{request.width}x{request.height}"
    texts.append(f"resolution: Open-Sora makes about {resolution} square at {shape}; the film brings it to {size}")
    return [("engine.wish_approximated", text) for text in texts]
