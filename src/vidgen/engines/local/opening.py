"""The picture with which a shot that continues another one opens, and the colours of their chain."""

from __future__ import annotations

import json
from pathlib import Path


def last_picture(clip: Path, out: Path) -> Path:
    """Write the last picture of a clip to ``out`` (.png). Raises InputError where it has none."""
    from vidgen.errors import InputError
    from vidgen.media.frames import read_frames
    from vidgen.media.stills import write_image

    last = None
    for frame in read_frames(clip):
        last = frame
    if last is None:
        raise InputError("media.no_video", f"{clip} has no pictures", where=str(clip))
    write_image(out, last)
    return out


def chain_colours(clip: Path) -> tuple[float, ...]:
    """The colours of the first shot of the chain that ``clip`` is part of: as its record says, else those of its opening."""
    from vidgen.engines.local.anchor import colours
    from vidgen.media.frames import read_frames

    try:
        told = json.loads(clip.with_suffix(".json").read_text(encoding="utf-8"))["manifest"]["anchor"]
        if len(told) == 6:
            return tuple(float(value) for value in told)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    first = next(iter(read_frames(clip)), None)
    return () if first is None else colours(first)
