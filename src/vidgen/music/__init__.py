"""Music: its beats and bars. The entry points are ``find_beats`` and ``Clock``."""

from vidgen.music.analysis import CLEAR, Beats, find_beats
from vidgen.music.clock import Clock

__all__ = ["CLEAR", "Beats", "Clock", "find_beats"]
