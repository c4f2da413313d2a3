"""Kling: what a shot becomes, the envelope's codes, both kinds of keys, and finding a task whose answer was lost."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import jwt
import numpy as np
import pytest

from provider_failures import ProviderFailures, filled, playing, take, through
from support import Vidgen
from vidgen.catalog.engines import engine_table
from vidgen.engines.base import Job
from vidgen.engines.cloud import kling as kling_module
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.kling import Kling, bodies, token
from vidgen.engines.cloud.kling.controls import MOVES
from vidgen.errors import InputError, MissingError
from vidgen.media.frames import FrameWriter
from vidgen.storyboard.model import Camera
from vidgen.takes.request import Brush, Inputs, TakeRequest
from vidgen.takes.store import TakeStore
from vidgen.testing import EngineConformance
from vidgen.testing.providers import Asked, ProviderServer
from vidgen.testing.providers.kling import FakeKling, FakeKlingToken
from vidgen.testing.providers.kling.rules import picture_size, wrong

URL = "https://media.example.com/dance.mp4"


class TestFailures(ProviderFailures):
    engine, fake = Kling, FakeKling


class TestFailuresWithTwoKeys(ProviderFailures):
    engine, fake = Kling, FakeKlingToken

    def test_the_key_goes_to_the_api_alone(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("KLING_API_KEY", raising=False)
        with playing(monkeypatch, FakeKlingToken) as server:
            self.run(tmp_path / "take.mp4")
            assert not any(FakeKlingToken.key in str(asked.headers) for asked in server.asked), (
                "the secret signs, it is not sent"
            )
            assert {asked.path.split("/")[1] for asked in server.asked if "authorization" in asked.headers} == {"kling"}


class TestConformance(EngineConformance):
    engine = Kling
    server: ProviderServer

    @pytest.fixture(autouse=True)
    def served(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with playing(monkeypatch, FakeKling) as type(self).server:
            yield

    def created(self) -> int:
        return self.server.created


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeKling, polls=1) as running:
        yield running


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return drawn(tmp_path / "a.png", 640, 480)


def drawn(file: Path, width: int, height: int, colour: tuple[int, int, int] = (30, 90, 200)) -> Path:
    cv2.imwrite(str(file), np.full((height, width, 3), colour, np.uint8))
    return file


def clip(file: Path, seconds: int) -> Path:
    with FrameWriter(file, 64, 64, Fraction(2), frames=seconds * 2) as writer:
        for _ in range(seconds * 2):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    return file


def sound(file: Path, seconds: float) -> Path:
    import wave

    with wave.open(str(file), "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(b"\0\1" * int(8000 * seconds))
    return file


def wish(model: str | None = None, **changes: Any) -> TakeRequest:
    return take("kling", **{"frames": 120, "width": 1280, "height": 720, "model": model, **changes})


def sent(wanted: TakeRequest) -> tuple[str, dict[str, Any], list[str]]:
    """Operation, body (pictures as their sizes) and notices; the body has been checked against the documented rules."""
    created = asyncio.run(filled(Kling(), wanted, "ref-1"))
    body = dict(created.json or {})
    operation = created.path.removeprefix("v1/videos/")
    assert wrong(operation, body) is None, (wrong(operation, body), {k: str(v)[:60] for k, v in body.items()})
    assert created.track == operation and body.pop("external_task_id") == "ref-1"
    for name in ("image", "image_tail", "image_url", "static_mask"):
        if name in body:
            body[name] = picture_size(body[name])
    return operation, body, [text for _, text in created.notices]


def keys(notices: list[str]) -> list[str]:
    return [text.split(":")[0] for text in notices]


def test_text_to_video() -> None:
    assert sent(wish(negative="rain")) == (
        "text2video",
        {
            "model_name": "kling-v3",
            "prompt": "a lighthouse at dusk",
            "negative_prompt": "rain",
            "mode": "std",
            "sound": "off",
            "duration": "5",
            "aspect_ratio": "16:9",
        },
        [],
    )


@pytest.mark.parametrize(
    ("model", "frames", "size", "length", "mode"),
    [
        ("kling-v3", 24, (1280, 720), "3", "std"),
        ("kling-v3", 145, (1920, 1080), "7", "pro"),
        ("kling-v3", 999, (3840, 2160), "15", "4k"),
        ("kling-v2-6", 144, (1920, 1080), "10", "pro"),
        ("kling-v1", 120, (1920, 1080), "5", "pro"),
    ],
)
def test_lengths_are_strings_and_size_is_the_mode(
    model: str, frames: int, size: tuple[int, int], length: str, mode: str
) -> None:
    _, body, _ = sent(wish(model, frames=frames, width=size[0], height=size[1]))
    assert (body["duration"], body["mode"]) == (length, mode)


@pytest.mark.parametrize("model", ["kling-v3", "kling-v3-motion-control"])
def test_long_words_end_within_the_limit_and_that_is_told(tmp_path: Path, picture: Path, model: str) -> None:
    inputs = Inputs(start_frame=picture, motion_reference=clip(tmp_path / "dance.mp4", 4)) if "motion" in model else Inputs()
    words = "港町 " + "朝霧の中を小さな船が静かに港へ入ってくる。" * 200
    wanted = wish(
        model, prompt=words, negative=words if not inputs.start_frame else "", inputs=inputs, params={"video_url": URL}
    )
    _, body, notices = sent(wanted)
    cut = [name for name in ("prompt", "negative_prompt") if body.get(name)]
    assert all(2250 <= len(body[name]) <= 2500 and body[name].endswith("。") for name in cut)
    assert [key for key in keys(notices) if key != "params"] == (["prompt", "negative"] if len(cut) == 2 else ["prompt"])


def test_sound_needs_the_better_mode_in_2_6() -> None:
    assert sent(wish("kling-v2-6", params={"audio": True}))[1]["mode"] == "pro"
    assert sent(wish("kling-v2-6"))[1]["mode"] == "std" and sent(wish(params={"audio": True}))[1]["mode"] == "std"


def test_image_to_video_is_cropped_to_the_shots_shape_and_made_large_enough(tmp_path: Path) -> None:
    small = drawn(tmp_path / "s.png", 200, 200)
    operation, body, notices = sent(wish(inputs=Inputs(start_frame=small)))
    assert operation == "image2video" and notices == []
    width, height = body.pop("image")
    assert height >= 300 and width / height == pytest.approx(16 / 9, rel=0.02)
    assert body == {
        "model_name": "kling-v3",
        "prompt": "a lighthouse at dusk",
        "mode": "std",
        "sound": "off",
        "duration": "5",
    }


def test_first_and_last_picture(picture: Path) -> None:
    operation, body, notices = sent(wish(inputs=Inputs(start_frame=picture, end_frame=picture)))
    assert operation == "image2video" and body["image"] == body["image_tail"] and notices == []
    _, body, notices = sent(wish("kling-v2-6", inputs=Inputs(start_frame=picture, end_frame=picture), frames=96))
    assert (body["mode"], body["duration"]) == ("pro", "5") and keys(notices) == ["end_frame"] and "1 s before" in notices[0]
    _, body, notices = sent(wish("kling-v1", inputs=Inputs(start_frame=picture, end_frame=picture), frames=200))
    assert body["duration"] == "5" and keys(notices) == ["duration"]


def test_a_last_picture_alone(picture: Path) -> None:
    operation, body, _ = sent(wish("kling-v1-6", inputs=Inputs(end_frame=picture)))
    assert operation == "image2video" and "image" not in body and body["mode"] == "pro"
    operation, _, notices = sent(wish(inputs=Inputs(end_frame=picture)))
    assert operation == "text2video" and notices == [], "the row says it: a plan's notice"


def test_several_references(picture: Path) -> None:
    operation, body, notices = sent(wish("kling-v1-6", inputs=Inputs(references=(picture,) * 5), params={"cfg_scale": 0.4}))
    assert operation == "multi-image2video" and len(body["image_list"]) == 4 and body["aspect_ratio"] == "16:9"
    assert keys(notices) == ["references", "params"]
    _, _, notices = sent(wish("kling-v1-6", inputs=Inputs(start_frame=picture, references=(picture,))))
    assert keys(notices) == ["references"]


def config(move: str, strength: float = 0.5, model: str = "kling-v1", **changes: Any) -> dict[str, Any]:
    _, body, _ = sent(wish(model, camera=Camera(move=move, strength=strength), **changes))
    turns: dict[str, Any] = body["camera_control"]["config"]
    return {name: value for name, value in turns.items() if value}


def test_camera_moves_by_kings_reversed_names_and_signs() -> None:
    assert config("pan_left") == {"tilt": -5} and config("pan_right") == {"tilt": 5}
    assert config("tilt_up") == {"pan": 5} and config("tilt_down") == {"pan": -5}
    assert config("zoom_in") == {"zoom": -5} and config("zoom_out") == {"zoom": 5}
    assert config("truck_left") == {"horizontal": -5} and config("pedestal_up") == {"vertical": 5}
    assert config("roll_left") == {"roll": -5} and config("crash_zoom", 0.1) == {"zoom": -10}


@pytest.mark.parametrize("move", sorted(MOVES))
@pytest.mark.parametrize("strength", [0, 0.03, 0.337, 1])
def test_every_move_turns_exactly_one_axis_within_its_range(move: str, strength: float) -> None:
    ((_, value),) = config(move, strength).items()
    assert 1 <= abs(value) <= 10


def test_presets_and_what_camera_control_is_not_for(picture: Path) -> None:
    operation, body, _ = sent(wish("kling-v1", camera=Camera(move="turn_forward_left")))
    assert body["camera_control"] == {"type": "left_turn_forward"} and body["mode"] == "std"
    operation, body, _ = sent(wish("kling-v1-5", camera=Camera(move="tilt_up"), inputs=Inputs(start_frame=picture)))
    assert operation == "image2video" and body["mode"] == "pro" and body["camera_control"]["type"] == "simple"
    for wanted in (
        wish("kling-v1", camera=Camera(move="pan_left"), inputs=Inputs(start_frame=picture)),
        wish("kling-v1", camera=Camera(move="pan_left"), inputs=Inputs(start_frame=picture, end_frame=picture)),
        wish("kling-v1", camera=Camera(move="pan_left"), frames=200),
    ):
        _, body, notices = sent(wanted)
        assert "camera_control" not in body and keys(notices) == ["camera"]
    _, body, notices = sent(wish("kling-v1", camera=Camera(move="crane_up")))
    assert body["camera_control"]["config"]["vertical"] == 5 and keys(notices) == ["camera"]
    for move in ("static", "orbit_left", "dolly_in"):
        _, body, notices = sent(wish("kling-v1", camera=Camera(move=move)))
        assert "camera_control" not in body and notices == []


def test_cfg_scale_only_where_it_exists() -> None:
    assert sent(wish("kling-v1", params={"cfg_scale": 0.7}))[1]["cfg_scale"] == 0.7
    _, body, notices = sent(wish("kling-v3", params={"cfg_scale": 0.7, "sound": "on"}))
    assert "cfg_scale" not in body and body["sound"] == "off" and keys(notices) == ["params"]


def test_motion_brush_counts_from_the_lower_left_of_the_picture(tmp_path: Path, picture: Path) -> None:
    mask = drawn(tmp_path / "m.png", 100, 75, (255, 255, 255))
    brushes = (Brush(mask, ((0.0, 0.0), (1.0, 1.0), (0.5, 0.25))), Brush(mask, ()))
    wanted = wish("kling-v1", task="motion_brush", width=640, height=480, inputs=Inputs(start_frame=picture, brushes=brushes))
    operation, body, notices = sent(wanted)
    assert operation == "image2video" and notices == [] and body["duration"] == "5"
    assert body["image"] == body["static_mask"] == (640, 480)
    (stroke,) = body["dynamic_masks"]
    assert stroke["trajectories"] == [{"x": 0, "y": 479}, {"x": 639, "y": 0}, {"x": 320, "y": 359}]


def test_a_brush_mask_arrives_as_it_was_drawn(tmp_path: Path, picture: Path) -> None:
    mask = np.zeros((480, 640, 3), np.uint8)
    mask[100:133, 200:217] = 255
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    inputs = Inputs(start_frame=picture, brushes=(Brush(tmp_path / "m.png", ((0.1, 0.1), (0.9, 0.9))),))
    created = asyncio.run(filled(Kling(), wish("kling-v1", width=640, height=480, inputs=inputs)))
    content = base64.b64decode((created.json or {})["dynamic_masks"][0]["mask"])
    assert np.array_equal(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), mask)


def test_motion_brush_limits_and_what_it_excludes(tmp_path: Path, picture: Path) -> None:
    mask = drawn(tmp_path / "m.png", 640, 360, (255, 255, 255))
    long = Brush(mask, tuple((index / 199, 0.5) for index in range(200)))
    inputs = Inputs(start_frame=picture, end_frame=picture, brushes=(long,) * 7)
    _, body, notices = sent(wish("kling-v1", camera=Camera(move="pan_left"), inputs=inputs, frames=200))
    assert len(body["dynamic_masks"]) == 6 and len(body["dynamic_masks"][0]["trajectories"]) == 77
    points = [point["x"] for point in body["dynamic_masks"][0]["trajectories"]]
    assert points[0] == 0 and points == sorted(points) and points[-1] == max(points)
    assert {"image_tail", "camera_control"} & set(body) == set()
    assert set(keys(notices)) == {"end_frame", "motion_brush", "camera", "duration"}
    _, body, notices = sent(wish("kling-v1", inputs=Inputs(brushes=(long,))))
    assert "dynamic_masks" not in body and keys(notices) == ["motion_brush"]


def test_motion_transfer(tmp_path: Path, picture: Path) -> None:
    inputs = Inputs(start_frame=picture, motion_reference=clip(tmp_path / "dance.mp4", 4))
    wanted = wish("kling-v3-motion-control", task="motion_transfer", inputs=inputs, params={"video_url": URL})
    operation, body, notices = sent(wanted)
    assert (operation, notices) == ("motion-control", []) and body.pop("image_url") == (640, 480)
    assert body == {
        "model_name": "kling-v3",
        "prompt": "a lighthouse at dusk",
        "video_url": URL,
        "keep_original_sound": "no",
        "character_orientation": "video",
        "mode": "std",
    }


@pytest.mark.parametrize(
    ("seconds", "figure", "params", "says"),
    [
        (2, True, {"video_url": URL}, "3 to 30 s"),
        (11, True, {"video_url": URL, "character_orientation": "image"}, "3 to 10 s"),
        (4, True, {}, "public https address"),
        (4, True, {"video_url": "http://media.example.com/a.mp4"}, "public https address"),
        (4, False, {"video_url": URL}, "start_frame"),
        (4, True, {"video_url": URL, "character_orientation": "left"}, "image, video"),
    ],
)
def test_motion_transfer_says_what_is_missing_before_anything_is_sent(
    tmp_path: Path, picture: Path, server: ProviderServer, seconds: int, figure: bool, params: dict[str, Any], says: str
) -> None:
    inputs = Inputs(start_frame=picture if figure else None, motion_reference=clip(tmp_path / "d.mp4", seconds))
    wanted = wish("kling-v2-6-motion-control", task="motion_transfer", inputs=inputs, params=params)
    with pytest.raises(InputError) as caught:
        asyncio.run(filled(Kling(), wanted))
    assert says in f"{caught.value.message} {caught.value.hint}" and server.asked == []


def test_lip_sync_of_a_clip_that_kling_made(server: ProviderServer, tmp_path: Path) -> None:
    first = wish(frames=24, width=128, height=72)
    store = TakeStore(tmp_path / "work")
    part = store.part_for("0" * 64)
    made = store.put(part, first, through(Kling(), first, part), request_key="k" * 64, order=Kling().order(first.request))
    assert made.manifest["video_id"] == f"video-{server.jobs[0].id}"
    inputs = Inputs(continues=made.file, lip_sync_audio=sound(tmp_path / "line.wav", 7))
    wanted = wish("kling-lip-sync", task="lip_sync", inputs=inputs, frames=24, width=128, height=72)
    spoken = asyncio.run(submitted(wanted, "ref-2"))
    assert spoken.startswith("advanced-lip-sync:")
    asked = [asked for asked in server.asked if asked.method == "POST"][-2:]
    assert asked[0].path.endswith("identify-face") and asked[0].json == {"video_id": made.manifest["video_id"]}
    (face,) = asked[1].json.pop("face_choose")
    assert base64.b64decode(face["sound_file"]) == (tmp_path / "line.wav").read_bytes()
    assert (face["face_id"], face["sound_start_time"], face["sound_end_time"], face["sound_insert_time"]) == ("0", 0, 5200, 0)
    assert {**asked[1].json, "face_choose": 0} == {"session_id": "session-1", "face_choose": 0, "external_task_id": "ref-2"}
    assert server.created == 2, "asking for faces buys nothing"


def test_lip_sync_of_a_clip_whose_record_came_back_from_the_journal(
    vidgen: Vidgen, server: ProviderServer, tmp_path: Path
) -> None:
    sound(tmp_path / "say.wav", 3)
    first = "{id: a, scene: her face, duration: 3, engine: kling}"
    second = (
        "{id: b, scene: she speaks, duration: 3, engine: kling, model: kling-lip-sync, continue_from: a, lip_sync: say.wav}"
    )
    board = tmp_path / "film.yaml"
    board.write_text(f"vidgen: 1\nresolution: 72p\nshots: [{first}]\n")
    (made,) = vidgen("render", board, "--yes", "--json").data["shots"]
    Path(made["takes"][0]["file"]).with_suffix(".json").unlink()
    board.write_text(f"vidgen: 1\nresolution: 72p\nshots: [{first}, {second}]\n")
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0 and server.created == 2, ran.envelope
    (faces,) = [asked.json for asked in server.asked if asked.path.endswith("identify-face")]
    assert faces == {"video_id": f"video-{server.jobs[0].id}"}


def test_what_only_the_clips_faces_told_is_said_with_the_take(server: ProviderServer, tmp_path: Path) -> None:
    inputs = Inputs(lip_sync_audio=sound(tmp_path / "line.wav", 7))
    wanted = wish("kling-lip-sync", task="lip_sync", inputs=inputs, frames=24, width=128, height=72, params={"video_url": URL})
    made = through(Kling(), wanted, tmp_path / "spoken.mp4")
    assert "lip_sync" in keys([text for _, text in made.notices])


@pytest.mark.parametrize(
    ("seconds", "seen", "times"),
    [
        (4.0007, (0, 5000), (0, 4000, 0)),
        (7, (1000, 4500), (0, 3500, 1000)),
        (3, (1000, 5000), (0, 3000, 0)),
        (3, (0, 0), (0, 3000, 0)),
        (3, (1000, 2500), None),
        (3, (2500, 9000), (0, 3000, 2500)),
    ],
)
def test_the_sound_lies_within_the_clip_and_over_the_face(
    tmp_path: Path, seconds: float, seen: tuple[int, int], times: tuple[int, int, int] | None
) -> None:
    file = sound(tmp_path / "line.wav", seconds)
    wanted = wish("kling-lip-sync", inputs=Inputs(lip_sync_audio=file), params={"video_url": URL})
    found = {"session_id": "s", "face_data": [{"face_id": "0", "start_time": seen[0], "end_time": seen[1]}]}
    composed = Kling().create_request(wanted)
    if times is None:
        with pytest.raises(InputError, match=r"can be seen for 1\.5 s"):
            bodies.with_face(composed, wanted.request, found)
        return
    (face,) = (bodies.with_face(composed, wanted.request, found).json or {})["face_choose"]
    assert tuple(face[f"sound_{name}_time"] for name in ("start", "end", "insert")) == times


async def submitted(wanted: TakeRequest, reference: str) -> str:
    engine = Kling()
    try:
        return await engine.submit(wanted, reference=reference)
    finally:
        await engine.close()


@pytest.mark.parametrize(
    ("seconds", "name", "params", "says"),
    [
        (1, "a.wav", {"video_url": URL}, "2 to 60 s"),
        (4, "a.ogg", {"video_url": URL}, ".mp3"),
        (4, "a.wav", {}, "continue_from"),
        (4, "a.wav", {"video_url": "ftp://x"}, "https"),
        (4, "a.wav", {"video_url": URL, "face": 2}, "1 faces in the clip, not number 2"),
        (400, "a.wav", {"video_url": URL}, "2 to 60 s"),
    ],
)
def test_lip_sync_says_what_is_missing(
    tmp_path: Path, server: ProviderServer, seconds: int, name: str, params: dict[str, Any], says: str
) -> None:
    wanted = wish("kling-lip-sync", inputs=Inputs(lip_sync_audio=sound(tmp_path / name, seconds)), params=params)
    with pytest.raises(InputError) as caught:
        asyncio.run(submitted(wanted, "r"))
    assert says in f"{caught.value.message} {caught.value.hint}" and server.created == 0


def test_a_model_that_needs_a_picture_says_so() -> None:
    with pytest.raises(InputError, match="kling-v1-5 makes nothing from text"):
        asyncio.run(filled(Kling(), wish("kling-v1-5")))


def test_every_priced_or_named_model_makes_a_legal_request(picture: Path, tmp_path: Path) -> None:
    dance = clip(tmp_path / "d.mp4", 5)
    for row in engine_table()["kling"]:
        if row.model == "kling-lip-sync":
            continue
        start = picture if row.first_frame else None
        inputs = Inputs(start_frame=start, motion_reference=dance)
        params = {"video_url": URL} if "motion_transfer" in row.tasks else {}
        sent(wish(row.model, inputs=inputs, params=params))


def test_the_price_is_that_of_the_length_that_is_bought() -> None:
    able = Kling().capabilities("kling-v3")
    for frames, usd in ((24, 3 * 0.084), (120, 5 * 0.084), (121, 6 * 0.084), (999, 15 * 0.084)):
        created = asyncio.run(filled(Kling(), wish(frames=frames)))
        assert created.seconds == able.billed_s(frames / 24)
        assert Kling().estimate(wish(frames=frames).request) == pytest.approx(usd)
    assert Kling().estimate(wish("kling-lip-sync", task="lip_sync").request) is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, 1100, "quota"),
        (429, 1101, "quota"),
        (429, 1102, "quota"),
        (429, 1302, "rate"),
        (429, 1303, "rate"),
        (429, 1304, "auth"),
        (200, 1303, "rate"),
        (200, 1102, "quota"),
        (400, 1300, "moderation_input"),
        (200, 1301, "moderation_input"),
        (403, 1103, "auth"),
        (401, 1004, "auth"),
        (404, 1203, "bad_request"),
        (200, 1201, "bad_request"),
        (200, 5001, "unknown_submit"),
        (503, 5001, "unknown_submit"),
        (429, None, "rate"),
    ],
)
def test_the_envelopes_code_counts(monkeypatch: pytest.MonkeyPatch, status: int, code: int | None, kind: str) -> None:
    from vidgen.testing.providers import Answer

    class Refusing(FakeKling):
        def answer(self, asked: Asked) -> Answer:
            return Answer(status, {"message": "no", "data": None} | ({"code": code} if code else {}))

    with playing(monkeypatch, Refusing) as server:
        with pytest.raises(ProviderError) as caught:
            asyncio.run(submitted(wish(), "r"))
        assert caught.value.kind == kind and len(server.asked) == 1


def test_a_task_whose_answer_was_lost_is_found_by_our_reference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, picture: Path
) -> None:
    monkeypatch.setattr(kling_module, "PAGE", 2)
    with playing(monkeypatch, FakeKling, failure_modes=("drop",)) as server:
        for number in range(5):
            inputs = Inputs(start_frame=picture) if number % 2 else Inputs()
            with pytest.raises(ProviderError) as caught:
                asyncio.run(submitted(wish(inputs=inputs), f"ref-{number}"))
            assert caught.value.kind == "unknown_submit"

        async def found(reference: str) -> str | None:
            engine = Kling()
            try:
                return await engine.find(reference)
            finally:
                await engine.close()

        assert asyncio.run(found("ref-0")) == f"text2video:{server.jobs[0].id}"
        assert asyncio.run(found("ref-3")) == f"image2video:{server.jobs[3].id}"
        assert asyncio.run(found("ref-9")) is None
        monkeypatch.setattr(kling_module, "MAX_PAGES", 1)
        with pytest.raises(NotImplementedError):
            asyncio.run(found("ref-9"))


def test_a_token_is_taken_by_a_library_for_tokens() -> None:
    secret = "a secret of thirty-two letters, as Kling's"
    made = token("access", secret)
    told = jwt.decode(made, secret, ["HS256"], issuer="access", options={"require": ["exp", "nbf", "iss"]})
    assert jwt.get_unverified_header(made) == {"alg": "HS256", "typ": "JWT"} and told["exp"] - told["nbf"] == 1805
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(made, secret[::-1], ["HS256"])


def test_a_token_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", "k" * 20)
    shown = token("access", "secret")
    error = Kling().api().failure("auth", f"no such token {shown}; {'k' * 20}")
    assert "no such token [key]; [key]" in error.message


def test_a_list_that_cannot_be_read_leaves_the_answer_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from vidgen.testing.providers import Answer

    class Partly(FakeKling):
        def answer(self, asked: Asked) -> Answer | None:
            hidden = asked.method == "GET" and asked.path.endswith("motion-control")
            return Answer(404, {"code": 1202, "message": "no such method"}) if hidden else super().answer(asked)

    async def found(reference: str) -> str | None:
        engine = Kling()
        try:
            return await engine.find(reference)
        finally:
            await engine.close()

    with playing(monkeypatch, Partly, failure_modes=("drop",)) as server:
        with pytest.raises(ProviderError):
            asyncio.run(submitted(wish(), "ref-1"))
        assert asyncio.run(found("ref-1")) == f"text2video:{server.jobs[0].id}"
        with pytest.raises(NotImplementedError):
            asyncio.run(found("ref-2"))


def test_keys_are_one_or_both_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Kling.keys:
        monkeypatch.delenv(name, raising=False)
    assert "KLING_API_KEY" in str(Kling().available())
    monkeypatch.setenv("KLING_ACCESS_KEY", "half")
    with pytest.raises(MissingError, match="KLING_SECRET_KEY"):
        Kling().api()
    monkeypatch.setenv("KLING_SECRET_KEY", "other half")
    assert Kling().available() is None
    monkeypatch.setenv("KLING_API_KEY", "whole")
    assert Kling().headers() == {"Authorization": "Bearer whole"}


def test_a_task_that_is_gone_has_expired(server: ProviderServer) -> None:
    async def run() -> Job:
        engine = Kling()
        try:
            return await engine.poll("text2video:867283741759111202")
        finally:
            await engine.close()

    with pytest.raises(ProviderError) as caught:
        asyncio.run(run())
    assert caught.value.kind == "expired"


def test_the_fake_refuses_what_the_documentation_forbids() -> None:
    good = {"model_name": "kling-v1", "prompt": "x", "duration": "5"}
    for bad, says in (
        ({"duration": 5}, "duration"),
        ({"duration": "7"}, "5 or 10"),
        ({"mode": "4k"}, "4k"),
        ({"model_name": "kling-v9"}, "model_name"),
        ({"seed": 1}, "seed"),
        ({"sound": "off"}, "sound"),
        ({"camera_control": {"type": "simple", "config": {"pan": 1, "tilt": 1}}}, "camera_control"),
        ({"camera_control": {"type": "simple", "config": {"pan": 11}}}, "camera_control"),
        ({"camera_control": {"type": "down_back", "config": {"pan": 1}}}, "camera_control"),
    ):
        assert says in str(wrong("text2video", {**good, **bad})), bad
    assert wrong("text2video", good) is None
    assert "image" in str(wrong("image2video", {**good, "image": "data:image/png;base64,AAAA"}))


def test_the_whole_way_with_a_picture(server: ProviderServer, tmp_path: Path, picture: Path) -> None:
    wanted = replace(wish().request, width=128, height=72, frames=24, inputs=Inputs(start_frame=picture))
    made = through(Kling(), TakeRequest(wanted, 1, 7), tmp_path / "take.mp4")
    assert made.manifest["seed"] is None and made.manifest["reproducible"] is False
    assert server.jobs[0].body["operation"] == "image2video" and server.jobs[0].body["external_task_id"] == "ref-1"
