"""The final cut: from a timeline of shots, transitions, titles and sound to a film. ``assemble`` is the way in."""

from vidgen.cut.assembly import CutResult, assemble
from vidgen.cut.timeline import (
    Conform,
    Cue,
    LoudnessTarget,
    Sound,
    TextLook,
    Timeline,
    TimelineShot,
    Track,
    Transition,
)

__all__ = [
    "Conform",
    "Cue",
    "CutResult",
    "LoudnessTarget",
    "Sound",
    "TextLook",
    "Timeline",
    "TimelineShot",
    "Track",
    "Transition",
    "assemble",
]
