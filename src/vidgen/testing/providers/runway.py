"""Plays Runway: tasks of every operation, ephemeral uploads, THROTTLED as a queue, costs in credits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

VERSION = "2024-11-06"
OPERATIONS = ("text_to_video", "image_to_video", "video_to_video", "character_performance")
WIDE = ("1280:720", "720:1280", "1104:832", "960:960", "832:1104", "1584:672")
HD = ("1280:720", "720:1280", "1920:1080", "1080:1920")
SEEDANCE = ("1470:630", "1280:720", "1112:834", "960:960", "834:1112", "720:1280")
SEEDANCE_1080 = ("2206:946", "1920:1080", "1664:1248", "1440:1440", "1248:1664", "1080:1920")
SEEDANCE_4K = ("3840:1646", "3840:2160", "3840:2880", "3840:3840", "2880:3840", "2160:3840")
SEEDANCE_480 = ("992:432", "854:480", "752:560", "640:640", "560:752", "480:854")
AUTO = ("auto_720p", "auto_1080p")

TEXT, IMAGE, VIDEO, ACT = OPERATIONS
_NATIVE = {"promptText", "ratio", "duration", "seed", "contentModeration"}
_VEO = {"promptText", "ratio", "duration", "seed", "negativePrompt", "audio"}
_KLING = {"promptText", "ratio", "duration", "cfgScale", "audio"}
_SEEDANCE = {"promptText", "ratio", "duration", "seed", "audio"}
_KEYS: Mapping[tuple[str, str], set[str]] = {
    (TEXT, "gen4.5"): _NATIVE,
    (IMAGE, "gen4.5"): _NATIVE | {"promptImage"},
    (IMAGE, "gen4_turbo"): _NATIVE | {"promptImage"},
    (VIDEO, "aleph2"): {"videoUri", "promptText", "keyframes", "seed", "targetAspectRatio", "contentModeration"},
    (ACT, "act_two"): {
        "character", "reference", "ratio", "seed", "bodyControl", "expressionIntensity", "contentModeration",
    },
    **{(TEXT, model): _VEO for model in ("veo3.1", "veo3.1_fast")},
    **{(IMAGE, model): _VEO | {"promptImage"} for model in ("veo3.1", "veo3.1_fast")},
    (TEXT, "kling2.5_turbo_pro"): {"promptText", "ratio", "duration", "cfgScale"},
    (IMAGE, "kling2.5_turbo_pro"): {"promptText", "duration", "cfgScale", "promptImage"},
    **{(TEXT, f"kling3.0_{mode}"): _KLING for mode in ("standard", "pro", "4k")},
    **{(IMAGE, f"kling3.0_{mode}"): _KLING | {"promptImage"} for mode in ("standard", "pro", "4k")},
    **{(TEXT, f"klingO3_{mode}"): _KLING - {"cfgScale"} for mode in ("standard", "pro")},
    **{(IMAGE, f"klingO3_{mode}"): (_KLING - {"cfgScale"}) | {"promptImage", "references"} for mode in ("standard", "pro")},
    **{(VIDEO, f"klingO3_{mode}"): {"promptText", "promptVideo", "references"} for mode in ("standard", "pro")},
    (TEXT, "kling_4"): {"promptText", "ratio", "duration", "references"},
    (IMAGE, "kling_4"): {"promptText", "ratio", "duration", "references", "promptImage"},
    (VIDEO, "kling_4"): {"promptText", "ratio", "references", "videoUri"},
    **{(TEXT, f"seedance2{kind}"): _SEEDANCE | {"references"} for kind in ("", "_fast", "_mini", "_5")},
    **{(IMAGE, f"seedance2{kind}"): _SEEDANCE | {"promptImage"} for kind in ("", "_fast", "_mini", "_5")},
    **{(VIDEO, f"seedance2{kind}"): _SEEDANCE | {"promptVideo", "references"} for kind in ("", "_fast", "_mini", "_5")},
}  # fmt: skip
"""The fields that there are, by operation and model; any other is refused."""
_RATIOS: Mapping[str, tuple[str, ...]] = {
    "gen4.5": WIDE,
    "gen4_turbo": WIDE,
    "act_two": WIDE,
    "veo3.1": HD,
    "veo3.1_fast": HD,
    "kling2.5_turbo_pro": ("1920:1080", "1440:1440", "1080:1920", "1280:720", "720:720", "720:1280"),
    **dict.fromkeys(("kling3.0_standard", "klingO3_standard"), ("1280:720", "720:1280", "960:960")),
    **dict.fromkeys(("kling3.0_pro", "klingO3_pro"), ("1920:1080", "1080:1920", "1440:1440")),
    "kling3.0_4k": ("3840:2160", "2160:3840", "2880:2880"),
    "kling_4": ("1280:720", "720:1280", "940:940", "1460:624", "1920:1080", "1080:1920", "1440:1440", "2200:940", *AUTO),
    "seedance2": (*SEEDANCE, *SEEDANCE_1080, *SEEDANCE_4K),
    "seedance2_fast": SEEDANCE,
    "seedance2_mini": SEEDANCE,
    "seedance2_5": (*SEEDANCE_480, *SEEDANCE, *SEEDANCE_1080),
}
_LENGTHS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("gen4.5", "gen4_turbo"), tuple(range(2, 11))),
    **dict.fromkeys(("veo3.1", "veo3.1_fast"), (4, 6, 8)),
    "kling2.5_turbo_pro": (5, 10),
    **dict.fromkeys(("kling3.0_standard", "kling3.0_pro", "kling3.0_4k"), tuple(range(3, 16))),
    **dict.fromkeys(("klingO3_standard", "klingO3_pro"), tuple(range(3, 16))),
    "kling_4": tuple(range(3, 31)),
    **dict.fromkeys(("seedance2", "seedance2_fast", "seedance2_mini", "seedance2_5"), tuple(range(4, 16))),
}
_CREDITS: Mapping[str, float] = {
    "gen4.5": 12, "gen4_turbo": 5, "aleph2": 28, "act_two": 5, "veo3.1": 40, "veo3.1_fast": 15, "seedance2": 36,
    "seedance2_fast": 29, "seedance2_mini": 16, "seedance2_5": 30,
}  # fmt: skip
MAX_DATA = 5 << 20


class FakeRunway(FakeProvider):
    """The API of 2024-11-06."""

    name = prefix = "runway"
    key_env, address_env = "RUNWAYML_API_SECRET", "RUNWAYML_BASE_URL"

    def answer(self, asked: Asked) -> Answer | None:
        """``/v1/OPERATION``, ``/v1/tasks/ID`` and ``/v1/uploads``."""
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "Unauthorized")
        if asked.headers.get("x-runway-version") != VERSION:
            return _error(400, "The X-Runway-Version header is missing or invalid.")
        parts = asked.path.strip("/").split("/")
        if asked.method == "POST" and parts in [["v1", operation] for operation in OPERATIONS]:
            return self._created(asked, parts[1])
        if asked.method == "POST" and parts == ["v1", "uploads"]:
            return self._place(asked)
        job = self.server.job(parts[2]) if parts[:2] == ["v1", "tasks"] and len(parts) == 3 else None
        if job is None:
            return _error(404, "Not found")
        if asked.method == "DELETE":
            job.cancelled = True
            return Answer(204, content=b"")
        return Answer(json=self._task(job))

    def wrong(self, operation: str, body: Any) -> list[tuple[str, str]]:
        """(field, what is wrong with it) of a request; none where it would be accepted."""
        keys = _KEYS.get((operation, str(body.get("model"))))
        if keys is None:
            return [("model", f"{body.get('model')} is not available for {operation}")]
        unknown = [(key, "Unrecognized key") for key in sorted(set(body) - keys - {"model"})]
        return [*unknown, *self._values(str(body["model"]), keys, body), *self._missing(keys, body), *self._media(body)]

    def _values(self, model: str, keys: set[str], body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        length, text = body.get("duration"), body.get("promptText")
        if length is not None and (type(length) is not int or length not in _LENGTHS.get(model, ())):
            yield "duration", "Invalid input"
        if "ratio" in body and body["ratio"] not in _RATIOS[model]:
            yield "ratio", "Invalid input"
        if text is not None and not 1 <= len(text.encode("utf-16-le")) // 2 <= (1000 if keys <= _NATIVE | _VEO else 15000):
            yield "promptText", "Too long"
        if "seed" in body and (type(body["seed"]) is not int or not 0 <= body["seed"] < 2**32):
            yield "seed", "Invalid input"
        if "expressionIntensity" in body and body["expressionIntensity"] not in range(1, 6):
            yield "expressionIntensity", "Invalid input"

    def _missing(self, keys: set[str], body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        needed = {"promptImage", "promptVideo", "videoUri", "character", "reference"} & keys
        if not needed:
            needed = {"promptText", "ratio"}
        yield from ((key, "Required") for key in sorted(needed) if key not in body)

    def _media(self, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for frame in body.get("promptImage", []):
            legal = ("first",) if str(body["model"]).startswith("gen4") else ("first", "last")
            if frame.get("position") not in legal:
                yield "promptImage.position", "Invalid input"
        for key, uri in _uris(body):
            uploaded = uri.startswith("runway://") and uri.removeprefix("runway://") in self.server.uploads
            data = uri.startswith(("data:image/", "data:video/")) and len(uri) <= MAX_DATA
            if not (uploaded or data or uri.startswith("https://")):
                yield key, "Invalid asset URI"

    def _created(self, asked: Asked, operation: str) -> Answer | None:
        body = asked.json
        if found := self.wrong(operation, body):
            issues = [{"code": "invalid", "path": key.split("."), "message": message} for key, message in found]
            return _error(400, "Validation of body failed", issues=issues, docUrl="https://docs.dev.runwayml.com/api")

        def flagged() -> Answer:
            job = self._bought(asked, body)
            job.mood = "moderation"
            return Answer(json={"id": job.id})

        made = self.server.created_by(self, asked, lambda: self._bought(asked, body), _Moody(flagged))
        return Answer(json={"id": made.id}) if isinstance(made, FakeJob) else made

    def _bought(self, asked: Asked, body: Mapping[str, Any]) -> FakeJob:
        ratio = str(body.get("ratio", "1280:720"))
        width, height = map(int, ratio.split(":")) if ":" in ratio else (1280, 720)
        seconds = float(body.get("duration", self._source_seconds(body)))
        return self.bought(asked, body, seconds=seconds, width=width, height=height, seed=int(body.get("seed", 0)))

    def _source_seconds(self, body: Mapping[str, Any]) -> float:
        """The length of the clip that was uploaded to be worked on."""
        from pathlib import Path
        from tempfile import TemporaryDirectory

        from vidgen.media.probe import probe_video

        uri = str(body.get("videoUri") or body.get("reference", {}).get("uri", ""))
        content = self.server.uploads.get(uri.removeprefix("runway://"))
        if not content:
            return 5.0
        with TemporaryDirectory() as folder:
            (Path(folder) / "clip.mp4").write_bytes(content)
            return probe_video(Path(folder) / "clip.mp4").duration_s

    def _place(self, asked: Asked) -> Answer:
        if asked.json.get("type") != "ephemeral" or not asked.json.get("filename"):
            return _error(400, "Validation of body failed", issues=[{"path": ["filename"], "message": "Required"}])
        name, url = self.server.upload_url()
        fields = {"key": f"uploads/{name}", "policy": "cG9saWN5"}
        return Answer(json={"uploadUrl": url, "fields": fields, "runwayUri": f"runway://{name}"})

    def _task(self, job: FakeJob) -> dict[str, Any]:
        state = self.server.progress(job)
        credits = credits_of(job)
        task = {"id": job.id, "createdAt": "2026-11-22T10:00:00.000Z"}
        if state == "queued":
            return {**task, "status": "THROTTLED", "estimatedCost": {"credits": credits}}
        if state == "running":
            return {**task, "status": "RUNNING", "progress": 0.42, "estimatedCost": {"credits": credits}}
        if state == "done" and job.mood != "moderation":
            return {**task, "status": "SUCCEEDED", "output": [self.server.output_url(job)], "cost": {"credits": credits}}
        if state == "cancelled":
            return {**task, "status": "CANCELLED", "cost": {"credits": 0}}
        failures = {
            "failed": ("INTERNAL.BAD_OUTPUT.CODE01", "An unexpected error occurred."),
            "moderated": ("SAFETY.OUTPUT.VIDEO", "The output was withheld by our content moderation."),
        }
        code, words = failures.get(state, ("SAFETY.INPUT.TEXT", "The prompt was flagged by our content moderation."))
        return {**task, "status": "FAILED", "failure": words, "failureCode": code, "cost": {"credits": 0}}


def credits_of(job: FakeJob) -> int:
    """What a task is billed: whole seconds at the model's rate; 56 at least for aleph2; Seedance by size."""
    model, ratio = str(job.body["model"]), job.body.get("ratio")
    by_size = {"seedance2": ((SEEDANCE_1080, 40), (SEEDANCE_4K, 150)), "seedance2_5": ((SEEDANCE_480, 20), (SEEDANCE_1080, 68))}
    rate = next((rate for sizes, rate in by_size.get(model, ()) if ratio in sizes), _CREDITS.get(model, 10))
    credits = math.ceil(round(math.ceil(round(job.seconds, 2)) * rate, 3))
    return max(credits, 56) if model == "aleph2" else credits


def _uris(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("promptVideo", "videoUri"):
        if key in body:
            yield key, str(body[key])
    for key in ("character", "reference"):
        if key in body:
            yield f"{key}.uri", str(body[key].get("uri"))
    for key in ("promptImage", "references", "keyframes"):
        for entry in body.get(key, []):
            yield f"{key}.uri", str(entry.get("uri"))


def _error(status: int, words: str, **more: Any) -> Answer:
    return Answer(status, {"error": words, **more})


_MOODY = {
    "refuse": _error(400, "Validation of body failed", issues=[{"path": ["ratio"], "message": "Invalid input"}]),
    "auth": _error(401, "Unauthorized"),
    "quota": _error(400, "You do not have enough credits to run this task."),
    "rate": _error(429, "Too many requests."),
    "fault": _error(502, "Bad gateway"),
}


class _Moody(dict[str, Answer]):
    """The refusals; what Runway's moderation refuses is accepted first and fails as a task."""

    def __init__(self, flagged: Callable[[], Answer]) -> None:
        super().__init__(_MOODY)
        self._flagged = flagged

    def __missing__(self, mood: str) -> Answer:
        return self._flagged()
