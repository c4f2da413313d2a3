from __future__ import annotations

import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.cut.clips import MakeShot, film_of

from vidgen.cut.assembly import assemble
from vidgen.cut.loudness import loudness_target, presets
from vidgen.cut.mixing import mix_to_wav
from vidgen.cut.sound import make_sound
from vidgen.cut.timeline import EDGE_FADE, LoudnessTarget, Sound, Timeline, Track
from vidgen.errors import InputError
from vidgen.media.audio import decode_audio
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.files import sha256_file
from vidgen.media.loudness import measure

SECOND = 48_000
Wave = npt.NDArray[np.float64]
MakeTrack = Callable[..., Track]


def tone(seconds: float, level: float = 0.25, hertz: float = 440.0, rate: int = SECOND) -> Wave:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def make_track(tmp_path: Path) -> MakeTrack:
    """``make_track("music", samples, role, ...)``: a 16-bit WAV of mono [n] or stereo [n, 2] samples, placed."""

    def make(name: str, sound: Wave, role: str = "sfx", *, rate: int = SECOND, **other: object) -> Track:
        path = tmp_path / f"{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1 if sound.ndim == 1 else 2)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((sound * 32767).round().astype("<i2").tobytes())
        return Track(path, sha256_file(path), role, **other)

    return make


def stereo(mono: Wave) -> Wave:
    return np.stack([mono, mono], axis=1)


def mixed(tmp_path: Path, total: int, *tracks: Track) -> Wave:
    out = tmp_path / "mix.wav"
    mix_to_wav(tracks, total, out)
    return np.concatenate(list(decode_audio(out))).astype(float)


def test_a_sound_starts_on_its_sample(tmp_path: Path, make_track: MakeTrack) -> None:
    found = mixed(tmp_path, 100_003, make_track("click", stereo(np.full(100, 0.5)), at=48_001))
    assert len(found) == 100_003
    assert list(np.nonzero(found[:, 0])[0][[0, -1]]) == [48_001, 48_100]


def test_music_loops_to_the_end_without_a_gap(tmp_path: Path, make_track: MakeTrack) -> None:
    ramp = stereo(np.linspace(0.1, 0.9, 30_000))
    found = mixed(tmp_path, 100_000, make_track("loop", ramp, "music", loop=True, start=5_000))
    wanted = np.concatenate([ramp[5_000:], ramp, ramp, ramp])[:100_000]
    joints = np.zeros(100_000, bool)
    for joint in (25_000, 55_000, 85_000):
        joints[joint - SECOND // 500 : joint] = True
    assert np.abs(found - wanted)[~joints].max() < 1e-3
    assert np.abs(np.diff(found[:, 0])).max() < 0.02, "a jump from 0.9 to 0.1 would be a click"


def chord(seconds: float) -> Wave:
    """Three tones that end in the middle of a wave."""
    time = np.arange(round(seconds * SECOND)) / SECOND
    return np.asarray(sum(0.2 * np.cos(2 * np.pi * hertz * time) for hertz in (197.3, 331.1, 523.7)))


@pytest.mark.parametrize("loop", [{}, {"loop_from": 12_000, "loop_to": 60_000}, {"loop_from": 100, "loop_to": 50_321}])
def test_a_loop_has_no_click_and_keeps_its_level(tmp_path: Path, make_track: MakeTrack, loop: dict[str, int]) -> None:
    music = make_track("chord", stereo(chord(1.3)), "music", loop=True, **loop)
    found = mixed(tmp_path, 6 * SECOND, music)[:, 0]
    assert np.abs(np.diff(found)).max() < 1.5 * np.abs(np.diff(chord(1.3))).max()
    levels = np.sqrt(np.square(found[: len(found) // 480 * 480]).reshape(-1, 480).mean(axis=1))
    assert levels.min() > 0.02


@pytest.mark.parametrize("samples", [1, 100, 479, 481, 5_000])
def test_a_very_short_loop_keeps_its_length(tmp_path: Path, make_track: MakeTrack, samples: int) -> None:
    music = make_track("short", stereo(np.full(samples, 0.5)), "music", loop=True, fade_out=0)
    found = mixed(tmp_path, 20_000, music)
    assert np.abs(found - 0.5).max() < 1e-3


def test_a_loop_between_bars_repeats_exactly_what_lies_between(tmp_path: Path, make_track: MakeTrack) -> None:
    clicks = np.zeros(5 * SECOND // 2)
    clicks[[SECOND // 4, SECOND * 3 // 4, SECOND * 5 // 4, SECOND * 7 // 4]] = 0.9
    music = make_track("clicks", stereo(clicks), "music", loop=True, loop_from=SECOND // 4, loop_to=SECOND * 9 // 4)
    found = mixed(tmp_path, 8 * SECOND, music)[:, 0]
    assert list(np.flatnonzero(found > 0.5)) == [SECOND // 4 + n * SECOND // 2 for n in range(16)]


def test_fades_and_gain_follow_the_film(tmp_path: Path, make_track: MakeTrack) -> None:
    music = make_track("flat", stereo(np.full(20_000, 0.8)), "music", loop=True, gain_db=-6.0206, fade_in=1_000, fade_out=2_000)
    found = mixed(tmp_path, 10_000, music)[:, 0]
    assert found[0] == 0
    assert found[500] == pytest.approx(0.2, abs=1e-3)
    assert found[5_000] == pytest.approx(0.4, abs=1e-3)
    assert found[9_000] == pytest.approx(0.2, abs=1e-3)


def level_at_the_end(sound: Wave, seconds: float) -> float:
    """The level so many seconds before the end."""
    place = len(sound) - round(seconds * SECOND)
    return float(np.abs(sound[place - 240 : place + 240, 0]).max())


def test_music_that_the_films_end_cuts_off_fades_over_a_second(tmp_path: Path, make_track: MakeTrack) -> None:
    music = make_track("long", stereo(np.full(8 * SECOND, 0.5)), "music", loop=True, fade_out=None)
    found = mixed(tmp_path, 3 * SECOND, music)
    assert level_at_the_end(found, 1.1) == pytest.approx(0.5, abs=0.01)
    assert level_at_the_end(found, 0.5) == pytest.approx(0.25, abs=0.01) and abs(found[-1, 0]) < 1e-3
    short = make_track("round", stereo(np.full(2 * SECOND, 0.5)), "music", loop=True, fade_out=None)
    assert level_at_the_end(mixed(tmp_path, 7 * SECOND, short), 0.5) == pytest.approx(0.25, abs=0.01), "so does a loop"


@pytest.mark.parametrize("seconds", [3, 1.5, 3.06, 2.3], ids=["fits", "fits twice", "encoder's padding", "0.7 s short"])
def test_music_that_ends_with_the_film_keeps_its_own_ending(tmp_path: Path, make_track: MakeTrack, seconds: float) -> None:
    music = make_track("fits", stereo(np.full(round(seconds * SECOND), 0.5)), "music", loop=True, fade_out=None)
    found = mixed(tmp_path, 3 * SECOND, music)
    assert level_at_the_end(found, 0.75) == pytest.approx(0.5, abs=0.01)
    assert level_at_the_end(found, 0.01) == pytest.approx(0.0 if seconds == 2.3 else 0.5, abs=0.01), "no second round for 0.7 s"


def test_a_fade_of_nothing_cuts_the_music_off(tmp_path: Path, make_track: MakeTrack) -> None:
    music = make_track("long", stereo(np.full(8 * SECOND, 0.5)), "music", loop=True, fade_out=0)
    assert mixed(tmp_path, 3 * SECOND, music)[-1, 0] == pytest.approx(0.5, abs=0.01)


def test_no_more_of_a_long_file_is_decoded_than_is_heard(
    tmp_path: Path, make_track: MakeTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = replace(make_track("hour", np.zeros(60 * SECOND), "clip"), length=SECOND)
    decoded: list[int] = []

    def counted(*args: object, **wishes: object) -> Iterator[object]:
        for block in decode_audio(*args, **wishes):  # type: ignore[arg-type]
            decoded.append(len(block))
            yield block

    monkeypatch.setattr("vidgen.cut.mixing.decode_audio", counted)
    mix_to_wav([track], 2 * SECOND, tmp_path / "mix.wav")
    assert sum(decoded) < 5 * SECOND


def test_a_damaged_file_is_mixed_and_named_once(tmp_path: Path, make_track: MakeTrack, make_shot: MakeShot) -> None:
    whole = make_track("whole", tone(3))
    hurt = tmp_path / "hurt.mp3"
    run_ffmpeg(["-i", str(whole.file), str(hurt)], what="an mp3")
    data = hurt.read_bytes()
    hurt.write_bytes(data[: len(data) // 2] + b"JUNK" * 700 + data[len(data) // 2 :])
    tracks = [Track(hurt, sha256_file(hurt), "sfx", at=at) for at in (0, 100_000)]
    film = film_with(make_shot, Sound(tuple(tracks), presets()["web"]))
    for _ in ("made", "kept"):
        (notice,) = assemble(film, tmp_path / "w", tmp_path / "film.mp4").notices
        assert notice.code == "sound.damaged" and str(hurt) in notice.message


def test_a_track_that_started_before_the_film_is_already_under_way(tmp_path: Path, make_track: MakeTrack) -> None:
    ramp = stereo(np.linspace(0, 0.9, 200_000))
    found = mixed(tmp_path, 1_000, make_track("early", ramp, at=-150_000))[:-EDGE_FADE]
    assert np.abs(found - ramp[150_000:151_000][:-EDGE_FADE]).max() < 1e-3


def test_sounds_of_any_rate_come_out_at_48_khz(tmp_path: Path, make_track: MakeTrack) -> None:
    found = mixed(tmp_path, SECOND, make_track("mono44", tone(1, rate=44_100), rate=44_100))
    spectrum = np.abs(np.fft.rfft(found[:, 0] * np.hanning(SECOND)))
    assert int(spectrum.argmax()) == 440


def test_the_same_tracks_give_the_same_bytes(tmp_path: Path, make_track: MakeTrack) -> None:
    tracks = [make_track("a", tone(1), "voice", at=700), make_track("b", tone(1, 0.1), "music", loop=True, duck=True)]
    mix_to_wav(tracks, 3 * SECOND, tmp_path / "one.wav")
    mix_to_wav(tracks, 3 * SECOND, tmp_path / "two.wav")
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()


def film_with(make_shot: MakeShot, sound: Sound, frames: int = 24 * 6) -> Timeline:
    shot = make_shot("s01", 40, frames, step=0)
    return film_of(shot, sound=sound)


def busy(make_track: MakeTrack) -> tuple[Track, ...]:
    """Quiet music with sharp noises over it: much louder peaks than its loudness allows."""
    noise = np.random.default_rng(7).uniform(-0.9, 0.9, (2_400, 2))
    music = np.stack([tone(3, 0.05), tone(3, 0.05, 660)], axis=1)
    hits = [make_track(f"hit{n}", noise, at=n * SECOND) for n in range(1, 5)]
    return (make_track("music", music, "music", loop=True), *hits)


@pytest.mark.parametrize("name", ["web", "podcast", "ebu", "atsc"])
def test_the_encoded_film_meets_its_loudness(tmp_path: Path, make_shot: MakeShot, make_track: MakeTrack, name: str) -> None:
    target = loudness_target(name)
    result = assemble(film_with(make_shot, Sound(busy(make_track), target)), tmp_path / "w", tmp_path / "film.mp4")
    found = measure(tmp_path / "film.mp4")
    assert abs(found.i - target.i) <= 0.5
    assert found.tp <= target.tp
    assert result.notices == ()


def test_a_target_out_of_reach_is_said(tmp_path: Path, make_shot: MakeShot, make_track: MakeTrack) -> None:
    click = make_track("click", np.r_[np.full(20, 0.9), np.zeros(SECOND)], "sfx")
    film = film_with(make_shot, Sound((click,), LoudnessTarget(-6, -9)))
    notices = assemble(film, tmp_path / "w", tmp_path / "film.mp4").notices
    assert [notice.code for notice in notices] == ["sound.loudness_missed"]
    assert measure(tmp_path / "film.mp4").tp <= -9


def test_silence_is_left_alone_and_said(tmp_path: Path, make_shot: MakeShot, make_track: MakeTrack) -> None:
    film = film_with(make_shot, Sound((make_track("none", np.zeros(SECOND)),), presets()["web"]))
    result = assemble(film, tmp_path / "w", tmp_path / "film.mp4")
    assert [notice.code for notice in result.notices] == ["sound.silent"]
    again = assemble(film, tmp_path / "w", tmp_path / "film.mp4")
    assert again.notices == result.notices


def test_a_mix_that_would_clip_is_limited_and_said(tmp_path: Path, make_shot: MakeShot, make_track: MakeTrack) -> None:
    loud = [make_track(f"loud{n}", stereo(tone(3, 0.9))) for n in range(2)]
    result = assemble(film_with(make_shot, Sound(tuple(loud))), tmp_path / "w", tmp_path / "film.mp4")
    assert [notice.code for notice in result.notices] == ["sound.limited"]
    assert measure(tmp_path / "film.mp4").tp <= -1


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30000, 1001), Fraction(24000, 1001)])
def test_sound_and_picture_start_and_end_together(
    tmp_path: Path, make_shot: MakeShot, make_track: MakeTrack, rate: Fraction
) -> None:
    import av

    click = make_track("click", np.r_[np.full(200, 0.8), np.zeros(2_000)], at=SECOND)
    film = film_of(make_shot("s01", 40, 71, step=0, rate=rate), rate=rate, sound=Sound((click,)))
    assemble(film, tmp_path / "w", tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.start_time == audio.start_time == 0
        assert abs(audio.duration * audio.time_base - video.duration * video.time_base) < Fraction(1, 1000)
    heard = np.concatenate(list(decode_audio(tmp_path / "film.mp4")))[:, 0]
    assert abs(int(np.argmax(np.abs(heard) > 0.1)) - SECOND) < 40


def test_a_film_without_sounds_has_no_audio_stream(tmp_path: Path, make_shot: MakeShot) -> None:
    assert make_sound(film_with(make_shot, Sound(), 2), tmp_path) is None


def test_changing_the_sound_encodes_no_picture(tmp_path: Path, make_shot: MakeShot, make_track: MakeTrack) -> None:
    film = film_with(make_shot, Sound((make_track("a", tone(2)),), presets()["web"]))
    film = replace(film, shots=(replace(film.shots[0], encoded_as=None),))
    first = assemble(film, tmp_path / "w", tmp_path / "film.mp4")
    second = assemble(replace(film, sound=Sound()), tmp_path / "w", tmp_path / "film.mp4")
    assert (first.reencoded, second.reencoded, second.reused) == (1, 0, 1)


def test_a_file_without_sound_is_named(tmp_path: Path, make_shot: MakeShot) -> None:
    shot = make_shot("s01", 40, 4)
    with pytest.raises(InputError) as caught:
        mix_to_wav([Track(shot.file, "x", "music")], 1_000, tmp_path / "mix.wav")
    assert caught.value.code == "media.no_audio"


def test_a_playlist_in_disguise_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "music.mp3"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n")
    with pytest.raises(InputError):
        list(decode_audio(path))


def test_memory_does_not_grow_with_the_length_of_the_film(tmp_path: Path, make_track: MakeTrack) -> None:
    import tracemalloc

    music = make_track("music", stereo(tone(1)), "music", loop=True)
    peaks = []
    for seconds in (10, 100):
        tracemalloc.start()
        mix_to_wav([music], seconds * SECOND, tmp_path / f"{seconds}.wav")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
