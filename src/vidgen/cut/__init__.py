"""The final cut: make a film from a timeline of shots, transitions, titles and sound. The entry point is ``assemble``."""

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
