"""The film's sound as a small row of peaks, made once for each soundtrack that was cut."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence

import numpy as np

from vidgen.app.review import Dailies
from vidgen.errors import VidgenError
from vidgen.media.audio import Samples, decode_audio
from vidgen.media.files import write_text
from vidgen.media.rate import SAMPLE_RATE
from vidgen.planning.plan import FilmShot

LOG = logging.getLogger(__name__)
PER_SECOND = 8
"""Peaks of a second of sound."""
HIGHEST = 100
_BIN = SAMPLE_RATE // PER_SECOND


def film_peaks(film: Dailies) -> list[int]:
    """Peaks of the sound that was cut last, ``PER_SECOND`` a second, of which the loudest is ``HIGHEST``; empty where there is
    none, or the film has another length by now.
    """
    sounds = sorted((film.project.root / "audio").glob("*.m4a"))
    if len(sounds) != 1:
        return []
    kept = film.project.root / "review" / "wave.json"
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        peaks = known["peaks"] if known["sound"] == sounds[0].stem else None
    except (OSError, ValueError, KeyError, TypeError):
        peaks = None
    if peaks is None:
        try:
            peaks = _peaks(decode_audio(sounds[0]))
        except (VidgenError, OSError) as error:
            LOG.info("the film's sound cannot be drawn: %s", error)
            return []
        write_text(kept, json.dumps({"sound": sounds[0].stem, "peaks": peaks}) + "\n")
    same = abs(len(peaks) / PER_SECOND - film.plan.duration_s) < 1
    return list(peaks) if same else []


def part_of(peaks: Sequence[int], planned: FilmShot, film: Dailies) -> tuple[int, ...]:
    """The peaks of one shot."""
    first = int(planned.start_frame / film.plan.fps * PER_SECOND)
    last = -int(-(planned.start_frame + planned.frames) / film.plan.fps * PER_SECOND // 1)
    return tuple(peaks[first:last])


def _peaks(blocks: Iterable[Samples]) -> list[int]:
    """The loudest sample of each part, of both channels."""
    left: Samples = np.zeros((0, 2), np.float32)
    found: list[float] = []
    for block in blocks:
        joined = np.concatenate([left, block])
        whole = len(joined) // _BIN * _BIN
        loudest = np.abs(joined[:whole]).reshape(-1, _BIN * joined.shape[1]).max(axis=1)
        found += [float(one) for one in loudest]
        left = joined[whole:]
    found += [float(np.abs(left).max())] if len(left) else []
    most = max(found, default=0.0)
    return [round(one / most * HIGHEST) if most else 0 for one in found]
