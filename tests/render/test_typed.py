"""Messages of ``vidgen shot`` name the flag that was typed, where those of a storyboard name its key."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.app.flags import FLAGS, Typed, flag_of
from vidgen.storyboard.model import Shot

SHOT = ("shot", "a lake", "--resolution", "96x54", "--duration", "1")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "bad.png").write_text("not a picture")
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(800))
    return tmp_path


@pytest.mark.parametrize("flag", ["--image", "--end-image", "--video", "--reference"])
@pytest.mark.parametrize("name", ["nowhere.png", "bad.png", ".", "sound.wav"])
def test_a_file_that_cannot_be_used_is_named_with_its_flag(flag: str, name: str, vidgen: Vidgen, files: Path) -> None:
    ran = vidgen(*SHOT, flag, name)
    assert ran.code == 2
    last = next(line for line in ran.err.splitlines() if line.startswith("error:"))
    assert last.startswith(f"error: {flag}: {name} ") and "start_frame" not in ran.err and str(files) not in last


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--camera", "doly_in"], "--camera: 'doly_in' is not a camera move (did you mean dolly_in?)"),
        (["--motion", "natral"], "--motion: 'natral' is not a motion type (did you mean natural?)"),
        (["--duration", "x"], "--duration: 'x' is not a time"),
        (["--fps", "0"], "--fps: a frame rate is from 1 to 240"),
        (["--aspect", "3"], "--aspect: '3' is not an aspect ratio"),
        (["--resolution", "7"], "--resolution: '7' is not a resolution"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_its_flag(line: list[str], said: str, vidgen: Vidgen) -> None:
    ran = vidgen("shot", "a lake", *line)
    assert ran.code == 2 and said in ran.err


def test_every_wrong_flag_is_told_at_once(vidgen: Vidgen) -> None:
    ran = vidgen("shot", "a lake", "--camera", "doly_in", "--fps", "0", "--duration", "x")
    assert ran.code == 2 and all(f"{flag}: " in ran.err for flag in ("--camera", "--fps", "--duration"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--seed", "7", "--sound"], "--sound: previz (built in) makes no sound"),
        (["--sound"], "--sound: previz (built in) makes no sound"),
    ],
)
def test_wishes_that_are_not_honoured_are_named_by_flag(line: list[str], said: str, vidgen: Vidgen) -> None:
    warnings = vidgen(*SHOT, *line, "--json").envelope["warnings"]
    assert any(said in warning["message"] for warning in warnings)


def test_words_of_engines_become_those_of_the_line() -> None:
    typed = Typed([(Path("start_frame.png"), "--image")])
    told = {
        "end_frame: Pika takes one only together with start_frame; left out": (
            "--end-image: Pika takes one only together with --image; left out"
        ),
        "source_video: FILE, or continue_from: SHOT": "--video FILE, or continue_from: SHOT",
        "motion.amount: 9 is too much": "--motion-amount: 9 is too much",
        "camera: Kling has no orbit; the camera stands still": "--camera: Kling has no orbit; the camera stands still",
        f"{Path('start_frame.png').absolute()} is broken": "--image: start_frame.png is broken",
    }
    assert {said: typed.words(said) for said in told} == told


def test_the_table_knows_the_storyboards_keys() -> None:
    assert {key for key in FLAGS if "." not in key} - {"prompt", "aspect", "resolution", "fps"} <= set(Shot.model_fields)
    assert flag_of("scenes", 0, "shots", 0, "motion", "amount") == "--motion-amount"
    assert flag_of("scenes", 0, "shots", 0, "references", 1) == "--reference"
