"""Plays Luma's Agents API: generations, files in three steps, failures by code, addresses that expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

KINDS = ("video", "video_edit", "video_reframe")
SHAPES = ("9:16", "3:4", "1:1", "4:3", "16:9", "21:9")
SIDES = {"360p": 360, "540p": 540, "720p": 720, "1080p": 1080}
LENGTHS = {"5s": 5, "10s": 10}
STRENGTHS = [f"{name}_{number}" for name in ("adhere", "flex", "reimagine") for number in (1, 2, 3)]
_VIDEO_KEYS = {
    "video": {"duration", "resolution", "start_frame", "end_frame", "keyframes", "keyframe_indexes", "loop"},
    "video_edit": {"resolution", "start_frame", "edit"},
    "video_reframe": {"resolution", "source_position"},
}
WAYS = {"url", "data", "generation_id", "file_id"}


class FakeLuma(FakeProvider):
    """ray-3.2 under ``/v1``."""

    name = prefix = "luma"
    key_env, address_env = "LUMA_AGENTS_API_KEY", "LUMA_BASE_URL"
    base_path = "/v1"

    def answer(self, asked: Asked) -> Answer | None:
        """``/v1/generations``, ``/v1/files``."""
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "Invalid API key")
        parts = asked.path.strip("/").split("/")
        if parts == ["v1", "generations"] and asked.method == "POST":
            return self._created(asked)
        if parts[:2] == ["v1", "generations"] and len(parts) == 3 and (job := self.server.job(parts[2])):
            return Answer(json=self._generation(job))
        if parts[:2] == ["v1", "files"]:
            return self._files(asked, parts[2:])
        return _error(404, "Not found")

    def wrong(self, body: Any) -> list[str]:
        """What is wrong with a request; nothing where it would be accepted."""
        kind = body.get("type")
        if kind not in KINDS or body.get("model") != "ray-3.2":
            return ["type and model: video, video_edit or video_reframe of ray-3.2"]
        known = {"type", "model", "prompt", "video"} | ({"aspect_ratio"} if kind != "video_edit" else set())
        known |= {"source"} if kind != "video" else set()
        extra = sorted(set(body) - known) + sorted(set(body.get("video", {})) - _VIDEO_KEYS[kind])
        found = [f"{key}: extra field" for key in extra]
        if not 1 <= len(body.get("prompt", "")) <= 6000:
            found.append("prompt: 1 to 6000 characters")
        if body.get("aspect_ratio", "16:9") not in SHAPES:
            found.append("aspect_ratio: not one of these")
        if kind != "video" and "source" not in body:
            found.append("source: required")
        return found + list(self._video(kind, body.get("video", {}), body.get("aspect_ratio"))) + list(self._media(body))

    def _video(self, kind: str, video: Mapping[str, Any], shape: Any) -> Iterator[str]:
        seconds = LENGTHS.get(video.get("duration", "5s"), 0)
        if not seconds or video.get("resolution", "720p") not in SIDES:
            yield "video: duration or resolution is not one of these"
        if kind == "video_reframe" and video.get("resolution") == "1080p" and shape in ("9:16", "3:4"):
            yield "video.resolution: upright pictures are not reframed at 1080p"
        if {"end_frame", "loop"} <= set(video):
            yield "video.loop: cannot be used with end_frame"
        ends = {"start_frame", "end_frame", "loop"} & set(video)
        if kind == "video" and ends and (seconds == 10 or "keyframes" in video):
            yield f"video: {', '.join(sorted(ends))} cannot be used with 10s or keyframes"
        edit = video.get("edit", {})
        if edit.get("strength", "flex_1") not in STRENGTHS or ("keyframes" in edit and "start_frame" in video):
            yield "video.edit: wrong strength, or keyframes beside start_frame"
        for holder, last in ((video, seconds * 24), (edit, 10**6)):
            places = holder.get("keyframe_indexes", [])
            fine = len(places) == len(holder.get("keyframes", [])) <= 64 and len(set(places)) == len(places)
            if not fine or not all(type(place) is int and 0 <= place <= last for place in places):
                yield "keyframe_indexes: one unique frame for each keyframe"

    def _media(self, body: Mapping[str, Any]) -> Iterator[str]:
        video = body.get("video", {})
        given = [body.get("source"), video.get("start_frame"), video.get("end_frame")]
        given += [*video.get("keyframes", []), *video.get("edit", {}).get("keyframes", [])]
        for ref in filter(None, given):
            if len(WAYS & set(ref)) != 1 or ("data" in ref and not ref.get("media_type")):
                yield "media: exactly one of url, data, generation_id, file_id"
            if "file_id" in ref and ref["file_id"] not in self.server.uploads:
                yield "media: no such file, or it is not ready"

    def _created(self, asked: Asked) -> Answer | None:
        body = asked.json
        if found := self.wrong(body):
            return _error(422, "; ".join(found))

        def flagged() -> Answer:
            job = self._bought(asked, body)
            job.failure = "moderation"
            return Answer(201, self._record(job, "queued"))

        made = self.server.created_by(self, asked, lambda: self._bought(asked, body), _ByFailureMode(flagged))
        return Answer(201, self._record(made, "queued")) if isinstance(made, FakeJob) else made

    def _bought(self, asked: Asked, body: Mapping[str, Any]) -> FakeJob:
        video = body.get("video", {})
        side = SIDES[video.get("resolution", "720p")]
        across, down = map(int, body.get("aspect_ratio", "16:9").split(":"))
        scale = side / min(across, down)
        width, height = (round(part * scale / 2) * 2 for part in (across, down))
        seconds = float(LENGTHS[video.get("duration", "5s")])
        return self.bought(asked, body, seconds=seconds, width=width, height=height)

    def _generation(self, job: FakeJob) -> dict[str, Any]:
        state = self.server.progress(job)
        if state == "done" and job.failure != "moderation":
            return {**self._record(job, "completed"), "output": [{"type": "video", "url": self.server.output_url(job)}]}
        failures = {
            "failed": ("generation_failed", "Something went wrong on our side."),
            "moderated": ("content_moderated", "The generated video did not pass moderation."),
            "done": ("content_moderated", "The prompt did not pass moderation."),
        }
        if state not in failures:
            return self._record(job, "queued" if state == "queued" else "processing")
        code, words = failures[state]
        return {**self._record(job, "failed"), "failure_code": code, "failure_reason": words}

    def _record(self, job: FakeJob, state: str) -> dict[str, Any]:
        common = {"failure_code": None, "failure_reason": None, "output": None}
        told = {"id": job.id, "created_at": "2026-11-22T10:00:00Z", "model": "ray-3.2", "type": job.body["type"]}
        return {**told, "state": state, **common}

    def _files(self, asked: Asked, rest: list[str]) -> Answer:
        """A place to put a file, that it is there, and how it stands."""
        body = asked.json
        if not rest:
            if not isinstance(body.get("mime_type"), str) or not 0 < body.get("size_bytes", 0) <= 5 << 30:
                return _error(422, "mime_type and size_bytes are required")
            name, url = self.server.upload_url()
            upload = {"url": url, "method": "PUT", "headers": {"Content-Type": body["mime_type"]}}
            upload["expires_at"] = "2026-11-22T11:00:00Z"
            file = _file(name, "pending", body["mime_type"], body["size_bytes"])
            return Answer(201, {"id": name, "state": "pending", "file": file, "upload": upload})
        content = self.server.uploads.get(rest[0])
        if content is None:
            return _error(409 if rest[1:] == ["complete"] else 404, "No bytes have been received for this file")
        return Answer(json=_file(rest[0], "pending" if rest[1:] == ["complete"] else "ready", "video/mp4", len(content)))


def _file(name: str, state: str, kind: str, size: int) -> dict[str, Any]:
    told = {"id": name, "created_at": "2026-11-22T10:00:00Z", "mime_type": kind, "purpose": "input"}
    return {**told, "size_bytes": size, "state": state}


def _error(status: int, words: str, code: str | None = None) -> Answer:
    return Answer(status, {"detail": words, **({"code": code} if code else {})})


_MOODY = {
    "refuse": _error(422, "video.resolution: Input should be '360p', '540p', '720p' or '1080p'", "invalid_request"),
    "auth": _error(401, "Invalid API key"),
    "quota": _error(402, "Insufficient credits", "budget_exhausted"),
    "rate": Answer(429, {"detail": "Too many requests", "code": "rate_limited"}, headers={"Retry-After": "0.01"}),
    "fault": _error(500, "Internal server error"),
}


class _ByFailureMode(dict[str, Answer]):
    """The refusals; what moderation refuses is accepted first and fails as a generation."""

    def __init__(self, flagged: Callable[[], Answer]) -> None:
        super().__init__(_MOODY)
        self._flagged = flagged

    def __missing__(self, failure: str) -> Answer:
        return self._flagged()
