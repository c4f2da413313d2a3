"""Difficult mixes come out finished: on their target as encoded, below the peak, without a click, and silence stays silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.mixes import RATE, MakeTracks, Wave, heard, largest_step, noise, own_steps, placed, spread, tune, voice, write

from vidgen.cut.loudness import loudness_target
from vidgen.cut.mixing import mix_to_wav
from vidgen.cut.sound import Soundtrack, make_sound
from vidgen.cut.timeline import LoudnessTarget, Sound, Timeline, TimelineShot, Track
from vidgen.media.loudness import measure

SECONDS = 4
WEB = loudness_target("web")


def finished(folder: Path, tracks: list[Track], target: LoudnessTarget | None = WEB, seconds: int = SECONDS) -> Soundtrack:
    """The soundtrack of a film with these tracks."""
    shot = TimelineShot("a", folder / "none.mp4", "0" * 64, seconds * 24)
    made = make_sound(Timeline(24, 64, 64, (shot,), Sound(tuple(tracks), target)), folder / "work")  # type: ignore[arg-type]
    assert made and made.levels
    return made


def music(sound: Wave, rate: int = RATE, **other: object) -> MakeTracks:
    """Makes a looped track of it."""
    return lambda folder: [placed(write(folder / "music.wav", sound, rate), "music", loop=True, fade_out=None, **other)]


def hits(folder: Path) -> list[Track]:
    """Three effects, and nothing between them."""
    file = write(folder / "hit.wav", noise(0.3, 0.8) * np.exp(-np.arange(round(0.3 * RATE)) / 4_000))
    return [placed(file, "sfx", at=round(at * RATE)) for at in (0.3, 1.9, 2.4)]


MIXES: dict[str, MakeTracks] = {
    "mono": music(tune(SECONDS)),
    "5.1": music(spread(tune(SECONDS), 6)),
    "7.1 at 44.1 kHz": music(spread(tune(SECONDS, 44_100), 8), 44_100),
    "mono at 11025 Hz": music(tune(SECONDS, 11_025), 11_025),
    "clipped": music(np.clip(8 * tune(SECONDS), -1, 1)),
    "very quiet": music(0.004 * tune(SECONDS)),
    "loops of 0.4 s": music(tune(0.4)),
    "loops of 5 ms": music(tune(1)[20_000:20_240]),
    "only effects": hits,
}


@pytest.mark.parametrize("name", MIXES)
def test_the_encoded_soundtrack_is_on_target_and_does_not_click(name: str, tmp_path: Path) -> None:
    tracks = MIXES[name](tmp_path)
    made = finished(tmp_path, tracks)
    found, levels = measure(made.file), made.levels
    assert levels and made.notices == ()
    assert abs(found.i - WEB.i) <= 0.5 and found.tp <= WEB.tp
    assert (levels.lufs, levels.dbtp) == (found.i, found.tp)
    assert largest_step(heard(made.file)[: SECONDS * RATE]) <= 1.5 * own_steps(tracks) * 10 ** (levels.gain_db / 20)


def test_silence_stays_silent_and_says_so(tmp_path: Path) -> None:
    made = finished(tmp_path, music(np.zeros(RATE))(tmp_path))
    assert not heard(made.file).any() and made.levels and made.levels.lufs is None and made.levels.dialogue_lufs is None
    assert [notice.code for notice in made.notices] == ["sound.silent"] and made.levels.line == "sound: silent"


def test_dialogue_loudness_is_that_of_the_spoken_parts(tmp_path: Path) -> None:
    """A quiet line among loud effects: what is told is the line, as loud as it is in the film."""
    line, bang = write(tmp_path / "line.wav", 0.2 * voice(2)), write(tmp_path / "bang.wav", noise(1, 0.9))
    tracks = [placed(line, "voice", at=RATE), placed(bang, "sfx", at=5 * RATE)]
    made = finished(tmp_path, tracks, seconds=8)
    assert made.levels and made.levels.lufs and made.levels.dialogue_lufs
    write(tmp_path / "spoken.wav", heard(made.file)[RATE : 3 * RATE])
    assert made.levels.dialogue_lufs == pytest.approx(measure(tmp_path / "spoken.wav").i, abs=0.6)
    assert made.levels.dialogue_lufs < made.levels.lufs - 6
    assert "dialogue -" in made.levels.line


@pytest.mark.parametrize("limited", [False, True])
def test_whether_a_limiter_was_at_work_is_said(limited: bool, tmp_path: Path) -> None:
    """Without one the film is the mix with one gain; with one its peaks are lower than that."""
    tracks = hits(tmp_path) if limited else music(tune(SECONDS))(tmp_path)
    made = finished(tmp_path, tracks, LoudnessTarget(-8 if limited else -30, -1))
    assert made.levels and made.levels.limited == limited
    mix_to_wav(tracks, SECONDS * RATE, tmp_path / "mix.wav")
    wanted, found = heard(tmp_path / "mix.wav") * 10 ** (made.levels.gain_db / 20), heard(made.file)
    assert (np.abs(wanted).max() > 1.2 * np.abs(found).max()) == limited
    assert ("limiter" in made.levels.line) == limited


def test_a_sound_that_the_films_end_cuts_off_does_not_click(tmp_path: Path) -> None:
    mix_to_wav([placed(write(tmp_path / "long.wav", np.full(3 * RATE, 0.5)), "sfx")], RATE, tmp_path / "mix.wav")
    end = heard(tmp_path / "mix.wav")[:, 0]
    assert end[-1] < 0.01 and end[-480] == pytest.approx(0.5, abs=1e-3)
    assert largest_step(end[:, None]) < 0.01


def test_equal_power_keeps_the_level_where_two_sounds_meet(tmp_path: Path) -> None:
    fade = {"loop": True, "equal_power": True}
    first = placed(write(tmp_path / "a.wav", noise(5, 0.3, 1)), "ambience", length=3 * RATE, fade_out=2 * RATE, **fade)
    second = placed(write(tmp_path / "b.wav", noise(5, 0.3, 2)), "ambience", at=RATE, fade_in=2 * RATE, fade_out=0, **fade)
    mix_to_wav([first, second], 4 * RATE, tmp_path / "mix.wav")
    levels = np.sqrt(np.square(heard(tmp_path / "mix.wav")[:, 0]).reshape(-1, RATE // 4).mean(axis=1))
    assert 20 * np.log10(levels.max() / levels.min()) < 0.5
