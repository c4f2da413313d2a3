"""Encode a mix at a loudness target, measured on the encoded file.

Lossy coding changes loudness and peaks. So: measure, set gain and limiter, encode, measure the result, and correct until it is
on target. (EBU R 128; true peaks with a limiter at four times the sample rate.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vidgen.catalog.loudness import loudness_table
from vidgen.cut.timeline import LoudnessTarget
from vidgen.errors import InputError, Notice
from vidgen.media.ffmpeg import input_args, run_ffmpeg
from vidgen.media.files import file_url, part_name
from vidgen.media.loudness import Loudness, measure
from vidgen.media.rate import SAMPLE_RATE

AAC_ARGS = ("-c:a", "aac", "-b:a", "256k", "-ar", str(SAMPLE_RATE), "-ac", "2", "-movie_timescale", str(SAMPLE_RATE))
"""The time scale makes the length exact to the sample; older versions of ffmpeg round it to milliseconds."""
TOLERANCE_LU = 0.5
"""Tolerance of the loudness; peaks must not exceed their target at all."""
GOOD_ENOUGH_LU = 0.2
ROUNDS = 8
HEADROOM_DB = 0.3
"""Initial estimate of how much AAC raises peaks."""
LOWEST_CEILING = -20.0

SOUND_ARGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "aac": (".m4a", AAC_ARGS),
    "opus": (".mka", ("-c:a", "libopus", "-b:a", "192k", "-ar", str(SAMPLE_RATE), "-ac", "2")),
    "flac": (".flac", ("-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24", "-ar", str(SAMPLE_RATE))),
    "pcm": (".wav", ("-c:a", "pcm_s24le", "-rf64", "auto", "-ar", str(SAMPLE_RATE))),
}
"""Codec -> the ending of a file of its own, and how it is encoded."""

Cancel = Callable[[], bool]
Encode = Callable[..., None]
"""Encodes the mix to a file: ``(out, gain_db=0, ceiling_db=None)``."""


@dataclass(frozen=True)
class Encoded:
    """A finished sound: its measured ``loudness``, the ``gain_db`` from the mix to it, and whether a limiter was at work, so
    that its peaks are not those of the mix with that gain.
    """

    loudness: Loudness
    gain_db: float = 0.0
    limited: bool = False


@functools.cache
def presets() -> dict[str, LoudnessTarget]:
    """The loudness targets by name: web, podcast, ebu, atsc."""
    return {name: LoudnessTarget(*target) for name, target in loudness_table().items()}


def loudness_target(name: str) -> LoudnessTarget:
    """The target of that name. Raises InputError if it is unknown."""
    try:
        return presets()[name]
    except KeyError:
        known = ", ".join(presets())
        raise InputError("sound.unknown_loudness", f"{name!r} is not a loudness target", hint=f"use one of {known}") from None


def encode_to_target(
    mix: Path,
    target: LoudnessTarget | None,
    out: Path,
    samples: int,
    cancelled: Cancel = lambda: False,
    codec: Sequence[str] = AAC_ARGS,
) -> tuple[Encoded, list[Notice]]:
    """Encode a mix at ``out``, within 0.5 LU of the target's loudness and not above its peak.

    Args:
        mix: PCM, 48 kHz stereo.
        target: None keeps the level and only prevents clipping.
        samples: exact length of the sound at 48 kHz.
        codec: output arguments of the encoder: AAC, or one of ``SOUND_ARGS``.

    Returns how it was encoded, and a notice if the target is missed.
    """
    before, encode = measure(mix, cancelled), partial(_encode, mix, samples=samples, codec=codec, cancelled=cancelled)
    if before.silent:
        encode(out)
        notices = [Notice("sound.silent", "the soundtrack is silent or too short to measure; its level was left alone")]
        return Encoded(before), notices if target else []
    if target is None:
        return _encode_as_mixed(before, out, encode, cancelled)
    encoded = _approach(before, target, out, encode, cancelled)
    after = encoded.loudness
    if abs(after.i - target.i) <= TOLERANCE_LU and after.tp <= target.tp:
        return encoded, []
    message = (
        f"the soundtrack is {after.i:.1f} LUFS with peaks of {after.tp:.1f} dBTP; "
        f"{target.i:g} LUFS with {target.tp:g} dBTP cannot be reached with this mix"
    )
    return encoded, [Notice("sound.loudness_missed", message)]


def _encode_as_mixed(before: Loudness, out: Path, encode: Encode, cancelled: Cancel) -> tuple[Encoded, list[Notice]]:
    if before.tp <= 0:
        encode(out)
        return Encoded(measure(out, cancelled)), []
    encoded = _approach(before, LoudnessTarget(before.i, -1.0), out, encode, cancelled, free=True)
    text = f"the mix is too loud, with peaks of {before.tp:+.1f} dBTP; a limiter holds its loudest moments down to -1 dBTP"
    return encoded, [Notice("sound.limited", text)]


def _approach(
    before: Loudness, target: LoudnessTarget, out: Path, encode: Encode, cancelled: Cancel, *, free: bool = False
) -> Encoded:
    """Encode, measure and correct until on target, or for ``ROUNDS`` rounds. The best result stays at ``out``.

    ``free``: any loudness is accepted, only the peak counts.
    """
    gain, ceiling = target.i - before.i, target.tp - HEADROOM_DB
    best: tuple[tuple[float, float], Encoded] | None = None
    trial = part_name(out)
    try:
        for _ in range(ROUNDS):
            limiting = before.tp + gain > ceiling - HEADROOM_DB
            encode(trial, gain_db=gain, ceiling_db=ceiling if limiting else None)
            found = measure(trial, cancelled)
            miss = 0.0 if free else target.i - found.i
            over = found.tp - target.tp
            rank = (max(0.0, over), abs(miss))
            if best is None or rank < best[0]:
                best = (rank, Encoded(found, round(gain, 3), limiting))
                trial.replace(out)
            if over <= 0 and abs(miss) <= GOOD_ENOUGH_LU:
                break
            gain += miss * (1.3 if limiting else 1.0)
            ceiling = max(LOWEST_CEILING, ceiling - (over + 0.1 if over > 0 else 0.0))
    finally:
        trial.unlink(missing_ok=True)
    assert best is not None
    return best[1]


def _encode(
    mix: Path,
    out: Path,
    *,
    samples: int,
    codec: Sequence[str],
    cancelled: Cancel,
    gain_db: float = 0.0,
    ceiling_db: float | None = None,
) -> None:
    steps = [f"volume={gain_db:.3f}dB"]
    if ceiling_db is not None:
        limiter = f"alimiter=level=0:limit={10 ** (ceiling_db / 20):.6f}:attack=2:release=80:latency=1"
        steps += [f"aresample={4 * SAMPLE_RATE}", limiter, f"aresample={SAMPLE_RATE}"]
    steps += [f"apad=whole_len={samples}", f"atrim=end_sample={samples}", "aformat=channel_layouts=stereo"]
    args = [*input_args(mix.resolve()), "-af", ",".join(steps), *codec, "-map_metadata", "-1", file_url(out.resolve())]
    run_ffmpeg(args, what="encoding the soundtrack", cancelled=cancelled)
