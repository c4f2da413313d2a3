"""Gemini Omni: a shot as the body of one interaction. Pictures and clips are named by tags in the prompt, as Google's guide
has it: first what they are, then the words, then what to do with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.engines.cloud.base import Create
from vidgen.engines.cloud.choices import capabilities_of, cut_end, nearest_shape, tier
from vidgen.engines.cloud.clips import Clip, short_clip
from vidgen.engines.cloud.inputs import Blob, Limits, opening, picture
from vidgen.errors import InputError
from vidgen.takes.request import ShotRequest, TakeRequest

LONGEST_SOURCE_S = 10
"""Longest clip that is edited or continued, and longest new part."""
ASPECTS = {"16:9": 16 / 9, "9:16": 9 / 16}
RESOLUTIONS = ((360, "360p"), (720, "720p"), (1080, "1080p"), (2160, "4k"))
PICTURE = Limits(max_bytes=7 << 20, max_side=2048)
MAX_CLIP_BYTES = 14 << 20
MAX_CLIPS, CLIP_REFERENCE_S = 3, 3.0
TASKS = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend")
PARAMS = ("task", "thinking_level", "previous_interaction_id", "audio")
"""What ``params`` may say. There is sound in any case; ``audio`` has it in the film."""
_CLIPS = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v")
_TAG = re.compile(r"\[# |<(FIRST_FRAME|LAST_FRAME|IMAGE_REF_\d+|VIDEO_REF_\d+|VIDEO_0)>")

Notices = list[tuple[str, str]]
Block = dict[str, Any]


@dataclass(frozen=True)
class _Material:
    """Pictures and clips by what they are for. ``base`` is edited or continued."""

    first: Blob | None = None
    last: Blob | None = None
    base: Clip | None = None
    pictures: tuple[Blob, ...] = ()
    clips: tuple[Clip, ...] = ()

    def blocks(self) -> list[Block]:
        """In the order that their numbers in the prompt mean."""
        images = [one for one in (self.first, self.last, *self.pictures) if one]
        films = [one for one in (self.base, *self.clips) if one]
        return [{"type": "image", "mime_type": one.media_type, "data": one} for one in images] + [
            {"type": "video", "mime_type": one.blob.media_type, "data": one.blob} for one in films
        ]


def body_of(take: TakeRequest) -> Create:
    """The one request that makes a take."""
    request, notices = take.request, []  # type: ignore[var-annotated]
    task = requested_task(request)
    seconds, aspect = seconds_of(request), _aspect(request)
    material = _material(request, task, seconds, aspect, notices)
    task = task or _task(material)
    form: dict[str, Any] = {"type": "video", "delivery": "uri", "resolution": _resolution(request)}
    if task != "edit":  # it keeps its own length and shape
        form |= {"aspect_ratio": aspect, "duration": f"{seconds}s"}
    body: dict[str, Any] = {
        "model": capabilities_of(request).model,
        "input": [*material.blocks(), {"type": "text", "text": _prompt(request, material, notices)}],
        "background": True,
        "store": True,
        "response_format": form,
    }
    config: dict[str, Any] = {"video_config": {"task": task}} if task else {}
    if "thinking_level" in request.params:
        config["thinking_level"] = request.params["thinking_level"]
    if config:
        body["generation_config"] = config
    if "previous_interaction_id" in request.params:
        body["previous_interaction_id"] = request.params["previous_interaction_id"]
    notices += _remarks(request, material, seconds)
    track = f"extend-{seconds}" if task == "extend" else ""
    return Create("v1/interactions", json=body, track=track, seconds=float(seconds), notices=tuple(notices))


def seconds_of(request: ShotRequest) -> int:
    """Length of the clip that is made, a legal one; of an edit, the length to which the clip is cut."""
    capabilities, task = capabilities_of(request), requested_task(request)
    requested = request.duration_s
    if request.inputs.source_video or task in ("edit", "extend"):
        requested = min(requested, LONGEST_SOURCE_S)
    return int(capabilities.billed_s(requested, closes=request.task == "first_last_frame"))


def size_of(request: ShotRequest) -> str:
    """``resolution`` and ``aspect_ratio``; of an edited clip, which keeps its shape, the former alone."""
    edits = (requested_task(request) or ("edit" if request.inputs.source_video else "")) == "edit"
    return _resolution(request) if edits else f"{_resolution(request)} {_aspect(request)}"


def _aspect(request: ShotRequest) -> str:
    return nearest_shape(request.width, request.height, tuple(ASPECTS))


def _resolution(request: ShotRequest) -> str:
    return tier(_short(request), RESOLUTIONS)


def requested_task(request: ShotRequest) -> str | None:
    """``params: {task: ...}``. Raises InputError for one that there is not, or that lacks its clip."""
    task = request.params.get("task")
    if task is None:
        return None
    if task not in TASKS:
        hint = f"one of: {', '.join(TASKS)}"
        raise InputError("request.bad_value", f"params.task: there is no {task!r}", hint=hint, where=request.shot)
    has_clip = request.inputs.source_video or request.inputs.continues or "previous_interaction_id" in request.params
    if task in ("edit", "extend") and not has_clip:
        text = f"params.task: {task} needs a clip"
        hint = "source_video: FILE, or continue_from: SHOT"
        raise InputError("request.bad_value", text, hint=hint, where=request.shot)
    return str(task)


def _task(material: _Material) -> str | None:
    """The task that pictures and clips ask for; None where the tags say more than a task's name can."""
    kinds = [bool(material.first or material.last), bool(material.pictures or material.clips), bool(material.base)]
    if material.base:
        return "edit"
    if kinds == [False, False, False]:
        return "text_to_video"
    if kinds == [False, True, False]:
        return "reference_to_video"
    return "image_to_video" if kinds == [True, False, False] and not material.last else None


def _material(request: ShotRequest, task: str | None, seconds: int, aspect: str, notices: Notices) -> _Material:
    inputs, shape = request.inputs, ASPECTS[aspect]
    pictures = [file for file in inputs.references if file.suffix.lower() not in _CLIPS][: capabilities_of(request).references]
    clips = [file for file in inputs.references if file.suffix.lower() in _CLIPS][:MAX_CLIPS]

    def cut(file: Path, longest: float, key: str, frames: int | None = None, first: int = 0) -> Clip:
        clip = short_clip(file, longest_s=longest, max_bytes=MAX_CLIP_BYTES, frames=frames, first=first)
        if clip.cut:
            notices.append(("engine.wish_approximated", f"{key}: of {file.name} only the first {clip.seconds:.2g} s are used"))
        return clip

    references = {
        "pictures": tuple(picture(file, PICTURE) for file in pictures),
        "clips": tuple(cut(file, CLIP_REFERENCE_S, "references") for file in clips),
    }
    base = inputs.source_video or (inputs.continues if task in ("edit", "extend") else None)
    if base:
        # What is sent ends where the film leaves it. A clip that Google has already (previous_interaction_id) is continued
        # from its own end: there is no way to say another.
        whole = inputs.source_video is not None
        frames, start = (None, inputs.source_start) if whole else (inputs.continues_frames, inputs.continues_start)
        clip = cut(base, LONGEST_SOURCE_S if task == "extend" else seconds, "source_video", frames, start)
        if task == "extend" and clip.cut:
            text = f"source_video: {base.name} is too long to be continued"
            raise InputError("request.bad_value", text, hint=f"a clip of at most {LONGEST_SOURCE_S} s", where=request.shot)
        return _Material(base=clip, **references)  # type: ignore[arg-type]
    first = opening(inputs, PICTURE, shape=shape)
    last = picture(inputs.end_frame, PICTURE, shape=shape) if inputs.end_frame and first else None
    return _Material(first, last, **references)  # type: ignore[arg-type]


def _prompt(request: ShotRequest, material: _Material, notices: Notices) -> str:
    """The shot's words with the tags that say what each picture and clip is for; tags that the user wrote stand."""
    text = request.prompt
    if request.negative:
        text = f"{text} Do not show: {request.negative}."
        notices.append(("engine.wish_approximated", "negative: Gemini Omni has no field for it; it is said in the prompt"))
    if _TAG.search(request.prompt):
        return text
    references = bool(material.pictures or material.clips)
    if not references:
        tags = [tag for tag, there in (("<FIRST_FRAME>", material.first), ("<LAST_FRAME>", material.last)) if there]
        return " ".join([*tags, text])
    return " ".join(filter(None, (*_declared(material), text, *_uses(material))))


def _declared(material: _Material) -> Iterator[str]:
    """Sources and references by tag, as Google's guide wants them before the words."""
    ahead = bool(material.first) + bool(material.last)
    sources = [
        *(["<FIRST_FRAME>@Image1"] if material.first else []),
        *([f"<LAST_FRAME>@Image{ahead}"] if material.last else []),
        *(["<VIDEO_0>@Video1"] if material.base else []),
    ]
    references = [f"<IMAGE_REF_{index}>@Image{ahead + index + 1}" for index in range(len(material.pictures))]
    before = bool(material.base)
    references += [f"<VIDEO_REF_{index}>@Video{before + index + 1}" for index in range(len(material.clips))]
    if sources:
        yield f"[# Sources {' '.join(sources)}]"
    yield f"[# References {' '.join(references)}]"


def _uses(material: _Material) -> Iterator[str]:
    """The sentences that the guide puts after the words."""
    if material.first:
        yield "Use Image1 as the starting frame."
    if material.last:
        yield "Use Image2 as the last frame."
    if material.pictures:
        yield "Use the reference images as references for the video generation, not as literal frames."
    if material.clips:
        yield "Use the reference videos as references, not as a source for editing."


def _remarks(request: ShotRequest, material: _Material, seconds: int) -> Notices:
    """What is left out or approximated."""
    notices: Notices = []
    inputs = request.inputs

    def ignored(text: str) -> None:
        notices.append(("engine.wish_ignored", text))

    if unknown := sorted(set(request.params) - set(PARAMS)):
        ignored(f"params: Gemini Omni does not know {', '.join(unknown)}; left out")
    if inputs.end_frame and material.base and (inputs.start_frame or inputs.continues):
        ignored("end_frame: a clip that is edited or continued ends as it does; left out")
    if material.base and inputs.start_frame:
        ignored("start_frame: a clip that is edited or continued opens as it does; left out")
    left = len(inputs.references) - len(material.pictures) - len(material.clips)
    if left:
        most = capabilities_of(request).references
        ignored(f"references: Gemini Omni takes {most} pictures and {MAX_CLIPS} clips; {left} left out")
    return notices + (cut_end(request.duration_s, seconds, "Gemini Omni") if material.last else [])


def _short(request: ShotRequest) -> int:
    return min(request.width, request.height)
