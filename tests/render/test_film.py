"""A storyboard becomes a film: exact frames, remade only where it changed, picked by a person or the judge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from support import Film, Vidgen
from vidgen.media.probe import probe
from vidgen.media.verify import pts_grid

SEA = "{id: sea, scene: calm sea at dawn, camera: dolly_in}"
HILL = "{id: hill, scene: green hills at noon, camera: pan_left, transition: {type: dissolve, duration: 0.5}}"
CITY = "{id: city, scene: city at night, camera: tilt_up}"


def identities(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder by inode and time: a file that was written again has another one."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*.mp4")
        if "tmp" not in path.relative_to(folder).parts
    }


def test_planned_frames_are_decoded_frames_on_one_grid(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    ran = vidgen("render", film(SEA, HILL, CITY), "--json")
    data = ran.data
    count, gaps, first = pts_grid(tmp_path / "film.mp4")
    assert data["frames"] == count == 3 * 36 - 6
    assert len(gaps) == 1 and first == 0
    info = probe(tmp_path / "film.mp4")
    assert (info.width, info.height, info.rate) == (96, 54, 12) and not info.has_audio
    assert data["diffusion"] is False and data["cost_usd"] == 0 and Path(data["output"]) == Path("film.mp4")
    assert {line["event"] for line in ran.lines[:-1]} >= {"run.started", "take.done", "shot.picked", "cut.done"}


def test_a_second_render_makes_and_encodes_nothing(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(SEA, HILL)
    assert vidgen("render", board).code == 0
    before = identities(tmp_path)
    data = vidgen("render", board, "--json").data
    assert all(shot["reused"] for shot in data["shots"])
    assert data["cut"] == {"encoded": 0, "copied": 0, "kept": 0}
    assert identities(tmp_path) == before


def test_another_prompt_remakes_that_shot_its_windows_and_the_join_only(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    dissolve = "transition: {type: dissolve, duration: 0.5}"
    shots = [
        f"{{id: s{index}, scene: {scene}, {dissolve}}}"
        for index, scene in enumerate(("sea", "forest", "city", "desert", "snow"))
    ]
    vidgen("render", film(*shots))
    before = identities(tmp_path / ".vidgen")
    shots[2] = f"{{id: s2, scene: town in the rain, {dissolve}}}"
    data = vidgen("render", film(*shots), "--json").data
    after = identities(tmp_path / ".vidgen")
    assert [shot["id"] for shot in data["shots"] if not shot["reused"]] == ["s2"]
    assert data["cut"] == {"encoded": 3, "copied": 0, "kept": 6}
    assert all(after[name] == identity for name, identity in before.items() if name in after)
    assert len(set(after) - set(before)) == 1 + 3


def test_a_title_changes_its_segment_but_never_a_take(vidgen: Vidgen, film: Film) -> None:
    vidgen("render", film(SEA, CITY))
    titled = SEA.replace("}", ", text: Hello}")
    data = vidgen("render", film(titled, CITY), "--json").data
    assert all(shot["reused"] for shot in data["shots"])
    assert data["cut"]["encoded"] == 1


def test_more_candidates_keep_the_takes_that_are_there(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA)
    first = vidgen("render", board, "--candidates", "2", "--json").data["shots"][0]
    more = vidgen("render", board, "--candidates", "3", "--json").data["shots"][0]
    assert [take["file"] for take in more["takes"][:2]] == [take["file"] for take in first["takes"]]
    assert [take["reused"] for take in more["takes"]] == [True, True, False]
    assert len({take["file"] for take in more["takes"]}) == 3
    assert all(take["score"] is not None for take in more["takes"])
    assert first["request_key"] == more["request_key"]


def test_a_persons_pick_wins_until_the_request_changes(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA, CITY)
    auto = vidgen("render", board, "--candidates", "2", "--json").data["shots"][0]["picked"]
    other = 3 - auto
    assert vidgen("pick", board, "sea", other).code == 0
    assert vidgen("render", board, "--candidates", "2", "--json").data["shots"][0]["picked"] == other
    lock = yaml.safe_load(board.with_name("film.lock.yaml").read_text())
    assert lock["shots"]["sea"]["by"] == "person" and lock["shots"]["city"]["by"] == "auto"
    changed = film(SEA.replace("dawn", "noon"), CITY)
    shot = vidgen("render", changed, "--candidates", "2", "--json").data["shots"][0]
    assert shot["picked_by"] == "auto"


def test_regenerate_makes_new_takes_and_keeps_the_old(vidgen: Vidgen, film: Film) -> None:
    board = film(SEA, CITY)
    old = vidgen("render", board, "--json").data["shots"][0]["takes"][0]
    new = vidgen("render", board, "--regenerate", "sea", "--json").data
    assert new["shots"][0]["takes"][0]["take"] == 2 and new["shots"][1]["reused"]
    assert new["shots"][0]["takes"][0]["seed"] != old["seed"] and Path(old["file"]).exists()
    again = vidgen("render", board, "--json").data["shots"][0]
    assert again["reused"] and again["picked"] == 2, "what was made anew stays in the film"


def test_one_shot_alone_never_replaces_the_film(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film(SEA, CITY)
    data = vidgen("render", board, "--shot", "city", "--json").data
    assert data["output"] == "film.city.mp4" and data["frames"] == 36
    assert [shot["id"] for shot in data["shots"]] == ["city"]
    assert not (tmp_path / "film.mp4").exists()


def test_a_long_shot_is_split_and_each_part_continues_the_last(vidgen: Vidgen, film: Film) -> None:
    data = vidgen("render", film("{id: long, scene: calm sea at dawn, duration: 9, camera: truck_right}"), "--json").data
    assert [shot["id"] for shot in data["shots"]] == ["longa", "longb"] and data["frames"] == 108
    keys = {shot["request_key"] for shot in data["shots"]}
    assert len(keys) == 2, "the second part depends on the first part's take"


def test_a_dry_run_writes_nothing(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    ran = vidgen("render", film(SEA), "--dry-run", "--json")
    assert ran.data["output"] is None and ran.data["shots"][0]["missing"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["film.yaml"]


def test_a_users_own_clip_of_any_form_is_cut_in_exactly(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    vidgen("shot", "a lake", "-o", "own.mp4", "--resolution", "64x64", "--fps", "30", "--duration", "3")
    data = vidgen("render", film(SEA, "{id: mine, clip: own.mp4, duration: 2}"), "--json").data
    assert data["frames"] == 36 + 24 == pts_grid(tmp_path / "film.mp4")[0]


def test_music_fills_the_film_exactly(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    import wave

    import numpy as np

    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setparams((1, 2, 44100, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(44100) / 20) * 9000).astype("<i2").tobytes())
    assert vidgen("render", film(SEA, CITY, top="audio: {music: tone.wav, loudness: web}\n")).code == 0
    info = probe(tmp_path / "film.mp4")
    assert info.has_audio and abs(info.duration_s - 6) < 0.03


def test_interpolation_and_upscaling_deliver_the_asked_rate_and_size(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    top = "post: {interpolate: {fps: 24}, upscale: {height: 108}}\n"
    data = vidgen("render", film(SEA, HILL, top=top), "--json").data
    count, gaps, _ = pts_grid(tmp_path / "film.mp4")
    assert (data["width"], data["height"], data["fps"], data["frames"]) == (192, 108, 24, 2 * 72 - 12)
    assert count == data["frames"] and len(gaps) == 1


@pytest.mark.parametrize("name", ["web-1080p", "social-vertical", "square", "broadcast", "draft", "previz", "web-4k60"])
def test_every_preset_plans(name: str, vidgen: Vidgen, film: Film) -> None:
    data = vidgen("plan", film(SEA), "--preset", name, "--json").data
    assert data["preset"] == name and data["width"] % 2 == data["height"] % 2 == 0


def test_a_project_that_is_being_rendered_is_refused_and_says_by_whom(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    from vidgen.takes.exclusive import project_lock

    board = film(SEA)
    with project_lock(tmp_path / ".vidgen" / "film"):
        error = vidgen("render", board, "--json").envelope
    assert (
        error["exit_code"] == 4 and error["error"]["code"] == "project.busy" and str(os.getpid()) in error["error"]["message"]
    )
