"""English by hibari-tts: small and quick on a CPU, one voice in the package, four more that it downloads."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from vidgen.errors import MissingError
from vidgen.settings import settings
from vidgen.speech.sound import write_wav
from vidgen.speech.speaker import Speaker, Utterance

SEED = 0
"""Of the noise in its voice, so that a line always sounds the same."""
PITCHES = {"low": 0.84, "high": 1.13}
"""Further voices made of the usual one: ``heart-low`` is a larger person, as pitch and timbre are lower by this factor."""


class Hibari(Speaker):
    """One loaded model for each voice."""

    name = "hibari"
    languages: ClassVar[tuple[str, ...]] = ("en",)

    def __init__(self) -> None:
        self._models: dict[str, Any] = {}

    def missing(self) -> str | None:
        """The package."""
        return None if find_spec("hibari") else "pip install 'vidgen[speech]'"

    def version(self) -> str:
        """The package's."""
        return importlib.metadata.version("hibari-tts")

    def voices(self, language: str) -> tuple[str, ...]:
        """All that the package names, and those made of the usual one."""
        if self.missing():
            return ()
        from hibari.voices import DEFAULT, VOICES

        return (*VOICES, *(f"{DEFAULT}-{pitch}" for pitch in PITCHES))

    def at_hand(self, language: str) -> tuple[str, ...]:
        """Those in the package or downloaded earlier."""
        if self.missing():
            return ()
        from hibari.voices import VOICES, cache_dir

        files = {name: Path(cache_dir()) / row["file"] for name, row in VOICES.items() if not row.get("bundled")}
        return tuple(name for name in self.voices(language) if name not in files or files[name].is_file())

    def speak(self, utterance: Utterance, out: Path, cancelled: Callable[[], bool]) -> None:
        """At 24 kHz, in one go."""
        voice, _, pitch = (utterance.voice or self.voices("en")[0]).partition("-")
        model, factor = self._model(voice), PITCHES.get(pitch, 1.0)
        samples = model(utterance.text, speed=utterance.speed / factor, seed=SEED)
        write_wav(out, samples, round(model.sample_rate * factor))

    def _model(self, voice: str) -> Any:
        if voice not in self._models:
            from hibari import Hibari as Model

            if settings().offline and voice not in self.at_hand("en"):
                raise self._not_here(voice, "downloads are forbidden (VIDGEN_OFFLINE)")
            try:
                self._models[voice] = Model(voice=voice)
            except RuntimeError as error:
                raise self._not_here(voice, " ".join(str(error).split())[:300]) from error
        return self._models[voice]

    def _not_here(self, voice: str, why: str) -> MissingError:
        here = ", ".join(self.at_hand("en"))
        return MissingError("speech.no_voice", f"the voice {voice} of hibari is not here: {why}", hint=f"voices here: {here}")
