"""At a J cut the incoming sound leads, at an L cut the outgoing one stays: with real sound, cross-faded, and in sync."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from support import Film, Ran, Vidgen
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import read_frames

RATE, SECOND = 12, 48000
LOW, HIGH = 400, 1600


def tone(out: Path, hertz: int, *, flash_s: float | None = None) -> None:
    """Four seconds of grey with a tone; with ``flash_s`` of silence, and one white frame with a beep at that time."""
    at = -1.0 if flash_s is None else flash_s
    sound = "1" if flash_s is None else f"between(t,{at},{at}+1/{RATE}-1/{SECOND})"
    picture = f"color=gray:s=96x54:r={RATE}:d=4"
    picture += "" if flash_s is None else f",drawbox=color=white:t=fill:enable='between(t,{at - 0.01},{at + 0.01})'"
    args = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"aevalsrc='0.5*sin({hertz}*2*PI*t)*{sound}:s={SECOND}:d=4'"]
    run_ffmpeg([*args, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", str(out)], what="a clip with a tone")


@pytest.fixture
def clips(tmp_path: Path) -> None:
    tone(tmp_path / "low.mov", LOW)
    tone(tmp_path / "high.mov", HIGH)


def share(film: Path, hertz: int, begin: float, seconds: float = 0.05) -> float:
    """How loud a tone is in a stretch of a film's sound; as recorded it is 1."""
    sound = mono(film)[int(begin * SECOND) : int((begin + seconds) * SECOND)]
    times = np.arange(len(sound)) / SECOND
    return float(4 * np.abs(np.mean(sound * np.exp(-2j * np.pi * hertz * times))))


def mono(film: Path) -> npt.NDArray[np.float64]:
    return np.concatenate(list(decode_audio(film))).mean(axis=1).astype(np.float64)


def board(film: Film, cut: str, *, first: str = "", second: str = "trim: {start: 1}, ") -> Path:
    return film(
        f"{{id: a, clip: low.mov, {first}duration: 2}}",
        f"{{id: b, clip: high.mov, {second}duration: 2, transition: {cut}}}",
    )


def codes(ran: Ran) -> list[str]:
    return [warning["code"] for warning in ran.envelope["warnings"]]


@pytest.mark.parametrize(
    ("cut", "first", "second", "middle"),
    [
        ("{type: j_cut, duration: 0.5}", "", "trim: {start: 1}, ", 1.75),
        ("{type: l_cut, duration: 6f}", "", "", 2.25),
    ],
)
def test_the_sounds_cross_over_beside_the_cut_of_the_picture(
    cut: str, first: str, second: str, middle: float, vidgen: Vidgen, film: Film, clips: None, tmp_path: Path
) -> None:
    ran = vidgen("render", board(film, cut, first=first, second=second), "--json")
    assert ran.code == 0 and not codes(ran)
    out = tmp_path / "film.mp4"
    loud = share(out, LOW, 1)  # the level of the film is another than that of the clips
    around = [(share(out, LOW, at) / loud, share(out, HIGH, at) / loud) for at in (middle - 0.3, middle - 0.025, middle + 0.27)]
    assert np.allclose(around, [(1, 0), (0.5, 0.5), (0, 1)], atol=0.06)


@pytest.mark.parametrize("cut", ["j_cut", "l_cut"])
def test_a_sound_cut_is_as_long_as_there_is_sound_for_it(
    cut: str, vidgen: Vidgen, film: Film, clips: None, tmp_path: Path
) -> None:
    shots = board(film, f"{{type: {cut}, duration: 1}}", first="trim: {start: 1.75}, ", second="trim: {start: 0.25}, ")
    ran = vidgen("render", shots, "--json")
    assert codes(ran) == ["cut.transition_shortened"]
    out = tmp_path / "film.mp4"
    before, after = (1.6, 2.0) if cut == "j_cut" else (1.9, 2.3)
    assert share(out, HIGH, before) < 0.02 * share(out, LOW, 1) and share(out, LOW, after) < 0.02 * share(out, HIGH, 3)


def test_without_sound_it_is_a_plain_cut_and_said(vidgen: Vidgen, film: Film, clips: None, tmp_path: Path) -> None:
    ran = vidgen("render", board(film, "j_cut", second="trim: {start: 1}, own_sound: false, "), "--json")
    assert ran.code == 0 and codes(ran) == ["cut.transition_ignored"]


@pytest.mark.parametrize("cut", ["cut", "{type: j_cut, duration: 0.5}", "{type: l_cut, duration: 0.5}"])
def test_beep_and_flash_stay_together_after_it(cut: str, vidgen: Vidgen, film: Film, clips: None, tmp_path: Path) -> None:
    tone(tmp_path / "flash.mov", HIGH, flash_s=2.5)
    shots = [
        "{id: a, clip: low.mov, own_sound: {gain_db: -80}, duration: 2}",
        f"{{id: b, clip: flash.mov, trim: {{start: 1}}, duration: 3, transition: {cut}}}",
    ]
    assert vidgen("render", film(*shots)).code == 0
    out = tmp_path / "film.mp4"
    bright = [float(frame.mean()) for frame in read_frames(out)]
    flash = bright.index(max(bright)) / RATE
    beep = int(np.argmax(np.abs(mono(out)) > 0.1)) / SECOND
    assert flash == pytest.approx(3.5) and abs(beep - flash) < 0.002
