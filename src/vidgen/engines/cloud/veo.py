"""Google's Veo on Vertex AI: one long-running prediction a take, whose answer holds the clip itself.

A clip that Google's filters hold back is a prediction that is done and has none. Nobody gets a key: access tokens come from
Google's application default credentials.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from vidgen.engines.base import Composed, Job, Send
from vidgen.engines.cloud.api import TRIES, Api, message_of
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.choices import capabilities_of, cut_end, nearest_shape, tier
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.engines.cloud.google import GONE, LOGIN, POLICY, Tokens, denied, lacking, policy_kind
from vidgen.engines.cloud.inputs import Blob, Limits, opening, picture
from vidgen.errors import InputError
from vidgen.settings import settings
from vidgen.takes.request import ShotRequest, TakeRequest

DEFAULT_LOCATION = "us-central1"
HOSTS = {"global": "aiplatform.googleapis.com"}
"""Locations whose host is not ``LOCATION-aiplatform.googleapis.com``."""
ASPECTS = {"16:9": 16 / 9, "9:16": 9 / 16}
RESOLUTIONS = ((720, "720p"), (1080, "1080p"), (2160, "4k"))
PICTURE = Limits(max_bytes=10 << 20, max_side=3840)
PARAMS = {
    "person_generation": "personGeneration",
    "enhance_prompt": "enhancePrompt",
    "compression_quality": "compressionQuality",
    "resize_mode": "resizeMode",
}
"""What ``params`` may say, and its name on the wire."""
_PART = r"[A-Za-z0-9._-]+"
_MODEL = rf"projects/{_PART}/locations/{_PART}/publishers/google/models/{_PART}"
_OPERATION = re.compile(rf"({_MODEL})/operations/{_PART}")
_NO_CREDIT = ("billing", "perday", "per_day")

Notices = list[tuple[str, str]]


class Veo(CloudEngine):
    """``GOOGLE_CLOUD_PROJECT``, ``GOOGLE_CLOUD_LOCATION`` and application default credentials."""

    name, title = "veo", "Veo (Vertex AI)"
    keys = ()
    address_env, address = "GOOGLE_VERTEX_BASE_URL", None
    poll_interval_s = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._tokens = Tokens()
        self._token, self._counted_to = "", ""

    def available(self) -> str | None:
        """The project, the package, the credentials: whichever is missing. Asks no network."""
        if not settings().google_project:
            return "set GOOGLE_CLOUD_PROJECT"
        self.address = f"https://{_host(_location())}"
        return lacking()

    def headers(self) -> Mapping[str, str]:
        """The token that was last fetched (before each request), and the project that a person's requests count against."""
        project = {"x-goog-user-project": self._counted_to} if self._counted_to else {}
        return {"Authorization": f"Bearer {self._token}", **project}

    def api(self) -> Api:
        """As for all; a refusal points to the credentials."""
        api = super().api()
        api.key_name = "your Google Cloud credentials (role Vertex AI User)"
        return api

    async def _have_token(self) -> None:
        """Have a token that is good now."""
        api = self.api()
        try:
            self._token, project = await asyncio.to_thread(self._tokens.current)
        except Exception as error:
            why = denied(error)
            if why is None:
                raise
            refused = api.failure(why[0], why[1], unsent=True, says="has no access token")
            refused.hint = LOGIN if why[0] == "auth" else refused.hint
            raise refused from error
        api.secrets, self._counted_to = (self._token,), project or ""

    def classify(self, status: int, body: Any) -> Kind:
        """By status and words: a 403 may mean that billing is off, a 429 is mostly so many requests a minute."""
        message = json.dumps(body).lower()
        if status in (403, 429) and any(word in message for word in _NO_CREDIT):
            return "quota"
        if status in (400, 404) and any(word in message for word in GONE):
            return "retired_model"
        return by_status(status, moderated=status == 400 and bool(POLICY.search(message_of(body))))

    def ordered_seconds(self, request: ShotRequest) -> float:
        """``durationSeconds``."""
        return float(int(self.capabilities(request.model).billed_s(request.duration_s, request.by_references)))

    def ordered_size(self, request: ShotRequest) -> str:
        """``resolution`` and ``aspectRatio``."""
        return f"{_resolution(request)} {_aspect(request)}"

    def create_request(self, take: TakeRequest) -> Create:
        """``MODEL:predictLongRunning`` with one instance."""
        return _create(take, self.ordered_seconds(take.request))

    async def ready(self, composed: Composed, *, reference: str) -> Send:
        """See ``RemoteEngine``; with a token at hand."""
        send = await super().ready(composed, reference=reference)
        await self._have_token()
        return send

    async def sent(self, create: Create, take: TakeRequest) -> str:
        """See ``CloudEngine``; the token may have run out while the provider was busy."""
        await self._have_token()
        return await super().sent(create, take)

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """The operation's full name."""
        name = str(answer.get("name") or "")
        return name if _OPERATION.fullmatch(name) else ""

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """``MODEL:fetchPredictOperation``."""
        await self._have_token()
        found = _OPERATION.fullmatch(job_id)
        if found is None:
            raise self.api().failure("expired", f"{job_id} is no operation of its")
        path = f"v1/{found[1]}:fetchPredictOperation"
        try:
            answer = await self.api().send("POST", path, tries=TRIES, json={"operationName": job_id})
        except ProviderError as refused:
            if refused.kind == "bad_request" and "HTTP 404" in refused.detail:
                raise self.api().failure("expired", f"it no longer knows {job_id}") from refused
            raise
        if not isinstance(answer, dict):
            raise self.api().failure("provider_fault", "its answer about the job cannot be read")
        return _job(job_id, answer)

    async def result_of(self, job: Job) -> Result:
        """The clip's bytes."""
        clip = job.raw or {}
        if data := clip.get("bytesBase64Encoded"):
            return Result(content=base64.b64decode(str(data)))
        where = clip.get("gcsUri") or "nowhere"
        raise self.api().failure("bad_request", f"it put the clip to {where}, which vidgen does not read; get it from there")

    async def cancel(self, job_id: str) -> None:
        """Vertex AI does not cancel these predictions."""


def _location() -> str:
    return settings().google_location or DEFAULT_LOCATION


def _host(location: str) -> str:
    return HOSTS.get(location, f"{location}-aiplatform.googleapis.com")


def _job(job_id: str, answer: Mapping[str, Any]) -> Job:
    """How an operation stands. Done without a clip: held back by filters, with or without their reasons."""
    if not answer.get("done"):
        return Job(job_id, "running")
    if isinstance(error := answer.get("error"), dict):
        message = message_of(error) or "no reason given"
        return Job(job_id, "failed", error=message, kind=policy_kind(message) or ("rate" if error.get("code") == 8 else None))
    given = answer.get("response")
    response: Mapping[str, Any] = given if isinstance(given, dict) else {}
    clips = [clip for clip in response.get("videos") or () if isinstance(clip, dict)]
    clips = [clip for clip in clips if clip.get("bytesBase64Encoded") or clip.get("gcsUri")]
    if clips:
        return Job(job_id, "succeeded", raw=clips[0])
    reasons = "; ".join(map(str, response.get("raiMediaFilteredReasons") or ()))
    held = reasons or response.get("raiMediaFilteredCount")
    message = reasons or ("its filters held the clip back" if held else "it is done, but gave no clip and no reason")
    return Job(job_id, "failed", error=message, kind="moderation_output" if held else None)


def _create(take: TakeRequest, seconds: float) -> Create:
    request: ShotRequest = take.request
    notices: Notices = []
    aspect = _aspect(request)
    parameters: dict[str, Any] = {
        "sampleCount": 1,
        "durationSeconds": int(seconds),
        "aspectRatio": aspect,
        "resolution": _resolution(request),
        "seed": take.seed,
        "generateAudio": request.sound,
    }
    if request.negative:
        parameters["negativePrompt"] = request.negative
    parameters |= {wire: request.params[name] for name, wire in PARAMS.items() if name in request.params}
    instance = {"prompt": request.prompt, **_pictures(request, ASPECTS[aspect], seconds, notices)}
    if unknown := sorted(set(request.params) - {*PARAMS, "audio", "generate_audio"}):
        notices.append(("engine.wish_ignored", f"params: Veo does not know {', '.join(unknown)}; left out"))
    path = f"v1/{_model(request)}:predictLongRunning"
    body = {"instances": [instance], "parameters": parameters}
    return Create(path, json=body, seconds=seconds, notices=tuple(notices))


def _model(request: ShotRequest) -> str:
    """The model's full name. Raises InputError where project, location or model cannot be part of an address."""
    project, location = settings().google_project, _location()
    name = f"projects/{project}/locations/{location}/publishers/google/models/{capabilities_of(request).model}"
    if not re.fullmatch(_MODEL, name):
        raise InputError(
            "request.bad_value",
            f"{name} is no address of a model",
            hint="check GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION and the model's name",
            where=request.shot,
        )
    return name


def _aspect(request: ShotRequest) -> str:
    return nearest_shape(request.width, request.height, tuple(ASPECTS))


def _most(request: ShotRequest) -> int:
    """Largest short side, in pixels, that the model makes."""
    return capabilities_of(request).max_short_side or RESOLUTIONS[-1][0]


def _resolution(request: ShotRequest) -> str:
    """The size that holds the picture, within what the model makes."""
    most = _most(request)
    return tier(min(request.width, request.height), [row for row in RESOLUTIONS if row[0] <= most])


def _pictures(request: ShotRequest, shape: float, seconds: float, notices: Notices) -> dict[str, Any]:
    """The opening and the closing picture, or else the references: Veo takes one or the other."""
    inputs = request.inputs
    first = opening(inputs, PICTURE, shape=shape)
    if first:
        found = {"image": _wire(first)}
        if inputs.end_frame:
            found["lastFrame"] = _wire(picture(inputs.end_frame, PICTURE, shape=shape))
            notices += cut_end(request.duration_s, seconds, "Veo")
        if inputs.references:
            text = "references: Veo takes none beside an opening picture; left out"
            notices.append(("engine.wish_ignored", text))
        return found
    most = capabilities_of(request).references
    if len(inputs.references) > most:
        notices.append(("engine.wish_ignored", f"references: {request.model} takes {most or 'none'}; the others are left out"))
    references = [picture(file, PICTURE) for file in inputs.references[:most]]
    return {"referenceImages": [{"image": _wire(one), "referenceType": "ASSET"} for one in references]} if references else {}


def _wire(blob: Blob) -> dict[str, Any]:
    return {"bytesBase64Encoded": blob, "mimeType": blob.media_type}
