"""Plays a server that speaks the openai-videos protocol: multipart forms in, jobs out, the clip from the server itself."""

from __future__ import annotations

import time
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

OPEN_FIELDS = {"width": int, "height": int, "num_frames": int, "fps": int, "num_inference_steps": int, "seed": int}
OPEN_FIELDS_REAL = ("guidance_scale", "guidance_scale_2", "flow_shift", "boundary_ratio", "true_cfg_scale")
SECONDS = ("4", "8", "12")
SIZES = ("1280x720", "720x1280", "1792x1024", "1024x1792")


class FakeOpenAIVideos(FakeProvider):
    """As vLLM-Omni does it: fields that it does not know are passed over, numbers must be numbers."""

    name = prefix = "openai-videos"
    key_env, address_env = "OPENAI_VIDEOS_API_KEY", "OPENAI_VIDEOS_BASE_URL"
    base_path = "/v1"

    def answer(self, asked: Asked) -> Answer | None:
        """The protocol under ``/v1/videos``."""
        if self.key and asked.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "invalid_api_key", "Incorrect API key provided.")
        parts = asked.path.strip("/").split("/")
        if parts[:2] != ["v1", "videos"]:
            return _error(404, "not_found", f"Invalid URL ({asked.method} {asked.path})")
        if len(parts) == 2:
            return self._created(asked) if asked.method == "POST" else _error(405, "method_not_allowed", "POST only")
        job = self.server.job(parts[2])
        if job is None:
            return _error(404, "not_found", f"Video with id '{parts[2]}' not found.")
        if asked.method == "DELETE":
            job.cancelled = True
            return Answer(json={"id": job.id, "object": "video.deleted", "deleted": True})
        if parts[3:] == ["content"]:
            return self._content(job)
        return Answer(json=self._seen(job))

    def wrong(self, fields: dict[str, Any]) -> str | None:
        """What is wrong with a form; None where nothing is."""
        if not fields.get("prompt"):
            return "prompt: Field required"
        for name, kind in [*OPEN_FIELDS.items(), *((name, float) for name in OPEN_FIELDS_REAL)]:
            try:
                kind(fields.get(name, 1))
            except ValueError:
                return f"{name}: Input should be a valid {kind.__name__}"
        return None

    def _created(self, asked: Asked) -> Answer | None:
        if not asked.headers.get("content-type", "").startswith("multipart/form-data"):
            return _error(422, "invalid_request_error", "a multipart form is wanted")
        fields = asked.form()
        if wrong := self.wrong(fields):
            return _error(400, "invalid_request_error", wrong)
        made = self.server.created_by(self, asked, lambda: self._bought(asked, fields), _MOODY)
        return Answer(json=_record(made, "queued", 0)) if isinstance(made, FakeJob) else made

    def _bought(self, asked: Asked, fields: dict[str, Any]) -> FakeJob:
        width, height = (int(side) for side in str(fields.get("size", "832x480")).split("x"))
        width, height = int(fields.get("width", width)), int(fields.get("height", height))
        seconds = float(fields.get("seconds", 4))
        if "num_frames" in fields:
            seconds = int(fields["num_frames"]) / int(fields.get("fps", 24))
        seed = int(fields.get("seed", time.monotonic_ns() % 100_000))
        return self.bought(asked, fields, seconds=seconds, width=width, height=height, seed=seed)

    def _seen(self, job: FakeJob) -> dict[str, Any]:
        state = self.server.progress(job)
        if state == "failed":
            return _record(job, "failed", 40, ("internal_error", "the GPU ran out of memory"))
        if state in ("moderated", "cancelled"):
            return _record(job, "failed", 40, ("moderation_blocked", "Your request was blocked by our moderation system."))
        names = {"queued": ("queued", 0), "running": ("in_progress", 40), "done": ("completed", 100)}
        return _record(job, *names[state])

    def _content(self, job: FakeJob) -> Answer:
        found = self.server.download(f"/output/{job.id}/{job.fresh}.mp4")
        return _error(404, "not_found", "The video content has expired.") if found.status == 403 else found


class StrictOpenAIVideos(FakeOpenAIVideos):
    """A gateway that takes the protocol's own five fields alone, and its legal values alone."""

    def wrong(self, fields: dict[str, Any]) -> str | None:
        """Also refuses fields, lengths and sizes that the protocol does not have."""
        extra = sorted(set(fields) - {"prompt", "model", "seconds", "size", "input_reference"})
        if extra:
            return f"Unknown parameter: '{extra[0]}'."
        for name, legal in (("seconds", SECONDS), ("size", SIZES)):
            if name in fields and fields[name] not in legal:
                return f"Invalid value: '{fields[name]}'. Supported values are: {', '.join(legal)}."
        return super().wrong(fields)


def _record(job: FakeJob, status: str, progress: int, error: tuple[str, str] | None = None) -> dict[str, Any]:
    return {
        "id": job.id,
        "object": "video",
        "created_at": 1_790_000_000,
        "status": status,
        "progress": progress,
        "model": job.body.get("model", "Wan-AI/Wan2.2-T2V-A14B-Diffusers"),
        "prompt": job.body["prompt"],
        "seconds": job.body.get("seconds", "4"),
        "size": job.body.get("size", "1280x720"),
        "error": {"code": error[0], "message": error[1]} if error else None,
    }


def _error(status: int, code: str, message: str, **headers: str) -> Answer:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return Answer(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers=headers)


_MOODY = {
    "refuse": _error(400, "invalid_value", "Invalid value for 'size'."),
    "auth": _error(401, "invalid_api_key", "Incorrect API key provided."),
    "quota": _error(429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."),
    "moderation": _error(400, "moderation_blocked", "Your request was blocked by our moderation system."),
    "rate": _error(429, "rate_limit_exceeded", "Rate limit reached for requests.", **{"Retry-After": "0.01"}),
    "fault": _error(500, "server_error", "The server had an error while processing your request."),
}
