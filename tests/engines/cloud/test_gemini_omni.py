"""Gemini Omni: which interaction a shot becomes, and where a finished clip is fetched from."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engines.cloud.oracle import Oracle
from provider_failures import ProviderFailures, filled, playing, take, through
from vidgen.catalog.engines import capabilities
from vidgen.engines.base import Job
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.gemini_omni import GeminiOmni
from vidgen.errors import InputError
from vidgen.media.frames import FrameWriter
from vidgen.media.probe import probe_video
from vidgen.takes.request import Inputs, TakeRequest
from vidgen.testing import EngineConformance
from vidgen.testing.providers import Asked, ProviderServer
from vidgen.testing.providers.gemini_omni import FakeGeminiOmni, complaints

PROMPT = "a lighthouse at dusk"


class TestFailures(ProviderFailures):
    engine, fake = GeminiOmni, FakeGeminiOmni


class TestConformance(EngineConformance):
    engine = GeminiOmni
    server: ProviderServer

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakeGeminiOmni) as type(self).server:
            yield

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeGeminiOmni, polls=1) as running:
        yield running


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    from google.genai._gaos.types.interactions import CreateModelInteractionParam

    return Oracle(CreateModelInteractionParam, key="model")


def wish(**changes: Any) -> TakeRequest:
    return take("gemini-omni", **{"frames": 120, "width": 1280, "height": 720, **changes})


@pytest.fixture
def sent(oracle: Oracle) -> Any:
    """Body and notices of a take; the body is one that the SDK's types and the API's documented values allow."""

    def sent(wanted: TakeRequest) -> tuple[dict[str, Any], list[str]]:
        created = asyncio.run(filled(GeminiOmni(), wanted))
        body = dict(created.json or {})
        assert created.path == "v1/interactions"
        assert oracle.complaints(body) == [] and list(complaints(body)) == []
        return body, [text for _, text in created.notices]

    return sent


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.full((200, 300, 3), (30, 90, 200), np.uint8))
    return file


def clip(folder: Path, seconds: float, name: str = "clip.mp4") -> Path:
    """A clip that grows lighter, so that its parts can be told apart."""
    count = round(seconds * 24)
    with FrameWriter(folder / name, 96, 54, Fraction(24), frames=count) as writer:
        for index in range(count):
            writer.write(np.full((54, 96, 3), 20 + 200 * index // count, np.uint8))
    return folder / name


def text(body: dict[str, Any]) -> str:
    assert body["input"][-1]["type"] == "text"
    return str(body["input"][-1]["text"])


def kinds(body: dict[str, Any]) -> list[str]:
    return [block["type"] for block in body["input"]]


def task(body: dict[str, Any]) -> str | None:
    return body.get("generation_config", {}).get("video_config", {}).get("task")


def test_text_to_video(sent: Any) -> None:
    assert sent(wish()) == (
        {
            "model": "gemini-omni-1.1-flash",
            "input": [{"type": "text", "text": PROMPT}],
            "background": True,
            "store": True,
            "response_format": {
                "type": "video",
                "delivery": "uri",
                "resolution": "720p",
                "aspect_ratio": "16:9",
                "duration": "5s",
            },
            "generation_config": {"video_config": {"task": "text_to_video"}},
        },
        [],
    )


@pytest.mark.parametrize(
    ("frames", "size", "form"),
    [
        (24, (640, 360), ("3s", "360p", "16:9")),
        (121, (1080, 1920), ("6s", "1080p", "9:16")),
        (240, (3840, 2160), ("10s", "4k", "16:9")),
        (480, (720, 720), ("10s", "720p", "16:9")),
    ],
)
def test_length_size_and_shape_are_legal_ones(sent: Any, frames: int, size: tuple[int, int], form: tuple[str, ...]) -> None:
    body, told = sent(wish(frames=frames, width=size[0], height=size[1]))
    made = body["response_format"]
    assert (made["duration"], made["resolution"], made["aspect_ratio"]) == form and told == []


def test_what_is_bought_is_what_plan_reckons(sent: Any) -> None:
    for model in ("gemini-omni-1.1-flash", "gemini-omni-1.2-flash"):
        able = capabilities("gemini-omni", model)
        assert able is not None and able.model == model
        for frames in (24, 72, 100, 150, 240):
            body, _ = sent(wish(frames=frames, model=model))
            assert body["response_format"]["duration"] == f"{able.billed_s(frames / 24):g}s"
        edited = wish(model=model, task="video_to_video").request
        assert GeminiOmni().estimate(edited) is None, "what an edited clip costs is not known"


def test_image_to_video_opens_with_the_picture_in_the_clips_shape(sent: Any, picture: Path) -> None:
    body, told = sent(wish(task="image_to_video", inputs=Inputs(start_frame=picture)))
    assert (kinds(body), text(body), task(body), told) == (["image", "text"], f"<FIRST_FRAME> {PROMPT}", "image_to_video", [])
    block = body["input"][0]
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(block["data"]), np.uint8), cv2.IMREAD_COLOR)
    assert block["mime_type"] == "image/jpeg" and abs(shown.shape[1] / shown.shape[0] - 16 / 9) < 0.02


def test_a_shot_that_continues_another_opens_with_its_last_picture(sent: Any, tmp_path: Path) -> None:
    body, _ = sent(wish(task="image_to_video", inputs=Inputs(continues=clip(tmp_path, 1))))
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(body["input"][0]["data"]), np.uint8), cv2.IMREAD_COLOR)
    assert shown.mean() > 195 and task(body) == "image_to_video"


def test_first_and_last_frame(sent: Any, picture: Path) -> None:
    body, told = sent(wish(task="first_last_frame", inputs=Inputs(start_frame=picture, end_frame=picture)))
    assert (kinds(body), text(body), told) == (["image", "image", "text"], f"<FIRST_FRAME> <LAST_FRAME> {PROMPT}", [])
    body, told = sent(wish(frames=24, inputs=Inputs(start_frame=picture, end_frame=picture)))
    assert [line.split(":")[0] for line in told] == ["end_frame"], "3 s are made, so that 1 s is cut before its end"
    body, told = sent(wish(inputs=Inputs(end_frame=picture)))
    assert kinds(body) == ["text"] and told == []


def test_reference_pictures(sent: Any, picture: Path) -> None:
    body, told = sent(wish(inputs=Inputs(references=(picture, picture))))
    assert kinds(body) == ["image", "image", "text"] and task(body) == "reference_to_video" and told == []
    assert text(body).startswith(f"[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2] {PROMPT}")
    body, told = sent(wish(inputs=Inputs(references=(picture,) * 8)))
    assert kinds(body).count("image") == 6 and [line.split(":")[0] for line in told] == ["references"]


def test_references_beside_an_opening_picture(sent: Any, picture: Path) -> None:
    body, _ = sent(wish(inputs=Inputs(start_frame=picture, references=(picture,))))
    head = "[# Sources <FIRST_FRAME>@Image1] [# References <IMAGE_REF_0>@Image2]"
    assert text(body).startswith(f"{head} {PROMPT} Use Image1 as the starting frame.") and task(body) is None


def test_reference_clips_are_cut_to_three_seconds(sent: Any, tmp_path: Path, picture: Path) -> None:
    body, told = sent(wish(inputs=Inputs(references=(clip(tmp_path, 4), picture))))
    assert kinds(body) == ["image", "video", "text"] and task(body) == "reference_to_video"
    assert "<IMAGE_REF_0>@Image1 <VIDEO_REF_0>@Video1" in text(body)
    assert [line.split(":")[0] for line in told] == ["references"]
    (tmp_path / "went.mp4").write_bytes(base64.b64decode(body["input"][1]["data"]))
    assert abs(probe_video(tmp_path / "went.mp4").duration_s - 3) < 0.05


def test_edit_sends_the_clip_and_lets_it_keep_its_form(sent: Any, tmp_path: Path, picture: Path) -> None:
    file = clip(tmp_path, 3)
    body, told = sent(wish(task="video_to_video", inputs=Inputs(source_video=file)))
    assert (kinds(body), text(body), task(body), told) == (["video", "text"], PROMPT, "edit", [])
    assert base64.b64decode(body["input"][0]["data"]) == file.read_bytes()
    assert not {"duration", "aspect_ratio"} & set(body["response_format"])
    body, told = sent(
        wish(inputs=Inputs(source_video=clip(tmp_path, 7, "long.mp4"), start_frame=picture, references=(picture,)))
    )
    assert [line.split(":")[0] for line in told] == ["source_video", "start_frame"]
    assert text(body).startswith("[# Sources <VIDEO_0>@Video1] [# References <IMAGE_REF_0>@Image1]")


def test_extend_delivers_the_whole_and_says_where_the_new_part_begins(
    server: ProviderServer, sent: Any, tmp_path: Path
) -> None:
    inputs, params = Inputs(source_video=clip(tmp_path, 4)), {"task": "extend"}
    wanted = wish(task="video_to_video", inputs=inputs, params=params, frames=72, width=96, height=54)
    body, _ = sent(wanted)
    assert task(body) == "extend" and body["response_format"]["duration"] == "3s"
    made = through(GeminiOmni(), wanted, tmp_path / "take.mp4")
    assert made.file.read_bytes() == server.clip(server.jobs[0]), "the file stays as it came"
    assert (probe_video(made.file).frames, made.first, made.notices) == (168, 96, ())


def test_a_clip_that_is_too_long_to_be_continued_is_refused(tmp_path: Path) -> None:
    wanted = wish(inputs=Inputs(source_video=clip(tmp_path, 11)), params={"task": "extend"})
    with pytest.raises(InputError, match="too long to be continued"):
        asyncio.run(filled(GeminiOmni(), wanted))


def test_params_and_prompts_of_ones_own(sent: Any, picture: Path) -> None:
    params = {"thinking_level": "high", "previous_interaction_id": "v1_abc", "cfg": 4}
    body, told = sent(wish(params=params, negative="rain"))
    assert body["generation_config"]["thinking_level"] == "high" and body["previous_interaction_id"] == "v1_abc"
    assert text(body) == f"{PROMPT} Do not show: rain."
    assert [line.split(":")[0] for line in told] == ["negative", "params"]
    body, _ = sent(wish(params={"task": "edit", "previous_interaction_id": "v1_abc"}))
    assert task(body) == "edit" and kinds(body) == ["text"], "the clip of an interaction before needs no sending"
    own = "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image1] waves"
    assert text(sent(wish(prompt=own, inputs=Inputs(start_frame=picture)))[0]) == own


@pytest.mark.parametrize("params", [{"task": "dance"}, {"task": "extend"}, {"task": "edit"}])
def test_bad_tasks_are_refused_before_anything_is_sent(params: dict[str, Any], server: ProviderServer) -> None:
    with pytest.raises(InputError, match=r"params\.task"):
        asyncio.run(GeminiOmni().submit(wish(params=params), reference="r"))
    assert server.asked == []


def asked_about(answer: dict[str, Any], *more: dict[str, Any]) -> Job:
    """How a job is read off an answer; ``more``: what is answered next."""
    engine, left = GeminiOmni(), [answer, *more]

    async def get(path: str) -> Any:
        return left.pop(0)

    async def run() -> Job:
        engine.api().get = get  # type: ignore[method-assign]
        try:
            return await engine.poll("v1_abc")
        finally:
            await engine.close()

    return asyncio.run(run())


def output(*contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"status": "completed", "steps": [{"type": "model_output", "content": list(contents)}], **more}


FILE = {"type": "video", "uri": "https://generativelanguage.googleapis.com/v1beta/files/x1:download?alt=media"}


@pytest.mark.parametrize(
    ("answer", "state", "kind", "words"),
    [
        ({"status": "queued"}, "queued", None, None),
        ({"status": "in_progress"}, "running", None, None),
        ({"status": "brewing"}, "running", None, None),
        (output({"type": "text", "text": "I can't do that."}), "failed", "moderation_output", "I can't do that."),
        (output(), "failed", "moderation_output", "it gave no clip and no reason"),
        (
            output(usage={"output_tokens_by_modality": [{"modality": "VIDEO", "tokens": 9}]}),
            "failed",
            None,
            "it reports a finished clip, but does not say where it is",
        ),
        (
            {"status": "failed", "errors": [{"code": "PROHIBITED_CONTENT", "message": "The prompt was blocked."}]},
            "failed",
            "moderation_input",
            "PROHIBITED_CONTENT: The prompt was blocked.",
        ),
        (
            {"status": "failed", "errors": [{"code": "safety", "message": "The result was withheld."}]},
            "failed",
            "moderation_output",
            "safety: The result was withheld.",
        ),
        ({"status": "failed", "errors": [{"message": "out of capacity"}]}, "failed", None, "out of capacity"),
        (
            {"status": "failed", "steps": [{"type": "model_output", "error": {"code": 13, "message": "internal"}}]},
            "failed",
            None,
            "13: internal",
        ),
        ({"status": "budget_exceeded"}, "failed", "quota", "budget exceeded"),
        ({"status": "incomplete"}, "failed", None, "incomplete"),
        ({"status": "cancelled"}, "failed", None, "cancelled"),
    ],
)
def test_every_ending_is_understood(
    server: ProviderServer, answer: dict[str, Any], state: str, kind: str | None, words: str | None
) -> None:
    job = asked_about(answer)
    assert (job.state, job.kind, job.error) == (state, kind, words)


def test_a_finished_interaction_waits_for_its_file(server: ProviderServer) -> None:
    assert asked_about(output(FILE), {"state": "PROCESSING"}).state == "running"
    assert asked_about(output(FILE), {"state": "ACTIVE"}).state == "succeeded"
    lost = asked_about(output(FILE), {"state": "FAILED", "error": {"message": "disk full"}})
    assert (lost.state, lost.error) == ("failed", "disk full")


def where(**video: Any) -> str | None:
    """The address that a finished clip is asked for at: a path is asked with the key, a whole address without."""
    engine = GeminiOmni()

    async def run() -> str | None:
        return (await engine.result_of(Job("v1_abc", "succeeded", raw=video))).url

    return asyncio.run(run())


def test_only_googles_own_files_are_asked_for_with_the_key(server: ProviderServer) -> None:
    with_key = "v1beta/files/x1:download?alt=media"
    assert where(uri=FILE["uri"]) == with_key and where(uri="files/x1") == with_key
    assert where(uri=f"{server.url}/gemini-omni/v1beta/files/x1") == with_key
    for foreign in (
        "https://evil.example/v1beta/files/x1:download?alt=media",
        "https://generativelanguage.googleapis.com.evil.example/v1beta/files/x1",
        "https://user@evil.example/files/x1",
        "https://storage.googleapis.com/bucket/clip.mp4",
    ):
        assert where(uri=foreign) == foreign


def test_a_clip_elsewhere_is_fetched_without_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Elsewhere(FakeGeminiOmni):
        def uri(self, job: Any) -> str:
            return self.server.output_url(job)

    with playing(monkeypatch, Elsewhere) as server:
        through(GeminiOmni(), take("gemini-omni"), tmp_path / "take.mp4")
        fetched = [asked for asked in server.asked if asked.path.startswith("/output/")]
        assert fetched and not any(FakeGeminiOmni.key in str(asked.headers) for asked in fetched)


def test_a_clip_may_also_come_inline(server: ProviderServer, tmp_path: Path) -> None:
    class Inline(GeminiOmni):
        def create_request(self, taken: TakeRequest) -> Any:
            from dataclasses import replace

            made = super().create_request(taken)
            body = dict(made.json or {})
            return replace(made, json={**body, "response_format": {**body["response_format"], "delivery": "inline"}})

    assert through(Inline(), take("gemini-omni"), tmp_path / "take.mp4").file.is_file()
    assert not any("files" in asked.path for asked in server.asked)


def test_jobs_that_are_gone_blips_and_cancelling(server: ProviderServer) -> None:
    async def run() -> Job:
        engine = GeminiOmni()
        try:
            with pytest.raises(ProviderError) as caught:
                await engine.poll("v1_longago")
            assert caught.value.kind == "expired"
            job_id = await engine.submit(wish(), reference="r")
            await engine.cancel(job_id)
            return await engine.poll(job_id)
        finally:
            await engine.close()

    assert asyncio.run(run()).state == "failed" and server.jobs[0].cancelled


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"code": "invalid_request", "message": "Invalid value for 'safety_settings'."}}, "bad_request"),
        (400, [{"error": {"code": 400, "message": "API key expired. Please renew the API key."}}], "auth"),
        (403, {"error": {"code": 403, "message": "blocked", "details": [{"reason": "API_KEY_SERVICE_BLOCKED"}]}}, "auth"),
        (
            404,
            {"error": {"code": "not_found", "message": "Model gemini-omni-1.1-flash is no longer available."}},
            "retired_model",
        ),
        (429, {"error": {"code": "too_many", "message": "Too many requests."}}, "rate"),
        (429, {"error": {"message": "Your prepayment credits are depleted; check billing."}}, "quota"),
    ],
)
def test_refusals_have_their_kind(status: int, body: Any, kind: str) -> None:
    assert GeminiOmni().classify(status, body) == kind


@pytest.mark.parametrize("failure", ["ok", "fail", "moderation_output"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_sdk_itself_can_talk_to_the_fake(monkeypatch: pytest.MonkeyPatch, failure: Any, tmp_path: Path) -> None:
    from google import genai
    from google.genai.types import HttpOptions

    with playing(monkeypatch, FakeGeminiOmni, failure_modes=(failure,), polls=1) as server:
        base = f"{server.url}/gemini-omni"
        client = genai.Client(api_key=FakeGeminiOmni.key, http_options=HttpOptions(base_url=base))
        created = asyncio.run(filled(GeminiOmni(), wish(width=96, height=54)))
        made = client.interactions.create(**dict(created.json or {}))
        assert made.status == "in_progress"
        for _ in range(2):
            made = client.interactions.get(id=made.id)
        posted = next(asked for asked in server.asked if asked.method == "POST")
        assert posted.path == "/gemini-omni/v1/interactions"
        step = {"type": "user_input", "content": (created.json or {})["input"]}
        assert posted.json == {**(created.json or {}), "input": [step]}, "the SDK wraps what is given, and changes no more"
        assert made.status == ("failed" if failure == "fail" else "completed")
        assert bool(made.output_video and made.output_video.uri) == (failure == "ok")
        assert bool(made.errors) == (failure == "fail") and bool(made.output_text) == (failure == "moderation_output")


@pytest.mark.parametrize("failure", ["ok", "fail", "moderation_output"])
def test_the_fake_answers_as_the_sdks_types_are(monkeypatch: pytest.MonkeyPatch, failure: Any) -> None:
    from google.genai._gaos.types.interactions import Interaction

    with playing(monkeypatch, FakeGeminiOmni, failure_modes=(failure,), polls=1) as server:
        fake = server.providers["gemini-omni"]

        async def run() -> str:
            engine = GeminiOmni()
            try:
                return await engine.submit(wish(), reference="r")
            finally:
                await engine.close()

        job_id = asyncio.run(run())
        known = set(Interaction.model_fields) | {"object"}
        for _ in range(3):
            path = f"/v1/interactions/{job_id}"
            answer = fake.answer(Asked("GET", path, {}, {"x-goog-api-key": fake.key}, b""))
            assert answer is not None and set(answer.json) <= known
            Interaction.model_validate(answer.json, strict=True)


@pytest.mark.parametrize(
    ("model", "seconds", "closing", "made"),
    [
        ("gemini-omni-1.1-flash", 14, False, "10s"),
        ("gemini-omni-1.2-flash", 14, False, "14s"),
        ("gemini-omni-1.2-flash", 2, False, "3s"),
        ("gemini-omni-1.2-flash", 14, True, "10s"),
    ],
)
def test_lengths_by_model_and_to_a_closing_picture(model: str, seconds: int, closing: bool, made: str, tmp_path: Path) -> None:
    shot: dict[str, Any] = {"model": model, "frames": seconds * 24, "width": 1280, "height": 720}
    if closing:
        cv2.imwrite(str(tmp_path / "a.png"), np.full((72, 128, 3), 90, np.uint8))
        inputs = Inputs(start_frame=tmp_path / "a.png", end_frame=tmp_path / "a.png")
        shot |= {"task": "first_last_frame", "inputs": inputs}
    wanted = take("gemini-omni", **shot)
    create = GeminiOmni().create_request(wanted)
    assert create.json and create.json["response_format"]["duration"] == made and not list(complaints(create.json))
    price = GeminiOmni().estimate(wanted.request)
    assert price == pytest.approx(float(made[:-1]) * (0.10 if "1.1" in model else 0.07))
