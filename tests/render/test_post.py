"""Post-processing in a film: planned, checked before anything is paid for, kept by content, gone on with."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from support import Film, Ran, Vidgen
from vidgen.media.verify import pts_grid
from vidgen.planning.enlarging import UPSCALERS as PAID
from vidgen.post.engines import INTERPOLATORS, UPSCALERS, Network
from vidgen.storyboard.model import Interpolate, Upscale
from vidgen.testing import ScriptedRemote, engine_added

SEA = "{id: sea, scene: calm sea at dawn, camera: dolly_in}"
HILL = "{id: hill, scene: green hills at noon, camera: pan_left}"
BOTH = "post: {interpolate: {fps: 24, engine: rife}, upscale: {scale: 2, engine: ncnn}}\n"
SIMPLE = Network("post.simple_engines", (), "post")


@pytest.fixture
def simple(monkeypatch: pytest.MonkeyPatch) -> None:
    """rife and ncnn are arithmetic, and their weights are here."""
    monkeypatch.setitem(INTERPOLATORS, "rife", SIMPLE)
    monkeypatch.setitem(UPSCALERS, "ncnn", SIMPLE)
    monkeypatch.setattr("vidgen.post.engines._LOADED", {})
    monkeypatch.setattr("vidgen.render.postprocess.pull", lambda name, on_bytes=None: Path())
    monkeypatch.setattr("vidgen.render.post_plan.downloads", lambda posts: [])


@pytest.fixture
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedRemote]:
    remote = ScriptedRemote(tmp_path_factory.mktemp("provider"), price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


def events(ran: Ran, name: str) -> list[dict[str, typing.Any]]:
    return [line for line in ran.lines[:-1] if line["event"] == name]


def posts(ran: Ran) -> dict[str, typing.Any]:
    return {shot["id"]: shot["post"] for shot in ran.data["shots"]}


def test_a_storyboard_knows_exactly_the_engines_that_are_there() -> None:
    for step, engines in ((Interpolate, INTERPOLATORS), (Upscale, (*UPSCALERS, *PAID))):
        assert set(typing.get_args(step.model_fields["engine"].annotation)) == {"auto", *engines}


@pytest.mark.usefixtures("simple")
def test_plan_says_which_engines_in_which_order_and_why(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film(SEA, HILL.replace("}", ", post: {interpolate: {engine: minterpolate}}}"), top=BOTH), "--json")
    sea, hill = posts(ran)["sea"], posts(ran)["hill"]
    assert (sea["interpolate"], sea["upscale"], sorted(sea["order"])) == ("rife", "ncnn", ["interpolate", "upscale"])
    assert any(line.startswith("order: ") for line in sea["why"]) and sea["seconds"] > 0
    assert (hill["interpolate"], hill["upscale"]) == ("minterpolate", "ncnn")
    assert ran.data["post_seconds"] == pytest.approx(sea["seconds"] + hill["seconds"], abs=0.2)
    assert (ran.data["fps"], ran.data["height"]) == (24, 108)


@pytest.mark.usefixtures("simple")
def test_plan_tells_a_person_in_a_line_or_two(vidgen: Vidgen, film: Film) -> None:
    out = vidgen("plan", film(SEA, HILL, top=BOTH)).out
    assert "post-processing: " in out and "rife (rife-4.0)" in out and "interpolate: rife was asked for" in out
    assert "post-processing" not in vidgen("plan", film(SEA)).out


def test_auto_is_light_for_drawn_takes_and_real_for_all_others(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> None:
    top = "post: {interpolate: 24, upscale: 2}\n"
    filmed = SEA.replace("sea,", "sea, engine: scripted,", 1)
    found = posts(vidgen("plan", film(filmed, HILL, top=top), "--json"))
    assert (found["hill"]["interpolate"], found["hill"]["upscale"]) == ("minterpolate", "lanczos")
    if find_spec("torch") and find_spec("ncnn"):
        assert (found["sea"]["interpolate"], found["sea"]["upscale"]) in (("rife", "ncnn"), ("rife", "torch"))
    assert all("auto" in line for post in found.values() for line in post["why"] if not line.startswith("order"))


def test_a_shot_that_clears_a_step_still_has_the_films_rate_and_size(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    top = "post: {interpolate: 24, upscale: 2}\n"
    board = film(SEA.replace("}", ", post: {interpolate: ~, upscale: ~}}"), HILL, top=top)
    found = posts(vidgen("plan", board, "--json"))
    assert (found["sea"]["interpolate"], found["sea"]["upscale"]) == ("nearest", "lanczos")
    assert vidgen("render", board).code == 0
    assert pts_grid(tmp_path / "film.mp4")[0] == 2 * 72


def test_a_rate_of_a_shots_own_is_a_warning_that_names_the_key(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film(SEA.replace("}", ", post: {interpolate: {fps: 60}}}"), HILL), "--json")
    (warning,) = ran.envelope["warnings"]
    assert (warning["code"], warning["shot"]) == ("plan.film_wide", "sea") and "post.interpolate.fps" in warning["message"]
    assert ran.data["fps"] == 12


def test_defaults_may_set_the_films_rate(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA)
    board.write_text(board.read_text().replace("duration: 3,", "duration: 3, post: {interpolate: 24},"))
    assert vidgen("plan", board, "--json").data["fps"] == 24


def test_plan_says_what_will_be_downloaded(vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(INTERPOLATORS, "rife", SIMPLE)
    board = film(SEA, top="post: {interpolate: {fps: 24, engine: rife}}\n")
    ran = vidgen("plan", board, "--json")
    (warning,) = ran.envelope["warnings"]
    assert warning["code"] == "post.will_download" and "rife-4.0" in warning["message"] and " MB" in warning["message"]
    (load,) = ran.data["downloads"]
    assert load["model"] == "rife-4.0" and load["bytes"] > 30_000_000


@pytest.mark.parametrize("lacks", ["package", "weights"])
def test_an_engine_that_is_missing_stops_render_before_a_take_is_bought_and_warns_in_plan(
    lacks: str, vidgen: Vidgen, film: Film, provider: ScriptedRemote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = ("no_such_package",) if lacks == "package" else ()
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    monkeypatch.setitem(INTERPOLATORS, "rife", Network("post.simple_engines", imports, "post"))
    shots = "{id: a, scene: sea, engine: scripted}", SEA.replace("}", ", post: {interpolate: {engine: rife}}}")
    board = film(*shots, top="post: {interpolate: {fps: 24, engine: minterpolate}}\n")
    planned = vidgen("plan", board, "--json").envelope
    assert planned["ok"] and "post.not_ready" in {warning["code"] for warning in planned["warnings"]}
    error = vidgen("render", board, "--yes", "--json").envelope
    code = {"package": "post.engine_missing", "weights": "models.offline"}[lacks]
    assert (error["exit_code"], error["error"]["code"], error["error"]["where"]) == (3, code, "sea")
    assert provider.created == 0 and not (tmp_path / "film.mp4").exists()


def test_a_download_that_fails_costs_no_take(
    vidgen: Vidgen, film: Film, provider: ScriptedRemote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from vidgen.errors import MissingError

    def fail(name: str, on_bytes: object = None) -> Path:
        raise MissingError("models.missing", f"{name} could not be had")

    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(INTERPOLATORS, "rife", SIMPLE)
    monkeypatch.setattr("vidgen.render.postprocess.pull", fail)
    monkeypatch.setattr("vidgen.render.post_plan._bytes", lambda row: row.bytes)
    board = film("{id: a, scene: sea, engine: scripted}", top="post: {interpolate: {fps: 24, engine: rife}}\n")
    error = vidgen("render", board, "--yes", "--json").envelope
    assert (error["exit_code"], error["error"]["code"]) == (3, "models.missing") and provider.created == 0


@pytest.mark.usefixtures("simple")
def test_a_second_render_processes_nothing_and_a_colour_changes_one_shot(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    first = vidgen("render", film(SEA, HILL, top=BOTH), "--json")
    assert [sorted(line["engines"]) for line in events(first, "post.started")] == [["ncnn", "rife"]] * 2
    assert events(first, "post.progress")[-1]["frames"] == 72 and len(events(first, "post.done")) == 2
    assert (first.data["fps"], first.data["width"]) == (24, 192) and pts_grid(tmp_path / "film.mp4")[0] == 144
    again = vidgen("render", film(SEA, HILL, top=BOTH), "--json")
    assert not events(again, "post.started") and again.data["cut"]["encoded"] == 0
    coloured = HILL.replace("}", ", post: {colour: {contrast: 1.2}}}")
    changed = vidgen("render", film(SEA, coloured, top=BOTH), "--json")
    assert [line["shot"] for line in events(changed, "post.started")] == ["hill"]


def test_naming_what_auto_took_makes_nothing_again(vidgen: Vidgen, film: Film) -> None:
    vidgen("render", film(SEA, top="post: {interpolate: 24}\n"))
    named = film(SEA, top="post: {interpolate: {fps: 24, engine: minterpolate}}\n")
    assert not events(vidgen("render", named, "--json"), "post.started")


@pytest.mark.usefixtures("simple")
def test_ctrl_c_in_a_long_shot_leaves_it_resumable(
    vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidgen.render import postprocess

    monkeypatch.setattr("vidgen.post.clip.segment_frames", lambda frames, seconds: 12)
    whole = postprocess._Progress.__call__

    def press(self: postprocess._Progress, done: int, total: int) -> None:
        if done == 35:
            raise KeyboardInterrupt
        whole(self, done, total)

    board = film(SEA, top=BOTH)
    with monkeypatch.context() as patch:
        patch.setattr(postprocess._Progress, "__call__", press)
        stopped = vidgen("render", board, "--json").envelope
    assert (stopped["exit_code"], stopped["error"]["code"]) == (130, "run.interrupted")
    assert not (tmp_path / "film.mp4").exists()
    ran = vidgen("render", board, "--json")
    assert events(ran, "post.progress")[0]["frames"] == 25, "the first 24 frames are there"
    (notice,) = [warning for warning in ran.envelope["warnings"] if warning["code"] == "post.resumed"]
    assert notice["shot"] == "sea" and "24 of 72" in notice["message"]
    assert pts_grid(tmp_path / "film.mp4")[0] == 72


def test_a_model_of_ones_own_is_found_beside_the_storyboard(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"weights")
    board = film(SEA, top="post: {upscale: {scale: 2, model: mine.pth}}\n")
    post = posts(vidgen("plan", board, "--json"))["sea"]
    if find_spec("torch"):
        assert (post["upscale"], post["model"]) == ("torch", str(tmp_path / "mine.pth"))
    board = film(SEA, top="post: {upscale: {scale: 2, model: mine.pth, engine: ncnn}}\n")
    assert "ncnn does not read" in vidgen("plan", board, "--json").envelope["error"]["message"]
