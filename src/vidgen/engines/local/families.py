"""How each family of pipelines is called: what a recipe becomes, which embeddings go where, what a batch may hold."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.engines.local.job import Recipe
from vidgen.errors import InputError

Arguments = dict[str, Any]

EMBEDDINGS: Mapping[str, tuple[str, ...]] = {
    "wan": ("prompt_embeds", "negative_prompt_embeds"),
    "wan-vace": ("prompt_embeds", "negative_prompt_embeds"),
    "skyreels": ("prompt_embeds", "negative_prompt_embeds"),
    "cogvideox": ("prompt_embeds", "negative_prompt_embeds"),
    "animatediff": ("prompt_embeds", "negative_prompt_embeds"),
    "ltx": ("prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask"),
    "mochi": ("prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask"),
    "sana": ("prompt_embeds", "prompt_attention_mask", "negative_prompt_embeds", "negative_prompt_attention_mask"),
}
"""What ``encode_prompt`` returns, in order, by the names under which the call takes it. Families that are not here keep
their text encoder and are given the words."""

BATCHED = {("wan", "text_to_video"), ("ltx", "text_to_video"), ("cogvideox", "text_to_video"), ("animatediff", "text_to_video")}
"""Which tasks take several takes in one call, each with a generator of its own."""

AXES: Mapping[str, tuple[int, ...]] = {
    "cogvideox": (0, 2, 1, 3, 4),
    "svd": (0, 2, 1, 3, 4),
    "kandinsky5": (0, 4, 1, 2, 3),
}
"""How the latents of a family become [batch, channels, frames, height, width], where they are not."""


@dataclass(frozen=True)
class Inputs:
    """A recipe's pictures and clips, read and brought to its size (PIL pictures)."""

    start: Any = None
    end: Any = None
    video: Sequence[Any] = ()
    tail: Sequence[Any] = ()
    """The last pictures of the clip that is continued; the last of them is ``start``."""
    references: Sequence[Any] = ()


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


def call_arguments(recipe: Recipe, inputs: Inputs) -> Arguments:
    """The keyword arguments of the pipeline's call for a recipe, without prompts and generators."""
    common: Arguments = {
        "width": recipe.width,
        "height": recipe.height,
        "num_frames": recipe.frames,
        "num_inference_steps": recipe.steps,
        "guidance_scale": recipe.guidance,
        "frame_rate": recipe.fps,
        **{name: list(times) for name, times in recipe.schedule.items()},
    }
    return {**common, **_CALLS.get(recipe.family, _generic)(recipe, inputs)}


def guidance(pipe: Any, recipe: Recipe) -> Arguments:
    """The recipe's guidance where ``guidance_scale`` is not what takes it: a component does (HunyuanVideo 1.5), or an unguided
    pass, as the network was not made to hear of it (HunyuanVideo I2V).
    """
    if (guider := pipe.components.get("guider")) is not None:
        pipe.guider = guider.new(guidance_scale=recipe.guidance)
    elif "true_cfg_scale" in inspect.signature(pipe.__call__).parameters and not pipe.transformer.config.guidance_embeds:
        return {"true_cfg_scale": recipe.guidance, "guidance_scale": 1.0, "negative_prompt": recipe.prompt.negative}
    return {}


def accepted(pipe: Any, arguments: Mapping[str, Any]) -> Arguments:
    """Those of the arguments that the pipeline's call takes; of LTX's two ways to give a picture the one that says more."""
    known = set(inspect.signature(pipe.__call__).parameters)
    if "conditions" in known & set(arguments):
        known -= {"image"}
    return {name: value for name, value in arguments.items() if name in known}


def default_of(pipe: Any, argument: str) -> Any:
    """The default of one argument of the pipeline's call; None where it has none."""
    found = inspect.signature(pipe.__call__).parameters.get(argument)
    return None if found is None or found.default is inspect.Parameter.empty else found.default


def _generic(recipe: Recipe, inputs: Inputs) -> Arguments:
    found: Arguments = dict(recipe.extra)
    if inputs.start is not None:
        found["image"] = inputs.start
    if inputs.end is not None:
        found["last_image"] = inputs.end
    if inputs.video:
        found["video"] = list(inputs.video)
    return found


def _wan(recipe: Recipe, inputs: Inputs) -> Arguments:
    extra = dict(recipe.extra)
    second = extra.pop("guidance_2", None)
    extra.pop("flow_shift", None)
    found = _generic(recipe, inputs) | extra
    found.pop("flow_shift", None)
    found.pop("guidance_2", None)
    return found if second is None else {**found, "guidance_scale_2": second}


def _vace(recipe: Recipe, inputs: Inputs) -> Arguments:
    """VACE is told by a control video and its mask: black where the video stays, white where it is made."""
    from PIL import Image

    size = (recipe.width, recipe.height)
    grey, black, white = (Image.new("RGB", size, (value,) * 3) for value in (128, 0, 255))
    found: Arguments = {"reference_images": list(inputs.references) or None}
    if (scale := recipe.extra.get("conditioning")) is not None:
        found["conditioning_scale"] = scale
    if inputs.video:
        return {**found, "video": list(inputs.video), "mask": [white] * recipe.frames}
    if inputs.start is None and inputs.end is None:
        return found
    video, mask = [grey] * recipe.frames, [white] * recipe.frames
    for index, picture in enumerate(_lead(inputs)):
        video[index], mask[index] = picture, black
    if inputs.end is not None:
        video[-1], mask[-1] = inputs.end, black
    return {**found, "video": video, "mask": mask}


_LAST_STEP = {"decode_timestep": 0.05, "decode_noise_scale": 0.025}
"""As its makers run decoders that take the last step; older decoders do not look at it."""


def _ltx(recipe: Recipe, inputs: Inputs) -> Arguments:
    found = {**_LAST_STEP, **{name: value for name, value in recipe.extra.items() if name not in ("strength", "tail")}}
    conditions = []
    if recipe.task != "text_to_video":
        from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

        if inputs.tail:
            conditions.append(LTXVideoCondition(video=list(inputs.tail), frame_index=0))
        elif inputs.start is not None:
            conditions.append(LTXVideoCondition(image=inputs.start, frame_index=0))
        if inputs.end is not None:
            conditions.append(LTXVideoCondition(image=inputs.end, frame_index=recipe.frames - 1))
        if inputs.video:
            strength = 1.0 - float(recipe.extra.get("strength", 0.7))
            conditions.append(LTXVideoCondition(video=list(inputs.video), frame_index=0, strength=strength))
        found |= {"conditions": conditions, "image": inputs.start}
    return found


_UNGUIDED = {
    "audio_guidance_scale": 1.0, "modality_scale": 1.0, "audio_modality_scale": 1.0, "stg_scale": 0.0, "audio_stg_scale": 0.0,
}  # fmt: skip
"""What LTX-2 takes for no guidance at all."""


def _ltx2(recipe: Recipe, inputs: Inputs) -> Arguments:
    """Its conditions stand at latent frames, -1 being the last. Without guidance, that of the sound and of layers ends too:
    each would be a pass of its own.
    """
    if recipe.guidance <= 1:
        recipe = replace(recipe, extra={**_UNGUIDED, **recipe.extra})
    if recipe.task != "first_last_frame":
        return _generic(recipe, inputs)
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

    given = ((inputs.start, 0), (inputs.end, -1))
    conditions = [LTX2VideoCondition(frames=picture, index=index) for picture, index in given if picture is not None]
    return {**recipe.extra, "conditions": conditions}


def _sana(recipe: Recipe, inputs: Inputs) -> Arguments:
    """Its sizes are legal already: the pipeline's own table of sizes holds some that its network cannot take."""
    found = {"frames": recipe.frames, "use_resolution_binning": False, "negative_prompt": None}
    return {**_generic(recipe, inputs), **found}


def _svd(recipe: Recipe, inputs: Inputs) -> Arguments:
    return {
        **recipe.extra,
        "image": inputs.start,
        "fps": max(1, round(recipe.fps)),
        "max_guidance_scale": recipe.guidance,
        "min_guidance_scale": 1.0,
        "decode_chunk_size": 4,
    }


def _in_one_piece(recipe: Recipe, inputs: Inputs) -> Arguments:
    """SkyReels would make clips of more frames than its smaller models' in pieces that overlap."""
    return {**_generic(recipe, inputs), "base_num_frames": max(97, recipe.frames)}


_CALLS: Mapping[str, Callable[[Recipe, Inputs], Arguments]] = {
    "wan": _wan,
    "wan-vace": _vace,
    "ltx": _ltx,
    "ltx2": _ltx2,
    "sana": _sana,
    "skyreels-df": _in_one_piece,
    "svd": _svd,
}


def _lead(inputs: Inputs) -> Sequence[Any]:
    """The pictures that are given at the beginning."""
    return inputs.tail or ([] if inputs.start is None else [inputs.start])


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
    wanted = [int(Fraction(index) / Fraction(recipe.fps) * rate + Fraction(1, 2)) for index in range(recipe.frames)]
    found: list[Any] = []
    last = None
    for number, frame in enumerate(read_frames(file)):
        last = frame
        while len(found) < len(wanted) and wanted[len(found)] <= number:
            found.append(_fitted(frame, recipe))
        if len(found) == len(wanted):
            return found
    if last is None:
        raise InputError("media.no_video", f"{file} has no pictures", where=str(file))
    return found + [_fitted(last, recipe)] * (len(wanted) - len(found))


def _ending(file: Path, recipe: Recipe) -> list[Any]:
    """The last pictures of a clip that are in the film, at the recipe's rate, in order: one more than the recipe skips. The
    first one of a clip that is too short stays.
    """
    from vidgen.media.frames import read_frames
    from vidgen.media.probe import probe_video

    info = probe_video(file)
    step, last = info.rate / recipe.rate, min(info.frames, recipe.tail_frames or info.frames) - 1
    wanted = [max(0, last - round(step * before)) for before in range(recipe.skip, -1, -1)]
    there = {number: frame for number, frame in enumerate(read_frames(file)) if number in set(wanted)}
    latest = max(there)
    return [_fitted(there[min(number, latest)], recipe) for number in wanted]
