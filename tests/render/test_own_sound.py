"""The sound of the clips themselves: what a user's clip and a provider's take bring with them is in the film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import Film, Vidgen
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.probe import has_sound, probe
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.runway import FakeRunway
from vidgen.testing.providers.veo import FakeVeo

SEA = "{id: sea, scene: calm sea, duration: 1, engine: previz}"


@pytest.fixture
def loud(tmp_path: Path) -> Path:
    """Two seconds of grey with a tone."""
    run_ffmpeg(
        ["-f", "lavfi", "-i", "color=gray:s=64x64:r=12:d=2", "-f", "lavfi", "-i", "sine=440:r=48000:d=2", "-c:v", "libx264"]
        + [str(tmp_path / "loud.mp4")],
        what="a clip with a tone",
    )
    return tmp_path / "loud.mp4"


def level(film: Path, begin: float, end: float) -> float:
    """RMS of a stretch of a film's sound, seconds; full scale is 1."""
    sound = np.concatenate(list(decode_audio(film)))
    return float(np.sqrt(np.mean(sound[int(begin * 48000) : int(end * 48000)] ** 2)))


def test_a_clips_own_sound_is_heard_while_it_is_seen(vidgen: Vidgen, film: Film, loud: Path, tmp_path: Path) -> None:
    assert vidgen("render", film(SEA, "{id: mine, clip: loud.mp4, duration: 1}", SEA.replace("id: sea", "id: end"))).code == 0
    out = tmp_path / "film.mp4"
    assert level(out, 0.1, 0.9) < 1e-3 < 0.05 < level(out, 1.1, 1.9) and level(out, 2.1, 2.9) < 1e-3
    assert abs(probe(out).audio_duration_s - 3) < 0.03


def test_own_sound_false_keeps_it_out_and_a_gain_changes_its_level(
    vidgen: Vidgen, film: Film, loud: Path, tmp_path: Path
) -> None:
    vidgen("render", film("{id: mine, clip: loud.mp4, duration: 1}"))
    plain = level(tmp_path / "film.mp4", 0.1, 0.9)
    data = vidgen("render", film("{id: mine, clip: loud.mp4, duration: 1, own_sound: {gain_db: -6}}"), "--json").data
    assert level(tmp_path / "film.mp4", 0.1, 0.9) == pytest.approx(plain / 2, rel=0.03)
    assert data["shots"][0]["id"] == "mine"
    vidgen("render", film("{id: mine, clip: loud.mp4, duration: 1, own_sound: false}"))
    assert not has_sound(tmp_path / "film.mp4")


def test_sounds_of_clips_cross_over_in_a_dissolve(vidgen: Vidgen, film: Film, loud: Path, tmp_path: Path) -> None:
    shots = [f"{{id: {name}, clip: loud.mp4, duration: 2}}" for name in "ab"]
    shots[1] = shots[1].replace("}", ", transition: {type: dissolve, duration: 1}}")
    assert vidgen("render", film(*shots)).code == 0
    out = tmp_path / "film.mp4"
    assert abs(probe(out).audio_duration_s - 3) < 0.03
    assert level(out, 0.2, 0.8) == pytest.approx(level(out, 2.2, 2.8), rel=0.05)


def test_a_clip_without_sound_is_no_error_unless_its_sound_was_wanted(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    vidgen("shot", "a lake", "-o", "mute.mp4", "--resolution", "64x64", "--duration", "1")
    shot = "{id: mine, clip: mute.mp4, duration: 1}"
    assert not vidgen("render", film(shot), "--json").envelope["warnings"]
    told = vidgen("render", film(shot.replace("}", ", own_sound: true}")), "--json").envelope["warnings"]
    assert [notice["code"] for notice in told] == ["sound.none"]


@pytest.mark.parametrize(
    "key", ["sfx: [{file: bad.wav}]", "voiceover: {file: bad.wav}", "dialogue: [{line: a, file: bad.wav}]"]
)
def test_a_sound_file_that_is_none_is_said_before_anything_is_made(
    key: str, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_text("no sound")
    ran = vidgen("render", film(SEA.replace("}", f", {key}}}")), "--json")
    assert ran.code == 2 and "bad.wav" in ran.envelope["error"]["message"]
    assert not [line for line in ran.lines if line.get("event") == "take.started"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    with ProviderServer(FakeRunway, FakeKling, FakeVeo, polls=1) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.mark.parametrize("wish", ["own_sound: true", "params: {audio: true}"])
@pytest.mark.parametrize("engine", ["runway, model: veo3.1_fast", "kling, model: kling-v3", "veo"])
def test_the_sound_that_a_provider_was_asked_for_is_in_the_film(
    engine: str, wish: str, vidgen: Vidgen, film: Film, server: ProviderServer, tmp_path: Path
) -> None:
    ran = vidgen(
        "render", film(SEA, f"{{id: talk, scene: a singer, duration: 4, engine: {engine}, {wish}}}"), "--yes", "--json"
    )
    assert ran.code == 0 and not [notice for notice in ran.envelope["warnings"] if "audio" in notice["message"]]
    assert level(tmp_path / "film.mp4", 0.1, 0.9) < 1e-3 < 0.01 < level(tmp_path / "film.mp4", 1.5, 4.5)
    assert has_sound(Path(ran.data["shots"][1]["takes"][0]["file"]))


@pytest.mark.parametrize("wish", [["--sound"], []])
def test_a_single_clip_has_sound_where_it_is_asked_for(
    wish: list[str], vidgen: Vidgen, server: ProviderServer, tmp_path: Path
) -> None:
    assert vidgen("shot", "a singer", "-o", "a.mp4", "--engine", "veo", "--resolution", "72p", *wish).code == 0
    assert has_sound(tmp_path / "a.mp4") == bool(wish)


def test_nothing_is_asked_for_and_nothing_heard_by_itself(
    vidgen: Vidgen, film: Film, server: ProviderServer, tmp_path: Path
) -> None:
    vidgen("render", film("{id: talk, scene: a singer, duration: 4, engine: veo}"), "--yes")
    assert not has_sound(tmp_path / "film.mp4") and not server.jobs[0].sound


def test_sound_costs_what_the_plan_said(vidgen: Vidgen, film: Film, server: ProviderServer) -> None:
    shot = "{id: talk, scene: a singer, duration: 4, engine: kling, model: kling-v3}"
    silent, loud = (
        vidgen("plan", film(shot.replace("}", more)), "--json").data["estimated_usd"] for more in ("}", ", own_sound: true}")
    )
    assert loud == pytest.approx(silent * 1.5)


def test_an_engine_that_makes_no_sound_says_so(vidgen: Vidgen, film: Film) -> None:
    told = vidgen("plan", film(SEA.replace("}", ", own_sound: true}")), "--json").envelope["warnings"]
    assert any(notice["code"] == "engine.wish_ignored" and "own_sound" in notice["message"] for notice in told)


@pytest.mark.parametrize("heard", [True, False])
def test_a_local_model_that_makes_sound_is_heard_if_wanted(heard: bool, vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    from vidgen.testing import tiny

    tiny.build("ltx2", tmp_path / "model")
    wish = "own_sound: true, " if heard else ""
    shot = f"{{id: a, scene: a bell, duration: 1, engine: local, model: ./model, {wish}params: {{steps: 1}}}}"
    ran = vidgen("render", film(shot), "--json")
    assert ran.code == 0 and not [notice for notice in ran.envelope["warnings"] if "sound" in notice["message"]]
    assert has_sound(Path(ran.data["shots"][0]["takes"][0]["file"]))
    assert has_sound(tmp_path / "film.mp4") == heard
