"""The soundtrack in parts: music, voice, effects, ambience, and what is heard in the clips themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from vidgen.cut.timeline import SoundRole, Timeline, Track
from vidgen.errors import Notice

STEMS: Mapping[str, SoundRole] = {
    "music": "music",
    "voice": "voice",
    "effects": "sfx",
    "ambience": "ambience",
    "clips": "clip",
}
"""Name of a stem -> the role of its tracks."""


def stems_of(timeline: Timeline) -> tuple[str, ...]:
    """The names of the stems that have any sound."""
    roles = {track.role for track in timeline.sound.tracks}
    return tuple(name for name, role in STEMS.items() if role in roles)


def write_stem(timeline: Timeline, name: str, out: Path, cancelled: Callable[[], bool] = lambda: False) -> list[Notice]:
    """Write one stem as float WAV, 48 kHz stereo, exactly as long as the film.

    It has the level at which it is in the mix, lowered under voices as there, before the film's loudness is set: all stems
    together are the mix. Float, so that none clips. Returns notices, as ``mix_to_wav``.
    """
    from vidgen.cut.mixing import mix_to_wav

    role = STEMS[name]

    def heard(track: Track) -> bool:
        return track.role == role

    return list(mix_to_wav(timeline.sound.tracks, timeline.samples, out, cancelled, heard=heard).notices)
