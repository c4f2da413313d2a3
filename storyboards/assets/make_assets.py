"""Makes the sample storyboards' music and stills, so that nothing here comes from anywhere else.

    python storyboards/assets/make_assets.py

The music is additive synthesis in numpy; the stills are single frames of the built-in previz engine.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RATE = 48_000
BEAT = 60 / 96
CHORDS = ((45, 57, 60, 64), (41, 57, 60, 65), (48, 55, 60, 64), (43, 55, 59, 62))
"""A minor, F, C, G as MIDI notes, lowest is the bass."""


def hertz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def saw(note: float, seconds: float, partials: int, detune: float = 0.0) -> np.ndarray:
    """A band-limited saw: [samples] float, about -1 to 1."""
    time = np.arange(int(seconds * RATE)) / RATE
    base = hertz(note) * (1 + detune)
    return sum(np.sin(2 * np.pi * base * k * time) / k for k in range(1, partials + 1)) * 0.6


def fade(sound: np.ndarray, attack: float, release: float) -> np.ndarray:
    envelope = np.ones(len(sound))
    rise, fall = int(attack * RATE), int(release * RATE)
    envelope[:rise] = np.linspace(0, 1, rise)
    envelope[-fall:] *= np.linspace(1, 0, fall)
    return sound * envelope


def add(track: np.ndarray, at: float, sound: np.ndarray, gain: float, pan: float = 0.0) -> None:
    begin = int(at * RATE)
    sound = sound[: len(track) - begin] * gain
    track[begin : begin + len(sound), 0] += sound * np.cos((pan + 1) * np.pi / 4)
    track[begin : begin + len(sound), 1] += sound * np.sin((pan + 1) * np.pi / 4)


def kick() -> np.ndarray:
    time = np.arange(int(0.28 * RATE)) / RATE
    return np.sin(2 * np.pi * (48 * time + 9 * (1 - np.exp(-time * 38)))) * np.exp(-time * 13)


def snare(noise: np.random.Generator) -> np.ndarray:
    time = np.arange(int(0.22 * RATE)) / RATE
    return (noise.standard_normal(len(time)) * 0.5 + np.sin(2 * np.pi * 185 * time) * 0.6) * np.exp(-time * 22)


def hat(noise: np.random.Generator) -> np.ndarray:
    sound = np.diff(noise.standard_normal(int(0.05 * RATE) + 1))
    return sound * np.exp(-np.arange(len(sound)) / RATE * 90)


def night_drive(bars: int = 12) -> np.ndarray:
    """[samples, 2] float: pads from the start, drums from bar 3, an arpeggio from bar 5, pads alone at the end."""
    noise = np.random.default_rng(96)
    track = np.zeros((int(bars * 4 * BEAT * RATE), 2))
    for bar in range(bars):
        start, (bass, *chord) = bar * 4 * BEAT, CHORDS[bar % 4]
        for voice, note in enumerate(chord):
            pad = saw(note, 4 * BEAT, 6, 0.002) + saw(note, 4 * BEAT, 6, -0.002)
            add(track, start, fade(pad, 0.4, 0.5), 0.06, (voice - 1) * 0.6)
        if bar >= bars - 1:
            continue
        for eighth in range(8):
            add(track, start + eighth * BEAT / 2, fade(saw(bass - 12, BEAT / 2, 9), 0.005, 0.12), 0.16)
        if bar >= 4:
            for step in range(16):
                note = (*chord, chord[0] + 12)[(step * 3) % 4] + 12
                pluck = saw(note, 0.2, 8) * np.exp(-np.arange(int(0.2 * RATE)) / RATE * 16)
                add(track, start + step * BEAT / 4, pluck, 0.07, 0.5 * (-1) ** step)
        if bar >= 2:
            for beat in range(4):
                add(track, start + beat * BEAT, kick(), 0.5)
                add(track, start + (beat + 0.5) * BEAT, hat(noise), 0.06, 0.3)
                if beat % 2:
                    add(track, start + beat * BEAT, snare(noise), 0.2, -0.1)
    return np.tanh(track * 1.3) * 0.8


def piano(note: float, seconds: float) -> np.ndarray:
    """A soft struck string: high partials are weaker and die first."""
    time = np.arange(int(seconds * RATE)) / RATE
    base = hertz(note)
    partials = (
        np.sin(2 * np.pi * base * k * (1 + 0.0004 * k * k) * time) * np.exp(-time * (0.9 + 0.7 * k)) / k**1.6
        for k in range(1, 8)
    )
    return fade(sum(partials), 0.006, min(0.08, seconds / 4))


def played(bars: int, beats: int, beat: float, parts: Iterable[tuple[float, float, float, float, float]]) -> np.ndarray:
    """[samples, 2] float: notes as (bar, beat, note, beats long, gain), each let ring a little; what rings on at the end
    is heard at the beginning, so that the piece repeats without a seam.
    """
    length, tail = int(bars * beats * beat * RATE), int(3 * RATE)
    track = np.zeros((length + tail, 2))
    for bar, at, note, long, gain in parts:
        add(track, (bar * beats + at) * beat, piano(note, long * beat + 1.2), gain, (note - 62) / 40)
    track[:tail] += track[length:]
    return np.tanh(track[:length] * 1.1) * 0.8


def morning_cafe() -> np.ndarray:
    """A waltz in F, 100 beats a minute: a bass note, two chords, and a melody in the second half of its eight bars."""
    chords = ((41, 57, 60, 65), (38, 57, 62, 65), (43, 58, 62, 67), (36, 58, 60, 64)) * 2
    tune = {0: "72 . 69", 1: "74 72 .", 2: "70 . 74", 3: "72 . .", 4: "77 . 76", 5: "74 . 72", 6: "70 69 67", 7: "65 . ."}
    parts = []
    for bar, (bass, *chord) in enumerate(chords):
        parts.append((bar, 0.0, bass, 3.0, 0.34))
        parts += [(bar, beat + 0.02 * voice, note, 0.8, 0.1) for beat in (1, 2) for voice, note in enumerate(chord)]
        parts += [(bar, beat, int(note), 1.5, 0.2) for beat, note in enumerate(tune[bar].split()) if note != "."]
    return played(8, 3, 60 / 100, parts)


def last_ferry() -> np.ndarray:
    """A slow piece in D minor, 60 beats a minute: low octaves, broken chords, and a few high notes far apart."""
    chords = ((38, 62, 65, 69), (34, 62, 65, 70), (31, 58, 62, 67), (33, 57, 61, 64), (38, 62, 65, 69), (33, 61, 64, 69))
    parts = []
    for bar, (bass, *chord) in enumerate(chords):
        parts += [(bar, 0.0, bass, 4.0, 0.32), (bar, 0.0, bass + 12, 4.0, 0.16)]
        parts += [(bar, 1 + 0.5 * step, note, 2.0, 0.1) for step, note in enumerate((*chord, chord[1], chord[2], chord[0]))]
        parts += [(bar, 2.5, chord[bar % 3] + 12, 3.0, 0.12)] if bar % 2 else []
    return played(6, 4, 1.0, parts)


def write_music(path: Path, piece: np.ndarray, kbit: int) -> None:
    from vidgen.media.ffmpeg import input_args, run_ffmpeg

    scratch = path.with_suffix(".wav")
    with wave.open(str(scratch), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((piece * 32767).astype("<i2").tobytes())
    run_ffmpeg([*input_args(scratch), "-c:a", "aac", "-b:a", f"{kbit}k", "-bitexact", f"file:{path}"], what=path.name)
    scratch.unlink()


def write_stills() -> None:
    import cv2

    from vidgen.engines.previz import Previz
    from vidgen.media.frames import read_frames
    from vidgen.takes.request import ShotRequest, TakeRequest, Words

    seasons = {
        "spring": "harbour town by the sea, cherry blossoms, petals, morning",
        "summer": "harbour town by the sea, clear blue sky, noon, summer",
        "autumn": "harbour town by the sea, maple trees, golden hour, autumn leaves",
        "winter": "harbour town by the sea, snow falling, dusk, winter",
    }
    for season, words in seasons.items():
        request = ShotRequest(
            shot=season, engine="previz", task="text_to_video", prompt=words, frames=2, fps=Fraction(24), width=720, height=960,
            base_seed=5, words=Words(scene=words), params={"slate": False},
        )  # fmt: skip
        clip = HERE / f"{season}.mp4"
        Previz().generate(TakeRequest(request, 1, 5), clip)
        frame = next(read_frames(clip))
        clip.unlink()
        encoded = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        (HERE / f"still-{season}.jpg").write_bytes(encoded.tobytes())


if __name__ == "__main__":
    write_music(HERE / "night-drive.m4a", night_drive(), 96)
    write_music(HERE / "morning-cafe.m4a", morning_cafe(), 80)
    write_music(HERE / "last-ferry.m4a", last_ferry(), 80)
    write_stills()
