"""runway: every operation by the SDK's own types, uploads without the key, credits as cost, and that nothing is sent twice."""

from __future__ import annotations

import asyncio
import base64
import json
import wave
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.engines.cloud.oracle import Oracle, number_in, text_up_to

from provider_failures import ProviderFailures, filled, playing, take, through
from vidgen.catalog.engines import engine_table
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.runway import ROUTES, Runway, _specs
from vidgen.errors import InputError
from vidgen.media.frames import FrameWriter
from vidgen.media.probe import probe, probe_video
from vidgen.takes.request import Inputs, SpokenLine, TakeRequest
from vidgen.testing import EngineConformance
from vidgen.testing.providers import Asked, ProviderServer
from vidgen.testing.providers.runway import FakeRunway, credits_of
from vidgen.testing.providers.server import FakeJob

MODELS = [row.model or "" for row in engine_table()["runway"]]
HEADERS = {"authorization": f"Bearer {FakeRunway.key}", "x-runway-version": "2024-11-06"}


class TestFailures(ProviderFailures):
    engine, fake = Runway, FakeRunway
    late_refusals = ("moderation",)


class TestConformance(EngineConformance):
    engine = Runway
    server: ProviderServer

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakeRunway) as type(self).server:
            yield

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeRunway) as running:
        yield running


@pytest.fixture(scope="module")
def oracles() -> dict[str, Oracle]:
    """The judge of each operation: the SDK's types, and the ranges that only its docstrings tell."""
    from runwayml.types.character_performance_create_params import CharacterPerformanceCreateParams
    from runwayml.types.image_to_video_create_params import ImageToVideoCreateParams
    from runwayml.types.text_to_video_create_params import TextToVideoCreateParams
    from runwayml.types.video_to_video_create_params import VideoToVideoCreateParams
    from runwayml.types.video_upscale_create_params import VideoUpscaleCreateParams

    native, seedance = ("gen4.5", "gen4_turbo"), ("seedance2", "seedance2_fast", "seedance2_mini")
    rules = [
        text_up_to(1000, models=(*native, "veo3.1", "veo3.1_fast")),
        text_up_to(3500, models=seedance),
        number_in(2, 10, "duration", native),
        number_in(3, 15, "duration", [name for name in MODELS if name.startswith(("kling3", "klingO3"))]),
        number_in(4, 15, "duration", seedance),
        number_in(1, 5, "expressionIntensity"),
        number_in(0, 2**32 - 1, "seed"),
    ]
    return {
        "v1/text_to_video": Oracle(TextToVideoCreateParams, rules=rules),
        "v1/image_to_video": Oracle(ImageToVideoCreateParams, rules=rules),
        "v1/video_to_video": Oracle(VideoToVideoCreateParams, rules=rules),
        "v1/character_performance": Oracle(CharacterPerformanceCreateParams, rules=rules),
        "v1/video_upscale": Oracle(VideoUpscaleCreateParams, rules=rules),
    }


def wish(**changes: Any) -> TakeRequest:
    return take("runway", **{"frames": 96, "width": 1280, "height": 720, **changes})


def picture(folder: Path, width: int = 320, height: int = 180, name: str = "open.png") -> Path:
    file = folder / name
    cv2.imwrite(str(file), np.full((height, width, 3), (30, 90, 200), np.uint8))
    return file


def clip(folder: Path, seconds: float = 4.0, name: str = "in.mp4", fps: Fraction = Fraction(24)) -> Path:
    count = round(seconds * fps)
    with FrameWriter(folder / name, 128, 72, fps, frames=count) as writer:
        for index in range(count):
            writer.write(np.full((72, 128, 3), index % 200, np.uint8))
    return folder / name


def created(wanted: TakeRequest) -> tuple[str, dict[str, Any], list[str]]:
    """Path, body as it is on the wire, and notices of the request for a take."""

    async def run() -> Any:
        engine = Runway()
        try:
            return await filled(engine, wanted)
        finally:
            await engine.close()

    made = asyncio.run(run())
    return made.path, json.loads(json.dumps(made.json)), [text for _, text in made.notices]


def golden(wanted: TakeRequest) -> dict[str, Any]:
    """A body with its files made short."""

    def brief(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: brief(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [brief(inner) for inner in value]
        return value.split(",")[0].split("//")[0] if isinstance(value, str) and ":" in value and len(value) > 30 else value

    path, body, _ = created(wanted)
    return {"path": path, **brief(body)}


def test_text_to_video() -> None:
    assert golden(wish()) == {
        "path": "v1/text_to_video",
        "model": "gen4.5",
        "promptText": "a lighthouse at dusk",
        "ratio": "1280:720",
        "duration": 4,
        "seed": 7,
    }


def test_image_to_video_takes_more_shapes(tmp_path: Path) -> None:
    wanted = wish(model="gen4_turbo", frames=80, width=1024, height=1024, inputs=Inputs(start_frame=picture(tmp_path)))
    assert golden(wanted) == {
        "path": "v1/image_to_video",
        "model": "gen4_turbo",
        "promptText": "a lighthouse at dusk",
        "ratio": "960:960",
        "duration": 4,
        "seed": 7,
        "promptImage": [{"uri": "data:image/jpeg;base64", "position": "first"}],
    }


def test_first_and_last_frame_with_a_negative_prompt(tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), end_frame=picture(tmp_path, name="end.png"))
    wanted = wish(model="veo3.1", frames=120, width=1080, height=1920, negative="rain", inputs=inputs)
    assert golden(wanted) == {
        "path": "v1/image_to_video",
        "model": "veo3.1",
        "promptText": "a lighthouse at dusk",
        "ratio": "1080:1920",
        "duration": 6,
        "seed": 7,
        "negativePrompt": "rain",
        "audio": False,
        "promptImage": [
            {"uri": "data:image/jpeg;base64", "position": "first"},
            {"uri": "data:image/jpeg;base64", "position": "last"},
        ],
    }


def test_video_to_video_uploads_the_clip_cut_to_the_shot(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(source_video=clip(tmp_path, 4), start_frame=picture(tmp_path))
    body = golden(wish(model="aleph2", frames=72, inputs=inputs))
    assert body == {
        "path": "v1/video_to_video",
        "model": "aleph2",
        "promptText": "a lighthouse at dusk",
        "seed": 7,
        "videoUri": "runway:",
        "keyframes": [{"seconds": 0, "uri": "data:image/jpeg;base64"}],
    }
    (content,) = server.uploads.values()
    (tmp_path / "sent.mp4").write_bytes(content)
    assert probe_video(tmp_path / "sent.mp4").frames == 72


@pytest.mark.parametrize(
    ("model", "asked_s", "rate", "sent_s"),
    [("aleph2", 40, 2, 30), ("aleph2", 1, 24, 2), ("aleph2", 3, 60, 3), ("klingO3_pro", 20, 2, 15), ("aleph2", 40, 2.4, 30)],
)
def test_a_source_clip_stays_within_what_the_model_takes_and_is_billed_for(
    server: ProviderServer, tmp_path: Path, model: str, asked_s: int, rate: float, sent_s: int
) -> None:
    fps = Fraction(rate).limit_denominator(10)
    wanted = wish(model=model, frames=int(asked_s * fps), fps=fps, inputs=Inputs(source_video=clip(tmp_path, 40, fps=fps)))
    body = created(wanted)[1]
    assert FakeRunway(server).wrong("video_to_video", body) == []
    (content,) = server.uploads.values()
    (tmp_path / "sent.mp4").write_bytes(content)
    sent = probe_video(tmp_path / "sent.mp4")
    assert sent_s - 0.5 <= sent.duration_s <= sent_s and sent.rate <= 30
    estimate = Runway().estimate(wanted.request)
    assert model != "aleph2" or (estimate and estimate >= 0.28 * sent.duration_s - 1e-6)


def test_the_closing_picture_stands_at_the_end_of_a_source_that_is_shorter_than_the_shot(
    server: ProviderServer, tmp_path: Path
) -> None:
    inputs = Inputs(source_video=clip(tmp_path, 2), end_frame=picture(tmp_path))
    body = created(wish(model="aleph2", frames=96, inputs=inputs))[1]
    assert FakeRunway(server).wrong("video_to_video", body) == [] and len(body["keyframes"]) == 1


def test_a_small_picture_is_enlarged_to_what_every_model_takes(tmp_path: Path) -> None:
    body = created(wish(model="h3_max", inputs=Inputs(start_frame=picture(tmp_path, 120, 90))))[1]
    content = base64.b64decode(body["promptImage"][0]["uri"].partition(",")[2])
    shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None and min(shown.shape[:2]) >= 300


HEARS = [row.model or "" for row in engine_table()["runway"] if "lip_sync" in row.tasks]


def line(folder: Path, seconds: float = 1.0, at: int = 1) -> SpokenLine:
    file = folder / f"line{seconds}.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 48_000, 0, "NONE", ""))
        out.writeframes((9_000 * np.sin(np.arange(round(seconds * 48_000)) / 9)).astype("<i2").tobytes())
    return SpokenLine("Hello", Fraction(at), file)


@pytest.mark.parametrize("pictures", ["words alone", "opening picture", "source clip"])
@pytest.mark.parametrize("model", HEARS)
def test_a_voice_goes_along_as_the_sdk_wants_it(
    model: str, pictures: str, oracles: dict[str, Oracle], server: ProviderServer, tmp_path: Path
) -> None:
    given = {
        "words alone": Inputs(),
        "opening picture": Inputs(start_frame=picture(tmp_path)),
        "source clip": Inputs(source_video=clip(tmp_path)),
    }[pictures]
    wanted = wish(model=model, frames=120, inputs=replace(given, lines=(line(tmp_path),)))
    path, body, notices = created(wanted)
    assert oracles[path].complaints(body) == [] == FakeRunway(server).wrong(path.partition("/")[2], body)
    ((kind, uri),) = [(one["type"], one["uri"]) for one in body["referenceAudio"]]
    (tmp_path / "sent.wav").write_bytes(server.uploads[uri.removeprefix("runway://")])
    assert kind == "audio" and body.get("audio", True) is True and not notices
    assert probe(tmp_path / "sent.wav").audio_duration_s == 5


def test_of_a_longer_shot_the_first_seconds_are_heard(server: ProviderServer, tmp_path: Path) -> None:
    lines = (line(tmp_path), line(tmp_path, 2, at=20))
    _, body, notices = created(wish(model="wan3", frames=30 * 24, inputs=Inputs(lines=lines)))
    assert FakeRunway(server).wrong("text_to_video", body) == []
    assert notices == ["lip_sync: wan3 hears 15 s of a voice; what is said later moves no mouth"]


def test_a_line_that_is_not_spoken_yet_is_never_sent(server: ProviderServer) -> None:
    waiting = Inputs(lines=(SpokenLine("Hello", Fraction(0), None),))
    with pytest.raises(InputError, match="'Hello' is not spoken yet"):
        created(wish(model="seedance2", inputs=waiting))
    assert server.asked == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SAFETY.INPUT.TEXT", "moderation_input"),
        ("SAFETY.OUTPUT.VIDEO", "moderation_output"),
        ("INPUT_PREPROCESSING.SAFETY.THIRD_PARTY", "moderation_input"),
        ("INPUT_PREPROCESSING.INTERNAL", "provider_fault"),
        ("ASSET.INVALID", "bad_request"),
        ("THIRD_PARTY.INPUT_VALIDATION", "bad_request"),
        ("THIRD_PARTY.UNAVAILABLE", "provider_fault"),
        ("INTERNAL.BAD_OUTPUT.CODE01", "provider_fault"),
        ("INTERNAL", "provider_fault"),
        ("SOMETHING.NEW", None),
    ],
)
def test_why_a_task_failed_is_told_by_its_code(code: str, kind: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(FakeRunway):
        def _task(self, job: FakeJob) -> dict[str, Any]:
            return {**super()._task(job), "status": "FAILED", "failure": "no", "failureCode": code, "cost": {"credits": 3}}

    async def ended() -> Any:
        engine = Runway()
        try:
            return await engine.poll(await engine.submit(wish(), reference="r"))
        finally:
            await engine.close()

    with playing(monkeypatch, Failing):
        job = asyncio.run(ended())
    assert (job.state, job.kind, job.cost_usd) == ("failed", kind, 0.03)


def test_a_performance_drives_a_picture(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), motion_reference=clip(tmp_path, 4))
    wanted = wish(model="act_two", task="motion_transfer", frames=48, inputs=inputs, params={"expressionIntensity": 4})
    assert golden(wanted) == {
        "path": "v1/character_performance",
        "model": "act_two",
        "ratio": "1280:720",
        "seed": 7,
        "expressionIntensity": 4,
        "character": {"type": "image", "uri": "data:image/jpeg;base64"},
        "reference": {"type": "video", "uri": "runway:"},
    }
    assert created(wanted)[2] == ["prompt: act_two follows the clip alone; left out"]
    inputs = Inputs(source_video=clip(tmp_path, 4, "who.mp4"), motion_reference=clip(tmp_path, 4))
    assert created(wish(model="act_two", inputs=inputs))[1]["character"]["type"] == "video"


def test_a_clip_is_brought_to_the_size_of_the_film(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(source_video=clip(tmp_path, 2))
    wanted = wish(
        model="magnific_video_upscaler_creative", frames=48, width=3840, height=2160, inputs=inputs, params={"creativity": 10}
    )
    assert golden(wanted) == {
        "path": "v1/video_upscale",
        "model": "magnific_video_upscaler_creative",
        "resolution": "4k",
        "creativity": 10,
        "videoUri": "runway:",
    }


def test_a_clip_that_is_too_short_is_refused_before_anything_is_sent(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), motion_reference=clip(tmp_path, 1), source_video=clip(tmp_path, 1))
    for model, least in (("act_two", 3), ("aleph2", 2)):
        with pytest.raises(InputError, match=f"at least {least} s"):
            created(wish(model=model, inputs=inputs))
    assert server.asked == []


@pytest.mark.parametrize("model", MODELS)
def test_every_model_and_operation_is_as_the_sdk_has_it(
    server: ProviderServer, tmp_path: Path, oracles: dict[str, Oracle], model: str
) -> None:
    start, end, source = picture(tmp_path), picture(tmp_path, name="end.png"), clip(tmp_path, 3.5)
    given = {
        "text": Inputs(references=(start, end)),
        "image": Inputs(start_frame=start, end_frame=end),
        "video": Inputs(source_video=source, start_frame=start, end_frame=end, references=(start,)),
        "performance": Inputs(start_frame=start, motion_reference=source),
        "upscale": Inputs(source_video=source),
    }
    fake = FakeRunway(server)
    for route in _specs()[model]:
        sizes = [(100, 1080, 1920), (24, 1280, 720), (400, 4096, 2160), (65, 640, 640), (48, 1720, 720)]
        for frames, width, height in sizes[: 1 if route in ("video", "performance", "upscale") else None]:
            wanted = wish(model=model, frames=frames, width=width, height=height, negative="rain", inputs=given[route])
            path, body, _ = created(wanted)
            assert path == ROUTES[route]
            assert oracles[path].complaints(body) == []
            assert fake.wrong(path.removeprefix("v1/"), body) == []


def test_no_model_or_operation_of_the_sdk_is_missing(oracles: dict[str, Oracle]) -> None:
    routes = {"text": "v1/text_to_video", "image": "v1/image_to_video", "video": "v1/video_to_video"}
    for route, path in routes.items():
        offered = {name for names, _ in oracles[path]._parts for name in names}
        assert offered - {model for model in MODELS if route in _specs()[model]} == set(), route


def test_the_oracle_is_not_blind(oracles: dict[str, Oracle]) -> None:
    judge, body = oracles["v1/text_to_video"], created(wish())[1]
    wrongs: list[dict[str, Any]] = [
        {"ratio": "16:9"},
        {"duration": 11},
        {"duration": "5"},
        {"model": "gen4_turbo"},
        {"motionAmount": 3},
        {"promptText": ""},
    ]
    assert judge.complaints(body) == []
    assert all(judge.complaints({**body, **wrong}) for wrong in wrongs)


@pytest.mark.parametrize(
    ("model", "needs"), [("gen4_turbo", "start_frame"), ("aleph2", "source_video"), ("act_two", "motion_")]
)
def test_what_a_model_cannot_make_is_refused_here(server: ProviderServer, model: str, needs: str) -> None:
    with pytest.raises(InputError, match=needs) as caught:
        asyncio.run(Runway().submit(wish(model=model), reference="r"))
    assert caught.value.code == "engine.cannot" and server.asked == []


def test_what_the_model_has_but_not_in_this_operation_is_a_notice(tmp_path: Path) -> None:
    still = picture(tmp_path)
    inputs = Inputs(start_frame=still, references=(still,))
    told = created(wish(model="seedance2", task="image_to_video", inputs=inputs, params={"duration": 99, "audio": True}))[2]
    assert [text.split(":")[0] for text in told] == ["references", "params"] and "duration" in told[-1]
    told = created(wish(params={"audio": True}))[2]
    assert [text.split(":")[0] for text in told] == ["params"], "gen4.5 makes no sound"


def test_a_long_prompt_is_cut_at_a_word_and_told(oracles: dict[str, Oracle]) -> None:
    path, body, told = created(wish(prompt="灯台 🌊 " * 300))
    assert oracles[path].complaints(body) == [] and len(body["promptText"]) > 700
    assert [text.split(":")[0] for text in told] == ["prompt"]


def test_a_prompt_without_spaces_between_words_is_cut_at_its_last_sentence() -> None:
    sentence = "朝霧の中を小さな船が静かに港へ入ってくる。"
    body, told = created(wish(prompt="静かな港町 " + sentence * 80))[1:]
    assert body["promptText"].endswith("。") and 900 <= len(body["promptText"]) <= 1000 and len(told) == 1
    assert len(created(wish(prompt="静かな港町 " + "霧" * 3000))[1]["promptText"]) == 1000


def test_sound_is_not_bought_unless_it_is_asked_for() -> None:
    assert created(wish(model="veo3.1_fast"))[1]["audio"] is False
    assert created(wish(model="veo3.1_fast", params={"audio": True}))[1]["audio"] is True


def test_credits_are_the_cost_and_no_more_than_the_estimate(server: ProviderServer, tmp_path: Path) -> None:
    for model, inputs in [
        ("gen4.5", Inputs()),
        ("gen4_turbo", Inputs(start_frame=picture(tmp_path))),
        ("aleph2", Inputs(source_video=clip(tmp_path, 4))),
        ("act_two", Inputs(start_frame=picture(tmp_path), motion_reference=clip(tmp_path, 4))),
        ("seedance2", Inputs()),
        ("seedance2_5", Inputs()),
    ]:
        wanted = wish(model=model, frames=84, width=96, height=54, inputs=inputs)
        made = through(Runway(), wanted, tmp_path / "take.mp4")
        assert made.cost_usd is not None and made.cost_usd == Runway().estimate(wanted.request), model


def test_every_size_is_billed_as_it_was_estimated() -> None:
    sizes = [(640, 360), (854, 480), (1280, 720), (720, 1280), (1920, 1080), (3840, 2160), (2520, 1080)]
    priced = [
        row.model or "" for row in engine_table()["runway"] if row.price.of(1, 720) and "text" in _specs()[row.model or ""]
    ]
    assert len(priced) == 16
    for model, frames, (width, height) in product(priced, (1, 48, 97, 150, 240, 999), sizes):
        wanted = wish(model=model, frames=frames, width=width, height=height, params={"audio": frames % 2 == 0})
        body = created(wanted)[1]
        job = FakeJob("x", "runway", "ok", body, "", body["duration"], width, height)
        estimate = Runway().estimate(wanted.request)
        assert estimate is not None and abs(credits_of(job) / 100 - estimate) < 1e-9, (model, frames, width, height)


def test_sound_costs_what_the_provider_asks_for_it() -> None:
    silent, loud = (wish(model="veo3.1", params={"audio": sound}).request for sound in (False, True))
    assert [Runway().estimate(request) for request in (silent, loud)] == [0.8, 1.6]


def test_a_performance_can_go_on_from_another_shot(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(continues=clip(tmp_path, 1, "before.mp4"), motion_reference=clip(tmp_path, 3))
    _, body, told = created(wish(model="act_two", frames=48, inputs=inputs))
    assert body["character"]["type"] == "image" and [text.split(":")[0] for text in told] == ["prompt"]


def test_the_clip_goes_to_another_place_without_the_key(server: ProviderServer, tmp_path: Path) -> None:
    through(Runway(), take("runway", model="aleph2", inputs=Inputs(source_video=clip(tmp_path, 2))), tmp_path / "take.mp4")
    uploads = [asked for asked in server.asked if asked.path.startswith("/upload/")]
    assert len(uploads) == 1 and b"cG9saWN5" in uploads[0].content
    assert "authorization" not in uploads[0].headers and FakeRunway.key.encode() not in uploads[0].content


def test_an_upload_to_a_private_or_plain_address_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for url in ("http://192.0.2.7/put", "https://10.0.0.1/put", "ftp://example.org/put"):

        class Leading(FakeRunway):
            def _place(self, asked: Asked, url: str = url) -> Any:
                answer = super()._place(asked)
                return type(answer)(json={**answer.json, "uploadUrl": url})

        with playing(monkeypatch, Leading) as server:
            with pytest.raises(ProviderError, match="not a public https address"):
                created(wish(model="aleph2", inputs=Inputs(source_video=clip(tmp_path, 2))))
            assert server.created == 0


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (429, "Your daily task limit has been reached.", "quota"),
        (429, "Too many requests.", "rate"),
        (400, "You do not have enough credits to run this task.", "quota"),
        (400, "This model is not available.", "retired_model"),
        (400, "Validation of body failed", "bad_request"),
        (401, "Unauthorized", "auth"),
        (502, "Bad gateway", "provider_fault"),
    ],
)
def test_refusals_are_told_apart_by_their_words(status: int, words: str, kind: str) -> None:
    assert Runway().classify(status, {"error": words}) == kind


def test_a_refusal_names_the_field(server: ProviderServer) -> None:
    engine = Runway()

    async def run() -> None:
        try:
            await engine.api().create("v1/text_to_video", json={"model": "gen4.5", "promptText": "x", "ratio": "16:9"})
        finally:
            await engine.close()

    with pytest.raises(ProviderError, match="ratio: Invalid input"):
        asyncio.run(run())


def test_a_task_can_be_cancelled_and_one_that_is_gone_has_expired(server: ProviderServer) -> None:
    async def run() -> None:
        engine = Runway()
        try:
            job_id = await engine.submit(wish(), reference="r")
            assert (await engine.poll(job_id)).state == "queued"  # THROTTLED
            await engine.cancel(job_id)
            job = await engine.poll(job_id)
            assert (job.state, job.error) == ("failed", "the task was cancelled")
            with pytest.raises(ProviderError) as caught:
                await engine.poll("00000000-0000-0000-0000-000000000000")
            assert caught.value.kind == "expired"
        finally:
            await engine.close()

    asyncio.run(run())


@pytest.mark.parametrize("failure", ["ok", "fail", "moderation", "moderation_output"])
def test_the_fake_answers_as_the_sdk_reads_it_strictly(monkeypatch: pytest.MonkeyPatch, failure: Any) -> None:
    import runwayml

    with playing(monkeypatch, FakeRunway, failure_modes=(failure,)) as server:
        common: dict[str, Any] = {"api_key": FakeRunway.key, "base_url": f"{server.url}/runway", "max_retries": 0}
        plain = runwayml.RunwayML(**common)  # its create answers carry a method, which strictness takes for a field
        with plain, runwayml.RunwayML(**common, _strict_response_validation=True) as client:
            task = plain.text_to_video.create(model="gen4.5", prompt_text="x", ratio="1280:720", duration=2)
            seen = [client.tasks.retrieve(task.id) for _ in range(4)]
            assert client.uploads.create_ephemeral(file=("a.mp4", b"0" * 600)).uri.startswith("runway://")
        ends = {"ok": "SUCCEEDED"}.get(failure, "FAILED")
        assert [task.status for task in seen] == ["THROTTLED", "RUNNING", ends, ends]
        assert type(seen[2]).__name__.endswith(ends.capitalize())
