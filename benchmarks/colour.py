"""How near colour matching brings clips with made-up casts to themselves: ``python -m benchmarks.colour``.

Real clips come from the extra ``bench``. A cast is laid on in linear light; the difference is the mean CIE 1976 colour
difference of shadows, middles and highlights, before and after a match of strength 0.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.real_clips import CLIPS, real_clip
from vidgen.media.frames import Frame, read_frames
from vidgen.post.matching import light_of, matched

CASTS = ((1, 0, 0), (-1, 0, 0), (0, 0.3, -0.6), (0, -0.25, 0.4), (0.5, 0.3, -0.6))
STRENGTH = 0.8


def samples(clip: Path) -> list[Frame]:
    found = []
    for index, frame in enumerate(read_frames(clip)):
        if index % 12 == 0:
            size = (160, max(2, 160 * frame.shape[0] // frame.shape[1]))
            found.append(np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8))
        if len(found) == 10:
            break
    return found


def cast(frame: Frame, stops: float, red: float, blue: float) -> Frame:
    linear = (frame / 255) ** 2.4 * 2.0 ** np.array([stops + red, stops, stops + blue])
    return (np.clip(linear, 0, 1) ** (1 / 2.4) * 255 + 0.5).astype(np.uint8)


def rows() -> Iterator[str]:
    for name in CLIPS:
        frames = samples(real_clip(name))
        light = light_of(frames)
        if light is None:
            continue
        for wrong in CASTS:
            _, before, after = matched([cast(frame, *wrong) for frame in frames], light, STRENGTH)
            given = " | ".join(f"{value:+g}" for value in wrong)
            yield f"| {name} | {given} | {before:.1f} | {after:.1f} | {after / before:.2f} |"


if __name__ == "__main__":
    print("| clip | stops | red | blue | before | after | ratio |\n|---|---|---|---|---|---|---|")
    print("\n".join(rows()))
