"""Any server that speaks the openai-videos protocol: a GPU box of one's own (vLLM-Omni, SGLang) or a gateway.

Two dialects. ``vllm-omni`` (the default) adds size in pixels, frames, rate, seed and negative prompt to the protocol's own
fields; ``params: {dialect: openai}`` keeps to those. Whatever else stands in ``params`` is sent as it is, in either.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from vidgen.engines.base import Job, JobState
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.choices import at_least, nearest_shape
from vidgen.engines.cloud.failures import Kind, ProviderError, is_gone
from vidgen.engines.cloud.inputs import Blob, Limits, opening, video
from vidgen.errors import InputError
from vidgen.settings import variable
from vidgen.takes.request import ShotRequest, TakeRequest

SECONDS = (4, 8, 12)
SIZES = ("1280x720", "720x1280", "1792x1024", "1024x1792")
"""What the protocol's own dialect takes."""
GRID = 16
"""Open models want sides that are multiples of this."""
FRAME_STEP = 8
"""Open models make 4n + 1 or 8n + 1 frames; 8n + 1 suits both."""
PICTURE = Limits(max_bytes=20 << 20, max_side=8192)
MAX_VIDEO_BYTES = 512 << 20
_OWN_KEYS = ("dialect",)
_FORM = ("seconds", "size", "width", "height", "fps", "num_frames")
"""Fields that tell of the clip's form."""
_STATES: Mapping[str, JobState] = {
    "queued": "queued",
    "pending": "queued",
    "in_progress": "running",
    "processing": "running",
    "running": "running",
    "completed": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
    "error": "failed",
    "cancelled": "failed",
    "canceled": "failed",
    "expired": "failed",
}
_POLICY_WORDS = ("moderation", "content_policy", "content policy", "safety")

Fields = dict[str, Any]
Notices = list[tuple[str, str]]


class OpenAIVideos(CloudEngine):
    """The protocol over multipart forms. The address is required, the key is not."""

    name, title = "openai-videos", "The openai-videos server"
    keys = ("OPENAI_VIDEOS_API_KEY",)
    address_env, address = "OPENAI_VIDEOS_BASE_URL", None
    poll_interval_s = 3.0

    def available(self) -> str | None:
        """The address has no default; a server of one's own may need no key."""
        return None if variable(self.address_env) else f"set {self.address_env}"

    def classify(self, status: int, body: Any) -> Kind:
        """By status; a 429 may also mean that the credit is used up."""
        message = _words(body)
        if status == 429 and ("quota" in message or "billing" in message):
            return "quota"
        return by_status(status, moderated=400 <= status < 500 and any(word in message for word in _POLICY_WORDS))

    def check(self, request: ShotRequest) -> None:
        """Whether there is such a dialect."""
        _dialect(request)

    def ordered_seconds(self, request: ShotRequest) -> float:
        """``num_frames`` at ``fps``, or ``seconds`` where the dialect has no frames."""
        fields = _form_fields(request)
        if "num_frames" in fields and (rate := _number(fields.get("fps"))):
            return (_number(fields["num_frames"]) or 0.0) / rate
        return _number(fields["seconds"]) or request.duration_s

    def ordered_size(self, request: ShotRequest) -> str:
        """``size``, and the sides where they were set apart from it."""
        fields = _form_fields(request)
        size, sides = str(fields["size"]), "{width}x{height}".format(**{"width": "", "height": "", **fields})
        return size if sides in (size, "x") else f"{size} ({sides})"

    def ordered_rate(self, request: ShotRequest) -> str:
        """``fps``; the protocol's own dialect has none."""
        return str(_form_fields(request).get("fps", ""))

    def create_request(self, take: TakeRequest) -> Create:
        """The form: prompt, model, length and size; in the wider dialect seed, negative prompt and frames, too."""
        return _form(take)

    async def sent(self, create: Create, take: TakeRequest) -> str:
        """See ``CloudEngine``; a refusal says which fields can be left out."""
        try:
            return await super().sent(create, take)
        except ProviderError as error:
            if error.kind == "bad_request" and _dialect(take.request) != "openai":
                error.hint = "if it does not know one of the fields: params: {dialect: openai} keeps to the protocol's own"
            raise

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """``id``."""
        return str(answer.get("id") or "")

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """``GET videos/ID``. Servers differ in what else they say, so only what is needed is read."""
        try:
            answer = await self.api().get(f"videos/{quote(job_id, safe='')}")
        except ProviderError as refused:
            if is_gone(refused):
                raise self.api().failure("expired", f"it no longer knows job {job_id}") from refused
            raise
        if not isinstance(answer, dict):
            raise self.api().failure("provider_fault", "its answer about the job cannot be read")
        state = _STATES.get(str(answer.get("status")).lower(), "running")
        error = _told(answer.get("error")) if state == "failed" else None
        kind = "moderation_output" if error and any(word in error.lower() for word in _POLICY_WORDS) else None
        return Job(job_id, state, progress=_share(answer.get("progress")), error=error, kind=kind, raw=answer)

    async def result_of(self, job: Job) -> Result:
        """``GET videos/ID/content``, from the server itself."""
        return Result(url=f"videos/{quote(job.id, safe='')}/content")

    async def cancel(self, job_id: str) -> None:
        """``DELETE videos/ID``."""
        await self.api().send("DELETE", f"videos/{quote(job_id, safe='')}")

    def manifest(self, job: Job, take: TakeRequest) -> dict[str, Any]:
        """As for all, but the protocol's own dialect has no seed."""
        made = super().manifest(job, take)
        if "seed" in take.request.params:
            return {**made, "seed": take.request.params["seed"]}
        return {**made, "seed": None, "reproducible": False} if _dialect(take.request) == "openai" else made


def _form(take: TakeRequest) -> Create:
    request, dialect = take.request, _dialect(take.request)
    notices: Notices = []
    fields = {**_common(request), **_MORE[dialect](take, notices), **_form_fields(request)}
    fields |= {name: value for name, value in request.params.items() if name not in _OWN_KEYS}
    file = _reference(request, dialect, _pixels(request, fields["size"]), notices)
    parts: dict[str, tuple[str | None, bytes, str | None]] = {
        name: (None, _text(value).encode(), None) for name, value in fields.items() if value is not None
    }
    if file:
        parts["input_reference"] = (file.name, file.content, file.media_type)
    return Create("videos", files=parts, notices=tuple(notices))


def _dialect(request: ShotRequest) -> str:
    """The dialect that the shot asks for. Raises InputError for one that there is not."""
    name = str(request.params.get("dialect", "vllm-omni"))
    if name not in _FORMS:
        raise InputError(
            "request.bad_value",
            f"params.dialect: there is no {name!r}",
            hint=f"one of: {', '.join(_FORMS)}",
            where=request.shot,
        )
    return name


def _common(request: ShotRequest) -> Fields:
    return {"prompt": request.prompt, "model": None if request.model in (None, "default") else request.model}


def _form_fields(request: ShotRequest) -> Fields:
    """What the form says of length, size and rate; ``params`` has the last word."""
    own = {name: request.params[name] for name in _FORM if name in request.params}
    return {**_FORMS[_dialect(request)](request), **own}


def _plain_form(request: ShotRequest) -> Fields:
    """The protocol's legal lengths and sizes."""
    size = nearest_shape(request.width, request.height, SIZES)
    return {"seconds": str(int(at_least(request.duration_s, SECONDS))), "size": size}


def _wide_form(request: ShotRequest) -> Fields:
    """The protocol's fields and those of vLLM-Omni, agreeing with each other."""
    near = "x".join(str(math.ceil(side / GRID) * GRID) for side in (request.width, request.height))
    width, height = _pixels(request, request.params.get("size", near))
    width, height = _whole(request, "width", width), _whole(request, "height", height)
    rate = _whole(request, "fps", math.ceil(request.fps))
    frames = math.ceil((math.ceil(round(request.duration_s * rate, 6)) - 1) / FRAME_STEP) * FRAME_STEP + 1
    seconds = str(math.ceil(round(request.duration_s, 6)))
    return {
        "seconds": seconds,
        "size": f"{width}x{height}",
        "width": width,
        "height": height,
        "fps": rate,
        "num_frames": frames,
    }


_FORMS: Mapping[str, Callable[[ShotRequest], Fields]] = {"vllm-omni": _wide_form, "openai": _plain_form}


def _plain(take: TakeRequest, notices: Notices) -> Fields:
    """The protocol has nothing more."""
    request = take.request
    if "seed" not in request.params:
        notices.append(("engine.wish_ignored", "seed: the openai dialect has none; takes cannot be repeated"))
    if request.negative and "negative_prompt" not in request.params:
        notices.append(("engine.wish_ignored", "negative: the openai dialect has no negative prompt; left out"))
    return {}


def _wide(take: TakeRequest, notices: Notices) -> Fields:
    """What vLLM-Omni has beside the clip's form."""
    return {"seed": take.seed, "negative_prompt": take.request.negative or None}


_MORE: Mapping[str, Callable[[TakeRequest, Notices], Fields]] = {"vllm-omni": _wide, "openai": _plain}


def _number(value: Any) -> float | None:
    """A number above 0, also one in words as forms have it."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _whole(request: ShotRequest, key: str, usual: int) -> int:
    """A number from ``params``, or the usual one. Raises InputError where it is not a whole number above 0."""
    value = request.params.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError("request.bad_value", f"params.{key}: {value!r} is not a whole number above 0", where=request.shot)
    return value


def _pixels(request: ShotRequest, size: Any) -> tuple[int, int]:
    """``1280x720`` as numbers. Raises InputError for anything else."""
    found = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", str(size).lower())
    if not found:
        raise InputError("request.bad_value", f"params.size: {size!r} is not of the form 1280x720", where=request.shot)
    return int(found[1]), int(found[2])


def _reference(request: ShotRequest, dialect: str, size: tuple[int, int], notices: Notices) -> Blob | None:
    """The one file that may go along: a clip to work on, or else the picture that the shot opens with."""
    if request.inputs.source_video and dialect == "vllm-omni":
        if request.inputs.start_frame or request.inputs.continues:
            notices.append(("engine.wish_ignored", "start_frame: only one file goes along, and source_video is it; left out"))
        return video(request.inputs.source_video, max_bytes=MAX_VIDEO_BYTES)
    if request.inputs.source_video:
        notices.append(("engine.wish_ignored", "source_video: the openai dialect takes no clip; left out"))
    return opening(request.inputs, PICTURE, size=size)


def _text(value: Any) -> str:
    """A field's value in a form: numbers and truth as JSON writes them, lists and mappings as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _told(error: Any) -> str:
    if isinstance(error, Mapping):
        return ": ".join(str(error[name]) for name in ("code", "message") if error.get(name)) or "no reason given"
    return str(error or "no reason given")


def _words(body: Any) -> str:
    return (body if isinstance(body, str) else json.dumps(body)).lower()


def _share(progress: Any) -> float | None:
    """Progress as a share: whole numbers are per cent, fractions up to 1 are shares."""
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return None
    share = progress if isinstance(progress, float) and progress <= 1 else progress / 100
    return min(1.0, max(0.0, share))
