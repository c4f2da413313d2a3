"""Google's Gemini Omni through the Interactions API: text, pictures and clips in, one clip out.

What a picture or clip is for (opening, closing, reference, source) is said by tags in the prompt, as Google's guide has it.
A finished clip is a file on the API's own host, which wants the key; anywhere else it is asked for without. A refusal on
policy grounds looks like a finished interaction that holds words and no clip.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from vidgen.engines.base import Job, JobState
from vidgen.engines.cloud.api import words_of
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.choices import at_least, cut_end, nearest_shape, tier
from vidgen.engines.cloud.clips import Clip, last_seconds, short_clip
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.engines.cloud.google import GONE, POLICY, policy_kind
from vidgen.engines.cloud.inputs import Blob, Limits, opening, picture
from vidgen.errors import InputError
from vidgen.takes.request import ShotRequest, TakeRequest

DEFAULT_MODEL = "gemini-omni-1.1-flash"
HOST = "generativelanguage.googleapis.com"
SECONDS = tuple(range(3, 11))
ASPECTS = {"16:9": (1280, 720), "9:16": (720, 1280)}
"""Shapes, and the pixels in which clips are sent that have to be cut first."""
RESOLUTIONS = ((360, "360p"), (720, "720p"), (1080, "1080p"), (2160, "4k"))
PICTURE = Limits(max_bytes=7 << 20, max_side=2048)
MAX_CLIP_BYTES = 14 << 20
MAX_PICTURES, MAX_CLIPS, CLIP_REFERENCE_S = 6, 3, 3.0
TASKS = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend")
PARAMS = ("task", "thinking_level", "previous_interaction_id")
"""What ``params`` may say."""
_CLIPS = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v")
_TAG = re.compile(r"\[# |<(FIRST_FRAME|LAST_FRAME|IMAGE_REF_\d+|VIDEO_REF_\d+|VIDEO_0)>")
_STATES: Mapping[str, JobState] = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
    "incomplete": "failed",
    "budget_exceeded": "failed",
    "requires_action": "failed",
    "requires_continuation": "failed",
}
_BAD_KEY = ("api_key_invalid", "api key not valid", "api key expired", "api_key_service_blocked")

Notices = list[tuple[str, str]]
Block = dict[str, str]


class GeminiOmni(CloudEngine):
    """``GEMINI_API_KEY``; the API's address can be overridden as for Google's own SDK."""

    name, title = "gemini-omni", "Gemini Omni"
    keys = ("GEMINI_API_KEY",)
    address_env, address = "GOOGLE_GEMINI_BASE_URL", f"https://{HOST}"
    poll_interval_s = 5.0

    def headers(self) -> Mapping[str, str]:
        """Google's own header; the key never stands in an address."""
        return {"x-goog-api-key": self.key() or ""}

    def classify(self, status: int, body: Any) -> Kind:
        """By status and words: a bad key is a 400, an empty account a 429 as too many requests are."""
        words = json.dumps(body).lower()
        if any(word in words for word in _BAD_KEY):
            return "auth"
        if status == 429:
            lasting = any(word in words for word in ("perday", "quota", "billing", "credit"))
            return "quota" if lasting and "perminute" not in words else "rate"
        if status in (400, 404) and any(word in words for word in GONE):
            return "retired_model"
        return by_status(status, moderated=status == 400 and bool(POLICY.search(words_of(body))))

    async def create(self, take: TakeRequest, reference: str) -> Create:
        """One background interaction: tags, pictures and clips, and the form of the result."""
        return await asyncio.to_thread(_create, take)

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """``id``."""
        return str(answer.get("id") or "")

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """``GET interactions/ID``, and of the finished clip whether its file is ready."""
        try:
            answer = await self.api().get(f"v1/interactions/{quote(number, safe='')}")
        except ProviderError as refused:
            if refused.kind != "bad_request":
                raise
            gone = "HTTP 404" in refused.message or "invalid interaction name" in refused.message.lower()
            raise self.api().failure("expired" if gone else "provider_fault", refused.message) from refused
        if not isinstance(answer, dict):
            raise self.api().failure("provider_fault", "its answer about the job cannot be read")
        status = str(answer.get("status")).lower()
        state = _STATES.get(status, "running")
        if state in ("queued", "running"):
            return Job(job_id, state)
        video = _video(answer)
        if state == "failed" or video is None:
            return _failed(job_id, status, answer)
        return await self._file_ready(Job(job_id, "succeeded", raw=video))

    async def _file_ready(self, job: Job) -> Job:
        """A finished interaction's file may still be written."""
        path = self._file(str((job.raw or {}).get("uri") or ""))
        if path is None:
            return job
        try:
            file = await self.api().get(path)
        except ProviderError as refused:
            if refused.kind in ("rate", "provider_fault"):
                raise
            return job  # whether it can be had is seen when it is downloaded
        state = str(file.get("state")).upper() if isinstance(file, dict) else ""
        if state == "FAILED":
            return Job(job.id, "failed", error=words_of(file.get("error")) or "the clip could not be written")
        return Job(job.id, "running") if state == "PROCESSING" else job

    async def result_of(self, job: Job) -> Result:
        """The clip's bytes, or its file: Google's own with the key, from the configured address; any other without."""
        video = job.raw or {}
        if data := video.get("data"):
            return Result(content=base64.b64decode(str(data)))
        uri = str(video.get("uri") or "")
        path = self._file(uri)
        return Result(url=f"{path}:download?alt=media" if path else uri or None)

    def _file(self, uri: str) -> str | None:
        """The path on the API of a file that is its own; None for any other address."""
        parts = urlsplit(uri)
        found = re.search(r"(?:^|/)(?:(v\d\w*)/)?files/([A-Za-z0-9_-]+)(?::download)?$", parts.path)
        own = not parts.netloc or parts.hostname == HOST or parts[:2] == urlsplit(self.api().address.url)[:2]
        return f"{found[1] or 'v1beta'}/files/{found[2]}" if found and own else None

    async def _download(self, job: Job, raw: Path) -> Result:
        """As for all; of a continued clip only what is new."""
        result = await super()._download(job, raw)
        track, _, _ = job.id.rpartition(":")
        if track.startswith("extend-"):
            await asyncio.to_thread(last_seconds, raw, float(track.removeprefix("extend-")))
        return result

    async def cancel(self, job_id: str) -> None:
        """``POST interactions/ID/cancel``."""
        await self.api().send("POST", f"v1/interactions/{quote(job_id.rpartition(':')[2], safe='')}/cancel")


def _video(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The last clip that the model gave: its ``uri`` or ``data``."""
    found = [content for content in _contents(answer) if content.get("type") == "video"]
    given = [*found, *([answer["output_video"]] if isinstance(answer.get("output_video"), dict) else [])]
    named = [video for video in given if video.get("uri") or video.get("data")]
    return {name: named[-1][name] for name in ("uri", "data") if named[-1].get(name)} if named else None


def _contents(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in _outputs(answer):
        yield from (content for content in step.get("content") or () if isinstance(content, dict))


def _outputs(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    steps = answer.get("steps")
    steps = steps if isinstance(steps, list) else []
    return [step for step in steps if isinstance(step, dict) and step.get("type") == "model_output"]


def _failed(job_id: str, status: str, answer: Mapping[str, Any]) -> Job:
    """Why there is no clip, in the provider's words: its errors, those of a step, or what the model said instead."""
    errors = [answer.get("error"), *(answer.get("errors") or ()), *(step.get("error") for step in _outputs(answer))]
    told = "; ".join(
        ": ".join(filter(None, (str(error.get("code") or ""), words_of(error)))) for error in errors if isinstance(error, dict)
    )
    said = " ".join(str(content["text"]) for content in _contents(answer) if content.get("text")).strip()
    if status == "completed" and not told:
        if _made_one(answer):
            return Job(job_id, "failed", error="it reports a finished clip, but does not say where it is")
        return Job(job_id, "failed", error=said or "it gave no clip and no reason", kind="moderation_output")
    kind: Kind | None = "quota" if status == "budget_exceeded" else policy_kind(told)
    return Job(job_id, "failed", error=told or said or status.replace("_", " "), kind=kind)


def _made_one(answer: Mapping[str, Any]) -> bool:
    """Whether the account was billed for a clip."""
    usage = answer.get("usage")
    rows = usage.get("output_tokens_by_modality") if isinstance(usage, dict) else None
    return any(str(row.get("modality")).lower() == "video" and row.get("tokens") for row in rows or () if isinstance(row, dict))


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
        return [{"type": "image", "mime_type": one.media_type, "data": one.bare} for one in images] + [
            {"type": "video", "mime_type": one.blob.media_type, "data": one.blob.bare} for one in films
        ]


def _create(take: TakeRequest) -> Create:
    request, notices = take.request, []  # type: ignore[var-annotated]
    task = _asked_task(request)
    seconds = int(at_least(request.duration_s, SECONDS))
    aspect = nearest_shape(request.width, request.height, tuple(ASPECTS))
    material = _material(request, task, seconds, aspect, notices)
    task = task or _task(material)
    form: dict[str, Any] = {"type": "video", "delivery": "uri", "resolution": tier(_short(request), RESOLUTIONS)}
    if task != "edit":  # an edited clip keeps its own length and shape
        form |= {"aspect_ratio": aspect, "duration": f"{seconds}s"}
    body: dict[str, Any] = {
        "model": request.model or DEFAULT_MODEL,
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
    made = material.base.seconds if task == "edit" and material.base else float(seconds)
    sent = {name: value for name, value in body.items() if name != "input"}
    track = f"extend-{seconds}" if task == "extend" else ""
    return Create("v1/interactions", json=body, track=track, seconds=made, sent=sent, notices=tuple(notices))


def _asked_task(request: ShotRequest) -> str | None:
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
    inputs, (width, height) = request.inputs, ASPECTS[aspect]
    pictures = [file for file in inputs.references if file.suffix.lower() not in _CLIPS][:MAX_PICTURES]
    clips = [file for file in inputs.references if file.suffix.lower() in _CLIPS][:MAX_CLIPS]

    def cut(file: Path, longest: float, key: str) -> Clip:
        clip = short_clip(file, longest_s=longest, size=ASPECTS[aspect], max_bytes=MAX_CLIP_BYTES)
        if clip.cut:
            notices.append(("engine.wish_approximated", f"{key}: of {file.name} only the first {clip.seconds:.2g} s are used"))
        return clip

    references = {
        "pictures": tuple(picture(file, PICTURE) for file in pictures),
        "clips": tuple(cut(file, CLIP_REFERENCE_S, "references") for file in clips),
    }
    base = inputs.source_video or (inputs.continues if task in ("edit", "extend") else None)
    if base:
        longest = SECONDS[-1] if task == "extend" else seconds
        return _Material(base=cut(base, longest, "source_video"), **references)  # type: ignore[arg-type]
    first = opening(inputs, PICTURE, shape=width / height)
    last = picture(inputs.end_frame, PICTURE, shape=width / height) if inputs.end_frame and first else None
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
    """What could not be done as asked."""
    notices: Notices = []
    inputs = request.inputs

    def ignored(text: str) -> None:
        notices.append(("engine.wish_ignored", text))

    if unknown := sorted(set(request.params) - set(PARAMS)):
        ignored(f"params: Gemini Omni does not know {', '.join(unknown)}; left out")
    if inputs.end_frame and not material.last:
        ignored("end_frame: Gemini Omni takes one only together with start_frame; left out")
    if material.base and inputs.start_frame:
        ignored("start_frame: a clip that is edited or continued opens as it does; left out")
    left = len(inputs.references) - len(material.pictures) - len(material.clips)
    if left:
        ignored(f"references: Gemini Omni takes {MAX_PICTURES} pictures and {MAX_CLIPS} clips; {left} left out")
    if _short(request) > RESOLUTIONS[-1][0]:
        notices.append(("engine.wish_approximated", "resolution: Gemini Omni makes at most 4k; the clip is enlarged"))
    return notices + (cut_end(request.duration_s, seconds, "Gemini Omni") if material.last else [])


def _short(request: ShotRequest) -> int:
    return min(request.width, request.height)
