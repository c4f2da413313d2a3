"""Veo on Vertex AI: which prediction a shot becomes, access tokens, and predictions that end without a clip."""

from __future__ import annotations

import asyncio
import base64
import json
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
from vidgen.engines.cloud.veo import Veo
from vidgen.errors import InputError, MissingError
from vidgen.takes.request import Inputs, TakeRequest
from vidgen.testing import EngineConformance
from vidgen.testing.providers import Asked, ProviderServer
from vidgen.testing.providers.veo import FakeVeo, complaints

MODEL = "projects/test-project/locations/us-central1/publishers/google/models/veo-3.1-generate-001"
OPERATION = f"{MODEL}/operations/abc-1"


class TestFailures(ProviderFailures):
    engine, fake = Veo, FakeVeo
    shown_number = False


class TestConformance(EngineConformance):
    engine = Veo
    server: ProviderServer

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakeVeo) as type(self).server:
            yield

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeVeo, polls=2) as running:
        yield running


def wish(**changes: Any) -> TakeRequest:
    return take("veo", **{"frames": 120, "width": 1280, "height": 720, **changes})


def created(wanted: TakeRequest) -> Any:
    async def run() -> Any:
        engine = Veo()
        try:
            return await filled(engine, wanted)
        finally:
            await engine.close()

    return asyncio.run(run())


@pytest.fixture
def sent(server: ProviderServer) -> Any:
    """Model, body and notices of a take; the body is one that the documented values allow, and priced as planned."""

    def sent(wanted: TakeRequest) -> tuple[str, dict[str, Any], list[str]]:
        made = created(wanted)
        model, _, method = made.path.rpartition(":")
        body, name = dict(made.json or {}), model.rpartition("/")[2]
        assert method == "predictLongRunning" and list(complaints(body, name)) == []
        able = capabilities("veo", wanted.request.model)
        assert able and made.seconds == able.billed_s(wanted.request.duration_s, wanted.request.by_references)
        return name, body, [text for _, text in made.notices]

    return sent


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.full((200, 300, 3), (30, 90, 200), np.uint8))
    return file


def names(told: list[str]) -> list[str]:
    return [line.split(":")[0] for line in told]


def test_text_to_video(sent: Any) -> None:
    assert sent(wish(negative="rain")) == (
        "veo-3.1-generate-001",
        {
            "instances": [{"prompt": "a lighthouse at dusk"}],
            "parameters": {
                "sampleCount": 1,
                "durationSeconds": 6,
                "aspectRatio": "16:9",
                "resolution": "720p",
                "seed": 7,
                "generateAudio": False,
                "negativePrompt": "rain",
            },
        },
        [],
    )


@pytest.mark.parametrize(
    ("frames", "size", "model", "form"),
    [
        (24, (640, 360), "veo-3.1-generate-001", (4, "720p", "16:9")),
        (97, (1080, 1920), "veo-3.1-fast-generate-001", (6, "1080p", "9:16")),
        (400, (3840, 2160), "veo-3.1-generate-001", (8, "4k", "16:9")),
        (96, (1080, 1080), "veo-3.1-lite-generate-001", (4, "1080p", "16:9")),
    ],
)
def test_length_size_and_shape_are_legal_ones(
    sent: Any, frames: int, size: tuple[int, int], model: str, form: tuple[Any, ...]
) -> None:
    name, body, told = sent(wish(frames=frames, width=size[0], height=size[1], model=model))
    made = body["parameters"]
    assert (made["durationSeconds"], made["resolution"], made["aspectRatio"]) == form and name == model and told == []


def test_no_size_beyond_the_models_is_ordered(sent: Any) -> None:
    _, body, _ = sent(wish(width=3840, height=2160, model="veo-3.1-lite-generate-001"))
    assert body["parameters"]["resolution"] == "1080p"


@pytest.mark.parametrize(
    ("model", "size", "usd"),
    [
        ("veo-3.1-generate-001", (1280, 720), 2.40),
        ("veo-3.1-generate-001", (3840, 2160), 3.60),
        ("veo-3.1-fast-generate-001", (1920, 1080), 0.72),
        ("veo-3.1-lite-generate-001", (1280, 720), 0.30),
    ],
)
def test_what_it_costs(model: str, size: tuple[int, int], usd: float, picture: Path) -> None:
    assert Veo().estimate(wish(model=model, width=size[0], height=size[1]).request) == pytest.approx(usd)


def test_image_to_video_opens_with_the_picture_in_the_clips_shape(sent: Any, picture: Path) -> None:
    _, body, told = sent(wish(task="image_to_video", inputs=Inputs(start_frame=picture)))
    image = body["instances"][0]["image"]
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(image["bytesBase64Encoded"]), np.uint8), cv2.IMREAD_COLOR)
    assert image["mimeType"] == "image/jpeg" and abs(shown.shape[1] / shown.shape[0] - 16 / 9) < 0.02 and told == []


def test_first_and_last_frame(sent: Any, picture: Path) -> None:
    both = Inputs(start_frame=picture, end_frame=picture)
    _, body, told = sent(wish(task="first_last_frame", frames=144, inputs=both))
    assert set(body["instances"][0]) == {"prompt", "image", "lastFrame"} and told == []
    assert names(sent(wish(task="first_last_frame", inputs=both))[2]) == ["end_frame"], "6 s are made, 5 s are shown"
    _, body, told = sent(wish(inputs=Inputs(end_frame=picture)))
    assert set(body["instances"][0]) == {"prompt"} and told == []


def test_references_make_a_clip_of_8_seconds_at_its_price(sent: Any, picture: Path) -> None:
    wanted = wish(inputs=Inputs(references=(picture,) * 4))
    _, body, told = sent(wanted)
    given = body["instances"][0]["referenceImages"]
    assert [one["referenceType"] for one in given] == ["ASSET"] * 3 and names(told) == ["references"]
    assert body["parameters"]["durationSeconds"] == 8 and Veo().estimate(wanted.request) == pytest.approx(3.20)
    _, body, told = sent(wish(task="image_to_video", inputs=Inputs(start_frame=picture, references=(picture,))))
    assert "referenceImages" not in body["instances"][0] and names(told) == ["references"]
    assert body["parameters"]["durationSeconds"] == 6


def test_params(sent: Any) -> None:
    _, body, told = sent(wish(params={"generate_audio": True, "person_generation": "dont_allow", "cfg": 3}))
    assert body["parameters"]["generateAudio"] is True and body["parameters"]["personGeneration"] == "dont_allow"
    assert names(told) == ["params"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("failure", ["ok", "fail", "moderation_output"])
def test_the_sdk_asks_and_reads_alike(server: ProviderServer, picture: Path, failure: Any) -> None:
    """The SDK's own request for the same wishes is the same, and it reads the fake's answers."""
    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

    server.failure_modes = (failure,)
    inputs = Inputs(start_frame=picture, end_frame=picture)
    wanted = wish(task="first_last_frame", width=96, height=54, frames=144, inputs=inputs, negative="rain")
    made = created(wanted)
    client = genai.Client(
        vertexai=True,
        project="test-project",
        location="us-central1",
        credentials=Credentials(token=FakeVeo.key),
        http_options=types.HttpOptions(base_url=f"{server.url}/veo", api_version="v1"),
    )

    def image(name: str) -> types.Image:
        given = dict(made.json)["instances"][0][name]
        return types.Image(image_bytes=base64.b64decode(given["bytesBase64Encoded"]), mime_type=given["mimeType"])

    operation = client.models.generate_videos(
        model="veo-3.1-generate-001",
        source=types.GenerateVideosSource(prompt="a lighthouse at dusk", image=image("image")),
        config=types.GenerateVideosConfig(
            number_of_videos=1,
            duration_seconds=6,
            aspect_ratio="16:9",
            resolution="720p",
            seed=7,
            generate_audio=False,
            negative_prompt="rain",
            last_frame=image("lastFrame"),
        ),
    )
    posted = [asked for asked in server.asked if asked.path.endswith("predictLongRunning")]
    assert [asked.path.removeprefix("/veo/") for asked in posted] == [made.path] and posted[0].json == made.json
    for _ in range(3):
        operation = client.operations.get(operation)
    assert operation.done and bool(operation.error) == (failure == "fail")
    response = operation.response
    assert bool(response and response.generated_videos) == (failure == "ok")
    assert bool(response and response.rai_media_filtered_count) == (failure == "moderation_output")
    polled = [asked for asked in server.asked if asked.path.endswith("fetchPredictOperation")]
    assert polled[0].path == f"/veo/v1/{MODEL}:fetchPredictOperation" and set(polled[0].json) == {"operationName"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_sdk_sends_references_alike(server: ProviderServer, picture: Path) -> None:
    from google import genai
    from google.genai import types
    from google.genai.models import _GenerateVideosParameters_to_vertex
    from google.oauth2.credentials import Credentials

    made = dict(created(wish(inputs=Inputs(references=(picture,)))).json)
    given = made["instances"][0]["referenceImages"][0]["image"]
    image = types.Image(image_bytes=base64.b64decode(given["bytesBase64Encoded"]), mime_type=given["mimeType"])
    reference = types.VideoGenerationReferenceImage(image=image, reference_type=types.VideoGenerationReferenceType.ASSET)
    asked = types._GenerateVideosParameters(
        model="m",
        source=types.GenerateVideosSource(prompt="a lighthouse at dusk"),
        config=types.GenerateVideosConfig(reference_images=[reference], duration_seconds=8),
    )
    client = genai.Client(vertexai=True, project="p", location="global", credentials=Credentials(token="t"))
    wire: Any = _GenerateVideosParameters_to_vertex(client._api_client, asked)
    assert json.loads(json.dumps(wire["instances"])) == made["instances"]


def read(answer: dict[str, Any]) -> Job:
    from vidgen.engines.cloud.veo import _job

    return _job(OPERATION, answer)


@pytest.mark.parametrize(
    ("answer", "state", "kind", "words"),
    [
        ({"name": OPERATION}, "running", None, None),
        ({"done": True, "response": {}}, "failed", None, "it is done, but gave no clip and no reason"),
        (
            {"done": True, "response": {"raiMediaFilteredCount": 1}},
            "failed",
            "moderation_output",
            "its filters held the clip back",
        ),
        (
            {"done": True, "response": {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["58061214"], "videos": []}},
            "failed",
            "moderation_output",
            "58061214",
        ),
        (
            {"done": True, "error": {"code": 3, "message": "The input image violates Google's Responsible AI practices."}},
            "failed",
            "moderation_input",
            "The input image violates Google's Responsible AI practices.",
        ),
        ({"done": True, "error": {"code": 13, "message": "Internal error."}}, "failed", None, "Internal error."),
        ({"done": True, "response": {"videos": [{"gcsUri": "gs://b/a.mp4"}]}}, "succeeded", None, None),
    ],
)
def test_every_ending_is_understood(answer: dict[str, Any], state: str, kind: str | None, words: str | None) -> None:
    job = read(answer)
    assert (job.state, job.kind, job.error) == (state, kind, words)


def test_a_clip_in_cloud_storage_is_named(server: ProviderServer) -> None:
    job = read({"done": True, "response": {"videos": [{"gcsUri": "gs://b/a.mp4"}]}})
    with pytest.raises(ProviderError, match="gs://b/a.mp4"):
        asyncio.run(Veo().result_of(job))


def test_an_unknown_operation_has_expired(server: ProviderServer) -> None:
    async def run(job_id: str) -> str:
        engine = Veo()
        try:
            with pytest.raises(ProviderError) as caught:
                await engine.poll(job_id)
            return caught.value.kind
        finally:
            await engine.close()

    assert asyncio.run(run(OPERATION)) == asyncio.run(run("https://evil.example/steal")) == "expired"
    assert all(asked.path.startswith("/veo/") for asked in server.asked)


def test_one_token_serves_until_it_runs_out(server: ProviderServer, tmp_path: Path) -> None:
    through(Veo(), take("veo"), tmp_path / "take.mp4")
    exchanged = [asked for asked in server.asked if asked.path == "/veo/token"]
    assert len(exchanged) == 1 and len(server.asked) == 5
    FakeVeo.lasts_s = 1  # counts as run out at once
    try:
        through(Veo(), take("veo"), tmp_path / "again.mp4")
    finally:
        FakeVeo.lasts_s = 3600
    assert len([asked for asked in server.asked if asked.path == "/veo/token"]) > 3


def test_a_token_that_is_refused_buys_nothing(server: ProviderServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(FakeVeo, "account", "another@test-project")
    with pytest.raises(ProviderError) as caught:
        through(Veo(), take("veo"), tmp_path / "take.mp4")
    assert caught.value.kind == "auth" and "gcloud auth" in caught.value.hint and server.created == 0
    assert "PRIVATE KEY" not in f"{caught.value}"


def test_a_persons_requests_count_against_the_project_of_the_login(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from types import SimpleNamespace

    import google.auth

    login = SimpleNamespace(token=FakeVeo.key, valid=True, quota_project_id="billed-here")
    monkeypatch.setattr(google.auth, "default", lambda **_: (login, None))
    through(Veo(), take("veo"), tmp_path / "take.mp4")
    assert {asked.headers.get("x-goog-user-project") for asked in server.asked} == {"billed-here"}


def test_a_refused_account_is_told_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    async def submitted() -> None:
        engine = Veo()
        try:
            await engine.submit(wish(), reference="r")
        finally:
            await engine.close()

    with playing(monkeypatch, FakeVeo, failure_modes=("auth",)), pytest.raises(ProviderError) as caught:
        asyncio.run(submitted())
    assert "Vertex AI User" in caught.value.hint


def test_asking_whether_it_is_ready_loads_nothing(server: ProviderServer) -> None:
    import subprocess
    import sys

    code = "import sys; from vidgen.engines.cloud.veo import Veo; assert Veo().available() is None"
    loaded = "print([name for name in sys.modules if name.startswith(('google.', 'httpx', 'cryptography'))])"
    ran = subprocess.run([sys.executable, "-c", f"{code}; {loaded}"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() in ("[]", "['google.auth']"), ran.stdout


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}, "there is no file /nowhere/key.json"),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "", "CLOUDSDK_CONFIG": "/nowhere"}, "gcloud auth application-default login"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_asked(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], lacks: str
) -> None:
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    assert lacks in (Veo().available() or "")
    with pytest.raises(MissingError, match="Veo"):
        asyncio.run(Veo().submit(wish(), reference="r"))
    assert server.asked == []


def test_a_missing_package_is_said(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'vidgen[cloud]'" in (Veo().available() or "")


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("", "us-central1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("europe-west4", "europe-west4-aip"),
    ],
)
def test_the_address_is_of_the_location(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch, location: str, host: str
) -> None:
    monkeypatch.delenv("GOOGLE_VERTEX_BASE_URL")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", location)
    assert Veo().api().address.url.startswith(f"https://{host}")


def test_places_that_are_no_part_of_an_address_are_refused(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "../../evil?x")
    with pytest.raises(InputError, match="no address of a model"):
        asyncio.run(Veo().submit(wish(), reference="r"))
    assert server.asked == []


def test_the_fake_wants_what_the_real_one_wants(server: ProviderServer) -> None:
    fake = server.providers["veo"]
    path = f"/v1/{MODEL}:predictLongRunning"
    bad = {"instances": [{"prompt": "x"}], "parameters": {"durationSeconds": 5}}
    answers = [
        fake.answer(Asked("POST", path, {}, {}, b"{}")),
        fake.answer(Asked("POST", path, {}, {"authorization": f"Bearer {fake.key}"}, json.dumps(bad).encode())),
        fake.answer(Asked("POST", path.replace("veo-3.1", "veo-9"), {}, {"authorization": f"Bearer {fake.key}"}, b"{}")),
    ]
    assert [answer.status for answer in answers if answer] == [401, 400, 404]
