"""Sound and picture stay together: whichever of them begins later in a file, they are in step in the film."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashes import flash_and_beep, flashing
from support import Film, Vidgen
from vidgen.media.ffmpeg import run_ffmpeg

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-g", "25")
FORMS = {
    "clip.mp4": (*H264, "-c:a", "aac"),
    "parts.mp4": (*H264, "-c:a", "aac", "-movflags", "frag_keyframe+delay_moov"),
    "clip.mov": (*H264, "-c:a", "pcm_s16le"),
    "clip.mkv": (*H264, "-c:a", "libopus"),
    "clip.webm": ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    "clip.flv": (*H264, "-c:a", "aac"),
    "clip.ts": (*H264, "-c:a", "aac"),
    "wraps.ts": (*H264, "-c:a", "ac3", "-output_ts_offset", "95442.2"),
    "hours.ts": (*H264, "-c:a", "mp2", "-output_ts_offset", "40000"),
    "clip.mpg": ("-c:v", "mpeg2video", "-c:a", "mp2"),
    "clip.wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
}


def apart(film: Path, rate: float = 25) -> float:
    """Seconds from the flash to the beep."""
    flash, beep = flash_and_beep(film, rate)
    return beep - flash


@pytest.mark.parametrize("picture_late", [0.52, -0.32], ids=["picture late", "sound late"])
@pytest.mark.parametrize("name", FORMS)
def test_own_clips_are_in_step_in_the_film(name: str, picture_late: float, vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    flashing(tmp_path / name, picture_late=picture_late, options=FORMS[name])
    board = film(f"{{id: mine, clip: {name}, duration: 2}}")
    board.write_text(board.read_text().replace("fps: 12", "fps: 25").replace("96x54", "64x64"))
    assert vidgen("render", board).code == 0
    assert abs(apart(tmp_path / "film.mp4")) < 0.01


def test_a_cut_by_copy_between_key_pictures_is_in_step(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    flashing(tmp_path / "whole.mkv", picture_late=0, options=FORMS["clip.mkv"], length=4)
    run_ffmpeg(["-i", str(tmp_path / "whole.mkv"), "-ss", "0.6", "-c", "copy", str(tmp_path / "cut.mp4")], what="a cut by copy")
    board = film("{id: mine, clip: cut.mp4, duration: 1}")
    board.write_text(board.read_text().replace("fps: 12", "fps: 25"))
    assert vidgen("render", board).code == 0
    assert abs(apart(tmp_path / "film.mp4")) < 0.01


def test_interpolation_keeps_them_together(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    flashing(tmp_path / "clip.mp4", picture_late=0.52, options=FORMS["clip.mp4"])
    board = film("{id: mine, clip: clip.mp4, duration: 2}", top="post: {interpolate: {fps: 50, engine: minterpolate}}\n")
    assert vidgen("render", board).code == 0
    assert abs(apart(tmp_path / "film.mp4", 50)) < 0.021, "at 50 frames/s one may be made up before the flash"
