"""A spoken line is cut to its words and brought to one loudness, so that a cast is even."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidgen.errors import ProcessingError
from vidgen.media.audio import decode_audio
from vidgen.media.loudness import measure
from vidgen.speech.sound import LOUDNESS_LUFS, finish, write_wav

RATE = 24000


def wave(*parts: tuple[float, float]) -> np.ndarray:
    """Stretches of (seconds, level) of a tone."""
    return np.concatenate([level * np.sin(np.arange(int(seconds * RATE)) * 0.2) for seconds, level in parts])


@pytest.mark.parametrize("level", [0.02, 0.2, 0.9])
def test_loud_and_quiet_engines_come_out_alike(level: float, tmp_path: Path) -> None:
    write_wav(tmp_path / "raw.wav", wave((2, level)), RATE)
    finish(tmp_path / "raw.wav", tmp_path / "line.wav", by="x")
    found = measure(tmp_path / "line.wav")
    assert found.i == pytest.approx(LOUDNESS_LUFS, abs=0.2) and found.tp <= -1.9


def test_silence_at_the_ends_is_cut_off_and_pauses_stay(tmp_path: Path) -> None:
    write_wav(tmp_path / "raw.wav", wave((0.7, 0), (0.5, 0.3), (0.4, 0), (0.5, 0.3), (1.2, 0)), RATE)
    said = finish(tmp_path / "raw.wav", tmp_path / "line.wav", by="x")
    assert said.samples / 48000 == pytest.approx(1.4 + 0.06, abs=0.02) and not said.silent


def test_a_word_too_short_for_a_meter_has_its_loudness_too(tmp_path: Path) -> None:
    write_wav(tmp_path / "raw.wav", wave((0.15, 0.01)), RATE)
    finish(tmp_path / "raw.wav", tmp_path / "line.wav", by="x")
    sound = np.concatenate(list(decode_audio(tmp_path / "line.wav")))
    assert 0.05 < np.abs(sound).max() < 0.8


def test_a_whisper_is_quieter_than_the_others(tmp_path: Path) -> None:
    write_wav(tmp_path / "raw.wav", wave((2, 0.3)), RATE)
    finish(tmp_path / "raw.wav", tmp_path / "line.wav", by="x", gain_db=-6)
    assert measure(tmp_path / "line.wav").i == pytest.approx(LOUDNESS_LUFS - 6, abs=0.2)


def test_what_is_cut_off_is_not_kept(tmp_path: Path) -> None:
    write_wav(tmp_path / "raw.wav", wave((2, 0.3)), RATE)
    (tmp_path / "raw.wav").write_bytes((tmp_path / "raw.wav").read_bytes()[:20000])
    with pytest.raises(ProcessingError) as raised:
        finish(tmp_path / "raw.wav", tmp_path / "line.wav", by="x")
    assert raised.value.code == "speech.bad_sound"


def test_the_same_sound_gives_the_same_file(tmp_path: Path) -> None:
    write_wav(tmp_path / "raw.wav", wave((1, 0.3)), RATE)
    for name in ("one.wav", "two.wav"):
        finish(tmp_path / "raw.wav", tmp_path / name, by="x")
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
