"""Runway: its own models, and those of other makers behind the same key. What each model takes is in ``runway.yaml``.

Pictures go along inside the request; clips are uploaded first, cut to the shot's length, since Runway bills what it is given.
The task says what it cost in credits (0.01 US dollars each).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vidgen.catalog.capabilities import LENGTH_SLACK_S, Capabilities
from vidgen.engines.base import Job, JobState
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.choices import nearest_shape, picture_shape, shape_of, tier, within
from vidgen.engines.cloud.failures import Kind, ProviderError, is_gone
from vidgen.engines.cloud.inputs import Blob, Limits, excerpt, opening, picture
from vidgen.engines.cloud.spoken import spoken
from vidgen.errors import InputError
from vidgen.media.tables import read_table
from vidgen.takes.request import Inputs, ShotRequest, TakeRequest

VERSION = "2024-11-06"
USD_PER_CREDIT = 0.01
PICTURE = Limits(max_bytes=3_700_000, max_side=4096, min_side=300)
"""As base64 it stays below the 5 MB that a data address may have; no model wants more pixels than this."""
WIDEST_PICTURE = 2.0
"""Width / height of the widest picture that is sent; the narrowest is as tall as that is wide."""
MAX_UPLOAD_BYTES = 200_000_000
ROUTES = {
    "text": "v1/text_to_video",
    "image": "v1/image_to_video",
    "video": "v1/video_to_video",
    "performance": "v1/character_performance",
    "upscale": "v1/video_upscale",
}
_STATES: Mapping[str, JobState] = {
    "PENDING": "queued",
    "THROTTLED": "queued",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "failed",
}
_FAILURES: tuple[tuple[str, Kind], ...] = (
    ("SAFETY.OUTPUT", "moderation_output"),
    ("SAFETY", "moderation_input"),
    ("INPUT_PREPROCESSING.SAFETY", "moderation_input"),
    ("INPUT_PREPROCESSING.INTERNAL", "provider_fault"),
    ("INPUT_PREPROCESSING", "bad_request"),
    ("ASSET", "bad_request"),
    ("THIRD_PARTY.SAFETY", "moderation_input"),
    ("THIRD_PARTY.INPUT", "bad_request"),
    ("THIRD_PARTY", "provider_fault"),
    ("INTERNAL", "provider_fault"),
)
"""Heads of a failed task's code, and what they mean."""
_WORDS: tuple[tuple[tuple[int, ...], tuple[str, ...], Kind], ...] = (
    ((429,), ("daily", "credit", "billing", "spend"), "quota"),
    ((400, 402, 403), ("credit", "billing"), "quota"),
    ((400, 403, 422), ("moderation", "safety", "content policy"), "moderation_input"),
    ((400, 403, 404, 410), ("model is not available", "no longer available", "deprecated", "sunset"), "retired_model"),
)
"""Statuses, words of which the answer has one, and what that means."""

Notices = list[tuple[str, str]]


@dataclass(frozen=True)
class Spec:
    """What a model takes in one operation; as in ``runway.yaml``. ``voice_s``: most seconds of a voice that it hears as a
    reference; None: it hears none.
    """

    ratios: Sequence[tuple[int, Sequence[str]]] = ()
    resolutions: Sequence[tuple[int, str]] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[str, ...] = ()
    references: int = 0
    keyframes: bool = False
    video_key: str = ""
    source_s: tuple[float, float] = (0.0, math.inf)
    duration: bool = True
    prompt: bool = True
    silent: bool = False
    voice_s: float | None = None
    params: tuple[str, ...] = ()

    def ratio(self, width: int, height: int) -> str | None:
        """The legal size nearest to the requested picture; None where the request has no such field."""
        if not self.ratios:
            return None
        choices = tier(min(width, height), [(int(side), tuple(shapes)) for side, shapes in self.ratios])
        return nearest_shape(width, height, choices) if ":" in choices[0] else choices[0]

    def resolution(self, width: int, height: int) -> str | None:
        """The smallest size that holds the requested picture; None where the request has no such field."""
        return tier(min(width, height), [(int(side), name) for side, name in self.resolutions]) if self.resolutions else None


class Runway(CloudEngine):
    """Runway's API of 2024-11-06."""

    name, title = "runway", "Runway"
    keys = ("RUNWAYML_API_SECRET",)
    address_env, address = "RUNWAYML_BASE_URL", "https://api.dev.runwayml.com"
    poll_interval_s = 5.0

    def headers(self) -> Mapping[str, str]:
        """The key, and the version of the API that is spoken."""
        return {**super().headers(), "X-Runway-Version": VERSION}

    def classify(self, status: int, body: Any) -> Kind:
        """By status and words: a 429 is the day's limit of tasks; too many at once are queued and no error."""
        message = str(body).lower()
        for statuses, signs, kind in _WORDS:
            if status in statuses and any(sign in message for sign in signs):
                return kind
        return by_status(status)

    def check(self, request: ShotRequest) -> None:
        """Whether the model has an operation for the shot's inputs."""
        _operation(request, self.capabilities(request.model).model or "")

    def ordered_seconds(self, request: ShotRequest) -> float:
        """``duration``; where there is no such field, the length to which the clip that is sent is cut."""
        capabilities = self.capabilities(request.model)
        spec = _operation(request, capabilities.model or "")[1]
        return (
            float(round(capabilities.billed_s(request.duration_s))) if spec.duration else _sent_s(request, spec, capabilities)
        )

    def ordered_size(self, request: ShotRequest) -> str:
        """``ratio`` and ``resolution``, as far as the operation has them."""
        route, spec = _operation(request, self.capabilities(request.model).model or "")
        ratio, resolution = spec.ratio(request.width, request.height), spec.resolution(request.width, request.height)
        by_picture = route == "image" and ":" not in (ratio or "")
        shape = _picture_shape(spec, request) if by_picture else ""
        return " ".join(filter(None, (ratio, resolution, shape)))

    def create_request(self, take: TakeRequest) -> Create:
        """The operation that the shot's inputs and the model allow."""
        request, capabilities = take.request, self.capabilities(take.request.model)
        model = capabilities.model or ""
        route, spec = _operation(request, model)
        notices = _dropped(request, route, spec, capabilities)
        body = self._common(take, model, spec, notices) | _SHAPES[route](
            request, spec, _files(request, route, spec, capabilities)
        )
        if spec.voice_s and (voice := spoken(request, min(self.ordered_seconds(request), spec.voice_s))):
            body["referenceAudio"] = [{"type": "audio", "uri": voice}]
        return Create(ROUTES[route], json=body, seconds=self.ordered_seconds(request), notices=tuple(notices))

    def _common(self, take: TakeRequest, model: str, spec: Spec, notices: Notices) -> dict[str, Any]:
        """The fields that operations share, as far as the model has them."""
        request, capabilities = take.request, self.capabilities(take.request.model)
        prompt = within(request.prompt, capabilities.prompt_chars, "prompt: Runway", notices, utf16=True) if spec.prompt else ""
        fields: tuple[tuple[bool, str, Any], ...] = (
            (True, "model", model),
            (bool(prompt), "promptText", prompt),
            (bool(spec.ratios), "ratio", spec.ratio(request.width, request.height)),
            (bool(spec.resolutions), "resolution", spec.resolution(request.width, request.height)),
            (spec.duration, "duration", int(self.ordered_seconds(request))),
            (capabilities.seed, "seed", take.seed),
            (bool(capabilities.negative and request.negative), "negativePrompt", request.negative),
            (capabilities.audio is True and not spec.silent, "audio", request.sound or _is_heard(request, spec)),
        )
        body = {key: value for there, key, value in fields if there}
        return body | dict(spec.fixed) | {key: request.params[key] for key in spec.params if key in request.params}

    async def attach(self, blob: Blob) -> str:
        """A picture inside the request; for a clip the name that it was uploaded under (two requests, nothing bought)."""
        if blob.media_type.startswith("image/"):
            return blob.data_uri
        api = self.api()
        place = await api.send("POST", "v1/uploads", tries=3, json={"filename": blob.name, "type": "ephemeral"})
        if not isinstance(place, dict) or not {"uploadUrl", "fields", "runwayUri"} <= set(place):
            raise api.failure("provider_fault", "its answer to the upload cannot be read")
        file = {"file": (blob.name, blob.content, blob.media_type)}
        await api.upload("POST", str(place["uploadUrl"]), data=dict(place["fields"]), files=file)
        return str(place["runwayUri"])

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """``id``."""
        return str(answer.get("id") or "")

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """``GET v1/tasks/ID``; every look at a finished task gives fresh addresses."""
        try:
            answer = await self.api().get(f"v1/tasks/{quote(number, safe='')}")
        except ProviderError as refused:
            if is_gone(refused):
                raise self.api().failure("expired", f"it no longer knows task {number}") from refused
            raise
        if not isinstance(answer, dict) or answer.get("status") not in _STATES:
            raise self.api().failure("provider_fault", "its answer about the task cannot be read")
        state = _STATES[answer["status"]]
        progress = answer.get("progress")
        share = min(1.0, max(0.0, float(progress))) if isinstance(progress, int | float) else None
        if state != "failed":
            return Job(job_id, state, progress=share, raw=answer)
        code = str(answer.get("failureCode") or "")
        message = str(answer.get("failure") or "the task was cancelled")
        kind = next((kind for head, kind in _FAILURES if code.startswith(head)), None)
        paid = _paid(answer) or 0.0
        return Job(job_id, state, error=f"{code}: {message}" if code else message, kind=kind, raw=answer, cost_usd=paid)

    async def result_of(self, job: Job) -> Result:
        """The first output, and what the task cost."""
        raw = job.raw or {}
        output = raw.get("output")
        url = output[0] if isinstance(output, list) and output and isinstance(output[0], str) else None
        return Result(url=url, cost_usd=_paid(raw))

    async def cancel(self, job_id: str) -> None:
        """``DELETE v1/tasks/ID``."""
        await self.api().send("DELETE", f"v1/tasks/{quote(job_id, safe='')}")


def _paid(task: Mapping[str, Any]) -> float | None:
    """What a task has cost in US dollars; None where it does not say."""
    cost = task.get("cost")
    credits = cost.get("credits") if isinstance(cost, dict) else None
    return round(credits * USD_PER_CREDIT, 6) if isinstance(credits, int | float) else None


@functools.cache
def _specs() -> Mapping[str, Mapping[str, Spec]]:
    """The table: model, operation, what it takes."""
    table = read_table("vidgen.engines.cloud", "runway.yaml")
    return {
        model: {
            route: Spec(**{**row.get("all", {}), **values}) for route, values in row.items() if route != "all"
        }
        for model, row in table["models"].items()
    }  # fmt: skip


def _operation(request: ShotRequest, model: str) -> tuple[str, Spec]:
    """The most specific operation that the model has and the inputs allow. Raises InputError where there is none."""
    inputs = request.inputs
    given = {
        "performance": inputs.motion_reference and (_character(inputs) or inputs.continues),
        "video": inputs.source_video,
        "upscale": inputs.source_video,
        "image": inputs.start_frame or inputs.continues,
        "text": True,
    }
    specs = _specs().get(model) or _specs()["gen4.5"]
    for route, there in given.items():
        if there and route in specs:
            return route, specs[route]
    needs = {
        "performance": "motion_reference and start_frame",
        "video": "source_video",
        "upscale": "source_video",
        "image": "start_frame",
    }
    raise InputError(
        "engine.cannot",
        f"Runway's {model} cannot make this shot: it needs {' or '.join(needs[route] for route in specs if route in needs)}",
        hint="give the shot that, or choose another model: vidgen engines",
        where=request.shot,
    )


def _character(inputs: Inputs) -> Path | None:
    """Who acts: a picture, else a clip, else the first reference."""
    return inputs.start_frame or inputs.source_video or next(iter(inputs.references), None)


def _dropped(request: ShotRequest, route: str, spec: Spec, capabilities: Capabilities) -> Notices:
    """One notice for each option that the model supports, but not in this operation."""
    inputs, pictures = request.inputs, spec.frames or spec.keyframes or route == "performance"
    unknown = sorted(
        set(request.params) - set(spec.params) - ({"audio"} if capabilities.audio is True and not spec.silent else set())
    )
    continued = spec.frames if route == "image" else route == "performance" and not _character(inputs)
    rows: tuple[tuple[object, str], ...] = (
        (request.prompt and not spec.prompt, "prompt: {} follows the clip alone"),
        (capabilities.first_frame and inputs.start_frame and not pictures, "start_frame: {} takes no opening picture here"),
        (capabilities.first_frame and inputs.continues and not continued, "continue_from: {} takes no opening picture here"),
        (
            capabilities.last_frame and inputs.end_frame and "last" not in spec.frames and not spec.keyframes,
            "end_frame: {} takes no closing picture here",
        ),
        (
            capabilities.references and len(inputs.references) > spec.references and route != "performance",
            "references: {} takes fewer here",
        ),
        (
            "lip_sync" in capabilities.tasks and inputs.has_voice and not spec.voice_s,
            "lip_sync: {} hears no voice here",
        ),
        (unknown, f"params: {{}} does not take {', '.join(unknown)} here"),
    )
    found = [("engine.wish_ignored", f"{text.format(capabilities.model)}; left out") for is_set, text in rows if is_set]
    if _is_heard(request, spec) and request.duration_s > (spec.voice_s or 0) + LENGTH_SLACK_S:
        text = f"lip_sync: {capabilities.model} hears {spec.voice_s:g} s of a voice; what is said later moves no mouth"
        found.append(("engine.wish_approximated", text))
    return found


def _is_heard(request: ShotRequest, spec: Spec) -> bool:
    """Whether the model hears the voice that mouths are to follow."""
    return spec.voice_s is not None and request.inputs.has_voice


def _files(request: ShotRequest, route: str, spec: Spec, capabilities: Capabilities) -> dict[str, Blob]:
    """What goes along: pictures cropped to the shape that is made, clips cut to the shot's length."""
    inputs, shape = request.inputs, shape_of(_picture_shape(spec, request))
    found: dict[str, Blob | None] = {}
    if route == "performance":
        who = _character(inputs)
        assert inputs.motion_reference
        if who and who == inputs.source_video:
            found["character"] = _clip(who, request, spec, capabilities, first=inputs.source_start)
        else:
            found["character"] = picture(who, PICTURE, shape=shape) if who else opening(inputs, PICTURE, shape=shape)
        found["performance"] = _clip(inputs.motion_reference, request, spec, capabilities, needed=True)
    if route in ("video", "upscale") and inputs.source_video:
        found["video"] = _clip(inputs.source_video, request, spec, capabilities, needed=True, first=inputs.source_start)
    if spec.frames:
        found["first"] = opening(inputs, PICTURE, shape=shape)
    if spec.keyframes and inputs.start_frame:
        found["first"] = picture(inputs.start_frame, PICTURE)
    if inputs.end_frame and ("last" in spec.frames or spec.keyframes):
        found["last"] = picture(inputs.end_frame, PICTURE, shape=shape if spec.frames else None)
    if route != "performance":
        for number, file in enumerate(inputs.references[: spec.references]):
            found[f"reference{number}"] = picture(file, PICTURE)
    return {name: blob for name, blob in found.items() if blob}


def _picture_shape(spec: Spec, request: ShotRequest) -> str:
    """The shape of the pictures that go along: that of the clip, as far as such pictures are taken."""
    ratio = spec.ratio(request.width, request.height) or ""
    width, height = map(int, ratio.split(":")) if ":" in ratio else (request.width, request.height)
    return picture_shape(width, height, WIDEST_PICTURE)


def _sent_s(request: ShotRequest, spec: Spec, capabilities: Capabilities) -> float:
    """Seconds to which a clip that is sent is cut: the shot's, as far as the model takes and makes such lengths."""
    least, most = spec.source_s
    return min(max(request.duration_s, least), most, capabilities.max_s or math.inf)


def _clip(
    path: Path, request: ShotRequest, spec: Spec, capabilities: Capabilities, *, needed: bool = False, first: int = 0
) -> Blob:
    """A clip to send; ``needed``: it must not be shorter than what the model takes."""
    least, most = spec.source_s
    return excerpt(
        path,
        _sent_s(request, spec, capabilities),
        max_bytes=MAX_UPLOAD_BYTES,
        at_least_s=least if needed else 0.0,
        at_most_s=min(most, capabilities.max_s or math.inf),
        first=first,
    )


def _text_body(request: ShotRequest, spec: Spec, files: Mapping[str, Blob]) -> dict[str, Any]:
    found = [{"uri": file} for name, file in files.items() if name.startswith("reference")]
    return {"references": found} if found else {}


def _image_body(request: ShotRequest, spec: Spec, files: Mapping[str, Blob]) -> dict[str, Any]:
    return {"promptImage": [{"uri": files[name], "position": name} for name in ("first", "last") if name in files]}


def _video_body(request: ShotRequest, spec: Spec, files: Mapping[str, Blob]) -> dict[str, Any]:
    body = {spec.video_key: files["video"], **_text_body(request, spec, files)}
    places = {"first": {"seconds": 0}, "last": {"at": 1}}
    frames = [{**place, "uri": files[name]} for name, place in places.items() if name in files]
    return {**body, "keyframes": frames} if frames else body


def _performance_body(request: ShotRequest, spec: Spec, files: Mapping[str, Blob]) -> dict[str, Any]:
    return {
        "character": {"type": files["character"].media_type.partition("/")[0], "uri": files["character"]},
        "reference": {"type": "video", "uri": files["performance"]},
    }


_SHAPES: Mapping[str, Callable[[ShotRequest, Spec, Mapping[str, Blob]], dict[str, Any]]] = {
    "text": _text_body,
    "image": _image_body,
    "video": _video_body,
    "performance": _performance_body,
    "upscale": _video_body,
}
