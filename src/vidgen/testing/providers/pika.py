"""Plays fal's queue with Pika's models: accepts first, checks while it runs, tells of failures in the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

APP = "fal-ai/pika"
ASPECTS = ("16:9", "9:16", "1:1", "4:5", "5:4", "3:2", "2:3")

Check = Callable[[Any], bool]


def _one_of(*legal: Any) -> Check:
    return lambda value: not isinstance(value, bool) and value in legal and type(value) is type(legal[0])


def _picture(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "data:image/jpeg;base64,", "data:image/png;base64,"))


def _pictures(least: int, most: int) -> Check:
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(_picture, value))


def _transitions(value: Any) -> bool:
    lengths = [step.get("duration") for step in value] if isinstance(value, list) else []
    return bool(lengths) and all(type(length) is int and length >= 1 for length in lengths) and sum(lengths) <= 25


_COMMON: Mapping[str, Check] = {
    "prompt": lambda value: isinstance(value, str) and bool(value),
    "negative_prompt": lambda value: isinstance(value, str),
    "seed": lambda value: type(value) is int,
    "resolution": _one_of("720p", "1080p"),
}
_TEXT = {**_COMMON, "duration": _one_of(5, 10), "aspect_ratio": _one_of(*ASPECTS)}
SCHEMAS: Mapping[str, Mapping[str, Check]] = {
    "v2.2/text-to-video": _TEXT,
    "v2.2/image-to-video": {**_COMMON, "duration": _one_of(5, 10), "image_url": _picture},
    "v2.2/pikascenes": {**_TEXT, "image_urls": _pictures(1, 5), "ingredients_mode": _one_of("precise", "creative")},
    "v2.2/pikaframes": {**_COMMON, "image_urls": _pictures(2, 5), "transitions": _transitions},
    "v2.5/text-to-video": {**_COMMON, "duration": _one_of(5, 10), "resolution": _one_of("480p", "720p", "1080p")},
}
"""Legal values by operation. fal itself passes over unknown fields; here they are wrong, so that a slip is seen."""
REQUIRED = ("prompt", "image_url", "image_urls")


def wrong(operation: str, body: Mapping[str, Any]) -> str | None:
    """The field of a body that is missing, unknown or has no legal value; None where all is well."""
    schema = SCHEMAS[operation]
    missing = [name for name in REQUIRED if name in schema and name not in body]
    bad = [name for name, value in body.items() if name not in schema or not schema[name](value)]
    if not bad and len(body.get("transitions", body.get("image_urls", [0])[1:])) != len(body.get("image_urls", [0])) - 1:
        bad = ["transitions"]
    return next(iter([*missing, *bad]), None)


class FakePika(FakeProvider):
    """fal's queue."""

    name = prefix = "pika"
    key_env, address_env = "FAL_KEY", "FAL_QUEUE_BASE_URL"

    def answer(self, asked: Asked) -> Answer | None:
        """Submit, status, result, cancel."""
        if asked.headers.get("authorization") != f"Key {self.key}":
            return _MOODY["auth"]
        path = asked.path.strip("/")
        if asked.method == "POST":
            return self._submitted(asked, path.removeprefix(f"{APP}/"))
        number, _, what = path.removeprefix(f"{APP}/requests/").partition("/")
        job = self.server.job(number) if path.startswith(f"{APP}/requests/") else None
        if job is None:
            return Answer(404, {"detail": "Request not found"})
        if (asked.method, what) == ("GET", "status"):
            return self._status(job)
        if (asked.method, what) == ("PUT", "cancel"):
            return self._cancelled(job)
        return self._result(job) if (asked.method, what) == ("GET", "") else Answer(405, {"detail": "Method Not Allowed"})

    def _submitted(self, asked: Asked, operation: str) -> Answer | None:
        if operation not in SCHEMAS:
            return Answer(404, {"detail": f"Path /{operation} not found"})
        body = asked.json

        def buy() -> FakeJob:
            steps = body.get("transitions") or [{"duration": body.get("duration", 5)}]
            width, height = (int(side) for side in str(body.get("aspect_ratio", "16:9")).split(":"))
            return self.bought(
                asked,
                {"operation": operation, **body},
                seconds=sum(step["duration"] for step in steps),
                width=width * 80,
                height=height * 80,
                seed=int(body.get("seed", 0)),
            )

        made = self.server.created_by(self, asked, buy, _ByFailureMode(lambda failure: self._queued(buy(), failure)))
        return self._queued(made) if isinstance(made, FakeJob) else made

    def _queued(self, job: FakeJob, failure: str | None = None) -> Answer:
        """The answer to a submission; ``failure``: a refusal that the queue tells of later."""
        if failure:
            job.body = {**job.body, "refused": failure}
        return Answer(json={"status": "IN_QUEUE", "request_id": job.id, "queue_position": 0, "logs": None, **self._urls(job)})

    def _urls(self, job: FakeJob) -> dict[str, str]:
        own = f"{self.server.url}/{self.prefix}/{APP}/requests/{job.id}"
        return {"response_url": own, "status_url": f"{own}/status", "cancel_url": f"{own}/cancel"}

    def _status(self, job: FakeJob) -> Answer:
        state = self.server.progress(job)
        if state in ("queued", "running"):
            place = (
                {"status": "IN_QUEUE", "queue_position": 0} if state == "queued" else {"status": "IN_PROGRESS", "logs": None}
            )
            return Answer(202, {**place, "request_id": job.id, **self._urls(job)})
        done: dict[str, Any] = {"status": "COMPLETED", "request_id": job.id, "logs": None, "metrics": {"inference_time": 41.2}}
        if state in ("failed", "cancelled"):
            kind = "runner_disconnected" if state == "failed" else "client_cancelled"
            done |= {"error": "Runner disconnected", "error_type": kind}
        return Answer(json={**done, **self._urls(job)})

    def _result(self, job: FakeJob) -> Answer:
        if job.seen_over is None:
            return Answer(400, {"detail": "Request is still in progress"})
        refused = job.body.get("refused")
        fields = {name: value for name, value in job.body.items() if name not in ("operation", "refused")}
        field = "resolution" if refused == "refuse" else wrong(job.body["operation"], fields)
        if field:
            detail = {"loc": ["body", field], "msg": "unexpected value; permitted: '720p', '1080p'", "type": "value_error"}
            return Answer(422, {"detail": [detail]})
        if refused or job.failure == "moderation_output":
            place = ["body", "prompt"] if refused else ["body"]
            text = "The content could not be processed because it contained material flagged by a content checker."
            return Answer(422, {"detail": [{"loc": place, "msg": text, "type": "content_policy_violation"}]})
        if job.failure == "fail":
            return Answer(500, {"detail": "Internal Server Error"})
        clip = {"url": self.server.output_url(job), "content_type": "video/mp4", "file_name": "output.mp4", "file_size": 1}
        return Answer(json={"video": clip})

    def _cancelled(self, job: FakeJob) -> Answer:
        if job.polls > self.server.polls:
            return Answer(400, {"status": "ALREADY_COMPLETED"})
        job.cancelled = True
        return Answer(202, {"status": "CANCELLATION_REQUESTED"})


_MOODY = {
    "auth": Answer(401, {"detail": "Cannot access application 'fal-ai/pika'. Authentication is required."}),
    "quota": Answer(
        403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."}
    ),
    "rate": Answer(429, {"detail": "Too many requests"}, headers={"Retry-After": "0.01"}),
    "fault": Answer(500, {"detail": "Internal Server Error"}),
}


class _ByFailureMode(dict[str, Answer]):
    """The queue's refusals; those that it only tells of later are accepted first."""

    def __init__(self, later: Callable[[str], Answer]) -> None:
        super().__init__(_MOODY)
        self.later = later

    def __missing__(self, failure: str) -> Answer:
        return self.later(failure)
