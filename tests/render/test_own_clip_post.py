"""``post:`` of a user's own clips: colours, grain, more frames, more pixels, as for takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from support import Film, Ran, Vidgen
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import read_frames
from vidgen.media.verify import pts_grid
from vidgen.post.engines import INTERPOLATORS, UPSCALERS, Network

SIMPLE = Network("post.simple_engines", (), "post")
SMALL = "{id: mine, clip: own.mp4, duration: 1}"
CUBE = "LUT_3D_SIZE 2\n" + "".join(f"{blue} {green} {red}\n" for blue in (0, 1) for green in (0, 1) for red in (0, 1))
"""Swaps red and blue: in a .cube the red of the input runs fastest."""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Two seconds of red with a light square that moves, 96x54, 12 frames/s."""
    return clip(tmp_path / "own.mp4")


def clip(out: Path, size: str = "96x54", rate: int = 12, colour: str = "0xb02020", *more: str) -> Path:
    square = f"color=0xd0d0d0:s=16x16:r={rate}:d=2"
    picture = f"color={colour}:s={size}:r={rate}:d=2[ground];{square}[square];[ground][square]overlay=x='8+12*t':y=16"
    options = more or ("-c:v", "libx264", "-pix_fmt", "yuv420p")
    run_ffmpeg(["-f", "lavfi", "-i", picture, *options, f"file:{out}"], what="a clip")
    return out


def pictures(ran: Ran) -> list[npt.NDArray[np.uint8]]:
    assert ran.code == 0, ran.err
    return list(read_frames(Path(ran.data["output"])))


def mine(ran: Ran) -> Any:
    return next(shot["post"] for shot in ran.data["shots"] if shot["id"] == "mine")


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("top", "does", "why"),
    [
        ("resolution: 48x28\n", "scaled to 48x28", "since the picture becomes smaller"),
        ("resolution: 192x108\n", "scaled to 192x108", "to meet the film"),
        ("fps: 6\n", "frames left out to 6/s", "frames are left out"),
        ("fps: 24\n", "frames repeated to 24/s", "frames are repeated"),
    ],
)
def test_nobody_is_told_of_an_upscale_or_an_interpolation_that_was_not_asked_for(
    top: str, does: str, why: str, vidgen: Vidgen, tmp_path: Path
) -> None:
    usual = {"resolution": "96x54", "fps": "12"} | dict([top.strip().split(": ")])
    head = "".join(f"{key}: {value}\n" for key, value in usual.items())
    board = tmp_path / "film.yaml"
    board.write_text(f"vidgen: 1\nseed: 1\n{head}shots:\n  - {SMALL.replace('}', ', post: {colour: {contrast: 1.2}}}')}\n")
    planned, rendered = vidgen("plan", board).out, vidgen("render", board).err
    for told in (planned, rendered):
        assert does in told and why in told and "upscale" not in told and "interpolate" not in told
    (shot,) = json.loads((tmp_path / "film.provenance.json").read_text())["shots"]
    assert does in shot["post"] and "grade" in shot["post"]


def test_every_piece_of_the_cut_is_counted(vidgen: Vidgen, film: Film) -> None:
    board = film("{id: sea, scene: calm sea}", "{id: hill, scene: green hill}")
    assert "cut: 0 segments encoded, 2 copied, 0 kept" in vidgen("render", board).err
    assert "cut: the film is there already, and nothing in it changed" in vidgen("render", board).err
    mixed = film("{id: sea, scene: calm sea}", "{id: hill, scene: green hill, transition: dissolve}")
    assert "encoded, 0 copied, 0 kept" in vidgen("render", mixed).err


@pytest.mark.usefixtures("own")
def test_a_lut_and_grain_are_laid_on_it(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    (tmp_path / "swap.cube").write_text(CUBE)
    plain = pictures(vidgen("render", film(SMALL), "--json"))
    (warm,) = {tuple(int(value) for value in np.median(frame, axis=(0, 1))) for frame in plain[:1]}
    swapped = pictures(vidgen("render", film(SMALL, top="post: {colour: {lut: swap.cube}}\n"), "--json"))
    cool = np.median(swapped[0], axis=(0, 1))
    assert warm[0] > 150 > 60 > warm[2] and cool[2] > 150 > 60 > cool[0]
    grainy = pictures(vidgen("render", film(SMALL, top="post: {grain: 12}\n"), "--json"))
    corner = [frames[3][40:, 60:, 0].astype(float).std() for frames in (plain, grainy)]
    assert corner[0] < 1.5 < 2 < corner[1]


@pytest.mark.usefixtures("own")
def test_it_gets_the_frames_in_between(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(SMALL, top="post: {interpolate: {fps: 60, engine: minterpolate}}\n")
    assert mine(vidgen("plan", board, "--json"))["interpolate"] == "minterpolate"
    ran = vidgen("render", board, "--json")
    frames = pictures(ran)
    assert len(frames) == 60 and ran.data["fps"] == 60
    assert len({frame[16:32].tobytes() for frame in frames}) > 30, "more pictures than the clip's 12"
    again = vidgen("render", board, "--json")
    assert not [line for line in again.lines if line.get("event") == "post.started"], "kept"


def test_a_small_one_is_enlarged_and_shown_whole(
    vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(UPSCALERS, "ncnn", SIMPLE)
    monkeypatch.setitem(INTERPOLATORS, "rife", SIMPLE)
    monkeypatch.setattr("vidgen.post.engines._LOADED", {})
    monkeypatch.setattr("vidgen.render.postprocess.pull", lambda name, on_bytes=None: Path())
    monkeypatch.setattr("vidgen.render.post_plan.downloads", lambda posts: [])
    clip(tmp_path / "own.mp4", size="54x54")
    board = film(SMALL, top="post: {upscale: {scale: 2, engine: ncnn}}\n")
    planned = vidgen("plan", board, "--json")
    assert mine(planned)["upscale"] == "ncnn" and not planned.envelope["warnings"]
    frame = pictures(vidgen("render", board, "--json"))[0]
    assert frame.shape == (108, 192, 3)
    assert frame[50, 20].max() < 20 and frame[50, 100, 0] > 150, "bars beside the square picture"


@pytest.mark.usefixtures("own")
def test_what_asks_for_nothing_is_left_to_the_cut(vidgen: Vidgen, film: Film) -> None:
    for wish in ("interpolate: {fps: 12}", "grain: 0", "colour: {saturation: 1}"):
        assert mine(vidgen("plan", film(SMALL, top=f"post: {{{wish}}}\n"), "--json")) is None


def test_a_large_one_is_made_smaller_by_no_network(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    clip(tmp_path / "own.mp4", size="384x216")
    assert mine(vidgen("plan", film(SMALL, top="post: {upscale: 2}\n"), "--json")) is None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("own.mov", ("-c:v", "png", "-pix_fmt", "rgba")),
        ("own.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-pix_fmt", "yuv420p")),
        ("own.mkv", ("-c:v", "ffv1", "-pix_fmt", "yuv444p10le", "-vf", "setsar=4/3")),
        ("own.mp4", ("-c:v", "libx264", "-vf", "select='mod(n,3)'", "-fps_mode", "vfr")),
    ],
    ids=["alpha", "webm", "10 bits", "variable rate"],
)  # fmt: skip
def test_clips_of_every_form_are_graded(
    name: str, options: tuple[str, ...], vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    clip(tmp_path / name, "96x54", 25, "0xb02020", *options)
    ran = vidgen("render", film(SMALL.replace("own.mp4", name), top="post: {colour: {saturation: 0}}\n"), "--json")
    frames = pictures(ran)
    assert len(frames) == 12 and pts_grid(Path(ran.data["output"]))[0] == 12
    middle = frames[5][10:20, 60:80].astype(int)
    assert middle.max() - middle.min() < 12, "grey"


def test_a_clip_that_cannot_be_used_is_said_before_anything_is_made(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    (tmp_path / "own.mp4").write_bytes(b"no video")
    sea = "{id: sea, scene: calm sea, duration: 1, engine: previz}"
    ran = vidgen("render", film(sea, SMALL, top="post: {grain: 5}\n"), "--json")
    assert ran.code == 2 and "own.mp4" in ran.envelope["error"]["message"]
    assert not [line for line in ran.lines if line.get("event") == "take.started"]


@pytest.mark.usefixtures("own")
def test_nobody_pays_for_a_larger_clip_of_their_own(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film(SMALL, top="post: {upscale: {scale: 2, engine: runway}}\n"), "--json")
    (warning,) = ran.envelope["warnings"]
    assert (warning["code"], warning["shot"]) == ("engine.wish_approximated", "mine") and ran.data["estimated_usd"] == 0
