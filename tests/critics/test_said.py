"""What Whisper hears in a take, against the lines that it was to say: wrong words, silence, and the wrong time."""

from __future__ import annotations

import importlib.util
import wave
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.critics.said import PACKAGES, SaidInTime, SaidWords, errors, words_of
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.files import sha256_file
from vidgen.scoring.scorer import Clip
from vidgen.scoring.scorers import Scorers
from vidgen.scoring.types import Expectation
from vidgen.takes.request import Inputs, ShotRequest, SpokenLine

LINE = "The morning train to London leaves in ten minutes"
RATE = 48_000
Take = Callable[..., Clip]


def asked(words: str = LINE, at: float = 0.0, language: str = "en") -> Expectation:
    """What a shot asks for in which somebody says these words."""
    inputs = Inputs(lines=(SpokenLine(words, Fraction(at), Path("line.wav")),))
    form = {"frames": 60, "fps": Fraction(12), "width": 64, "height": 64, "base_seed": 7}
    return Expectation.of(ShotRequest("a", "runway", "text_to_video", "a face", inputs=inputs, language=language, **form))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Somebody says the line: a voice of the package hibari-tts."""
    for package in (*PACKAGES, "hibari"):
        pytest.importorskip(package)
    from vidgen.speech.hibari import Hibari
    from vidgen.speech.speaker import Utterance

    file = tmp_path_factory.mktemp("said") / "line.wav"
    Hibari().speak(Utterance(LINE, "en", "heart"), file, lambda: False)
    return np.concatenate(list(decode_audio(file)))[:, 0]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """``take(sound, at)``: a grey clip of 5 s with that sound from ``at`` seconds on."""

    def make(sound: np.ndarray | None, at: float = 0.0) -> Clip:
        out = tmp_path / f"take{at}.mp4"
        inputs = ["-f", "lavfi", "-i", "color=gray:s=64x64:r=12:d=5"]
        if sound is not None:
            whole = np.zeros(5 * RATE)
            part = sound[: len(whole) - round(at * RATE)]
            whole[round(at * RATE) : round(at * RATE) + len(part)] = part
            with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
                file.setparams((1, 2, RATE, 0, "NONE", ""))
                file.writeframes((whole * 32767).astype("<i2").tobytes())
            inputs += ["-i", str(tmp_path / "sound.wav")]
        run_ffmpeg([*inputs, "-c:v", "libx264", "-c:a", "aac", str(out)], what="a take")
        return Clip(out, sha256_file(out))

    return make


def test_a_line_that_is_said_has_few_wrong_words_and_another_one_has_many(said: np.ndarray, take: Take) -> None:
    clip, scorer = take(said), SaidWords()
    right, wrong = scorer.score(clip, asked()).value, scorer.score(clip, asked("Nobody told me about the red umbrella")).value
    assert right is not None and wrong is not None and right <= 0.25 and wrong >= 0.8


def test_a_line_that_comes_late_is_late(said: np.ndarray, take: Take) -> None:
    scorer, late = SaidInTime(), take(said, 1.5)
    assert scorer.score(late, asked()).value == pytest.approx(1.5, abs=0.35)
    assert scorer.score(late, asked(at=1.5)).value == pytest.approx(0, abs=0.35)


@pytest.mark.parametrize("sound", [None, np.zeros(RATE), 0.3 * np.sin(np.arange(4 * RATE) / 20)], ids=["none", "zeros", "hum"])
def test_silence_where_speech_was_asked_is_all_wrong(sound: np.ndarray | None, take: Take) -> None:
    for package in PACKAGES:
        pytest.importorskip(package)
    assert SaidWords().score(take(sound), asked()).value == 1
    found = SaidInTime().score(take(sound), asked())
    assert (found.value, found.reason) == (None, "nothing is said in it")


def test_other_languages_and_shots_without_lines_are_not_judged(take: Take) -> None:
    found = SaidWords().score(take(None), asked(language="ja"))
    assert (found.value, found.reason) == (None, "only English is understood, not ja")
    assert not SaidWords().applies(Expectation()) and SaidWords().applies(asked())
    assert Scorers().measure([take(None)], Expectation()) == []


def test_without_the_packages_the_reason_is_said_and_nothing_is_decided(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for one in Scorers().measure([take(None)], replace(asked())):
        assert not one.complete and one.reason == f"{one.name}: the extra is not installed: pip install 'vidgen[asr]'"


@pytest.mark.parametrize(
    ("wanted", "found", "count"),
    [
        ("Hello there", "hello, there!", 0),
        ("the harbour", "the harbor", 0),
        ("one two three", "one three", 1),
        ("one two", "one and two", 1),
        ("one two three", "", 3),
        ("cat", "dog", 1),
    ],
)
def test_words_are_compared_as_they_are_heard(wanted: str, found: str, count: int) -> None:
    assert errors(words_of(wanted), words_of(found)) == count
