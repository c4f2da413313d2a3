"""The voice that the mouths of a shot follow, as a provider gets it: one sound that begins with the shot."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from vidgen.engines.cloud.inputs import Blob
from vidgen.errors import InputError
from vidgen.media.rate import SAMPLE_RATE
from vidgen.takes.request import Inputs, ShotRequest

BYTES_PER_SECOND = SAMPLE_RATE * 2


def spoken(request: ShotRequest, seconds: float) -> Blob | None:
    """The lines of a shot, or the file that its mouths follow, as mono WAV at 48 kHz with 16 bits, exactly ``seconds`` long:
    silent where nobody speaks, cut off at its end. None where nothing is said.

    Raises InputError for a line that is not spoken yet, and for a file without sound.
    """
    import numpy as np

    from vidgen.media.audio import decode_audio

    if not request.inputs.has_voice:
        return None
    samples = max(1, round(seconds * SAMPLE_RATE))
    sound = np.zeros(samples)
    for file, at in _placed(request.inputs, request.shot):
        begin = int(at * SAMPLE_RATE)
        for block in decode_audio(file, samples=max(0, samples - begin)):
            sound[begin : begin + len(block)] += block.mean(axis=1)
            begin += len(block)
    whole = np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        writer.writeframes(whole.tobytes())
    return Blob(out.getvalue(), "audio/wav", f"{request.shot}.wav")


def _placed(inputs: Inputs, shot: str) -> Iterator[tuple[Path, Fraction]]:
    if inputs.lip_sync_audio:
        yield inputs.lip_sync_audio, Fraction(0)
    for line in inputs.lines:
        if line.file is None:
            text = f"lip_sync: {line.words!r} is not spoken yet"
            raise InputError("engine.cannot", text, hint="vidgen render speaks it first", where=shot)
        yield line.file, line.at
