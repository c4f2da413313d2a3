"""``python -m benchmarks.mixes``: how finished a dozen difficult mixes are, measured on the encoded soundtrack.

Loudness and true peak are those of the AAC that is in the film. ``step`` is its largest jump from one sample to the next,
against the largest that its material has at the level at which it is played: far above 1 would be a click. ``under speech`` is
how much lower the music is while somebody speaks, in all and in the octaves around 2 kHz beside that, and once it is back.
"""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vidgen.cut.loudness import loudness_target
from vidgen.cut.mixing import mix_to_wav
from vidgen.cut.sound import make_sound
from vidgen.cut.timeline import Sound, Timeline, TimelineShot, Track
from vidgen.media.audio import decode_audio
from vidgen.media.files import sha256_file

RATE = 48_000
FPS = 24
TARGETS = ("web", "ebu")
Wave = npt.NDArray[np.float64]
MakeTracks = Callable[[Path], list[Track]]


def write(file: Path, sound: Wave, rate: int = RATE) -> Path:
    """A WAV file of 16 bits, of mono [n] or more channels [n, channels]."""
    with wave.open(str(file), "wb") as out:
        out.setparams((1 if sound.ndim == 1 else sound.shape[1], 2, rate, 0, "NONE", ""))
        out.writeframes((np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes())
    return file


def tune(seconds: float, rate: int = RATE, seed: int = 1) -> Wave:
    """Chords with a drum, in which every loud level and pitch occurs."""
    random, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    played = np.zeros(len(time))
    for bar in range(int(seconds) + 1):
        here = slice(bar * rate, (bar + 1) * rate)
        since = time[here] - bar
        for hertz in random.choice([110, 147, 165, 196, 220, 247, 294, 330], 3, replace=False):
            partials = sum(np.sin(2 * np.pi * hertz * n * since) / n for n in range(1, 9))
            played[here] += 0.08 * np.asarray(partials) * np.minimum(1, since / 0.01) * np.minimum(1, (1 - since) / 0.01)
        hit = random.standard_normal(len(since)) * np.exp(-60 * since) * np.minimum(1, since / 0.002)
        played[here] += 0.15 * hit
    return played


def voice(seconds: float, seed: int = 2) -> Wave:
    """Syllables of a buzz with formants, in phrases with pauses between them."""
    random, time = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(120 + 15 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    said = np.zeros(len(time))
    for hertz, level in ((1, 0.5), (4, 0.4), (6, 0.35), (11, 0.2), (19, 0.15), (24, 0.1)):
        said += level * np.sin(hertz * pitch + random.uniform(0, 6))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0, None) ** 0.5
    return 0.15 * said * syllables


def noise(seconds: float, level: float = 0.25, seed: int = 3) -> Wave:
    """White noise."""
    return level * np.random.default_rng(seed).uniform(-1, 1, round(seconds * RATE))


def spread(sound: Wave, channels: int) -> Wave:
    """The sound in many channels, none quite like another; the subwoofer's has a tone that nobody should hear."""
    found = np.stack([np.roll(sound, 37 * n) * (0.9**n) for n in range(channels)], axis=1)
    if channels > 5:
        found[:, 3] = 0.8 * np.sin(2 * np.pi * 45 * np.arange(len(sound)) / RATE)
    return found


def placed(file: Path, role: str, **other: object) -> Track:
    """A track of a file."""
    return Track(file, sha256_file(file), role, **other)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """One mix: its length in seconds, and its tracks, whose files are written to a folder."""

    seconds: int
    tracks: MakeTracks


def _music(sound: Wave, rate: int = RATE, **other: object) -> MakeTracks:
    return lambda folder: [placed(write(folder / "music.wav", sound, rate), "music", loop=True, fade_out=None, **other)]


def _spoken_over(sound: Wave) -> MakeTracks:
    def make(folder: Path) -> list[Track]:
        (music,) = _music(sound, duck=True)(folder)
        lines = [write(folder / f"line{n}.wav", voice(3, n)) for n in (0, 1)]
        return [music, *(placed(line, "voice", at=at * RATE) for line, at in zip(lines, (4, 11), strict=True))]

    return make


def _effects(folder: Path) -> list[Track]:
    hit = noise(0.4, 0.8) * np.exp(-12 * np.arange(round(0.4 * RATE)) / RATE)
    file = write(folder / "hit.wav", hit)
    return [placed(file, "sfx", at=round(at * RATE)) for at in (0.5, 3, 3.2, 8.7, 11.8)]


def _scenes(folder: Path) -> list[Track]:
    beds = [write(folder / f"bed{n}.wav", noise(1.3, 0.1, n)) for n in range(3)]
    fade = {"loop": True, "equal_power": True, "fade_in": RATE, "fade_out": RATE, "length": 5 * RATE, "gain_db": -6.0}
    return [placed(bed, "ambience", at=n * 4 * RATE - RATE // 2, **fade) for n, bed in enumerate(beds)]


CASES: dict[str, Case] = {
    "silence": Case(12, _music(np.zeros(RATE))),
    "mono": Case(12, _music(tune(12))),
    "5.1": Case(12, _music(spread(tune(12), 6))),
    "7.1 at 44.1 kHz": Case(12, _music(spread(tune(12, 44_100), 8), 44_100)),
    "mono at 11025 Hz": Case(12, _music(tune(12, 11_025), 11_025)),
    "clipped": Case(12, _music(np.clip(8 * tune(12), -1, 1))),
    "very quiet": Case(12, _music(0.004 * tune(12))),
    "five minutes": Case(300, _music(tune(60))),
    "loops of 0.4 s": Case(12, _music(tune(0.4))),
    "loops of 5 ms": Case(12, _music(tune(1)[20_000:20_240])),
    "only effects": Case(12, _effects),
    "scenes' ambience": Case(12, _scenes),
    "speech over loud music": Case(18, _spoken_over(np.clip(3 * tune(18), -1, 1))),
    "speech over noise": Case(18, _spoken_over(noise(18, 0.7))),
}


def timeline(case: Case, folder: Path, target: str) -> Timeline:
    """A film that is nothing but its sound."""
    shot = TimelineShot("a", folder / "none.mp4", "0" * 64, case.seconds * FPS)
    return Timeline(Fraction(FPS), 64, 64, (shot,), Sound(tuple(case.tracks(folder)), loudness_target(target)))


def heard(file: Path) -> Wave:
    """The samples of a file, [n, 2]."""
    return np.concatenate(list(decode_audio(file))).astype(np.float64)


def largest_step(sound: Wave) -> float:
    """The largest jump from one sample to the next."""
    return float(np.abs(np.diff(sound, axis=0)).max()) if len(sound) > 1 else 0.0


def own_steps(tracks: Sequence[Track]) -> float:
    """The largest jump that the material can make by itself, where each sound is heard once at a time."""
    files = {track.file: track for track in tracks}
    return sum(largest_step(heard(track.file)) * 10 ** (track.gain_db / 20) for track in files.values())


def level_db(sound: Wave, band: tuple[float, float] = (20, 20_000)) -> float:
    """The level of a stretch in a band of frequencies."""
    spectrum = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound)))) ** 2
    pitch = np.fft.rfftfreq(len(sound), 1 / RATE)
    return float(10 * np.log10(spectrum[(pitch >= band[0]) & (pitch < band[1])].sum()))


def under_speech(tracks: Sequence[Track], seconds: int, folder: Path) -> str:
    """How much lower the music is under speech, in all and around 2 kHz beside that, and after it."""
    if not any(track.duck for track in tracks):
        return ""
    whole, plain = folder / "lowered.wav", folder / "plain.wav"
    mix_to_wav(tracks, seconds * RATE, whole, heard=lambda track: track.role == "music")
    mix_to_wav([replace(track, duck=False) for track in tracks if track.role == "music"], seconds * RATE, plain)
    lowered, flat = heard(whole), heard(plain)
    spoken, after = slice(5 * RATE, 7 * RATE), slice(8 * RATE, 10 * RATE)
    all_, band = (level_db(lowered[spoken], one) - level_db(flat[spoken], one) for one in ((20, 300), (1000, 4000)))
    back = level_db(lowered[after]) - level_db(flat[after])
    return f"{all_:.1f} dB, {band - all_:.1f} dB; {back:+.1f} dB"


def row(name: str, case: Case, target: str) -> str:
    """Measure one mix."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        film = timeline(case, folder, target)
        made = make_sound(film, folder / "work")
        assert made and made.levels
        levels, wanted = made.levels, loudness_target(target)
        said = ", ".join(notice.code for notice in made.notices)
        if levels.lufs is None or levels.dbtp is None:
            quiet = "silent" if not heard(made.file).any() else "not silent"
            return f"| {name} | {target} | {quiet} | | | | | {said} |"
        own = own_steps(film.sound.tracks) * 10 ** (levels.gain_db / 20)
        step = largest_step(heard(made.file)[: film.samples]) / own  # a decoder adds silence behind
        off, dialogue = levels.lufs - wanted.i, "" if levels.dialogue_lufs is None else f"{levels.dialogue_lufs:.1f}"
        under = under_speech(film.sound.tracks, case.seconds, folder)
        return f"| {name} | {target} | {off:+.1f} LU | {levels.dbtp:.1f} dBTP | {step:.2f} | {dialogue} | {under} | {said} |"


def table() -> str:
    """The table of the benchmark."""
    rows = [
        "| mix | target | loudness off by | true peak | step | dialogue, LUFS | music under speech | said |",
        "|---|---|---|---|---|---|---|---|",
        *(row(name, case, target) for name, case in CASES.items() for target in TARGETS),
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
