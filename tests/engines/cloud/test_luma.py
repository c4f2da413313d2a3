"""luma: every kind of generation by the SDK's own types, files in three steps, prices to the cent."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.engines.cloud.oracle import Oracle, text_up_to

from provider_failures import ProviderFailures, filled, playing, take, through
from vidgen.catalog.engines import capabilities
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.luma import Luma
from vidgen.errors import InputError
from vidgen.media.frames import FrameWriter
from vidgen.media.probe import probe_video
from vidgen.takes.request import Inputs, TakeRequest
from vidgen.testing import EngineConformance
from vidgen.testing.providers import Answer, Asked, ProviderServer
from vidgen.testing.providers.luma import FakeLuma


class TestFailures(ProviderFailures):
    engine, fake = Luma, FakeLuma
    late_refusals = ("moderation",)


class TestConformance(EngineConformance):
    engine = Luma
    server: ProviderServer

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakeLuma) as type(self).server:
            yield

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeLuma) as running:
        yield running


def _one_way(body: Mapping[str, Any]) -> Iterator[str]:
    """Each medium is told in exactly one way; the frames of guide pictures are there and unique."""
    video = body.get("video", {})
    grids = ((video, int(video.get("duration", "5s")[:-1]) * 24), (video.get("edit", {}), 18 * 60))
    refs = [body.get("source"), video.get("start_frame"), video.get("end_frame")]
    for holder, last in grids:
        refs += holder.get("keyframes", [])
        places = holder.get("keyframe_indexes", [])
        if len(places) != len(holder.get("keyframes", [])) or len(set(places)) != len(places):
            yield "keyframe_indexes: not one for each"
        if any(not 0 <= place <= last for place in places):
            yield "keyframe_indexes: outside of the clip"
    for ref in filter(None, refs):
        if len({"url", "data", "generation_id", "file_id"} & set(ref)) != 1 or ("data" in ref and "media_type" not in ref):
            yield "a medium is not told in exactly one way"
    if video.get("duration") == "10s" and {"start_frame", "end_frame", "loop"} & set(video):
        yield "not with 10s"
    if "keyframes" in video and {"start_frame", "end_frame", "loop"} & set(video):
        yield "not beside keyframes"


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    from luma_agents.types import GenerationCreateParams

    return Oracle(GenerationCreateParams, rules=[text_up_to(6000, "prompt"), _one_way])


def wish(**changes: Any) -> TakeRequest:
    return take("luma", **{"frames": 96, "width": 1280, "height": 720, **changes})


def picture(folder: Path, name: str = "open.png") -> Path:
    cv2.imwrite(str(folder / name), np.full((180, 400, 3), (30, 90, 200), np.uint8))
    return folder / name


def clip(folder: Path, seconds: float = 4.0) -> Path:
    count = round(seconds * 24)
    with FrameWriter(folder / "in.mp4", 128, 72, Fraction(24), frames=count) as writer:
        for index in range(count):
            writer.write(np.full((72, 128, 3), index % 200, np.uint8))
    return folder / "in.mp4"


def created(wanted: TakeRequest) -> tuple[dict[str, Any], list[str]]:
    """The body as it is on the wire, and notices of the request for a take."""

    async def run() -> Any:
        engine = Luma()
        try:
            return await filled(engine, wanted)
        finally:
            await engine.close()

    made = asyncio.run(run())
    assert made.path == "generations"
    return json.loads(json.dumps(made.json)), [text for _, text in made.notices]


def golden(wanted: TakeRequest) -> dict[str, Any]:
    """A body with its files made short."""

    def brief(value: Any) -> Any:
        if isinstance(value, dict):
            return "picture" if "data" in value else "file" if "file_id" in value else {k: brief(v) for k, v in value.items()}
        return [brief(inner) for inner in value] if isinstance(value, list) else value

    found: dict[str, Any] = brief(created(wanted)[0])
    return found


COMMON = {"type": "video", "model": "ray-3.2", "prompt": "a lighthouse at dusk"}


def test_text_to_video() -> None:
    assert golden(wish()) == {**COMMON, "aspect_ratio": "16:9", "video": {"duration": "5s", "resolution": "720p"}}
    tall = golden(wish(frames=150, width=1080, height=1920))
    assert tall == {**COMMON, "aspect_ratio": "9:16", "video": {"duration": "10s", "resolution": "1080p"}}


def test_start_and_end_frame_of_a_short_clip(tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), end_frame=picture(tmp_path, "end.png"))
    video = golden(wish(frames=120, inputs=inputs))["video"]
    assert video == {"duration": "5s", "resolution": "720p", "start_frame": "picture", "end_frame": "picture"}
    sent = created(wish(frames=120, inputs=inputs))[0]["video"]["start_frame"]
    assert sent["media_type"] == "image/jpeg"
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(sent["data"]), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[:2] == (180, 320)


def test_start_and_end_frame_of_a_long_clip_are_pictures_at_chosen_frames(tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), end_frame=picture(tmp_path, "end.png"))
    video = golden(wish(frames=240, inputs=inputs))["video"]
    anchors = {"keyframes": ["picture", "picture"], "keyframe_indexes": [0, 240]}
    assert video == {"duration": "10s", "resolution": "720p", **anchors}


@pytest.mark.parametrize(("frames", "fps", "place"), [(96, 24, 95), (90, 30, 71), (200, 24, 199), (2, 1, 24)])
def test_a_closing_picture_stands_where_the_shot_ends_not_where_the_clip_does(
    tmp_path: Path, frames: int, fps: int, place: int
) -> None:
    wanted = wish(frames=frames, fps=Fraction(fps), inputs=Inputs(end_frame=picture(tmp_path, "end.png")))
    body, told = created(wanted)
    assert body["video"]["keyframe_indexes"] == [place] and "end_frame" not in body["video"] and told == []


def test_references_stand_at_chosen_frames(tmp_path: Path) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), references=(picture(tmp_path, "b.png"), picture(tmp_path, "c.png")))
    wanted = wish(inputs=inputs, params={"keyframe_indexes": [96, 48]})
    assert golden(wanted)["video"]["keyframe_indexes"] == [0, 48, 96] and created(wanted)[1] == []
    body, told = created(wish(inputs=inputs))
    assert "keyframes" not in body["video"] and told[0].startswith("references:")


@pytest.mark.parametrize("places", [[], [0], [121], ["1"], [True], [1, 2], 7])
def test_frames_that_are_not_there_or_not_free_are_refused(server: ProviderServer, tmp_path: Path, places: Any) -> None:
    inputs = Inputs(start_frame=picture(tmp_path), references=(picture(tmp_path, "b.png"),))
    with pytest.raises(InputError, match="keyframe_indexes"):
        created(wish(inputs=inputs, params={"keyframe_indexes": places}))
    assert server.asked == []


def test_video_edit_sends_the_clip_as_a_file_cut_to_the_shot(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(source_video=clip(tmp_path), end_frame=picture(tmp_path))
    wanted = wish(task="video_to_video", frames=72, inputs=inputs, params={"strength": "flex_2"})
    edit = {"strength": "flex_2", "keyframes": ["picture"], "keyframe_indexes": [71]}
    assert golden(wanted) == {
        **COMMON,
        "type": "video_edit",
        "source": "file",
        "video": {"resolution": "720p", "edit": edit},
    }
    (content,) = server.uploads.values()
    (tmp_path / "sent.mp4").write_bytes(content)
    assert probe_video(tmp_path / "sent.mp4").frames == 72
    plain = golden(wish(inputs=Inputs(source_video=clip(tmp_path, 1), start_frame=picture(tmp_path))))
    assert plain["video"] == {"resolution": "720p", "start_frame": "picture", "edit": {"auto_controls": True}}


def test_an_edit_with_a_closing_picture_takes_its_controls_from_the_source(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(source_video=clip(tmp_path, 1), start_frame=picture(tmp_path), end_frame=picture(tmp_path))
    edit = golden(wish(task="video_to_video", frames=96, inputs=inputs))["video"]["edit"]
    assert edit == {"auto_controls": True, "keyframes": ["picture", "picture"], "keyframe_indexes": [0, 23]}


def test_a_clip_with_a_closing_picture_does_not_loop(tmp_path: Path) -> None:
    body, told = created(wish(frames=120, inputs=Inputs(end_frame=picture(tmp_path)), params={"loop": True}))
    assert "loop" not in body["video"] and [text.split(":")[0] for text in told] == ["params.loop"]


def test_an_upright_picture_is_reframed_at_720p(server: ProviderServer, tmp_path: Path) -> None:
    wanted = wish(model="ray-3.2-reframe", width=1080, height=1920, frames=24, inputs=Inputs(source_video=clip(tmp_path, 1)))
    body, told = created(wanted)
    assert body["video"]["resolution"] == "720p" and [text.split(":")[0] for text in told] == ["resolution"]


def test_video_reframe(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(source_video=clip(tmp_path, 1))
    body = golden(wish(model="ray-3.2-reframe", task="video_to_video", width=1080, height=1080, frames=24, inputs=inputs))
    assert body == {
        **COMMON,
        "type": "video_reframe",
        "source": "file",
        "aspect_ratio": "1:1",
        "video": {"resolution": "1080p"},
    }
    with pytest.raises(InputError, match="source_video") as caught:
        created(wish(model="ray-3.2-reframe"))
    assert caught.value.code == "engine.cannot"


def test_every_kind_is_as_the_sdk_has_it(server: ProviderServer, tmp_path: Path, oracle: Oracle) -> None:
    start, end, source = picture(tmp_path), picture(tmp_path, "end.png"), clip(tmp_path, 1)
    box = {"x_norm": 0.0, "y_norm": 0.25, "w_norm": 1.0, "h_norm": 0.5}
    cases: list[dict[str, Any]] = [
        {"params": {"loop": True}},
        {"frames": 240, "params": {"loop": True}},
        {"inputs": Inputs(start_frame=start)},
        {"inputs": Inputs(end_frame=end), "frames": 240},
        {"inputs": Inputs(start_frame=start, references=(end,)), "params": {"keyframe_indexes": [60]}},
        {"inputs": Inputs(source_video=source), "params": {"controls": {"pose": {"enabled": True}}}},
        {"inputs": Inputs(source_video=source, start_frame=start, end_frame=end)},
        {"inputs": Inputs(source_video=source), "model": "ray-3.2-reframe", "params": {"source_position": box}},
        {"prompt": "x" * 7000, "width": 4096, "height": 2160},
    ]
    for case in cases:
        body, _ = created(wish(**case))
        assert oracle.complaints(body) == [] and FakeLuma(server).wrong(body) == [], case


def test_the_oracle_is_not_blind(oracle: Oracle) -> None:
    body = created(wish())[0]
    wrongs: list[dict[str, Any]] = [
        {"seed": 7},
        {"model": "ray-9"},
        {"video": {"duration": 5}},
        {"video": {"duration": "7s"}},
        {"video": {"duration": "10s", "start_frame": {"url": "https://x"}}},
        {"video": {"start_frame": {"url": "https://x", "file_id": "y"}}},
        {"video": {"keyframes": [{"url": "https://x"}], "keyframe_indexes": [500]}},
    ]
    assert oracle.complaints(body) == []
    assert all(oracle.complaints({**body, **wrong}) for wrong in wrongs)


def test_what_this_generation_has_no_field_for_is_a_notice(tmp_path: Path) -> None:
    inputs = Inputs(references=(picture(tmp_path),))
    told = created(wish(frames=240, inputs=inputs, params={"hdr": True, "loop": True}))[1]
    assert [text.split(":")[0] for text in told] == ["references", "params", "params.loop"]


@pytest.mark.parametrize(
    ("model", "task", "frames", "height", "usd"),
    [
        ("ray-3.2", "text_to_video", 96, 540, 0.15),
        ("ray-3.2", "image_to_video", 240, 540, 0.45),
        ("ray-3.2", "text_to_video", 120, 720, 0.30),
        ("ray-3.2", "text_to_video", 121, 720, 0.90),
        ("ray-3.2", "text_to_video", 24, 1080, 1.20),
        ("ray-3.2", "text_to_video", 999, 2160, 3.60),
        ("ray-3.2", "video_to_video", 72, 720, 1.08),
        ("ray-3.2", "video_to_video", 240, 720, None),
        ("ray-3.2-reframe", "video_to_video", 72, 720, 0.36),
        ("ray-3.2-reframe", "video_to_video", 80, 1080, 1.44),
    ],
)
def test_prices_are_to_the_cent(model: str, task: Any, frames: int, height: int, usd: float | None) -> None:
    wanted = wish(model=model, task=task, frames=frames, width=height * 16 // 9, height=height)
    assert Luma().estimate(wanted.request) == usd


def test_the_price_of_a_second_is_the_short_clips() -> None:
    able = capabilities("luma")
    assert able and able.price.a_second(720) == 0.06


def test_the_file_goes_up_without_the_key(server: ProviderServer, tmp_path: Path) -> None:
    wanted = take("luma", task="video_to_video", inputs=Inputs(source_video=clip(tmp_path, 1)))
    through(Luma(), wanted, tmp_path / "take.mp4")
    steps = [(asked.method, asked.path.split("/")[1]) for asked in server.asked][:5]
    assert steps == [("POST", "luma"), ("PUT", "upload"), ("POST", "luma"), ("GET", "luma"), ("POST", "luma")]
    put = server.asked[1]
    assert "authorization" not in put.headers and put.headers["content-type"] == "video/mp4"


def test_a_file_that_is_not_taken_stops_before_anything_is_bought(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Refusing(FakeLuma):
        def _files(self, asked: Asked, rest: list[str]) -> Answer:
            found = super()._files(asked, rest)
            state = {"state": "failed", "failure_reason": "It did not pass moderation."}
            return Answer(json={**found.json, **state}) if rest else found

    with playing(monkeypatch, Refusing) as server:
        with pytest.raises(ProviderError, match="did not pass") as caught:
            created(wish(inputs=Inputs(source_video=clip(tmp_path, 1))))
        assert caught.value.kind == "moderation_input" and server.created == 0


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (402, {"detail": "Insufficient credits"}, "quota"),
        (429, {"detail": "Too many requests"}, "rate"),
        (429, {"detail": "Monthly quota reached", "code": "budget_exhausted"}, "quota"),
        (400, {"detail": "The prompt was blocked by moderation"}, "moderation_input"),
        (422, {"detail": "video.duration"}, "bad_request"),
        (401, {"detail": "Invalid API key: no credit"}, "auth"),
        (503, {"detail": "moderation service down"}, "provider_fault"),
    ],
)
def test_refusals_are_told_apart(status: int, body: Any, kind: str) -> None:
    assert Luma().classify(status, body) == kind


def test_a_generation_that_is_gone_has_expired(server: ProviderServer) -> None:
    engine = Luma()

    async def run() -> None:
        try:
            await engine.poll("00000000-0000-0000-0000-000000000000")
        finally:
            await engine.close()

    with pytest.raises(ProviderError) as caught:
        asyncio.run(run())
    assert caught.value.kind == "expired"


@pytest.mark.parametrize("failure", ["ok", "fail", "moderation", "moderation_output"])
def test_the_fake_answers_as_the_sdk_reads_it_strictly(monkeypatch: pytest.MonkeyPatch, failure: Any) -> None:
    import httpx
    from luma_agents import Luma as Client

    with playing(monkeypatch, FakeLuma, failure_modes=(failure,)) as server:
        address = f"{server.url}/luma/v1"
        with Client(auth_token=FakeLuma.key, base_url=address, max_retries=0, _strict_response_validation=True) as client:
            made = client.generations.create(type="video", model="ray-3.2", prompt="x")
            seen = [client.generations.get(made.id) for _ in range(4)]
            place = client.files.create(mime_type="video/mp4", size_bytes=3)
            assert place.upload is not None
            httpx.put(place.upload.url, content=b"mp4", headers=place.upload.headers)
            assert client.files.complete(place.id).state == "pending"
        end = "completed" if failure == "ok" else "failed"
        assert [made.state, *(job.state for job in seen)] == ["queued", "queued", "processing", end, end]


@pytest.mark.parametrize(("answers", "kind"), [([503, 500], None), ([503] * 9, "provider_fault"), ([403], "bad_request")])
def test_an_upload_is_repeated_over_blips_alone(
    server: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[int], kind: str | None
) -> None:
    monkeypatch.setenv("VIDGEN_POLL_INTERVAL", "0.001")
    keep, left = server.uploaded, list(answers)
    monkeypatch.setattr(server, "uploaded", lambda asked: Answer(left.pop(0), content=b"") if left else keep(asked))
    wanted = wish(inputs=Inputs(source_video=clip(tmp_path, 1)))
    if kind is None:
        assert created(wanted)[0]["source"]["file_id"] in server.uploads
        return
    with pytest.raises(ProviderError) as caught:
        created(wanted)
    puts = [asked for asked in server.asked if asked.method == "PUT"]
    assert caught.value.kind == kind and len(puts) == (5 if kind == "provider_fault" else 1)
