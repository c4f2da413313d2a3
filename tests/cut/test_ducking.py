"""Music makes room for whoever speaks: down before the first word, up after the last, and no pumping in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.mixes import RATE, Wave, heard, level_db, noise, placed, voice, write

from vidgen.cut.ducking import DIP_DB, DUCK_ATTACK, DUCK_DB, DUCK_RELEASE
from vidgen.cut.mixing import mix_to_wav
from vidgen.cut.spoken import listen
from vidgen.cut.timeline import Track

WORD = 0.2 * np.sin(np.arange(RATE) / 10)
"""A second of somebody speaking without a pause."""
BANDS = {"low": (40, 200), "words": (1900, 2100), "edge": (980, 1020), "high": (12_000, 16_000)}


def music_in(folder: Path, seconds: int, *voices: Track, sound: Wave | None = None) -> Wave:
    """What is left of the music in a film with these voices, one side."""
    file = write(folder / "music.wav", np.full(RATE, 0.5) if sound is None else sound)
    music = placed(file, "music", loop=True, duck=True, fade_out=0)
    mix_to_wav([music, *voices], seconds * RATE, folder / "mix.wav", heard=lambda track: track is music)
    return heard(folder / "mix.wav")[:, 0]


def said(folder: Path, sound: Wave, at: float, name: str = "line") -> Track:
    """A line at so many seconds."""
    return placed(write(folder / f"{name}.wav", sound), "voice", at=round(at * RATE))


def test_music_is_down_before_the_first_word_and_comes_back_after_the_last(tmp_path: Path) -> None:
    found = music_in(tmp_path, 6, said(tmp_path, WORD, 2))
    low = 0.5 * 10 ** (DUCK_DB / 20)
    assert found[2 * RATE - DUCK_ATTACK - 10] == pytest.approx(0.5, abs=1e-3)
    assert found[2 * RATE] == pytest.approx(low, abs=1e-3) == found[3 * RATE - 1]
    assert found[3 * RATE + DUCK_RELEASE + 10] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("pause", [0.2, 0.9, 1.2])
def test_music_stays_down_where_it_could_not_come_back_for_long(pause: float, tmp_path: Path) -> None:
    lines = [said(tmp_path, WORD, 1 + n * (1 + pause), f"line{n}") for n in range(3)]
    between = music_in(tmp_path, 8, *lines)[RATE : round((4 + 2 * pause) * RATE)]
    assert between.max() - between.min() < 1e-3


def test_a_long_pause_within_a_recording_brings_the_music_back(tmp_path: Path) -> None:
    silence = np.zeros(4 * RATE)
    found = music_in(tmp_path, 12, said(tmp_path, np.concatenate((silence, WORD, silence, WORD)), 0))
    assert found[2 * RATE] == pytest.approx(0.5, abs=1e-3) == found[7 * RATE]
    assert found[round(4.5 * RATE)] < 0.13 > found[round(9.5 * RATE)]


def test_a_silent_recording_lowers_nothing(tmp_path: Path) -> None:
    assert music_in(tmp_path, 3, said(tmp_path, np.zeros(RATE), 1)).min() > 0.49


def test_words_have_more_room_than_the_rest_of_the_music(tmp_path: Path) -> None:
    sound = noise(8, 0.5)
    found, flat = music_in(tmp_path, 8, said(tmp_path, np.tile(WORD, 3), 2), sound=sound), heard(tmp_path / "music.wav")[:, 0]
    spoken, before = slice(3 * RATE, 4 * RATE), slice(0, RATE)

    def change(place: slice) -> dict[str, float]:
        return {name: level_db(found[place, None], band) - level_db(flat[place, None], band) for name, band in BANDS.items()}

    under = {name: change_db - DUCK_DB for name, change_db in change(spoken).items()}
    assert under["words"] == pytest.approx(DIP_DB, abs=0.3) and under["edge"] == pytest.approx(-3, abs=0.4)
    assert under["low"] == pytest.approx(0, abs=0.3) and under["high"] == pytest.approx(-0.5, abs=0.4)
    assert max(map(abs, change(before).values())) < 0.01


def test_nothing_clicks_where_the_music_goes_down_and_up(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 2000 * np.arange(8 * RATE) / RATE)
    found = music_in(tmp_path, 8, said(tmp_path, WORD, 2), sound=tone)
    assert np.abs(np.diff(found)).max() <= 1.01 * np.abs(np.diff(tone)).max()


def test_the_same_place_is_down_as_far_wherever_a_block_of_the_mix_begins(tmp_path: Path) -> None:
    """The dip is a filter: it has to go on over blocks as if there were none."""
    tone = 0.5 * np.sin(2 * np.pi * 1500 * np.arange(6 * RATE) / RATE)
    found = music_in(tmp_path, 6, said(tmp_path, np.tile(WORD, 4), 1), sound=tone)[2 * RATE : 4 * RATE]
    peaks = np.abs(found).reshape(-1, RATE // 100).max(axis=1)
    assert peaks.max() - peaks.min() < 1e-3


def test_somebody_speaks_where_it_is_loud_for_longer_than_a_knock() -> None:
    knock, pause = np.full(RATE // 50, 0.9), np.zeros(2 * RATE)
    sound = np.concatenate((pause, knock, pause, voice(2), pause + 1e-4)).astype(np.float32)
    (part,) = listen([np.stack((sound, sound), axis=1)]).parts
    begin = len(pause) * 2 + len(knock)
    assert abs(part[0] - begin) < RATE // 10 and abs(part[1] - begin - 2 * RATE) < RATE // 5


@pytest.mark.parametrize("size", [1, 17, 960, 48_000])
def test_what_is_spoken_does_not_depend_on_how_a_file_is_decoded(size: int) -> None:
    sound = np.concatenate((np.zeros(3_333), voice(1), np.zeros(40_000), voice(1, 3))).astype(np.float32)
    whole = np.stack((sound, sound), axis=1)
    whole = whole[:20_000] if size == 1 else whole
    assert listen(whole[at : at + size] for at in range(0, len(whole), size)) == listen([whole])
