"""What is ordered: told by the request alone, equal exactly where the same form would be asked for, and kept as it comes."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from provider_failures import playing, take, through
from vidgen.engines.base import RemoteEngine
from vidgen.engines.cloud.base import CloudEngine, Create
from vidgen.engines.cloud.inputs import Blob, Limits, last_frame
from vidgen.engines.registry import get_engine
from vidgen.media.frames import FrameWriter
from vidgen.media.probe import probe_video
from vidgen.takes.request import Inputs, TakeRequest
from vidgen.testing.providers import FakeProvider
from vidgen.testing.providers.gemini_omni import FakeGeminiOmni
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.openai_videos import FakeOpenAIVideos
from vidgen.testing.providers.pika import FakePika
from vidgen.testing.providers.runway import FakeRunway
from vidgen.testing.providers.veo import FakeVeo

FAKES: Mapping[str, type[FakeProvider]] = {
    "gemini-omni": FakeGeminiOmni,
    "kling": FakeKling,
    "luma": FakeLuma,
    "openai-videos": FakeOpenAIVideos,
    "pika": FakePika,
    "runway": FakeRunway,
    "veo": FakeVeo,
}
MODELS: tuple[tuple[str, str | None, Mapping[str, Any]], ...] = (
    ("gemini-omni", None, {}),
    ("kling", None, {}),
    ("kling", "kling-v2-6", {"audio": True}),
    ("luma", None, {}),
    ("openai-videos", None, {}),
    ("openai-videos", None, {"dialect": "openai"}),
    ("openai-videos", None, {"size": "640x480", "fps": 16}),
    ("pika", None, {}),
    ("pika", "pika-v2.5", {}),
    ("runway", None, {}),
    ("runway", "seedance2_5", {}),
    ("runway", "hailuo3", {}),
    ("runway", "grok_imagine_1_5", {}),
    ("veo", None, {}),
)
FORMS = [
    {"width": width, "height": height, "frames": round(seconds * fps), "fps": Fraction(fps)}
    for (width, height), seconds, fps in itertools.product(
        [(1280, 720), (1280, 714), (1920, 1080), (720, 1280)], [3, 4, 4.5, 5, 8], [24, 60]
    )
] + [{"width": 1280, "height": 720, "frames": 25 * seconds, "fps": Fraction(25)} for seconds in (3, 4, 5, 8)]
SAID = {
    *("duration", "durationSeconds", "seconds", "num_frames", "fps", "size", "width", "height", "ratio", "resolution"),
    *("aspect_ratio", "aspectRatio", "mode", "transitions", "keyframe_indexes"),
}
"""Fields of the clip's form, over all providers."""
PICTURES = {"image", "image_url", "promptImage", "image_tail", "image_urls"}


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "film")


def fields(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of the clip's form in a body; of a picture that gives its shape, that shape."""
    if name in SAID and not isinstance(value, Mapping):
        yield name, repr(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from fields(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, name)
    elif isinstance(value, Blob):
        yield name, shape(value.content)
    elif name in PICTURES:
        yield name, shape(base64.b64decode(value.partition(",")[2] or value))


def shape(content: bytes) -> str:
    shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    return f"{shown.shape[1] / shown.shape[0]:.2f}"


def form(made: Create) -> tuple[Any, ...]:
    if made.files:
        return tuple((name, part[1].decode()) for name, part in made.files.items() if name in SAID)
    found = sorted(fields(made.json))
    if not any("ratio" in name.lower() and ":" in said for name, said in found):
        return tuple(found)
    return tuple(row for row in found if row[0] not in PICTURES)  # the clip's shape is told, and pictures are cropped to it


def orders_and_forms(name: str, model: str | None, **more: Any) -> list[tuple[Any, Any]]:
    engine = get_engine(name)
    assert isinstance(engine, CloudEngine)
    wanted = [take(name, model=model, **{**more, **changes}) for changes in FORMS]
    made = [(engine.order(one.request), engine.create_request(one)) for one in wanted]
    assert all(create.seconds in (None, order.seconds) for order, create in made)
    return [(order, form(create)) for order, create in made]


def check(rows: list[tuple[Any, Any]], several: int = 2) -> None:
    for (order, said), (other, also) in itertools.combinations(rows, 2):
        assert (order == other) == (said == also), (order, other, said, also)
    assert len({order for order, _ in rows}) >= several, "the forms tell something apart"


@pytest.mark.parametrize(("name", "model", "params"), MODELS)
def test_orders_are_equal_exactly_where_the_bodies_ask_for_the_same_form(
    name: str, model: str | None, params: Mapping[str, Any]
) -> None:
    check(orders_and_forms(name, model, params=params))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("kling", None),
        ("kling", "kling-v1"),
        ("pika", None),
        ("pika", "pika-v2.5"),
        ("runway", None),
        ("runway", "kling2.5_turbo_pro"),
        ("runway", "wan3"),
        ("luma", None),
        ("veo", None),
        ("gemini-omni", None),
    ],
)
@pytest.mark.parametrize("closes", [False, True])
def test_where_pictures_give_the_clip_its_shape_the_order_tells_it(
    name: str, model: str | None, closes: bool, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 400, 3), 90, np.uint8))
    inputs = Inputs(start_frame=tmp_path / "a.png", end_frame=tmp_path / "a.png" if closes else None)
    check(orders_and_forms(name, model, inputs=inputs, task="first_last_frame" if closes else "image_to_video"))


@pytest.mark.parametrize("name", ["gemini-omni", "kling", "luma", "pika", "runway", "veo"])
def test_a_shorter_shot_another_rate_and_a_few_rows_less_buy_nothing(name: str) -> None:
    engine = get_engine(name)
    order = engine.order(take(name, width=1280, height=720, frames=120).request)
    for changes in (
        {"frames": 96},
        {"frames": 108},
        {"frames": 150, "fps": Fraction(30)},
        {"fps": Fraction(24000, 1001)},
        {"height": 714},
    ):
        now = engine.order(take(name, **{"width": 1280, "height": 720, "frames": 120, **changes}).request)
        assert order.covers(now, has_s=order.seconds, needs_s=5)


@pytest.mark.parametrize(
    ("name", "model", "task", "seconds", "size"),
    [
        ("runway", "aleph2", "video_to_video", 4.5, ""),
        ("runway", "magnific_video_upscaler_creative", "video_to_video", 4.5, "720p"),
        ("runway", "act_two", "motion_transfer", 4.5, "1280:720"),
        ("luma", None, "video_to_video", 4.5, "720p"),
        ("luma", "ray-3.2-reframe", "video_to_video", 4.5, "720p 16:9"),
        ("gemini-omni", None, "video_to_video", 5, "720p"),
        ("kling", "kling-v2-6-motion-control", "motion_transfer", 30, "std"),
        ("kling", "kling-lip-sync", "lip_sync", 60, ""),
    ],
)
def test_where_a_clip_that_is_sent_decides_the_length_the_order_is_what_is_asked_of_it(
    name: str, model: str | None, task: Any, seconds: float, size: str
) -> None:
    missing = Path("is not looked at.mp4")
    inputs = Inputs(source_video=missing if task == "video_to_video" else None, motion_reference=missing, start_frame=missing)
    order = get_engine(name).order(
        take(name, model=model, task=task, inputs=inputs, width=1280, height=720, frames=108).request
    )
    assert (order.seconds, order.size, order.rate, order.exact) == (seconds, size, "", False)


@pytest.mark.parametrize("name", FAKES)
def test_the_take_is_the_very_file_that_was_served(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with playing(monkeypatch, FAKES[name]) as server:
        engine = get_engine(name)
        assert isinstance(engine, RemoteEngine)
        made = through(engine, take(name, frames=30, fps=Fraction(30), width=100, height=100), tmp_path / "take.mp4")
        served = hashlib.sha256(server.clip(server.jobs[0])).hexdigest()
    assert hashlib.sha256(made.file.read_bytes()).hexdigest() == served


def counted(file: Path, frames: int, rate: int = 24) -> Path:
    """A clip whose frame number N has the brightness 2 N."""
    with FrameWriter(file, 96, 54, Fraction(rate), frames=frames) as writer:
        for index in range(frames):
            writer.write(np.full((54, 96, 3), index * 2, np.uint8))
    return file


@pytest.mark.parametrize(("frames", "number"), [(None, 95), (96, 95), (60, 59), (1, 0), (500, 95)])
def test_a_shot_that_continues_opens_with_the_last_frame_that_is_in_the_film(
    tmp_path: Path, frames: int | None, number: int
) -> None:
    blob = last_frame(counted(tmp_path / "before.mp4", 96), Limits(), frames=frames)
    shown = cv2.imdecode(np.frombuffer(blob.content, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None and abs(shown.mean() - 2 * number) < 1.5


@pytest.mark.parametrize("name", ["kling", "luma", "pika", "runway", "veo", "openai-videos", "gemini-omni"])
def test_every_provider_is_sent_that_frame(name: str, tmp_path: Path) -> None:
    inputs = Inputs(continues=counted(tmp_path / "before.mp4", 96), continues_frames=60)
    made = composed(name, take(name, task="image_to_video", inputs=inputs, width=1280, height=720, frames=96))
    (picture,) = pictures(made.json if made.json is not None else {name: part[1] for name, part in (made.files or {}).items()})
    assert abs(picture.mean() - 118) < 1.5


@pytest.mark.parametrize("task", ["edit", "extend"])
def test_a_clip_that_is_continued_is_sent_up_to_that_frame(task: str, tmp_path: Path) -> None:
    inputs = Inputs(continues=counted(tmp_path / "before.mp4", 96, rate=25), continues_frames=60)
    made = composed("gemini-omni", take("gemini-omni", inputs=inputs, params={"task": task}, frames=96))
    assert made.json and made.notices == ()
    (tmp_path / "sent.mp4").write_bytes(made.json["input"][0]["data"].content)
    sent = probe_video(tmp_path / "sent.mp4")
    assert (sent.frames, sent.rate) == (60, 25)


def composed(name: str, wanted: TakeRequest) -> Create:
    engine = get_engine(name)
    assert isinstance(engine, CloudEngine)
    return engine.create_request(wanted)


def pictures(value: Any) -> Iterator[Any]:
    """Every JPEG in a body."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from pictures(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pictures(inner)
    elif isinstance(value, Blob):
        yield from pictures(value.content)
    elif isinstance(value, bytes) and value.startswith(b"\xff\xd8"):
        yield cv2.imdecode(np.frombuffer(value, np.uint8), cv2.IMREAD_COLOR)
    elif isinstance(value, str) and (data := value.partition(";base64,")[2] or value).startswith("/9j/"):
        yield from pictures(base64.b64decode(data))
