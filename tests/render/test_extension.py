"""A clip that its provider continued comes with all that was there before: all is kept, and the film shows the new part."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from flashes import BEEP, FLASH, flash_and_beep
from provider_failures import playing
from support import Vidgen
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import read_frames
from vidgen.media.lossless import copy_lossless
from vidgen.media.probe import part_from, probe_video
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.gemini_omni import FakeGeminiOmni
from vidgen.testing.providers.pika import FakePika

S1 = "{id: s1, scene: a harbour, engine: gemini-omni, duration: 3}"
S2 = "{id: s2, scene: a boat leaves, engine: gemini-omni, continue_from: s1, duration: 2.5, params: {task: extend}}"
S3 = "{id: s3, scene: the open sea, engine: pika, continue_from: s2, duration: 2}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with playing(monkeypatch, FakeGeminiOmni, FakePika, polls=0) as server:
        yield server


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    def write(*shots: str, top: str = "") -> Path:
        lines = "".join(f"  - {shot}\n" for shot in shots)
        (tmp_path / "film.yaml").write_text(f"vidgen: 1\nresolution: 180p\nfps: 24\n{top}shots:\n{lines}")
        return tmp_path / "film.yaml"

    return write


def bar(picture: Any) -> float:
    """Where the bar of a played clip stands, as a share of the width: that tells its frame (it moves by 2 pixels of 228)."""
    columns = picture.mean(axis=(0, 2))
    lit = np.flatnonzero(columns > (columns.max() + columns.min()) / 2)
    return float(lit.mean() / picture.shape[1])


def frame_of(served: Path, number: int) -> Any:
    return list(read_frames(served))[number]


def test_the_file_is_kept_as_it_came_and_the_film_shows_the_new_part(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, tmp_path: Path
) -> None:
    ran = vidgen("render", film(S1, S2, S3), "--yes", "--json")
    assert ran.code == 0, ran.envelope
    (take,) = ran.data["shots"][1]["takes"]
    stored = Path(take["file"])
    assert stored.read_bytes() == server.clip(server.jobs[1])
    assert (take["frames"], take["window"]) == (144, {"start": 72, "frames": 60}), "3 s were there, 3 s are new"
    film_frames = list(read_frames(tmp_path / "film.mp4"))
    assert len(film_frames) == 72 + 60 + 48
    whole = list(read_frames(stored))
    for shown, number in ((72, 72), (100, 100), (131, 131)):
        assert bar(film_frames[shown]) == pytest.approx(bar(whole[number]), abs=0.004)
    (opening,) = [asked.json["image_url"] for asked in server.asked if "image_url" in asked.json]
    content = np.frombuffer(base64.b64decode(opening.partition(",")[2]), np.uint8)
    assert bar(cv2.imdecode(content, cv2.IMREAD_COLOR)) == pytest.approx(bar(whole[131]), abs=0.004)


def test_post_processing_takes_the_new_part(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, tmp_path: Path
) -> None:
    board = film(S1, S2, top="post: {interpolate: {fps: 48, engine: blend}}\n")
    ran = vidgen("render", board, "--yes", "--json")
    assert ran.code == 0, ran.envelope
    whole = list(read_frames(Path(ran.data["shots"][1]["takes"][0]["file"])))
    shown = list(read_frames(tmp_path / "film.mp4"))
    assert len(shown) == 2 * (72 + 60)
    assert bar(shown[144]) == pytest.approx(bar(whole[72]), abs=0.006)
    assert bar(shown[200]) == pytest.approx(bar(whole[100]), abs=0.006)


def test_a_longer_shot_within_the_new_part_buys_nothing_and_beyond_it_does(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer
) -> None:
    vidgen("render", film(S1, S2), "--yes", "--json")
    longer = vidgen("render", film(S1, S2.replace("2.5", "3")), "--yes", "--json")
    assert longer.code == 0 and server.created == 2
    beyond = vidgen("render", film(S1, S2.replace("2.5", "3.5")), "--yes", "--json")
    assert beyond.code == 0 and server.created == 3, "the 3 s that were there before do not count"


def test_a_record_that_is_lost_comes_back_with_the_right_part(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer
) -> None:
    board = film(S1, S2)
    (take,) = vidgen("render", board, "--yes", "--json").data["shots"][1]["takes"]
    Path(take["file"]).with_suffix(".json").unlink()
    again = vidgen("render", board, "--yes", "--json")
    assert again.code == 0 and server.created == 2
    assert again.data["shots"][1]["takes"][0]["window"] == {"start": 72, "frames": 60}


def test_what_is_heard_belongs_to_the_new_part(
    vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 6 s the last 3 are new; in their second second there is a flash with a beep."""
    inputs = [part for made in (FLASH, BEEP) for part in ("-f", "lavfi", "-i", made.format(length=6, at=4))]
    run_ffmpeg([*inputs, "-c:a", "aac", f"file:{tmp_path / 'whole.mp4'}"], what="a flash with a beep")
    drawn = server.clip
    whole = (tmp_path / "whole.mp4").read_bytes()
    monkeypatch.setattr(server, "clip", lambda job: whole if job.seconds == pytest.approx(6) else drawn(job))
    for top in ("", "post: {interpolate: {fps: 48, engine: blend}}\n"):
        board = film(S1, S2.replace("params:", "own_sound: true, params:"), top=top)
        assert vidgen("render", board, "--yes", "--json").code == 0
        flash, beep = flash_and_beep(tmp_path / "film.mp4", 48 if top else 24)
        assert (flash, beep) == (pytest.approx(4, abs=0.05), pytest.approx(4, abs=0.05))


def test_an_extension_is_continued_from_its_own_part(vidgen: Vidgen, film: Callable[..., Path], server: ProviderServer) -> None:
    third = S2.replace("s2", "s4").replace("s1", "s2").replace("a boat leaves", "gulls")
    ran = vidgen("render", film(S1, S2, third), "--yes", "--json")
    assert ran.code == 0, ran.envelope
    assert [job.seconds for job in server.jobs] == pytest.approx([3, 6, 5.5], abs=0.05)
    assert ran.data["shots"][2]["takes"][0]["window"] == {"start": 60, "frames": 60}


def test_a_part_is_copied_without_loss(
    server: ProviderServer, tmp_path: Path, vidgen: Vidgen, film: Callable[..., Path]
) -> None:
    ran = vidgen("render", film(S1), "--yes", "--json")
    source = Path(ran.data["shots"][0]["takes"][0]["file"])
    copy_lossless(part_from(probe_video(source), 30), tmp_path / "part.mp4")
    whole, part = list(read_frames(source)), list(read_frames(tmp_path / "part.mp4"))
    assert len(part) == 42 and all(np.array_equal(a, b) for a, b in zip(whole[30:], part, strict=True))
    info, before = probe_video(tmp_path / "part.mp4"), probe_video(source)
    assert info.rate == before.rate == Fraction(24) and info.constant_rate
    colours = ("pix_fmt", "color_range", "color_matrix", "color_primaries", "color_transfer")
    assert [getattr(info, name) for name in colours] == [getattr(before, name) for name in colours]
