"""The sound of a spoken line: read whatever an engine wrote, cut its silent ends, bring it to one loudness.

Lines are kept as mono WAV at 48 kHz with 16 bits.
"""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.errors import InputError, ProcessingError
from vidgen.media.rate import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Wave = npt.NDArray[np.float32]

LOUDNESS_LUFS = -20.0
"""Of every line, so that a cast is even."""
PEAK_DBTP = -2.0
"""A line is not made louder than this."""
KEPT_S = 0.03
"""Silence that stays at either end."""
SILENT_DB = -60.0
"""Loudest sample of what counts as silence."""
FLOOR_DB = -45.0
"""Below the loudest moment, at the ends: silence, or the breath of an engine."""
LONGEST_S = 1800.0
_STREAMED = 0x7FFF_0000
"""Size in the header of a WAV file from which on it means that the size was not known when it was written."""
_STEP = SAMPLE_RATE // 100


@dataclass(frozen=True)
class Said:
    """A finished line: ``samples`` at 48 kHz; ``silent``: there is nothing to hear in it."""

    samples: int
    silent: bool


def finish(raw: Path, out: Path, *, gain_db: float = 0.0, by: str) -> Said:
    """Make a kept line of what an engine wrote.

    Args:
        gain_db: how much louder than the other lines.
        by: names the engine in errors.

    Raises ProcessingError ``speech.bad_sound`` where it is no sound.
    """
    sound = _trimmed(_read(raw, by))
    silent = _decibels(float(abs(sound).max())) < SILENT_DB
    write_wav(out, sound, SAMPLE_RATE)
    if not silent:
        write_wav(out, sound * 10 ** ((_gain_db(out, sound) + gain_db) / 20), SAMPLE_RATE)
    return Said(len(sound), silent)


def write_wav(out: Path, samples: Any, rate: int) -> None:
    """Write mono samples (floats of -1 to 1) as WAV with 16 bits."""
    import numpy as np

    whole = np.rint(np.clip(np.asarray(samples, np.float64).ravel(), -1, 1) * 32767).astype("<i2")
    with wave.open(str(out), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(whole.tobytes())


def _read(raw: Path, by: str) -> Wave:
    """The sound of a file as mono samples at 48 kHz."""
    import numpy as np

    from vidgen.media.audio import decode_audio

    damaged: list[bool] = []
    try:
        if not raw.stat().st_size:
            raise InputError("media.no_audio", "it is empty")
        most = int(LONGEST_S * SAMPLE_RATE)
        blocks = [block.mean(axis=1) for block in decode_audio(raw, samples=most, damaged=lambda: damaged.append(True))]
    except (InputError, OSError) as error:
        why = "nothing was written" if isinstance(error, FileNotFoundError) else str(error).replace(str(raw), "it")
        raise _bad(by, why) from error
    sound = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not len(sound) or not np.isfinite(sound).all():
        raise _bad(by, "it has no samples" if not len(sound) else "its samples are no numbers")
    if damaged or _is_cut_off(raw):
        raise _bad(by, "it is damaged or cut off")
    return np.asarray(sound, np.float32)


def _is_cut_off(raw: Path) -> bool:
    """Whether a WAV file is shorter than it says. One that was streamed says nothing, or the most that it can."""
    with raw.open("rb") as stream:
        head = stream.read(8)
    size = int.from_bytes(head[4:8], "little")
    return head[:4] == b"RIFF" and 0 < size < _STREAMED and raw.stat().st_size < size + 7


def _bad(by: str, why: str) -> ProcessingError:
    hint = "see what it writes: a WAV file is expected"
    return ProcessingError("speech.bad_sound", f"{by} gave what is not a usable sound: {why}", hint=hint)


def _trimmed(sound: Wave) -> Wave:
    """Without silence at its ends but for ``KEPT_S``. Silence alone stays as it is."""
    import numpy as np

    count = -(-len(sound) // _STEP)
    steps = np.pad(sound, (0, count * _STEP - len(sound))).reshape(count, _STEP)
    levels = np.sqrt((steps.astype(np.float64) ** 2).mean(axis=1))
    floor = max(10 ** (SILENT_DB / 20), float(levels.max()) * 10 ** (FLOOR_DB / 20))
    heard = np.flatnonzero(levels > floor)
    if not len(heard):
        return sound
    kept = int(KEPT_S * SAMPLE_RATE)
    return sound[max(0, int(heard[0]) * _STEP - kept) : (int(heard[-1]) + 1) * _STEP + kept]


def _gain_db(file: Path, sound: Wave) -> float:
    """Decibels that bring a line to its loudness. One too short for a meter is measured by its power."""
    from vidgen.media.loudness import measure

    found = measure(file)
    level = _decibels(float((sound.astype("float64") ** 2).mean() ** 0.5)) if found.silent else found.i
    return min(LOUDNESS_LUFS - level, PEAK_DBTP - max(found.tp, _decibels(float(abs(sound).max()))))


def _decibels(level: float) -> float:
    return 20 * math.log10(level) if level > 0 else -math.inf
