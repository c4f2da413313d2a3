"""Plays Kling: an envelope around everything, codes beside statuses, lists by operation, and two kinds of keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from vidgen.testing.providers.kling.rules import FIELDS, picture_size, wrong
from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

SHAPES = {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (960, 960)}


class FakeKling(FakeProvider):
    """With one key."""

    name = prefix = "kling"
    key_env, address_env = "KLING_API_KEY", "KLING_BASE_URL"

    def answer(self, asked: Asked) -> Answer | None:
        """Operations under ``/v1/videos``."""
        if refused := self.refused(asked.headers.get("authorization", "")):
            return refused
        parts = asked.path.strip("/").split("/")
        if parts[:2] != ["v1", "videos"] or len(parts) < 3 or parts[2] not in FIELDS:
            return _error(404, 1202, "The requested method is invalid")
        operation = parts[2]
        if asked.method == "POST":
            if text := wrong(operation, asked.json):
                return _error(400, 1201, text)
            return self._faces() if operation == "identify-face" else self._made(asked, operation)
        if len(parts) == 3:
            return self._listed(operation, asked)
        job = self.server.job(parts[3])
        if job is None or job.body["operation"] != operation:
            return _error(404, 1203, "The requested resource does not exist")
        return _fine(self._task(job, self.server.progress(job)))

    def refused(self, authorization: str) -> Answer | None:
        """The answer to a wrong key; None for the right one."""
        return None if authorization == f"Bearer {self.key}" else _error(401, 1002, "Authorization is invalid")

    def _made(self, asked: Asked, operation: str) -> Answer | None:
        body = asked.json
        reference = body.get("external_task_id")
        if reference and any(job.body.get("external_task_id") == reference for job in self._own_jobs()):
            return _error(400, 1201, "external_task_id duplicates")

        def buy() -> FakeJob:
            sizes = [picture_size(body.get(name)) for name in ("image", "image_tail", "image_url")]
            width, height = next((size for size in sizes if size), SHAPES[body.get("aspect_ratio", "16:9")])
            seconds = float(body.get("duration", 5))
            return self.bought(asked, {"operation": operation, **body}, seconds=seconds, width=width, height=height)

        made = self.server.created_by(self, asked, buy, _MOODY)
        return _fine(self._task(made, "queued")) if isinstance(made, FakeJob) else made

    def sounds(self, asked: Asked, body: Any) -> bool:
        """Where it is asked for, and where somebody speaks."""
        return "lip-sync" in asked.path or super().sounds(asked, body)

    def _own_jobs(self) -> list[FakeJob]:
        return [job for job in self.server.jobs if job.provider == self.name]

    def _listed(self, operation: str, asked: Asked) -> Answer:
        page, size = int(asked.query.get("pageNum", 1)), int(asked.query.get("pageSize", 30))
        if not 1 <= page <= 1000 or not 1 <= size <= 500:
            return _error(400, 1201, "pageNum 1 to 1000, pageSize 1 to 500")
        rows = [job for job in reversed(self._own_jobs()) if job.body["operation"] == operation]
        return _fine([self._task(job, "running") for job in rows[(page - 1) * size : page * size]])

    def _faces(self) -> Answer:
        face = {"face_id": "0", "face_image": f"{self.server.url}/face.png", "start_time": 0, "end_time": 5200}
        return _fine({"session_id": "session-1", "face_data": [face]})

    def _task(self, job: FakeJob, state: str) -> dict[str, Any]:
        told = {"failed": "Server internal error while generating", "moderated": "Failure to pass the risk control system"}
        names = {"queued": "submitted", "running": "processing", "done": "succeed"}
        task: dict[str, Any] = {
            "task_id": job.id,
            "task_status": names.get(state, "failed"),
            "task_status_msg": told.get(state, ""),
            "task_info": {"external_task_id": job.body.get("external_task_id")},
            "created_at": 1_790_000_000_000,
            "updated_at": 1_790_000_000_000,
        }
        if state == "done":
            clip = {"id": f"video-{job.id}", "url": self.server.output_url(job), "duration": f"{job.seconds:.3f}"}
            task["task_result"] = {"videos": [clip]}
        return task


class FakeKlingToken(FakeKling):
    """With an access key and a secret key, as tokens are signed."""

    access = "test-access-key-0123456789"
    key_env = "KLING_SECRET_KEY"

    def environment(self) -> dict[str, str]:
        """Both halves."""
        return {**super().environment(), "KLING_ACCESS_KEY": self.access}

    def refused(self, authorization: str) -> Answer | None:
        """Checks signature, issuer and times as the documentation has them."""
        head, _, rest = authorization.removeprefix("Bearer ").partition(".")
        claims, _, signature = rest.partition(".")
        right = hmac.new(self.key.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
        try:
            if not hmac.compare_digest(_un64(signature), right) or json.loads(_un64(head)) != {"alg": "HS256", "typ": "JWT"}:
                return _error(401, 1002, "Authorization is invalid")
            told, now = json.loads(_un64(claims)), time.time()
        except ValueError:
            return _error(401, 1002, "Authorization is invalid")
        if told.get("iss") != self.access:
            return _error(401, 1000, "Authentication failed")
        if told["nbf"] > now:
            return _error(401, 1003, "Authorization is not yet valid")
        return None if now < told["exp"] <= now + 1801 else _error(401, 1004, "Authorization has expired")


def _un64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _fine(data: Any) -> Answer:
    return Answer(json={"code": 0, "message": "SUCCEED", "request_id": "c0656403", "data": data})


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(status, {"code": code, "message": message, "request_id": "9984d27b"})


_MOODY = {
    "refuse": _error(400, 1201, "duration value 'x' is invalid"),
    "auth": _error(401, 1002, "Authorization is invalid"),
    "quota": _error(429, 1102, "Account balance not enough"),
    "moderation": _error(400, 1301, "Trigger the content security policy of the platform"),
    "rate": _error(429, 1303, "parallel task over resource pack limit"),
    "fault": _error(500, 5000, "Server internal error"),
}
