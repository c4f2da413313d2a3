"""``vidgen beats``: the beats of music with known beats are found within 70 ms, and where there is none it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.click_tracks import Piece, f_measure, write_wav
from benchmarks.songs import Song

from support import Vidgen
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.music import Beats, find_beats
from vidgen.music.onsets import onsets_of
from vidgen.music.tempo import find_pulse

PIECES = {
    "slow clicks": Piece(60),
    "fast clicks": Piece(180),
    "clicks between two hundredths of a second": Piece(160, accents=4),
    "accents in threes": Piece(97, accents=3),
    "drifting by 5 %": Piece(84, drift=0.05),
    "fast and drifting": Piece(172, drift=0.05, sound="drum", accents=4),
    "swung": Piece(120, swing=2 / 3),
    "swung lightly, drifting drums": Piece(140, swing=0.62, swing_level=0.9, drift=0.03, sound="drum"),
    "swung slowly, as loud as the beat": Piece(66, swing=2 / 3, swing_level=1, sound="drum"),
    "in noise": Piece(101, noise_db=-20, sound="drum", accents=4),
    "tones": Piece(133, sound="tone"),
    "tones that drift, after silence": Piece(112, sound="tone", drift=0.05, lead=3.3, noise_db=-40),
}


def heard(piece: Piece, tmp_path: Path) -> Beats:
    return find_beats(write_wav(tmp_path / "music.wav", piece.play()))


def seconds(times: tuple[int, ...]) -> list[float]:
    return [time / 1000 for time in times]


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_beats_are_found(piece: Piece, tmp_path: Path) -> None:
    found = heard(piece, tmp_path)
    wanted = piece.beats()
    assert f_measure(wanted, seconds(found.beats)) >= 0.95
    assert found.bpm == pytest.approx(60 * (len(wanted) - 1) / (wanted[-1] - wanted[0]), rel=0.01)
    errors = [min(abs(one - other) for other in seconds(found.beats)) for one in wanted]
    assert np.median(errors) < 0.01, "to a quarter of a frame"
    if piece.accents:
        assert found.meter == piece.accents
        assert f_measure(piece.bars(), seconds(found.bars)) >= 0.95


@pytest.mark.parametrize(
    "form", ["44100-stereo.mp3", "44100-stereo.flac", "22050-mono.wav", "48000-opposite.wav", "48000-right.wav"]
)
def test_every_form_of_file_gives_the_same_beats(form: str, tmp_path: Path) -> None:
    name, ending = form.split(".")
    rate, sides = name.split("-")
    piece = Piece(108, seconds=12, sound="drum", accents=4)
    sound = piece.play()
    right = {"opposite": -sound, "right": sound}.get(sides, sound)
    left = np.zeros_like(sound) if sides == "right" else sound
    source = write_wav(tmp_path / "source.wav", np.stack((left, right), axis=1))
    file = tmp_path / f"music.{ending}"
    channels = "1" if sides == "mono" else "2"
    run_ffmpeg(["-i", str(source), "-ar", rate, "-ac", channels, str(file)], what="a form")
    found = find_beats(file)
    assert f_measure(piece.beats(), seconds(found.beats), within=0.03) >= 0.95
    assert f_measure(piece.bars(), seconds(found.bars), within=0.03) >= 0.95


def test_the_command_tells_half_and_double_tempo(vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "my song.wav", Piece(120, seconds=10, accents=4).play())
    data = vidgen("beats", "my song.wav", "--json").data
    assert (data["bpm"], data["half_bpm"], data["double_bpm"]) == pytest.approx((120, 60, 240), rel=0.002)
    assert len(data["beats"]) == 20 and data["bars"] == data["beats"][::4] and 0.9 < data["confidence"] <= 1
    said = vidgen("beats", "my song.wav").out
    assert "120.0 beats a minute (half: 60.0, double: 240.0)" in said and "5 bars of 4, heard" in said


def pad(time: np.ndarray) -> np.ndarray:
    return np.asarray(0.3 * np.sin(440 * np.pi * time) * (1 + 0.3 * np.sin(1.3 * time)))


def rain(time: np.ndarray) -> np.ndarray:
    return np.asarray(0.1 * np.random.default_rng(0).standard_normal(len(time)))


@pytest.mark.parametrize("sound", [pad, rain])
def test_music_without_a_beat_is_said_to_have_none(sound, vidgen: Vidgen, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    write_wav(tmp_path / "m.wav", sound(np.arange(12 * 48_000) / 48_000))
    ran = vidgen("beats", "m.wav", "--json")
    assert (ran.code, ran.data["bpm"], ran.data["beats"], ran.data["bars"]) == (0, None, [], [])
    assert ran.data["confidence"] < 0.6 and [one["code"] for one in ran.envelope["warnings"]] == ["music.no_beat"]
    assert "no clear beat" in vidgen("beats", "m.wav").out


TONES = {
    "tone": "sine=220",
    "higher": "sine=880",
    "chord": "aevalsrc=0.2*(sin(440*PI*t)+sin(554*PI*t)+sin(660*PI*t))",
    "saw": "aevalsrc=mod(t*110\\,1)-0.5",
}


@pytest.mark.parametrize("form", ["wav", "m4a", "mp4", "mp3", "ogg", "opus"])
@pytest.mark.parametrize("tone", TONES.values(), ids=TONES)
def test_a_steady_tone_has_no_beat_in_whatever_form_it_is_kept(tone: str, form: str, tmp_path: Path) -> None:
    for seconds in (4, 10):
        file = tmp_path / f"{seconds}.{form}"
        run_ffmpeg(["-f", "lavfi", "-i", f"{tone}:d={seconds}", "-ac", "2", f"file:{file}"], what="a tone")
        assert find_beats(file).confidence < 0.6 and not find_beats(file).clear


@pytest.mark.parametrize(
    ("sound", "code"),
    [(np.zeros(480_000), "music.silent"), (Piece(120, seconds=1).play(), "music.too_short")],
    ids=["silence", "short"],
)
def test_what_is_no_music_is_an_error(sound: np.ndarray, code: str, vidgen: Vidgen, tmp_path: Path) -> None:
    write_wav(tmp_path / "m.wav", sound)
    ran = vidgen("beats", "m.wav", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, code)


@pytest.mark.parametrize(
    ("name", "code"), [("gone.wav", "media.not_found"), ("words.wav", "media.unreadable"), ("mute.mp4", "media.no_audio")]
)
def test_a_file_without_sound_is_an_error(name: str, code: str, vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("no sound at all")
    run_ffmpeg(["-f", "lavfi", "-i", "color=s=32x32:d=3", str(tmp_path / "mute.mp4")], what="a mute film")
    ran = vidgen("beats", name, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, code)


def test_rounding_of_the_last_bit_moves_no_beat() -> None:
    """What another processor computes differs by less."""
    sound = Piece(93, seconds=20, sound="drum", drift=0.04, noise_db=-30).play().astype(np.float32)
    stereo = np.stack((sound, sound), axis=1)
    nudged = stereo * np.float32(1 + 2**-22)
    first, second = (find_pulse(onsets_of([one]).strength) for one in (stereo, nudged))
    assert first and second and list(first.beats) == list(second.beats)


@pytest.mark.parametrize(
    "song",
    [Song("rock", 128), Song("house", 112), Song("waltz", 112), Song("ballad", 96), Song("opening", 96)],
    ids=lambda song: song.kind,
)
def test_the_beats_of_songs_are_found(song: Song, tmp_path: Path) -> None:
    found = find_beats(write_wav(tmp_path / "song.wav", song.play()))
    assert found.meter == song.meter and f_measure(song.beats(), seconds(found.beats)) >= 0.95


ASSETS = Path(__file__).parents[2] / "storyboards" / "assets"


@pytest.mark.parametrize(
    ("name", "bpm", "meter"),
    [("night-drive", 96, 4), ("morning-cafe", 100, 3), ("last-ferry", 120, 4)],
    ids=["drums after a long opening, and quick notes", "a waltz, played softly", "slow notes, two in a beat"],
)
def test_pieces_with_more_notes_than_beats_have_a_clear_beat(name: str, bpm: float, meter: int) -> None:
    found = find_beats(ASSETS / f"{name}.m4a")
    assert found.clear and found.bpm == pytest.approx(bpm, rel=0.01) and found.meter == meter
