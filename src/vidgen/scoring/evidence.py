"""Pictures of faults: for each veto that has a place in the clip, the frame there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from vidgen.media.files import atomic
from vidgen.media.frames import Frame, read_frames
from vidgen.scoring.reading import Reading
from vidgen.scoring.types import Veto


def with_evidence(file: Path, sha256: str, reading: Reading, vetoes: Sequence[Veto], folder: Path) -> tuple[Veto, ...]:
    """The vetoes with a PNG in ``folder`` for each that has a place. What is there already is not made again."""
    places = {
        veto: (frame, folder / f"{sha256[:16]}.{veto.code}.{frame}.png")
        for veto in vetoes
        if veto.at_s is not None and (frame := min(reading.frames - 1, round(veto.at_s / reading.seconds_each))) >= 0
    }
    missing = [(frame, place) for frame, place in places.values() if not place.is_file()]
    last = max((frame for frame, _ in missing), default=-1)
    for index, picture in enumerate(islice(read_frames(file), last + 1) if missing else ()):
        for _, place in (one for one in missing if one[0] == index):
            _write(picture, place)
    return tuple(replace(veto, evidence=places[veto][1]) if veto in places else veto for veto in vetoes)


def _write(picture: Frame, place: Path) -> None:
    _, coded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with atomic(place) as part:
        part.write_bytes(np.asarray(coded).tobytes())
