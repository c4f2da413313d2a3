"""Pika through fal's queue: which operation a shot becomes, and failures that the queue tells of late."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from provider_failures import ProviderFailures, filled, playing, take, through
from vidgen.catalog.engines import capabilities
from vidgen.engines.base import Job
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.pika import Pika
from vidgen.takes.request import Inputs, TakeRequest
from vidgen.testing import EngineConformance
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.pika import FakePika, wrong
from vidgen.testing.providers.server import Answer, FakeJob


class TestFailures(ProviderFailures):
    engine, fake = Pika, FakePika
    late_refusals = ("moderation", "refuse")


class TestConformance(EngineConformance):
    engine = Pika
    server: ProviderServer

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakePika) as type(self).server:
            yield

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakePika, polls=1) as running:
        yield running


def wish(**changes: Any) -> TakeRequest:
    return take("pika", **{"frames": 120, "width": 1280, "height": 720, **changes})


def sent(wanted: TakeRequest) -> tuple[str, dict[str, Any], list[str]]:
    """Path, body and notices of a take; the body has been checked against the documented values."""
    created = asyncio.run(filled(Pika(), wanted))
    body = dict(created.json or {})
    assert wrong(created.path.removeprefix("fal-ai/pika/"), body) is None, body
    for text in (text for _, text in created.notices):
        assert text.split(":")[0] in ("references", "end_frame", "params", "resolution")
    return created.path, body, [text for _, text in created.notices]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.full((200, 300, 3), (30, 90, 200), np.uint8))
    return file


def shape_of(data_uri: str) -> tuple[int, ...]:
    import base64

    head, _, data = data_uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR).shape


def test_text_to_video() -> None:
    assert sent(wish(negative="rain")) == (
        "fal-ai/pika/v2.2/text-to-video",
        {
            "prompt": "a lighthouse at dusk",
            "negative_prompt": "rain",
            "seed": 7,
            "resolution": "720p",
            "duration": 5,
            "aspect_ratio": "16:9",
        },
        [],
    )


def test_text_to_video_with_2_5_has_no_shape_and_a_smaller_size() -> None:
    path, body, _ = sent(wish(model="pika-v2.5", width=640, height=360, frames=150))
    assert path == "fal-ai/pika/v2.5/text-to-video"
    assert body == {"prompt": "a lighthouse at dusk", "seed": 7, "resolution": "480p", "duration": 10}


def test_image_to_video_crops_the_picture_to_the_shots_shape(picture: Path) -> None:
    path, body, notices = sent(wish(inputs=Inputs(start_frame=picture), width=1080, height=1080))
    assert path == "fal-ai/pika/v2.2/image-to-video" and notices == []
    assert shape_of(body.pop("image_url")) == (200, 200, 3)
    assert body == {"prompt": "a lighthouse at dusk", "seed": 7, "resolution": "1080p", "duration": 5}


def test_references_are_the_ingredients_of_a_scene(picture: Path) -> None:
    params = {"ingredients_mode": "creative", "cfg": 3}
    path, body, notices = sent(wish(inputs=Inputs(references=(picture,) * 6), params=params, width=720, height=1280))
    assert path == "fal-ai/pika/v2.2/pikascenes" and len(body.pop("image_urls")) == 5
    assert body == {
        "prompt": "a lighthouse at dusk",
        "seed": 7,
        "resolution": "720p",
        "duration": 5,
        "aspect_ratio": "9:16",
        "ingredients_mode": "creative",
    }
    assert [text.split(":")[0] for text in notices] == ["params", "references"] and "cfg" in notices[0]


def test_first_and_last_picture(picture: Path) -> None:
    path, body, notices = sent(wish(inputs=Inputs(start_frame=picture, end_frame=picture)))
    assert path == "fal-ai/pika/v2.2/pikaframes" and notices == []
    assert len(body.pop("image_urls")) == 2
    assert body == {
        "prompt": "a lighthouse at dusk",
        "seed": 7,
        "resolution": "720p",
        "transitions": [{"duration": 5}],
    }


def test_pictures_between_share_the_time_and_a_cut_end_is_said(picture: Path) -> None:
    inputs = Inputs(start_frame=picture, references=(picture, picture), end_frame=picture)
    _, body, notices = sent(wish(inputs=inputs, frames=96))
    assert [step["duration"] for step in body["transitions"]] == [2, 2, 1] and len(body["image_urls"]) == 4
    assert [text.split(":")[0] for text in notices] == ["references", "end_frame"] and "1 s before" in notices[1]


def test_what_has_no_place_is_said(picture: Path) -> None:
    path, _, notices = sent(wish(inputs=Inputs(end_frame=picture), params={"mode": 1}, width=3840, height=2160))
    assert path.endswith("text-to-video")
    assert [text.split(":")[0] for text in notices] == ["params"]
    _, _, notices = sent(wish(inputs=Inputs(start_frame=picture, references=(picture,))))
    assert [text.split(":")[0] for text in notices] == ["references"]


def test_prices_are_those_of_the_length_that_is_bought() -> None:
    able = capabilities("pika", "pika-v2.2")
    assert able is not None and able.price.of(5, 720) == pytest.approx(0.20) and able.price.of(10, 1080) == pytest.approx(0.90)
    for frames in (24, 120, 121, 240):
        created = asyncio.run(filled(Pika(), wish(frames=frames)))
        assert created.seconds == able.billed_s(frames / 24)
    frames_price = Pika().estimate(wish(task="first_last_frame", width=1920, height=1080).request)
    assert frames_price == pytest.approx(0.30) and Pika().estimate(wish().request) == pytest.approx(0.20)
    unpriced = capabilities("pika", "pika-v2.5")
    assert unpriced is not None and unpriced.price.of(5, 720) is None


def poll_to_end(wanted: TakeRequest) -> Job:
    async def run() -> Job:
        engine = Pika()
        try:
            job_id = await engine.submit(wanted, reference="r")
            while (job := await engine.poll(job_id)).state in ("queued", "running"):
                await asyncio.sleep(0.01)
            return job
        finally:
            await engine.close()

    return asyncio.run(run())


def test_a_wrong_value_is_a_failed_job_in_the_providers_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(monkeypatch, FakePika, failure_modes=("refuse",)):
        job = poll_to_end(wish())
    assert (job.state, job.kind) == ("failed", "bad_request") and "permitted" in str(job.error)


def test_the_jobs_path_comes_from_the_answer_only_on_the_queues_own_host(server: ProviderServer) -> None:
    engine = Pika()
    base = engine.api().address.url
    own = {"request_id": "abc-1", "response_url": f"{base}/fal-ai/other/requests/xyz-2"}
    assert engine.job_id_of(own) == "fal-ai/other/requests/xyz-2"
    for foreign in (
        "https://evil.example.net/fal-ai/pika/requests/abc-1",
        f"{base}.evil.net/requests/1",
        f"{base}/../requests/1?a",
    ):
        assert engine.job_id_of({"request_id": "abc-1", "response_url": foreign}) == "fal-ai/pika/requests/abc-1"
    assert engine.job_id_of({"request_id": "../../x"}) == "" and engine.job_id_of({}) == ""


def test_cancel_and_a_job_that_is_gone(server: ProviderServer) -> None:
    async def run() -> Job:
        engine = Pika()
        try:
            job_id = await engine.submit(wish(), reference="r")
            await engine.cancel(job_id)
            with pytest.raises(ProviderError) as caught:
                await engine.poll("fal-ai/pika/requests/gone")
            assert caught.value.kind == "expired"
            return await engine.poll(job_id)
        finally:
            await engine.close()

    assert asyncio.run(run()).state == "failed"


def test_a_result_that_lags_behind_its_status_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Lagging(FakePika):
        asked = 0

        def _result(self, job: FakeJob) -> Answer:
            self.asked += 1
            return Answer(400, {"detail": "Request is still in progress"}) if self.asked == 1 else super()._result(job)

    with playing(monkeypatch, Lagging) as server:
        assert through(Pika(), take("pika"), tmp_path / "take.mp4").file.is_file() and len(server.jobs) == 1


def test_a_result_without_a_clip_is_the_providers_fault(server: ProviderServer, tmp_path: Path) -> None:
    engine = Pika()

    async def fetched(raw: Any) -> None:
        await engine.fetch(Job("fal-ai/pika/requests/a", "succeeded", raw=raw), wish(), tmp_path / "take.mp4")

    for raw in ({"result": {}}, {"result": {"video": None}}, {"result": "x"}, {"result": {"video": {"url": "relative/path"}}}):
        with pytest.raises(ProviderError, match="names no clip"):
            asyncio.run(fetched(raw))


def test_the_whole_way_with_pictures(server: ProviderServer, tmp_path: Path, picture: Path) -> None:
    wanted = wish(inputs=Inputs(start_frame=picture, end_frame=picture), width=128, height=72)
    made = through(Pika(), wanted, tmp_path / "take.mp4")
    assert made.manifest["seed"] == 7 and server.jobs[0].body["operation"] == "v2.2/pikaframes"
