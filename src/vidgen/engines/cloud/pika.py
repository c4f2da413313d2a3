"""Pika, through fal's queue: text, an opening picture, pictures as ingredients (pikascenes), pictures to pass (pikaframes).

The queue accepts everything and refuses later: a job that is ``COMPLETED`` may have failed, which its result then says with
an HTTP error. A job is known here by its path on the queue, which comes from the queue's own answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from vidgen.engines.base import Job
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.choices import at_least, capabilities_of, cut_end, nearest_shape, picture_shape, shape_of, tier
from vidgen.engines.cloud.failures import Kind, ProviderError, is_gone
from vidgen.engines.cloud.inputs import Blob, Limits, opening, picture
from vidgen.takes.request import ShotRequest, TakeRequest

APP = "fal-ai/pika"
SHAPED = ("text-to-video", "pikascenes")
"""Operations that take a shape; others get it from their opening picture."""
RESOLUTIONS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "v2.2": ((720, "720p"), (1080, "1080p")),
    "v2.5": ((480, "480p"), (720, "720p"), (1080, "1080p")),
}
"""Largest short side and its name, by version."""
PARAMS: Mapping[str, tuple[str, ...]] = {"pikascenes": ("ingredients_mode",)}
"""What ``params`` may say, by operation."""
PICTURE = Limits(max_bytes=5 << 20, max_side=2048)
_QUEUE_PATH = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/requests/[A-Za-z0-9-]+")
_NO_CREDIT = ("exhausted balance", "locked", "billing", "credit")

Body = dict[str, Any]
Notices = list[tuple[str, str]]


class Pika(CloudEngine):
    """``FAL_KEY``; the queue's address can be overridden."""

    name, title = "pika", "Pika (through fal)"
    keys = ("FAL_KEY",)
    address_env, address = "FAL_QUEUE_BASE_URL", "https://queue.fal.run"
    poll_interval_s = 4.0

    def headers(self) -> Mapping[str, str]:
        """fal has a scheme of its own."""
        return {"Authorization": f"Key {self.key()}"}

    def classify(self, status: int, body: Any) -> Kind:
        """By status; 403 may mean an empty balance, 422 a refusal by the content checker."""
        message = json.dumps(body).lower()
        if status == 403 and any(word in message for word in _NO_CREDIT):
            return "quota"
        if "content_policy_violation" in message:
            return "moderation_input" if "prompt" in message or "image_url" in message else "moderation_output"
        return by_status(status)

    def ordered_seconds(self, request: ShotRequest) -> float:
        """5 or 10; of pikaframes the sum of its ``transitions``."""
        return at_least(request.duration_s, capabilities_of(request).durations_s)

    def ordered_size(self, request: ShotRequest) -> str:
        """``resolution`` and ``aspect_ratio``, or the opening picture's shape."""
        version = _version(request)
        shape = _aspect(request, version) if _operation(request) in SHAPED else picture_shape(request.width, request.height)
        return " ".join(filter(None, (_resolution(request, version), shape)))

    def create_request(self, take: TakeRequest) -> Create:
        """The operation that fits the shot's pictures, and its arguments."""
        return _create(take, self.ordered_seconds(take.request))

    async def attach(self, blob: Blob) -> str:
        """A picture inside the request, as a data address."""
        return blob.data_uri

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """The job's path on the queue, as the answer gives it where that is on the queue's own host; else by its id."""
        base = self.api().address.url.rstrip("/") + "/"
        given = str(answer.get("response_url") or "")
        if given.startswith(base) and _QUEUE_PATH.fullmatch(given.removeprefix(base)):
            return given.removeprefix(base)
        built = f"{APP}/requests/{answer.get('request_id') or ''}"
        return built if _QUEUE_PATH.fullmatch(built) else ""

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """The status, and once it is ``COMPLETED`` the result, which may be a refusal. A bare id is one of ``APP``'s."""
        number = number if "/" in number else f"{APP}/requests/{number}"
        try:
            seen = await self.api().get(f"{number}/status")
        except ProviderError as refused:
            if is_gone(refused):
                raise self.api().failure("expired", f"it no longer knows job {number}") from refused
            raise
        status = seen.get("status") if isinstance(seen, dict) else None
        if status != "COMPLETED":
            return Job(job_id, "queued" if status == "IN_QUEUE" else "running", raw={})
        if seen.get("error"):
            return Job(job_id, "failed", error=str(seen["error"]), kind=_kind(str(seen.get("error_type") or "")))
        try:
            return Job(job_id, "succeeded", raw={"result": await self.api().get(number)})
        except ProviderError as refused:
            if refused.kind not in ("bad_request", "moderation_input", "moderation_output"):
                raise
            if "still in progress" in refused.detail:  # the result may lag behind the status
                return Job(job_id, "running", raw={})
            return Job(job_id, "failed", error=refused.detail, kind=refused.kind)

    async def result_of(self, job: Job) -> Result:
        """``video.url``; it is on another host."""
        result = (job.raw or {}).get("result")
        clip = result.get("video") if isinstance(result, dict) else None
        url = clip.get("url") if isinstance(clip, dict) else None
        return Result(url=url if isinstance(url, str) and urlsplit(url).scheme else None)

    async def cancel(self, job_id: str) -> None:
        """``PUT .../cancel``; a job that is done stays done."""
        await self.api().send("PUT", f"{job_id}/cancel")


def _kind(error_type: str) -> Kind:
    """The kind of failure that an ``error_type`` tells of."""
    if "content_policy" in error_type:
        return "moderation_output"
    return "bad_request" if "validation" in error_type or "bad_request" in error_type else "provider_fault"


def _create(take: TakeRequest, seconds: float) -> Create:
    request, version = take.request, _version(take.request)
    notices: Notices = []
    operation = _operation(request)
    body: Body = {"prompt": request.prompt, "seed": take.seed, "resolution": _resolution(request, version)}
    if request.negative:
        body["negative_prompt"] = request.negative
    body |= _ARGUMENTS[operation](request, int(seconds), notices)
    if operation in SHAPED and (aspect := _aspect(request, version)):
        body["aspect_ratio"] = aspect
    notices += _left_out(request, operation, body)
    return Create(f"{APP}/{version}/{operation}", json=body, seconds=seconds, notices=tuple(notices))


def _version(request: ShotRequest) -> str:
    return (capabilities_of(request).model or "").removeprefix("pika-")


def _resolution(request: ShotRequest, version: str) -> str:
    return tier(min(request.width, request.height), RESOLUTIONS.get(version, RESOLUTIONS["v2.2"]))


def _aspect(request: ShotRequest, version: str) -> str:
    """The nearest shape of a clip that no picture opens; empty for v2.5, whose only one is 16:9."""
    return "" if version == "v2.5" else nearest_shape(request.width, request.height, capabilities_of(request).aspects)


def _picture_shape(request: ShotRequest) -> float:
    """Width / height of the pictures between which a clip lies: it gets its shape from them."""
    return shape_of(picture_shape(request.width, request.height))


def _operation(request: ShotRequest) -> str:
    """Which of Pika's operations the shot's pictures ask for."""
    inputs = request.inputs
    opens = bool(inputs.start_frame or inputs.continues)
    if opens and inputs.end_frame:
        return "pikaframes"
    if opens:
        return "image-to-video"
    return "pikascenes" if inputs.references else "text-to-video"


def _text(request: ShotRequest, seconds: int, notices: Notices) -> Body:
    return {"duration": seconds}


def _image(request: ShotRequest, seconds: int, notices: Notices) -> Body:
    first = opening(request.inputs, PICTURE, shape=_picture_shape(request))
    assert first is not None
    return {"duration": seconds, "image_url": first}


def _scenes(request: ShotRequest, seconds: int, notices: Notices) -> Body:
    pictures = [picture(file, PICTURE) for file in request.inputs.references[: capabilities_of(request).references]]
    return {**_text(request, seconds, notices), "image_urls": pictures}


def _frames(request: ShotRequest, seconds: int, notices: Notices) -> Body:
    """From the opening picture over the references, in their order, to the closing one; the time is shared out evenly."""
    inputs, shape = request.inputs, _picture_shape(request)
    first = opening(inputs, PICTURE, shape=shape)
    assert first is not None and inputs.end_frame is not None
    between = inputs.references[: capabilities_of(request).references - 2]
    if between:
        text = "references: between start_frame and end_frame Pika does not borrow their look but passes through them"
        notices.append(("engine.wish_approximated", text))
    notices += cut_end(request.duration_s, seconds, "Pika")
    pictures = [first, *(picture(file, PICTURE, shape=shape) for file in (*between, inputs.end_frame))]
    steps = len(pictures) - 1
    lengths = [seconds // steps + (index < seconds % steps) for index in range(steps)]
    return {"image_urls": pictures, "transitions": [{"duration": length} for length in lengths]}


_ARGUMENTS: Mapping[str, Callable[[ShotRequest, int, Notices], Body]] = {
    "text-to-video": _text,
    "image-to-video": _image,
    "pikascenes": _scenes,
    "pikaframes": _frames,
}


def _left_out(request: ShotRequest, operation: str, body: Body) -> Notices:
    """Adds the operation's own ``params`` to the body; notices of what it has no place for."""
    known = PARAMS.get(operation, ())
    body |= {name: request.params[name] for name in known if name in request.params}
    notices: Notices = []
    if unknown := sorted(set(request.params) - set(known)):
        notices.append(("engine.wish_ignored", f"params: Pika's {operation} does not know {', '.join(unknown)}; left out"))
    most = capabilities_of(request).references
    taken = {"pikascenes": most, "pikaframes": most - 2}.get(operation, 0)
    if len(request.inputs.references) > taken:
        text = f"references: Pika's {operation} takes {taken or 'none'}; the others are left out"
        notices.append(("engine.wish_ignored", text))
    return notices
