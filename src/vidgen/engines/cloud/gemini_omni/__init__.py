"""Google's Gemini Omni through the Interactions API: text, pictures and clips in, one clip out.

What a picture or clip is for (opening, closing, reference, source) is said by tags in the prompt, as Google's guide has it.
A finished clip is a file on the API's own host, which wants the key; anywhere else it is asked for without. A refusal on
policy grounds looks like a finished interaction that holds words and no clip.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from vidgen.engines.base import Job, JobState
from vidgen.engines.cloud.api import message_of
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.engines.cloud.gemini_omni.body import body_of, requested_task, seconds_of, size_of
from vidgen.engines.cloud.google import GONE, POLICY, policy_kind
from vidgen.errors import InputError
from vidgen.media.probe import probe_video
from vidgen.takes.request import ShotRequest, TakeRequest

HOST = "generativelanguage.googleapis.com"
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
        message = json.dumps(body).lower()
        if any(word in message for word in _BAD_KEY):
            return "auth"
        if status == 429:
            lasting = any(word in message for word in ("perday", "quota", "billing", "credit"))
            return "quota" if lasting and "perminute" not in message else "rate"
        if status in (400, 404) and any(word in message for word in GONE):
            return "retired_model"
        return by_status(status, moderated=status == 400 and bool(POLICY.search(message_of(body))))

    def check(self, request: ShotRequest) -> None:
        """Whether there is such a task, and its clip."""
        requested_task(request)

    def ordered_seconds(self, request: ShotRequest) -> float:
        """``duration``; of an edit, the length to which the clip is cut."""
        return float(seconds_of(request))

    def ordered_size(self, request: ShotRequest) -> str:
        """``resolution`` and ``aspect_ratio``."""
        return size_of(request)

    def create_request(self, take: TakeRequest) -> Create:
        """One background interaction: tags, pictures and clips, and the form of the result."""
        return body_of(take)

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
            gone = "HTTP 404" in refused.detail or "invalid interaction name" in refused.detail.lower()
            raise self.api().failure("expired" if gone else "provider_fault", refused.detail) from refused
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
            return Job(job.id, "failed", error=message_of(file.get("error")) or "the clip could not be written")
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

    def first_frame(self, job_id: str, clip: Path) -> int:
        """Of a continuation the first of its last seconds: it comes with all that was there before, which is a take already."""
        track, _, _ = job_id.rpartition(":")
        if not track.startswith("extend-"):
            return 0
        try:
            info = probe_video(clip)
        except InputError:
            return 0  # that it is no video is said when it is looked at
        return max(0, info.frames - round(float(track.removeprefix("extend-")) * info.rate))

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
    reasons = "; ".join(
        ": ".join(filter(None, (str(error.get("code") or ""), message_of(error))))
        for error in errors
        if isinstance(error, dict)
    )
    said = " ".join(str(content["text"]) for content in _contents(answer) if content.get("text")).strip()
    if status == "completed" and not reasons:
        if _made_one(answer):
            return Job(job_id, "failed", error="it reports a finished clip, but does not say where it is")
        return Job(job_id, "failed", error=said or "it gave no clip and no reason", kind="moderation_output")
    kind: Kind | None = "quota" if status == "budget_exceeded" else policy_kind(reasons)
    return Job(job_id, "failed", error=reasons or said or status.replace("_", " "), kind=kind)


def _made_one(answer: Mapping[str, Any]) -> bool:
    """Whether the account was billed for a clip."""
    usage = answer.get("usage")
    rows = usage.get("output_tokens_by_modality") if isinstance(usage, dict) else None
    return any(str(row.get("modality")).lower() == "video" and row.get("tokens") for row in rows or () if isinstance(row, dict))
