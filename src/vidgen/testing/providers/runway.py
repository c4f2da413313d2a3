"""Plays Runway: tasks of every operation, ephemeral uploads, THROTTLED as a queue, costs in credits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vidgen.testing.providers.server import Answer, Asked, FakeJob, FakeProvider

VERSION = "2024-11-06"
OPERATIONS = ("text_to_video", "image_to_video", "video_to_video", "character_performance", "video_upscale")
WIDE = ("1280:720", "720:1280", "1104:832", "960:960", "832:1104", "1584:672")
HD = ("1280:720", "720:1280", "1920:1080", "1080:1920")
SEEDANCE = ("1470:630", "1280:720", "1112:834", "960:960", "834:1112", "720:1280")
SEEDANCE_1080 = ("2206:946", "1920:1080", "1664:1248", "1440:1440", "1248:1664", "1080:1920")
SEEDANCE_4K = ("3840:1646", "3840:2160", "3840:2880", "3840:3840", "2880:3840", "2160:3840")
SEEDANCE_480 = ("992:432", "854:480", "752:560", "640:640", "560:752", "480:854")
AUTO = ("auto_720p", "auto_1080p")
SHAPES = ("adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
OMNI = ("640:360", "360:640", *HD, "3840:2160", "2160:3840")
WAN = (
    "832:480", "720:544", "624:624", "544:720", "480:832", "1280:720", "1104:832", "960:960", "832:1104", "720:1280",
    "1920:1080", "1648:1248", "1440:1440", "1248:1648", "1080:1920", "auto_480p", *AUTO,
)  # fmt: skip
LITE = (
    "848:480", "480:848", "480:480", "640:480", "480:640", "720:480", "480:720", "1280:720", "720:1280", "720:720", "960:720",
    "720:960", "1088:720", "720:1088", "1904:1072", "1072:1904", "1424:1424", "1648:1232", "1232:1648", "1744:1152",
    "1152:1744", "auto_480p", *AUTO,
)  # fmt: skip
HORSE = (
    "1280:720", "720:1280", "960:960", "1108:832", "832:1108", "1920:1080", "1080:1920", "1440:1440", "1662:1248",
    "1248:1662",
)  # fmt: skip
KLING_O3 = ("standard", "pro", "4k")

TEXT, IMAGE, VIDEO, ACT, UPSCALE = OPERATIONS
_NATIVE = {"promptText", "ratio", "duration", "seed", "contentModeration"}
_VEO = {"promptText", "ratio", "duration", "seed", "negativePrompt", "audio"}
_PLAIN = {"promptText", "ratio", "duration"}
_KLING = {"promptText", "ratio", "duration", "cfgScale", "audio"}
_SEEDANCE = {"promptText", "ratio", "duration", "seed", "audio", "referenceAudio"}
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
    **{(TEXT, f"klingO3_{mode}"): _KLING - {"cfgScale"} for mode in KLING_O3},
    **{(IMAGE, f"klingO3_{mode}"): (_KLING - {"cfgScale"}) | {"promptImage", "references"} for mode in KLING_O3},
    **{(VIDEO, f"klingO3_{mode}"): {"promptText", "promptVideo", "references"} for mode in KLING_O3},
    (TEXT, "kling_4"): {"promptText", "ratio", "duration", "references"},
    (IMAGE, "kling_4"): {"promptText", "ratio", "duration", "references", "promptImage"},
    (VIDEO, "kling_4"): {"promptText", "ratio", "references", "videoUri"},
    **{(TEXT, f"seedance2{kind}"): _SEEDANCE | {"references"} for kind in ("", "_fast", "_mini", "_5")},
    **{(IMAGE, f"seedance2{kind}"): _SEEDANCE | {"promptImage"} for kind in ("", "_fast", "_mini", "_5")},
    (UPSCALE, "magnific_video_upscaler_creative"): {
        "videoUri", "resolution", "creativity", "flavor", "sharpen", "smartGrain", "fpsBoost",
    },
    (TEXT, "hailuo3"): _PLAIN | {"resolution", "references", "referenceAudio"},
    (IMAGE, "hailuo3"): _PLAIN | {"resolution", "promptImage", "referenceAudio"},
    (VIDEO, "hailuo3"): _PLAIN | {"resolution", "promptVideo", "references", "referenceAudio"},
    (TEXT, "h3_max"): {"promptText", "duration", "resolution", "seed", "promptExpansionMode"},
    (IMAGE, "h3_max"): {"promptText", "duration", "resolution", "seed", "promptExpansionMode", "promptImage"},
    (TEXT, "happyhorse_1_0"): _PLAIN,
    (IMAGE, "happyhorse_1_0"): {"promptText", "duration", "resolution", "promptImage"},
    (TEXT, "gemini_omni_flash"): _PLAIN,
    (IMAGE, "gemini_omni_flash"): _PLAIN | {"promptImage"},
    (VIDEO, "gemini_omni_flash"): {"promptText", "videoUri", "references"},
    (TEXT, "gemini_omni_flash_1.1"): _PLAIN | {"references"},
    (IMAGE, "gemini_omni_flash_1.1"): _PLAIN | {"promptImage"},
    (VIDEO, "gemini_omni_flash_1.1"): _PLAIN | {"videoUri", "references", "mode"},
    (TEXT, "grok_imagine_1_5"): _PLAIN | {"resolution", "references"},
    (IMAGE, "grok_imagine_1_5"): {"promptText", "duration", "resolution", "promptImage"},
    (TEXT, "grok_imagine_1_5_lite"): _PLAIN,
    (IMAGE, "grok_imagine_1_5_lite"): _PLAIN | {"promptImage"},
    **{(TEXT, model): _PLAIN | {"audio", "references", "referenceAudio"} for model in ("wan3", "wan3_prime")},
    **{(IMAGE, model): _PLAIN | {"audio", "promptImage", "referenceAudio"} for model in ("wan3", "wan3_prime")},
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
    **dict.fromkeys(("kling3.0_4k", "klingO3_4k"), ("3840:2160", "2160:3840", "2880:2880")),
    "kling_4": ("1280:720", "720:1280", "940:940", "1460:624", "1920:1080", "1080:1920", "1440:1440", "2200:940", *AUTO),
    "seedance2": (*SEEDANCE, *SEEDANCE_1080, *SEEDANCE_4K),
    "seedance2_fast": SEEDANCE,
    "seedance2_mini": SEEDANCE,
    "seedance2_5": (*SEEDANCE_480, *SEEDANCE, *SEEDANCE_1080),
    "hailuo3": SHAPES,
    "happyhorse_1_0": HORSE,
    "gemini_omni_flash": ("1280:720", "720:1280"),
    "gemini_omni_flash_1.1": OMNI,
    "grok_imagine_1_5": ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"),
    "grok_imagine_1_5_lite": LITE,
    **dict.fromkeys(("wan3", "wan3_prime"), WAN),
}
_LENGTHS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("gen4.5", "gen4_turbo"), tuple(range(2, 11))),
    **dict.fromkeys(("veo3.1", "veo3.1_fast"), (4, 6, 8)),
    "kling2.5_turbo_pro": (5, 10),
    **dict.fromkeys(("kling3.0_standard", "kling3.0_pro", "kling3.0_4k"), tuple(range(3, 16))),
    **dict.fromkeys(("klingO3_standard", "klingO3_pro", "klingO3_4k", "happyhorse_1_0"), tuple(range(3, 16))),
    "kling_4": tuple(range(3, 31)),
    **dict.fromkeys(("seedance2", "seedance2_fast", "seedance2_mini"), tuple(range(4, 16))),
    "seedance2_5": tuple(range(4, 31)),
    **dict.fromkeys(("hailuo3", "h3_max"), tuple(range(5, 16))),
    **dict.fromkeys(("gemini_omni_flash", "gemini_omni_flash_1.1"), tuple(range(3, 11))),
    **dict.fromkeys(("grok_imagine_1_5", "grok_imagine_1_5_lite"), tuple(range(1, 16))),
    **dict.fromkeys(("wan3", "wan3_prime"), tuple(range(2, 31))),
}
_SOURCE_LENGTHS: Mapping[str, tuple[float, float]] = {
    "aleph2": (2, 30),
    **dict.fromkeys(("seedance2", "seedance2_fast", "seedance2_mini", "hailuo3"), (0, 15)),
}
"""Seconds of a clip that a model works on."""
_CREDITS: Mapping[str, float] = {
    "gen4.5": 12, "gen4_turbo": 5, "aleph2": 28, "act_two": 5, "veo3.1": 20, "veo3.1_fast": 10, "seedance2": 36,
    "seedance2_fast": 29, "seedance2_mini": 16, "seedance2_5": 30, "gemini_omni_flash": 10,
}  # fmt: skip
_SOUND: Mapping[str, float] = {"veo3.1": 20, "veo3.1_fast": 5}
"""Credits more for a second with sound."""
_BY_SIZE: Mapping[str, Mapping[str, float]] = {
    "hailuo3": {"768p": 10, "2k": 15},
    "h3_max": {"480p": 5, "768p": 8},
    "happyhorse_1_0": {"720p": 15, "1080p": 30},
    "gemini_omni_flash_1.1": {"360p": 3.4, "720p": 10, "1080p": 15, "4k": 30},
    "grok_imagine_1_5": {"480p": 10, "720p": 16, "1080p": 29},
    "grok_imagine_1_5_lite": {"480p": 2, "720p": 3, "1080p": 14},
    "wan3": {"480p": 5, "720p": 10, "1080p": 20},
    "wan3_prime": {"480p": 6.8, "720p": 14, "1080p": 28},
}
"""Credits a second by the size that is made: price list of October 2026."""
_PICTURE_COSTS = ("gemini_omni_flash", "grok_imagine_1_5", "grok_imagine_1_5_lite")
"""One credit for the opening picture."""
_SOURCE_S = "(source seconds)"
"""Kept with a job of Seedance 2.5, which is paid half as much for each second of the clip that it works on."""
_FIRST_ONLY = ("gen4.5", "gen4_turbo", "happyhorse_1_0", *_PICTURE_COSTS)
_THOUSAND = ("gen4.5", "gen4_turbo", "aleph2", "veo3.1", "veo3.1_fast")
"""Whose prompts end at a thousand characters."""
MAX_DATA = 5 << 20
MAX_VOICE_S = 15
"""Of all voices that go along with a request."""


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
        if text is not None and not 1 <= len(text.encode("utf-16-le")) // 2 <= (1000 if model in _THOUSAND else 20000):
            yield "promptText", "Too long"
        if "seed" in body and (type(body["seed"]) is not int or not 0 <= body["seed"] < 2**32):
            yield "seed", "Invalid input"
        if "expressionIntensity" in body and body["expressionIntensity"] not in range(1, 6):
            yield "expressionIntensity", "Invalid input"

    def _missing(self, keys: set[str], body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        needed = {"promptImage", "promptVideo", "videoUri", "character", "reference"} & keys
        if not needed:
            needed = {"promptText", "ratio"} & keys
        yield from ((key, "Required") for key in sorted(needed) if key not in body)

    def _media(self, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for frame in body.get("promptImage", []):
            legal = ("first",) if body["model"] in _FIRST_ONLY else ("first", "last")
            if frame.get("position") not in legal:
                yield "promptImage.position", "Invalid input"
        yield from self._times(body)
        if any(entry.get("type") != "audio" for entry in body.get("referenceAudio", [])):
            yield "referenceAudio.type", "Invalid input"
        elif self._voice_seconds(body) > MAX_VOICE_S + 0.01:
            yield "referenceAudio", f"The total combined duration must not exceed {MAX_VOICE_S} seconds"
        for key, uri in _uris(body):
            uploaded = uri.startswith("runway://") and uri.removeprefix("runway://") in self.server.uploads
            data = uri.startswith(("data:image/", "data:video/", "data:audio/")) and len(uri) <= MAX_DATA
            if not (uploaded or data or uri.startswith("https://")):
                yield key, "Invalid asset URI"

    def _times(self, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The clip that is worked on has a length that the model takes, and pictures stand within it."""
        clips = [body[key] for key in ("videoUri", "promptVideo") if str(body.get(key)).startswith("runway://")]
        if not clips:
            return
        seconds, legal = self._source_seconds(body), _SOURCE_LENGTHS.get(str(body["model"]))
        if legal and not legal[0] - 0.01 <= seconds <= legal[1] + 0.01:
            yield "videoUri", f"The video has {seconds} s"
        frames = body.get("keyframes", [])
        fine = (0 <= frame.get("at", 0) <= 1 and 0 <= frame.get("seconds", 0) < seconds for frame in frames)
        if len(frames) > 5 or not all(fine):
            yield "keyframes", "Invalid input"

    def _created(self, asked: Asked, operation: str) -> Answer | None:
        body = asked.json
        if found := self.wrong(operation, body):
            issues = [{"code": "invalid", "path": key.split("."), "message": message} for key, message in found]
            return _error(400, "Validation of body failed", issues=issues, docUrl="https://docs.dev.runwayml.com/api")

        def flagged() -> Answer:
            job = self._bought(asked, body)
            job.failure = "moderation"
            return Answer(json={"id": job.id})

        made = self.server.created_by(self, asked, lambda: self._bought(asked, body), _ByFailureMode(flagged))
        return Answer(json={"id": made.id}) if isinstance(made, FakeJob) else made

    def _bought(self, asked: Asked, body: Mapping[str, Any]) -> FakeJob:
        ratio = str(body.get("ratio", "1280:720"))
        width, height = map(int, ratio.split(":")) if ":" in ratio else (1280, 720)
        if max(width, height) < 100:  # a shape, not a size
            width, height = width * 80, height * 80
        seconds = float(body.get("duration", self._source_seconds(body)))
        if body["model"] == "seedance2_5" and "promptVideo" in body:
            body = {**body, _SOURCE_S: self._source_seconds(body)}
        return self.bought(asked, body, seconds=seconds, width=width, height=height, seed=int(body.get("seed", 0)))

    def _source_seconds(self, body: Mapping[str, Any]) -> float:
        """The length of the clip that was uploaded to be worked on."""
        uri = str(body.get("videoUri") or body.get("promptVideo") or body.get("reference", {}).get("uri", ""))
        return self._uploaded_seconds(uri) or 5.0

    def _voice_seconds(self, body: Mapping[str, Any]) -> float:
        return sum(self._uploaded_seconds(str(entry.get("uri"))) for entry in body.get("referenceAudio", []))

    def _uploaded_seconds(self, uri: str) -> float:
        """The length of what was uploaded under a name; 0 where nothing was."""
        from pathlib import Path
        from tempfile import TemporaryDirectory

        from vidgen.media.probe import probe

        content = self.server.uploads.get(uri.removeprefix("runway://"))
        if not content:
            return 0.0
        with TemporaryDirectory() as folder:
            (Path(folder) / "upload").write_bytes(content)
            return probe(Path(folder) / "upload").duration_s

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
        if state == "done" and job.failure != "moderation":
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
    """What a task is billed, in whole credits: whole seconds at the model's rate; 56 at least for aleph2; many by size."""
    model, ratio = str(job.body["model"]), job.body.get("ratio")
    by_size = {"seedance2": ((SEEDANCE_1080, 40), (SEEDANCE_4K, 150)), "seedance2_5": ((SEEDANCE_480, 20), (SEEDANCE_1080, 68))}
    rate = next((rate for sizes, rate in by_size.get(model, ()) if ratio in sizes), _CREDITS.get(model, 10))
    rate = _BY_SIZE.get(model, {}).get(_size_of(job.body), rate) + _SOUND.get(model, 0) * bool(job.body.get("audio"))
    source: float = math.ceil(round(job.body.get(_SOURCE_S, 0), 2)) * rate / 2
    pictures = len(job.body.get("promptImage", ())) if model in _PICTURE_COSTS else 0
    credits: int = math.ceil(round(math.ceil(round(job.seconds, 2)) * rate + source, 3)) + pictures
    return max(credits, 56) if model == "aleph2" else credits


def _size_of(body: Mapping[str, Any]) -> str:
    """The size that a task is billed by: as it is named, or by the picture's area."""
    ratio = str(body.get("ratio", ""))
    if named := body.get("resolution") or ratio.partition("auto_")[2]:
        return str(named)
    if ":" not in ratio:
        return ""
    width, height = map(int, ratio.split(":"))
    areas = {"360p": 300_000, "480p": 500_000, "720p": 1_200_000, "1080p": 2_500_000}
    if str(body["model"]) != "gemini_omni_flash_1.1":
        del areas["360p"]
    return next((name for name, area in areas.items() if width * height < area), "4k")


def _uris(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("promptVideo", "videoUri"):
        if key in body:
            yield key, str(body[key])
    for key in ("character", "reference"):
        if key in body:
            yield f"{key}.uri", str(body[key].get("uri"))
    for key in ("promptImage", "references", "keyframes", "referenceAudio"):
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


class _ByFailureMode(dict[str, Answer]):
    """The refusals; what Runway's moderation refuses is accepted first and fails as a task."""

    def __init__(self, flagged: Callable[[], Answer]) -> None:
        super().__init__(_MOODY)
        self._flagged = flagged

    def __missing__(self, failure: str) -> Answer:
        return self._flagged()
