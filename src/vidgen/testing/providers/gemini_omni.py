"""Plays the Gemini API's interactions and files: a finished clip is a file that wants the key, a refusal is words."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

MODELS = ("gemini-omni-1.1-flash", "gemini-omni-1.2-flash")
TASKS = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale")
RESOLUTIONS = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}
FORM = ("type", "aspect_ratio", "resolution", "duration", "delivery")
BODY = ("model", "input", "background", "store", "response_format", "generation_config", "previous_interaction_id")
MEDIA = {"image": ("image/png", "image/jpeg", "image/webp"), "video": ("video/mp4", "video/webm", "video/mov")}
WHEN = "2026-11-20T10:00:00Z"


class FakeGeminiOmni(FakeProvider):
    """``/v1/interactions`` and ``/v1beta/files``."""

    name = prefix = "gemini-omni"
    key_env, address_env = "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"

    def answer(self, asked: Asked) -> Answer | None:
        """Create, read, cancel; a file and its content."""
        if asked.headers.get("x-goog-api-key") != self.key:
            return _MOODY["auth"]
        version, kind, number, *rest = [*asked.path.strip("/").split("/"), "", ""][:4]
        if kind == "files" and version in ("v1", "v1beta") and asked.method == "GET":
            return self._file(number, asked.query)
        if (version, kind) not in (("v1", "interactions"), ("v1beta", "interactions")):
            return _front(404, "NOT_FOUND", "Not Found")
        if asked.method == "POST" and not number:
            return self._created(asked)
        job = self.server.job(number.removeprefix("v1_"))
        if job is None:
            return _error(400, "invalid_request", "Invalid interaction name.")
        if asked.method == "POST" and rest == ["cancel"]:
            job.cancelled = True
            return Answer(json=_interaction(job, "cancelled"))
        return Answer(json=self._seen(job))

    def sounds(self, asked: Asked, body: Any) -> bool:
        """All of its clips do."""
        return True

    def uri(self, job: FakeJob) -> str:
        """Where the finished clip is said to be."""
        return f"{self.server.url}/{self.prefix}/v1beta/files/{job.id}-{job.fresh}:download?alt=media"

    def _created(self, asked: Asked) -> Answer | None:
        body = asked.json
        for complaint in complaints(body):
            return _error(400, "invalid_request", complaint)

        def buy() -> FakeJob:
            form = body.get("response_format") or {}
            height = RESOLUTIONS[form.get("resolution", "720p")]
            width = round(height * 16 / 9)
            size = (height, width) if form.get("aspect_ratio") == "9:16" else (width, height)
            seconds = float(str(form.get("duration", "6s")).removesuffix("s"))
            if _task(body) == "extend":  # the result is the whole: what was there, and what is new
                seconds += sum(self._seconds(block) for block in body["input"] if block["type"] == "video")
            return self.bought(asked, body, seconds=seconds, width=size[0], height=size[1])

        made = self.server.created_by(self, asked, buy, _MOODY)
        return Answer(json=_interaction(made, "in_progress")) if isinstance(made, FakeJob) else made

    def _seconds(self, block: Mapping[str, Any]) -> float:
        """Length of a clip that was sent."""
        import base64

        from vidgen.media.probe import probe_video

        file = self.server.folder / f"{uuid.uuid4().hex}.mp4"
        file.write_bytes(base64.b64decode(block["data"]))
        return probe_video(file).duration_s

    def _seen(self, job: FakeJob) -> dict[str, Any]:
        state = self.server.progress(job)
        if state in ("queued", "running"):
            return _interaction(job, "in_progress")
        if state == "cancelled":
            return _interaction(job, "cancelled")
        if state == "failed":
            errors = [{"code": "internal_error", "message": "An internal error has occurred while generating the video."}]
            return {**_interaction(job, "failed"), "errors": errors}
        if state == "moderated":
            said = "I can't make that video, because it goes against the usage policies."
            return _finished(job, {"type": "text", "text": said}, video_tokens=0)
        video = {"type": "video", "mime_type": "video/mp4"}
        if (job.body.get("response_format") or {}).get("delivery") == "uri":
            return _finished(job, {**video, "uri": self.uri(job)}, video_tokens=46336)
        import base64

        clip = self.server.download(f"/output/{job.id}/{job.fresh}.mp4").content or b""
        return _finished(job, {**video, "data": base64.b64encode(clip).decode()}, video_tokens=46336)

    def _file(self, name: str, query: Mapping[str, str]) -> Answer:
        number, _, verb = name.partition(":")
        found = re.fullmatch(r"([0-9a-f]+)-(\d+)", number)
        job = self.server.job(found[1]) if found else None
        gone = _front(403, "PERMISSION_DENIED", "You do not have permission to access the File or it may not exist.")
        if found is None or job is None:
            return gone
        if verb == "download" and query.get("alt") == "media":
            content = self.server.download(f"/output/{job.id}/{found[2]}.mp4")
            return gone if content.status == 403 else content
        file = {"name": f"files/{number}", "mimeType": "video/mp4", "createTime": WHEN, "state": "ACTIVE"}
        return Answer(json={**file, "uri": self.uri(job).partition(":download")[0], "source": "GENERATED"})


def complaints(body: Any) -> Iterator[str]:
    """What the API would find wrong with a body."""
    if not isinstance(body, dict):
        yield "Request body must be an object."
        return
    yield from (f"Unknown parameter: '{name}'." for name in body if name not in BODY)
    if body.get("model") not in MODELS:
        yield f"Model '{body.get('model')}' not found."
    if body.get("background") and body.get("store") is False:
        yield "'background' requires 'store'."
    form = body.get("response_format") or {}
    forms = form if isinstance(form, list) else [form]
    longest = 15 if "1.2" in str(body.get("model")) and "<LAST_FRAME>" not in str(body.get("input")) else 10
    for one in forms:
        yield from _wrong_form(one, longest)
    task = _task(body)
    if task is not None and task not in TASKS:
        yield f"Invalid value for 'task': '{task}'."
    yield from _wrong_input(body.get("input"), None if body.get("previous_interaction_id") else task)


def _task(body: Mapping[str, Any]) -> Any:
    return ((body.get("generation_config") or {}).get("video_config") or {}).get("task")


def _wrong_form(form: Mapping[str, Any], longest: int) -> Iterator[str]:
    yield from (f"Unknown parameter: 'response_format.{name}'." for name in form if name not in FORM)
    if form.get("resolution", "720p") not in RESOLUTIONS:
        yield "Invalid value for 'resolution'."
    if form.get("aspect_ratio", "16:9") not in ("16:9", "9:16"):
        yield "Invalid value for 'aspect_ratio'."
    if form.get("delivery", "inline") not in ("inline", "uri"):
        yield "Invalid value for 'delivery'."
    length = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(form.get("duration", "6s")))
    if not length or not 3 <= float(length[1]) <= longest:
        yield f"Invalid value for 'duration': it must be between 3s and {longest}s."


def _wrong_input(given: Any, task: str | None) -> Iterator[str]:
    if isinstance(given, str):
        given = [{"type": "text", "text": given}]
    if not isinstance(given, list) or not given:
        yield "Missing required parameter: 'input'."
        return
    if all(step.get("type") == "user_input" for step in given):
        given = [block for step in given for block in step.get("content", [])]
    for block in given:
        kind = block.get("type")
        if kind == "text" and not block.get("text"):
            yield "Invalid 'text' content."
        if kind in MEDIA and (block.get("mime_type") not in MEDIA[kind] or not (block.get("data") or block.get("uri"))):
            yield f"Unable to process input {kind}."
        if kind not in ("text", *MEDIA):
            yield f"Invalid content type: '{kind}'."
    text = " ".join(str(block.get("text", "")) for block in given)
    kinds = [block.get("type") for block in given]
    if "<LAST_FRAME>" in text and "<FIRST_FRAME>" not in text:
        yield "<LAST_FRAME> requires <FIRST_FRAME>."
    for tag, kind in (("Image", "image"), ("Video", "video")):
        if any(int(number) > kinds.count(kind) for number in re.findall(rf">@{tag}(\d+)", text)):
            yield f"A tag names a {kind} that is not in the input."
    if task == "image_to_video" and "image" not in kinds:
        yield "image_to_video requires an image."
    if task in ("edit", "extend") and "video" not in kinds:
        yield f"{task} requires a video."


def _interaction(job: FakeJob, status: str) -> dict[str, Any]:
    return {
        "id": f"v1_{job.id}",
        "object": "interaction",
        "status": status,
        "model": job.body["model"],
        "created": WHEN,
        "updated": WHEN,
    }


def _finished(job: FakeJob, content: dict[str, Any], *, video_tokens: int) -> dict[str, Any]:
    tokens = [{"modality": "video", "tokens": video_tokens}] if video_tokens else []
    steps = [
        {"type": "thought", "signature": "EpcwCpQw"},
        {"type": "model_output", "content": [content]},
    ]
    usage = {"total_output_tokens": video_tokens, "output_tokens_by_modality": tokens}
    return {**_interaction(job, "completed"), "steps": steps, "usage": usage}


def _error(status: int, code: str, message: str) -> Answer:
    """As the interactions themselves tell of errors."""
    return Answer(status, {"error": {"code": code, "message": message}})


def _front(status: int, name: str, message: str, details: list[Any] | None = None, **headers: str) -> Answer:
    """As Google's front end tells of errors."""
    error = {"code": status, "message": message, "status": name, **({"details": details} if details else {})}
    return Answer(status, {"error": error}, headers=headers)


def _quota(period: str, **headers: str) -> Answer:
    violation = {"quotaMetric": "generativelanguage.googleapis.com/generate_requests", "quotaId": f"VideoRequests{period}"}
    details = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}]
    text = "You exceeded your current quota, please check your plan and billing details."
    return _front(429, "RESOURCE_EXHAUSTED", text, details, **headers)


_MOODY = {
    "refuse": _error(400, "invalid_request", "Invalid value for 'resolution'."),
    "auth": _front(
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
    ),
    "quota": _quota("PerDayPerProject"),
    "moderation": _error(400, "invalid_request", "The prompt was blocked for safety reasons."),
    "rate": _quota("PerMinutePerProject", **{"Retry-After": "0.01"}),
    "fault": _front(500, "INTERNAL", "An internal error has occurred."),
}
