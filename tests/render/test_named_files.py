"""Files that a storyboard names are looked into by ``lint`` and ``plan``: every problem in its place, in one pass."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from support import Film, Vidgen
from vidgen.media.ffmpeg import run_ffmpeg


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    """A clip of 7 s, a picture, their beginnings, and files of words under other names."""
    clip, picture = tmp_path / "own.mp4", tmp_path / "ok.jpg"
    args = ["-f", "lavfi", "-i", "testsrc2=s=96x54:r=12:d=7", "-pix_fmt", "yuv420p", "-movflags", "faststart", str(clip)]
    run_ffmpeg(args, what="clip")
    cv2.imwrite(str(picture), np.random.default_rng(1).integers(0, 255, (54, 96, 3), np.uint8))
    (tmp_path / "half.mp4").write_bytes(clip.read_bytes()[:12_000])
    (tmp_path / "half.jpg").write_bytes(picture.read_bytes()[:2000])
    for name in ("words.png", "words.wav", "words.mp4"):
        (tmp_path / name).write_text("just words")
    (tmp_path / "words.cube").write_text("LUT_3D_SIZE 2\n1 2\n")


@pytest.mark.parametrize(
    ("shot", "said"),
    [
        ("{clip: half.mp4}", "8:6: shots[0].clip: half.mp4 is cut off: its last"),
        ("{clip: words.mp4}", "8:6: shots[0].clip: words.mp4 is not a readable media file"),
        ("{clip: ok.jpg}", "8:6: shots[0].clip: ok.jpg is not a readable media file (its format is not supported)"),
        ("{start_frame: own.mp4}", "8:6: shots[0].start_frame: own.mp4 is not a readable picture"),
        ("{end_frame: words.png}", "8:6: shots[0].end_frame: words.png is not a readable picture"),
        ("{references: [ok.jpg, half.jpg]}", "8:27: shots[0].references[1]: half.jpg is not a readable picture"),
        ("{motion_brush: words.png}", "8:6: shots[0].motion_brush[0].mask: words.png is not a readable picture"),
        (
            "{source_video: ok.jpg}",
            "8:6: shots[0].source_video: ok.jpg is not a readable media file (its format is not supported)",
        ),
        ("{motion_reference: words.mp4}", "8:6: shots[0].motion_reference: words.mp4 is not a readable media file"),
        ("{lip_sync: own.mp4}", "8:6: shots[0].lip_sync.audio: own.mp4 has no sound"),
        ("{sfx: words.wav}", "8:6: shots[0].sfx[0].file: words.wav is not a readable media file"),
        ("{post: {colour: {lut: words.cube}}}", "8:22: shots[0].post.colour.lut: words.cube:2: three numbers are needed"),
    ],
)
@pytest.mark.parametrize("command", ["lint", "plan"])
def test_a_file_that_cannot_be_used_is_named_once_in_its_place(
    command: str, shot: str, said: str, vidgen: Vidgen, film: Film
) -> None:
    ran = vidgen(command, film(shot), "--json")
    message = ran.envelope["error"]["message"]
    assert ran.code == 2 and said in message
    name = said.split(": ")[2].split()[0].split(":")[0]
    assert message.count(name) == 1


def test_all_problems_are_told_in_one_pass(vidgen: Vidgen, film: Film) -> None:
    board = film("{clip: half.mp4, durtion: 3}", "{scene: sea, start_frame: words.png}", top="audio: {music: words.wav}\n")
    ran = vidgen("lint", board, "--json")
    lines = ran.envelope["error"]["message"].splitlines()
    assert [line.removeprefix(f"{board}:").split(": ")[1] for line in lines] == [
        "audio.music.file",
        "shots[0].clip",
        "shots[0].durtion",
        "shots[1].start_frame",
    ]


def test_one_kind_of_problem_keeps_its_code(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("render", film("{clip: half.mp4}"), "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "media.truncated")


@pytest.mark.parametrize("command", [("lint",), ("plan",), ("render", "--dry-run")])
def test_a_clip_that_is_shorter_than_its_duration_is_told_at_the_duration(
    command: tuple[str, ...], vidgen: Vidgen, film: Film
) -> None:
    ran = vidgen(command[0], film("{clip: own.mp4, duration: 8}"), *command[1:], "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "media.too_short")
    assert "8:21: shots[0].duration: own.mp4 has 84 frames at 12/s; 96 are needed" in ran.envelope["error"]["message"]


@pytest.mark.parametrize(
    ("duration", "frames"), [("", 84), (", duration: auto", 84), (", duration: 2", 24), (", duration: 87f", 87)]
)
def test_a_clip_is_as_long_as_it_is_unless_the_shot_says_otherwise(
    duration: str, frames: int, vidgen: Vidgen, film: Film
) -> None:
    board = film(f"{{clip: own.mp4{duration}}}")
    board.write_text(board.read_text().replace("duration: 3, ", ""))
    ran = vidgen("plan", board, "--json")
    assert [shot["frames"] for shot in ran.data["shots"]] == [frames]


def test_a_whole_clip_is_in_a_film_of_another_rate(vidgen: Vidgen, film: Film) -> None:
    board = film("{clip: own.mp4, duration: auto}", "{scene: sea}", top="post: {interpolate: {fps: 30, engine: nearest}}\n")
    ran = vidgen("render", board, "-o", "film.mp4", "--json")
    assert ran.code == 0 and ran.data["frames"] == 7 * 30 + 3 * 30


def test_a_thousand_shots_of_one_clip_look_into_it_once(vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidgen.media import probe

    probed: Counter[str] = Counter()
    read = probe._read
    monkeypatch.setattr(probe, "_read", lambda path, container: probed.update([path.name]) or read(path, container))
    board = film(*["{clip: own.mp4, duration: auto}"] * 1000)
    assert vidgen("plan", board, "--json").code == 0
    assert vidgen("lint", board, "--json").code == 0
    assert probed == {"own.mp4": 1}


@pytest.mark.parametrize(
    "shot",
    [
        "{scene: a, sfx: [{file: boom.wav, at: 3}]}",
        "{scene: a, dialogue: [{line: hello, at: 40f}]}",
        "{scene: a, text: [{text: b, in: 5}]}",
    ],
)
def test_what_begins_after_the_end_of_its_shot_is_an_error_in_its_place(
    shot: str, vidgen: Vidgen, film: Film, tmp_path: Path
) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=0.2", str(tmp_path / "boom.wav")], what="sound")
    ran = vidgen("lint", film(shot), "--json")
    assert ran.code == 2 and "is after the end of the shot (3s)" in ran.envelope["error"]["message"]


def test_auto_on_the_command_line_is_named_as_the_reason(vidgen: Vidgen, film: Film) -> None:
    planned = vidgen("plan", film("{scene: sea, engine: runway, model: gen4.5}"), "--engine", "auto", "--json")
    (warning,) = planned.envelope["warnings"]
    assert warning["message"].startswith("model: --engine auto is given and previz makes the shot"), warning
    assert "no engine named" not in planned.data["shots"][0]["why_engine"]


@pytest.mark.parametrize(
    ("shot", "said"),
    [
        (
            "{clip: own.mp4, duration: 7, scene: the sea, camera: pan_left, seed: 3}",
            "seed, camera: the shot is your own clip, which is used as it is; left out",
        ),
        (
            "{scene: sea, model: gen4.5}",
            "model: no engine is named and previz makes the shot, which has no model gen4.5; left out",
        ),
    ],
)
def test_what_a_shot_asks_for_and_cannot_have_is_a_warning_that_names_the_key(
    shot: str, said: str, vidgen: Vidgen, film: Film
) -> None:
    (warning,) = vidgen("plan", film(shot), "--json").envelope["warnings"]
    assert (warning["code"], warning["shot"], warning["message"]) == ("engine.wish_ignored", "s01", said)


def test_lint_reports_every_storyboard_also_where_one_is_not_there(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("lint", film("{scene: a man plays tennis}"), "nope.yaml")
    assert ran.code == 2 and "film.yaml:8:" in ran.out and "nope.yaml does not exist" in ran.err
    ran = vidgen("lint", film("{durtion: 3}"), "nope.yaml")
    assert ran.code == 2 and "durtion: unknown key" in ran.err and "nope.yaml does not exist" in ran.err


def test_a_picture_is_not_scored(vidgen: Vidgen, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((54, 96, 3), np.uint8))
    ran = vidgen("score", "still.png")
    assert ran.code == 2 and "still.png is one picture, not a video" in ran.err
