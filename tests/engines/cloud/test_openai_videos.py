"""openai-videos: both dialects, what a server of one's own may leave out, and that nothing is sent twice."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engines.cloud.oracle import Oracle
from provider_failures import ProviderFailures, filled, playing, take, through
from support import Vidgen
from vidgen.engines.base import Job
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.openai_videos import OpenAIVideos
from vidgen.errors import InputError, MissingError
from vidgen.media.frames import FrameWriter
from vidgen.takes.request import Inputs, TakeRequest
from vidgen.testing import EngineConformance
from vidgen.testing.providers import Answer, Asked, ProviderServer
from vidgen.testing.providers.openai_videos import FakeOpenAIVideos, StrictOpenAIVideos

PLAIN = {"dialect": "openai"}


class TestFailures(ProviderFailures):
    engine, fake = OpenAIVideos, FakeOpenAIVideos


class TestConformance(EngineConformance):
    engine = OpenAIVideos

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakeOpenAIVideos) as type(self).server:
            yield

    server: ProviderServer

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeOpenAIVideos) as running:
        yield running


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, StrictOpenAIVideos) as running:
        yield running


def fields(wanted: TakeRequest) -> dict[str, Any]:
    """The form that is sent for a take, read back from the wire by the fake's own parser."""
    created = asyncio.run(filled(OpenAIVideos(), wanted))
    import httpx

    request = httpx.Request("POST", "http://127.0.0.1/", files=created.files)
    return Asked("POST", "/", {}, dict(request.headers), request.read()).form()


def told(wanted: TakeRequest) -> list[str]:
    return [text for _, text in asyncio.run(filled(OpenAIVideos(), wanted)).notices]


def wish(**changes: Any) -> TakeRequest:
    return take("openai-videos", **{"frames": 96, "width": 1280, "height": 720, **changes})


def picture(folder: Path, width: int = 300, height: int = 200) -> Path:
    file = folder / "open.png"
    cv2.imwrite(str(file), np.full((height, width, 3), (30, 90, 200), np.uint8))
    return file


def test_text_to_video_in_the_wider_dialect() -> None:
    assert fields(wish(negative="rain", model="Wan-AI/Wan2.2")) == {
        "prompt": "a lighthouse at dusk",
        "model": "Wan-AI/Wan2.2",
        "seconds": "4",
        "size": "1280x720",
        "width": "1280",
        "height": "720",
        "fps": "24",
        "num_frames": "97",
        "seed": "7",
        "negative_prompt": "rain",
    }


def test_text_to_video_in_the_protocols_own_dialect() -> None:
    wanted = wish(negative="rain", params=PLAIN, frames=100, width=1920, height=1080)
    assert fields(wanted) == {"prompt": "a lighthouse at dusk", "seconds": "8", "size": "1280x720"}
    assert [text.split(":")[0] for text in told(wanted)] == ["seed", "negative"]


def test_the_plain_form_is_what_the_sdk_knows(tmp_path: Path) -> None:
    from openai.types import VideoCreateParams

    oracle = Oracle(VideoCreateParams)
    start = picture(tmp_path)
    for frames, width, height in [(24, 1280, 720), (100, 720, 1280), (260, 64, 64), (999, 3000, 2000)]:
        for inputs in (Inputs(), Inputs(start_frame=start)):
            sent = fields(wish(params=PLAIN, frames=frames, width=width, height=height, inputs=inputs, negative="rain"))
            assert oracle.complaints(sent) == []
    assert oracle.complaints(fields(wish())) != []


def test_image_to_video_sends_the_picture_in_exactly_the_size(tmp_path: Path) -> None:
    sent = fields(wish(task="image_to_video", inputs=Inputs(start_frame=picture(tmp_path))))
    assert cv2.imdecode(np.frombuffer(sent["input_reference"], np.uint8), cv2.IMREAD_COLOR).shape == (720, 1280, 3)


def test_a_shot_that_continues_another_opens_with_its_last_picture(tmp_path: Path) -> None:
    with FrameWriter(tmp_path / "a.mp4", 96, 64, Fraction(24), frames=3) as writer:
        for shade in (0, 0, 250):
            writer.write(np.full((64, 96, 3), shade, np.uint8))
    sent = fields(wish(task="image_to_video", params=PLAIN, inputs=Inputs(continues=tmp_path / "a.mp4")))
    assert cv2.imdecode(np.frombuffer(sent["input_reference"], np.uint8), cv2.IMREAD_COLOR).mean() > 230


def test_video_to_video_sends_the_clip_itself(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"a clip")
    inputs = Inputs(source_video=tmp_path / "in.mp4", start_frame=picture(tmp_path))
    wanted = wish(task="video_to_video", inputs=inputs)
    assert fields(wanted)["input_reference"] == b"a clip"
    assert [text.split(":")[0] for text in told(wanted)] == ["start_frame"]
    plain = wish(task="video_to_video", params=PLAIN, inputs=Inputs(source_video=tmp_path / "in.mp4"))
    assert "input_reference" not in fields(plain) and "source_video" in " ".join(told(plain))


def test_params_go_out_as_they_are_and_win() -> None:
    given = {"num_inference_steps": 40, "guidance_scale": 4.5, "extra_params": {"task": "t2va"}, "fps": 16, "size": "832x480"}
    sent = fields(wish(params={**given, "enable_frame_interpolation": True}))
    assert (sent["width"], sent["height"], sent["fps"], sent["num_frames"]) == ("832", "480", "16", "65")
    assert sent["num_inference_steps"] == "40" and sent["guidance_scale"] == "4.5"
    assert sent["extra_params"] == '{"task": "t2va"}' and sent["enable_frame_interpolation"] == "true"
    assert "dialect" not in fields(wish(params=PLAIN))


@pytest.mark.parametrize("params", [{"dialect": "klingon"}, {"fps": 0}, {"width": "wide"}, {"size": "big"}, {"fps": True}])
def test_bad_params_are_refused_before_anything_is_sent(params: dict[str, Any], server: ProviderServer) -> None:
    with pytest.raises(InputError, match=f"params.{next(iter(params))}"):
        asyncio.run(OpenAIVideos().submit(wish(params=params), reference="r"))
    assert server.asked == []


def test_sides_are_made_multiples_of_16_and_the_clip_is_never_too_short() -> None:
    for frames, fps in [(1, Fraction(24)), (97, Fraction(24)), (98, Fraction(24)), (120, Fraction(30000, 1001))]:
        sent = fields(wish(frames=frames, fps=fps, width=1920, height=1080))
        assert sent["size"] == "1920x1088"
        assert int(sent["num_frames"]) / int(sent["fps"]) >= float(frames / fps) - 1e-9
        assert int(sent["num_frames"]) % 8 == 1


def test_a_strict_server_refuses_the_wider_form_and_the_hint_says_what_to_do(strict: ProviderServer, tmp_path: Path) -> None:
    with pytest.raises(ProviderError) as caught:
        through(OpenAIVideos(), wish(), tmp_path / "take.mp4")
    assert "Unknown parameter" in str(caught.value) and "dialect: openai" in caught.value.hint
    assert strict.jobs == [] and len([asked for asked in strict.asked if asked.method == "POST"]) == 1
    made = through(OpenAIVideos(), wish(params=PLAIN, frames=12, width=128, height=72), tmp_path / "take.mp4")
    assert made.manifest["seed"] is None and made.manifest["reproducible"] is False


def test_fields_that_another_server_adds_or_leaves_out_do_not_matter(server: ProviderServer) -> None:
    engine = OpenAIVideos()
    seen: list[Any] = [
        {"id": "a", "status": "Processing", "progress": 0.5, "usage": {"cost": 1}, "nonsense": [1]},
        {"status": "in_progress", "progress": 1},
        {"status": "brewing", "progress": None},
        {"status": "failed", "error": "out of memory"},
        {"status": "failed"},
        {"status": "completed", "unsigned_urls": []},
    ]
    found: list[Job] = []

    async def run() -> None:
        api = engine.api()
        for answer in seen:

            async def get(path: str, answer: Any = answer) -> Any:
                return answer

            api.get = get  # type: ignore[method-assign]
            found.append(await engine.read_job("a", "", "a"))
        await engine.close()

    asyncio.run(run())
    assert [(job.state, job.progress, job.error) for job in found] == [
        ("running", 0.5, None),
        ("running", 0.01, None),
        ("running", None, None),
        ("failed", None, "out of memory"),
        ("failed", None, "no reason given"),
        ("succeeded", None, None),
    ]


def test_a_server_without_a_key_is_asked_without_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Open(FakeOpenAIVideos):
        key = ""

    with playing(monkeypatch, Open) as server:
        through(OpenAIVideos(), take("openai-videos"), tmp_path / "take.mp4")
        assert not any("authorization" in asked.headers for asked in server.asked)


def test_content_on_another_host_is_fetched_without_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with ProviderServer() as elsewhere:

        class Redirecting(FakeOpenAIVideos):
            def answer(self, asked: Asked) -> Answer | None:
                given = super().answer(asked)
                if not asked.path.endswith("/content"):
                    return given
                (job,) = self.server.jobs
                elsewhere.jobs.append(job)
                return Answer(302, headers={"Location": elsewhere.output_url(job)})

        with playing(monkeypatch, Redirecting) as server:
            through(OpenAIVideos(), take("openai-videos"), tmp_path / "take.mp4")
            assert [asked.path.split("/")[1] for asked in elsewhere.asked] == ["output"]
            assert not any("authorization" in asked.headers for asked in elsewhere.asked)
            assert all("authorization" in asked.headers for asked in server.asked)


def test_the_address_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_VIDEOS_BASE_URL", raising=False)
    assert OpenAIVideos().available() == "set OPENAI_VIDEOS_BASE_URL"
    with pytest.raises(MissingError, match="OPENAI_VIDEOS_BASE_URL"):
        OpenAIVideos().api()


def test_a_job_can_be_cancelled_and_one_that_is_gone_has_expired(server: ProviderServer) -> None:
    async def run() -> Job:
        engine = OpenAIVideos()
        try:
            job_id = await engine.submit(take("openai-videos"), reference="r")
            await engine.cancel(job_id)
            with pytest.raises(ProviderError) as caught:
                await engine.poll("video_of_long_ago")
            assert caught.value.kind == "expired"
            return await engine.poll(job_id)
        finally:
            await engine.close()

    assert asyncio.run(run()).state == "failed" and server.jobs[0].cancelled


@pytest.mark.parametrize("failure", ["ok", "fail", "moderation_output"])
def test_the_fake_answers_as_the_sdk_reads_it(monkeypatch: pytest.MonkeyPatch, failure: Any) -> None:
    from openai.types import Video

    with playing(monkeypatch, StrictOpenAIVideos, failure_modes=(failure,), polls=1) as server:
        fake = server.providers["openai-videos"]
        headers = {"authorization": f"Bearer {fake.key}"}

        async def run() -> None:
            engine = OpenAIVideos()
            job_id = await engine.submit(wish(params=PLAIN), reference="r")
            await engine.close()
            for _ in range(3):
                answer = fake.answer(Asked("GET", f"/v1/videos/{job_id}", {}, headers, b""))
                assert answer is not None
                Video.model_validate(answer.json, strict=True)

        asyncio.run(run())


def test_the_recipe_for_a_server_of_ones_own_sends_what_its_maker_wants(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, tmp_path: Path
) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    (recipe,) = (block for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL) if "MiniMax-H3" in block)
    (tmp_path / "harbour.yaml").write_text(recipe.replace("resolution: 768p", "resolution: 96p"), encoding="utf-8")
    cv2.imwrite(str(tmp_path / "boat.png"), np.full((96, 168, 3), 90, np.uint8))
    with playing(monkeypatch, FakeOpenAIVideos) as server:
        ran = vidgen("render", "harbour.yaml", "--yes", "--json", "--candidates", "1")
        assert ran.code == 0, ran.envelope["error"]
        forms = [asked.form() for asked in server.asked if asked.method == "POST"]
    tasks = {json.loads(form["extra_params"])["task"]: form for form in forms}
    assert set(tasks) == {"t2va", "fl2va"} and "input_reference" in tasks["fl2va"]
    for form in forms:
        fields = {name: form[name] for name in ("width", "height", "fps", "num_frames", "flow_shift")}
        assert fields == {"width": "1344", "height": "768", "fps": "24", "num_frames": "124", "flow_shift": "12"}
        assert (int(form["num_frames"]) - 5) % 17 == 0 and form["model"] == "MiniMaxAI/MiniMax-H3"
