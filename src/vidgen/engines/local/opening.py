"""The picture with which a shot that continues another one opens, and the colours of their chain."""

from __future__ import annotations

import json
from pathlib import Path


def last_picture(clip: Path, out: Path, frames: int | None = None) -> Path:
    """Write the last picture of a clip, or of its first ``frames``, to ``out`` (.png). Raises InputError where it has none."""
    from vidgen.media.frames import last_frame
    from vidgen.media.stills import write_image

    write_image(out, last_frame(clip, frames))
    return out


def chain_colours(clip: Path) -> tuple[float, ...]:
    """The colours of the first shot of the chain that ``clip`` is part of: as its record says, else those of its opening."""
    from vidgen.engines.local.anchor import colours
    from vidgen.media.frames import read_frames

    try:
        recorded = json.loads(clip.with_suffix(".json").read_text(encoding="utf-8"))["manifest"]["anchor"]
        if len(recorded) == 6:
            return tuple(float(value) for value in recorded)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    first = next(iter(read_frames(clip)), None)
    return () if first is None else colours(first)
