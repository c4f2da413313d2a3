"""Luma's Agents API: clips from words and pictures at chosen times, clips edited by words, clips reframed.

It makes 5 or 10 s and has neither seeds nor negative prompts. Pictures go along inside the request; clips go up as files
first, cut to the shot's length. ``ray-3.2-reframe`` is our name for the same model at its own price for reframing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from vidgen.engines.base import Job, JobState
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.choices import nearest_shape, shape_of, tier, within
from vidgen.engines.cloud.failures import Kind, ProviderError, is_gone
from vidgen.engines.cloud.inputs import Blob, Limits, excerpt, excerpt_frames, opening, picture
from vidgen.errors import InputError
from vidgen.media.probe import probe_video
from vidgen.takes.request import ShotRequest, TakeRequest

REFRAME = "-reframe"
RESOLUTIONS = ((540, "540p"), (720, "720p"), (1080, "1080p"))
SHAPES = ("9:16", "3:4", "1:1", "4:3", "16:9", "21:9")
UPRIGHT = ("9:16", "3:4")
GRID = 24
"""Pictures at chosen times stand on frames at this rate."""
MAX_ANCHORS = 64
LONGEST_SOURCE_S: Mapping[str, float] = {"video_edit": 18.0, "video_reframe": 30.0}
"""Of a clip that is edited or reframed."""
PICTURE = Limits(max_bytes=7 << 20, max_side=4096)
MAX_UPLOAD_BYTES = 512 << 20
FILE_LOOKS = 60
"""How often an uploaded file is polled until it is ready."""
PARAMS: Mapping[str, frozenset[str]] = {
    "video": frozenset({"loop", "keyframe_indexes"}),
    "video_edit": frozenset({"strength", "auto_controls", "controls"}),
    "video_reframe": frozenset({"source_position"}),
}
"""What a storyboard's params may set, by kind of generation."""
_STATES: Mapping[str, JobState] = {
    "queued": "queued",
    "processing": "running",
    "completed": "succeeded",
    "failed": "failed",
}
_FAILURES: Mapping[str, Kind] = {
    "content_moderated": "moderation_output",
    "generation_failed": "provider_fault",
    "budget_exhausted": "quota",
    "output_not_found": "provider_fault",
    "image_too_large": "bad_request",
    "unsupported_format": "bad_request",
    "corrupt_input": "bad_request",
    "invalid_request": "bad_request",
    "rate_limited": "rate",
}
_INPUT_WORDS = ("prompt", "input", "source", "image", "reference")
_WORDS: tuple[tuple[tuple[str, ...], Kind], ...] = (
    (("moderat", "content policy", "safety"), "moderation_input"),
    (("budget_exhausted", "insufficient", "credit", "billing", "quota"), "quota"),
)

Notices = list[tuple[str, str]]


@dataclass
class _Draft:
    """A request in the making: the take, the kind of generation, its length in seconds, and notices."""

    take: TakeRequest
    kind: str
    seconds: float
    notices: Notices = field(default_factory=list)

    @property
    def request(self) -> ShotRequest:
        return self.take.request

    def drop(self, text: str) -> None:
        self.notices.append(("engine.wish_ignored", f"{text}; left out"))


class Luma(CloudEngine):
    """ray-3.2 through Luma's Agents API."""

    name, title = "luma", "Luma"
    keys = ("LUMA_AGENTS_API_KEY",)
    address_env, address = "LUMA_BASE_URL", "https://agents.lumalabs.ai/v1"
    poll_interval_s = 4.0

    def classify(self, status: int, body: Any) -> Kind:
        """By words where they tell of policy or money, else by status."""
        message = str(body).lower()
        if 400 <= status < 500 and status != 401:
            for signs, kind in _WORDS:
                if any(sign in message for sign in signs):
                    return kind
        return by_status(status)

    def check(self, request: ShotRequest) -> None:
        """Whether there is a clip where the model needs one."""
        _kind(request, self.capabilities(request.model).model or "")

    def ordered_seconds(self, request: ShotRequest) -> float:
        """``duration``; of an edit, the length to which the clip is cut."""
        capabilities = self.capabilities(request.model)
        kind = _kind(request, capabilities.model or "")
        if kind == "video":
            return float(round(capabilities.billed_s(request.duration_s)))
        return min(request.duration_s, LONGEST_SOURCE_S[kind])

    def ordered_size(self, request: ShotRequest) -> str:
        """``resolution`` and ``aspect_ratio``; and where the closing picture stands, if that is before the clip's end."""
        kind = _kind(request, self.capabilities(request.model).model or "")
        parts = [_resolution(request, kind)]
        if kind != "video_edit":  # an edited clip keeps its shape
            parts.append(_shape(request))
        seconds = int(self.ordered_seconds(request))
        if kind == "video" and request.inputs.end_frame and (end := _closing(request, seconds)) < seconds * GRID:
            parts.append(f"closing at frame {end}")
        return " ".join(parts)

    def create_request(self, take: TakeRequest) -> Create:
        """One generation: a new clip, or a clip that is edited or reframed."""
        request, capabilities = take.request, self.capabilities(take.request.model)
        model = capabilities.model or ""
        kind = _kind(request, model)
        draft = _Draft(take, kind, self.ordered_seconds(request))
        _dropped(draft)
        body = {
            "type": kind,
            "model": model.removesuffix(REFRAME),
            "prompt": within(request.prompt, capabilities.prompt_chars, "prompt: Luma", draft.notices),
            **_SHAPES[kind](draft, _files(draft)),
        }
        return Create("generations", json=body, seconds=draft.seconds, notices=tuple(draft.notices))

    async def attach(self, blob: Blob) -> dict[str, Any]:
        """A file as the API takes it: a picture inside the request, a clip by the id of the file that it was sent as."""
        if blob.media_type.startswith("image/"):
            return {"data": blob.bare, "media_type": blob.media_type}
        api = self.api()
        parts = {"mime_type": blob.media_type, "size_bytes": len(blob.content), "filename": blob.name, "purpose": "input"}
        place = await api.send("POST", "files", tries=3, json=parts)
        where = place.get("upload") if isinstance(place, dict) else None
        if not isinstance(where, dict) or not where.get("url") or not place.get("id"):
            raise api.failure("provider_fault", "its answer to the upload cannot be read")
        file = quote(str(place["id"]), safe="")
        await api.upload("PUT", str(where["url"]), where.get("headers") or {}, content=blob.content)
        state = await api.send("POST", f"files/{file}/complete", tries=3)
        for _ in range(FILE_LOOKS):
            if state.get("state") == "ready":
                return {"file_id": str(place["id"])}
            if state.get("state") in ("failed", "deleted"):
                message = str(state.get("failure_reason") or "it does not say why")
                kind: Kind = "moderation_input" if "moderat" in message.lower() else "bad_request"
                raise api.failure(kind, f"{blob.name} was not taken: {message}")
            await asyncio.sleep(min(api.pause_s, 2.0))
            state = await api.get(f"files/{file}")
        raise api.failure("provider_fault", f"{blob.name} was uploaded but is not ready")

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """``id``."""
        return str(answer.get("id") or "")

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """``GET generations/ID``; the addresses that it gives are good for an hour."""
        try:
            answer = await self.api().get(f"generations/{quote(number, safe='')}")
        except ProviderError as refused:
            if is_gone(refused):
                raise self.api().failure("expired", f"it no longer knows generation {number}") from refused
            raise
        if not isinstance(answer, dict) or answer.get("state") not in _STATES:
            raise self.api().failure("provider_fault", "its answer about the generation cannot be read")
        state = _STATES[answer["state"]]
        if state != "failed":
            return Job(job_id, state, raw=answer)
        code, message = str(answer.get("failure_code") or ""), str(answer.get("failure_reason") or "")
        kind = _FAILURES.get(code)
        if kind == "moderation_output" and any(word in message.lower() for word in _INPUT_WORDS):
            kind = "moderation_input"
        parts = ": ".join(filter(None, (code, message))) or "no reason given"
        return Job(job_id, state, error=parts, kind=kind, raw=answer)

    async def result_of(self, job: Job) -> Result:
        """The first output that is a video. Luma does not say what it cost."""
        outputs = (job.raw or {}).get("output")
        found = [entry for entry in outputs or [] if isinstance(entry, dict) and entry.get("type", "video") == "video"]
        return Result(url=str(found[0]["url"]) if found and found[0].get("url") else None)


def _kind(request: ShotRequest, model: str) -> str:
    """What kind of generation. Raises InputError where a clip is needed and none is given."""
    if model.endswith(REFRAME) and not request.inputs.source_video:
        raise InputError(
            "engine.cannot",
            f"Luma's {model} cannot make this shot: it needs source_video",
            hint="give the shot that, or choose another model: vidgen engines",
            where=request.shot,
        )
    if not request.inputs.source_video:
        return "video"
    return "video_reframe" if model.endswith(REFRAME) else "video_edit"


def _dropped(draft: _Draft) -> None:
    """Notices of options that this kind of generation has no field for."""
    request, inputs = draft.request, draft.request.inputs
    unknown = sorted(set(request.params) - PARAMS[draft.kind])
    anchored = draft.kind == "video" and "keyframe_indexes" in request.params
    rows: tuple[tuple[object, str], ...] = (
        (
            inputs.references and not anchored,
            "references: Luma takes pictures at chosen frames alone (params: {keyframe_indexes: [...]}, one for each)",
        ),
        (draft.kind != "video" and inputs.continues, "continue_from: a source_video is given"),
        (unknown, f"params: Luma does not take {', '.join(unknown)} here"),
    )
    for is_set, text in rows:
        if is_set:
            draft.drop(text)


def _files(draft: _Draft) -> dict[str, Blob]:
    """What goes along: pictures cropped to the shape that is made, a clip cut to the shot's length."""
    request, inputs = draft.request, draft.request.inputs
    found: dict[str, Blob | None] = {}
    if draft.kind != "video":
        assert inputs.source_video
        longest = LONGEST_SOURCE_S[draft.kind]
        if request.duration_s > longest + 0.05:
            text = f"duration: Luma takes {longest:g} s of a clip; the end is held"
            draft.notices.append(("engine.wish_approximated", text))
        found["source"] = excerpt(inputs.source_video, draft.seconds, max_bytes=MAX_UPLOAD_BYTES, first=inputs.source_start)
    if draft.kind == "video_edit":
        found["first"] = picture(inputs.start_frame, PICTURE) if inputs.start_frame else None
        found["last"] = picture(inputs.end_frame, PICTURE) if inputs.end_frame else None
    if draft.kind == "video":
        shape = shape_of(_shape(request))
        found["first"] = opening(inputs, PICTURE, shape=shape)
        found["last"] = picture(inputs.end_frame, PICTURE, shape=shape) if inputs.end_frame else None
        if "keyframe_indexes" in request.params:
            for number, file in enumerate(inputs.references):
                found[f"reference{number}"] = picture(file, PICTURE, shape=shape)
    return {name: blob for name, blob in found.items() if blob}


def _new_clip(draft: _Draft, media: Mapping[str, Any]) -> dict[str, Any]:
    """Size, length, and the pictures: two at the ends in their own fields, or any number at chosen frames."""
    seconds = round(draft.seconds)
    video: dict[str, Any] = {"duration": f"{seconds}s", "resolution": _resolution(draft.request, draft.kind)}
    anchors = _anchors(draft, media, seconds)
    if anchors and (seconds > 5 or set(anchors) - {0, seconds * GRID}):
        video["keyframes"] = [anchors[index] for index in sorted(anchors)]
        video["keyframe_indexes"] = sorted(anchors)
    else:
        video |= {field_: media[name] for name, field_ in (("first", "start_frame"), ("last", "end_frame")) if name in media}
    if draft.request.params.get("loop"):
        if seconds > 5 or {"keyframes", "end_frame"} & set(video):
            draft.drop("params.loop: only clips of 5 s without a closing picture or pictures at chosen frames loop")
        else:
            video["loop"] = True
    return {"aspect_ratio": _shape(draft.request), "video": video}


def _anchors(draft: _Draft, media: Mapping[str, Any], seconds: int) -> dict[int, Any]:
    """Frame on the grid, and the picture that stands there. Raises InputError for frames that are not there or not free."""
    last = seconds * GRID
    ends = (("first", 0), ("last", _closing(draft.request, seconds)))
    anchors = {at: media[name] for name, at in ends if name in media}
    pictures = [media[name] for name in media if name.startswith("reference")]
    places = draft.request.params.get("keyframe_indexes", [])
    if not isinstance(places, list | tuple) or len(places) != len(pictures):
        raise _bad(draft, f"is {places!r}, but there are {len(pictures)} references: it takes one frame for each")
    for place, shown in zip(places, pictures, strict=True):
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place <= last or place in anchors:
            raise _bad(draft, f"{place!r} is no free frame from 0 to {last}")
        anchors[place] = shown
    if len(anchors) > MAX_ANCHORS:
        raise _bad(draft, f"at most {MAX_ANCHORS} pictures can be placed")
    return anchors


def _closing(request: ShotRequest, seconds: int) -> int:
    """The frame on which the closing picture stands: the clip's last, or the last that the shot shows, which is cut where that
    ends. A film of more frames a second than the clip does not move it.
    """
    whole = request.duration_s > seconds - 0.05
    return seconds * GRID if whole else max(1, round((request.duration_s - 1 / min(float(request.fps), GRID)) * GRID))


def _bad(draft: _Draft, text: str) -> InputError:
    hint = f"frames count from 0 at {GRID} a second"
    return InputError("request.bad_value", f"params.keyframe_indexes: {text}", hint=hint, where=draft.request.shot)


def _edit(draft: _Draft, media: Mapping[str, Any]) -> dict[str, Any]:
    """The clip, how freely it may be changed, and pictures of its beginning and end."""
    request = draft.request
    edit = {key: request.params[key] for key in sorted(PARAMS["video_edit"]) if key in request.params}
    edit = edit or {"auto_controls": True}
    video: dict[str, Any] = {"resolution": _resolution(request, draft.kind)}
    if "last" in media:
        assert request.inputs.source_video
        end = excerpt_frames(probe_video(request.inputs.source_video), draft.seconds) - 1
        places = {name: at for name, at in (("first", 0), ("last", max(1, end))) if name in media}
        edit |= {"keyframes": [media[name] for name in places], "keyframe_indexes": list(places.values())}
    elif "first" in media:
        video["start_frame"] = media["first"]
    return {"source": media["source"], "video": {**video, "edit": edit}}


def _reframe(draft: _Draft, media: Mapping[str, Any]) -> dict[str, Any]:
    """The clip in another shape."""
    request = draft.request
    video: dict[str, Any] = {"resolution": _resolution(request, draft.kind)}
    if video["resolution"] != _resolution(request, "video"):
        text = "resolution: Luma brings clips into an upright shape at 720p at most; the clip is enlarged"
        draft.notices.append(("engine.wish_approximated", text))
    if "source_position" in request.params:
        video["source_position"] = request.params["source_position"]
    return {"source": media["source"], "aspect_ratio": _shape(request), "video": video}


def _shape(request: ShotRequest) -> str:
    """The legal shape nearest to the requested picture."""
    return nearest_shape(request.width, request.height, SHAPES)


def _resolution(request: ShotRequest, kind: str) -> str:
    """The smallest legal size that holds the picture, as far as this kind of generation makes it."""
    upright = kind == "video_reframe" and _shape(request) in UPRIGHT
    return tier(min(request.width, request.height), RESOLUTIONS[:2] if upright else RESOLUTIONS)


_SHAPES: Mapping[str, Callable[[_Draft, Mapping[str, Any]], dict[str, Any]]] = {
    "video": _new_clip,
    "video_edit": _edit,
    "video_reframe": _reframe,
}
