"""Kling over its REST API: text, pictures, camera, motion brush, motion transfer and lip sync.

Every answer is an envelope whose ``code`` counts, not the HTTP status. Our own reference goes along as ``external_task_id``,
so that a task whose answer was lost can be found in the lists. Kling's own extension of a clip is not used: a shot that
continues another opens with its last picture, which every model can do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from vidgen.engines.base import Job, JobState
from vidgen.engines.cloud.base import CloudEngine, Create, Result, by_status
from vidgen.engines.cloud.failures import Kind, ProviderError, is_gone
from vidgen.engines.cloud.keys import key_named
from vidgen.engines.cloud.kling import bodies
from vidgen.takes.request import ShotRequest, TakeRequest

TOKEN_S, TOKEN_EARLY_S = 1800, 5
PAGE, MAX_PAGES = 500, 40
OPERATIONS = ("text2video", "image2video", "multi-image2video", "motion-control", "advanced-lip-sync")
_KINDS: Mapping[int, Kind] = {
    **dict.fromkeys((1000, 1001, 1002, 1003, 1004, 1103, 1304), "auth"),
    **dict.fromkeys((1100, 1101, 1102), "quota"),
    **dict.fromkeys((1200, 1201, 1202, 1203), "bad_request"),
    **dict.fromkeys((1300, 1301), "moderation_input"),
    **dict.fromkeys((1302, 1303), "rate"),
    **dict.fromkeys((5000, 5001, 5002), "provider_fault"),
}
"""By the envelope's code: HTTP 429 alone may mean an empty account or a full queue."""
_STATES: Mapping[str, JobState] = {
    "submitted": "queued",
    "processing": "running",
    "succeed": "succeeded",
    "failed": "failed",
}
_POLICY_WORDS = ("risk control", "content security", "sensitive", "policy", "violat")


class _NotToTheEnd(Exception):
    """A list of tasks has more pages than are looked through, or cannot be read."""


class Kling(CloudEngine):
    """``KLING_API_KEY``, or an access key and a secret key, from which a short-lived token is made for each request."""

    name, title = "kling", "Kling"
    keys = ("KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY")
    address_env, address = "KLING_BASE_URL", "https://api-singapore.klingai.com"
    poll_interval_s = 5.0

    def available(self) -> str | None:
        """One key, or both halves of the older kind."""
        given = [bool(key_named(name)) for name in self.keys]
        return None if given[0] or all(given[1:]) else "set KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY"

    def headers(self) -> Mapping[str, str]:
        """A bearer: the key itself, or a token."""
        key, access, secret = map(key_named, self.keys)
        return {"Authorization": f"Bearer {key or token(access, secret)}"}

    def classify(self, status: int, body: Any) -> Kind:
        """By the envelope's code; by status where there is no envelope."""
        code = body.get("code") if isinstance(body, dict) else None
        return _KINDS.get(code, by_status(status)) if isinstance(code, int) else by_status(status)

    def check(self, request: ShotRequest) -> None:
        """Whether the model has what it cannot do without."""
        bodies.check(request)

    def ordered_seconds(self, request: ShotRequest) -> float:
        """``duration``. Motion transfer and lip sync make the length of a clip that Kling fetches itself, whatever the shot's
        is: the longest that it takes, so that no other length of the shot is a reason to buy again.
        """
        return bodies.seconds_of(request)

    def ordered_size(self, request: ShotRequest) -> str:
        """``mode``, and ``aspect_ratio`` or the opening picture's shape; of lip sync nothing: the clip has its size."""
        return bodies.size_of(request)

    def create_request(self, take: TakeRequest) -> Create:
        """The operation that fits, and its body; of lip sync, what there is before the clip's faces are known."""
        return bodies.create(take)

    async def filled(self, create: Create, take: TakeRequest, reference: str) -> Create:
        """See ``CloudEngine``. Lip sync first asks for the faces of the clip, which costs nothing."""
        if bodies.is_lip_sync(take.request):
            clip = await self._known(bodies.clip_to_speak(take.request))
            answer = await self.api().send("POST", "v1/videos/identify-face", json=clip)
            found = self._opened(answer)
            create = bodies.with_face(create, take.request, found if isinstance(found, dict) else {})
        return await super().filled(create, take, reference)

    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """``data.task_id``. Raises ProviderError where the envelope is a refusal."""
        if answer.get("code"):
            kind = self.classify(200, answer)
            raise self._refused(answer, "unknown_submit" if kind == "provider_fault" else kind)
        data = answer.get("data")
        return str(data.get("task_id") or "") if isinstance(data, dict) else ""

    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """``GET /v1/videos/OPERATION/ID``; tasks are forgotten after 30 days. A bare id is looked for among all operations."""
        data = None
        for operation in (track,) if track else OPERATIONS:
            try:
                data = await self._data(f"v1/videos/{operation}/{quote(number, safe='')}")
                break
            except ProviderError as refused:
                if not is_gone(refused):
                    raise
        else:
            raise self.api().failure("expired", f"it no longer knows task {number}")
        if not isinstance(data, dict):
            raise self.api().failure("provider_fault", "its answer about the task cannot be read")
        state = _STATES.get(str(data.get("task_status")), "running")
        error = str(data.get("task_status_msg") or "no reason given") if state == "failed" else None
        moderated = error and any(word in error.lower() for word in _POLICY_WORDS)
        return Job(job_id, state, error=error, kind="moderation_output" if moderated else None, raw=data)

    async def result_of(self, job: Job) -> Result:
        """``task_result.videos[0].url``, on another host."""
        url = _clip_of(job).get("url")
        return Result(url=url if isinstance(url, str) and "://" in url else None)

    def manifest(self, job: Job, take: TakeRequest) -> dict[str, Any]:
        """As for all, and Kling's own id of the clip, which lip sync asks for."""
        return {**super().manifest(job, take), "video_id": _clip_of(job).get("id")}

    async def find(self, reference: str) -> str | None:
        """Looks through the lists of all operations for a task with our reference. Where a list cannot be seen to its end and
        the task is in no other, nothing is known: NotImplementedError, and a person has to say.
        """
        whole = True
        for operation in OPERATIONS:
            try:
                async for row in self._listed(operation):
                    if (row.get("task_info") or {}).get("external_task_id") == reference:
                        return f"{operation}:{row['task_id']}"
            except _NotToTheEnd:
                whole = False
        if not whole:
            raise NotImplementedError
        return None

    async def _listed(self, operation: str) -> AsyncIterator[Mapping[str, Any]]:
        for page in range(1, MAX_PAGES + 1):
            try:
                rows = await self._data(f"v1/videos/{operation}?pageNum={page}&pageSize={PAGE}")
            except ProviderError as refused:
                if refused.kind != "bad_request":
                    raise
                raise _NotToTheEnd from refused
            if not isinstance(rows, list):
                raise _NotToTheEnd
            for row in rows:
                if isinstance(row, dict):
                    yield row
            if len(rows) < PAGE:
                return
        raise _NotToTheEnd

    async def _known(self, clip: Mapping[str, Any]) -> Mapping[str, Any]:
        """A clip by Kling's own id, where only the job that made it is known."""
        if not (job_id := clip.get(bodies.JOB)):
            return clip
        if video_id := _clip_of(await self.poll(str(job_id))).get("id"):
            return {"video_id": str(video_id)}
        raise self.api().failure("expired", f"job {job_id} names no clip")

    async def _data(self, path: str) -> Any:
        """The inside of an envelope. Raises ProviderError where it is a refusal."""
        return self._opened(await self.api().get(path))

    def _opened(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            raise self.api().failure("provider_fault", "its answer cannot be read")
        if answer.get("code"):
            raise self._refused(answer, self.classify(200, answer))
        return answer.get("data")

    def _refused(self, answer: Mapping[str, Any], kind: Kind) -> ProviderError:
        return self.api().failure(kind, f"code {answer.get('code')}: {answer.get('message') or 'no reason given'}")


def token(access: str, secret: str) -> str:
    """A token (JWT, HS256) that is good for half an hour."""
    now = int(time.time())
    parts = ({"alg": "HS256", "typ": "JWT"}, {"iss": access, "exp": now + TOKEN_S, "nbf": now - TOKEN_EARLY_S})
    signed = ".".join(_url64(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_url64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _clip_of(job: Job) -> Mapping[str, Any]:
    result = (job.raw or {}).get("task_result")
    clips = result.get("videos") if isinstance(result, dict) else None
    first = clips[0] if isinstance(clips, list) and clips else {}
    return first if isinstance(first, dict) else {}
