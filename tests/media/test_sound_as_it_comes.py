"""Sound files as people have them: of every kind, damaged, joined, with odd channels and numbers."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from vidgen.errors import InputError
from vidgen.media.audio import decode_audio

Ffmpeg = Callable[..., None]

KINDS = {
    "wav": ("-c:a", "pcm_f64le"),
    "w64": ("-c:a", "pcm_s24le"),
    "aiff": (),
    "caf": ("-c:a", "alac"),
    "au": (),
    "flac": (),
    "ogg": ("-c:a", "libvorbis"),
    "opus": (),
    "mp3": ("-q:a", "2"),
    "mp2": (),
    "m4a": ("-c:a", "alac"),
    "m4b": ("-c:a", "aac"),
    "aac": (),
    "latm": ("-c:a", "aac"),
    "ac3": (),
    "eac3": (),
    "dts": ("-strict", "-2"),
    "wma": (),
    "amr": ("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1"),
    "3gp": ("-c:a", "aac"),
    "mka": ("-c:a", "tta"),
    "webm": ("-c:a", "libopus"),
    "tta": (),
    "wv": (),
    "ts": ("-c:a", "aac"),
    "avi": ("-c:a", "mp3"),
    "flv": ("-c:a", "aac"),
    "mpg": (),
    "voc": ("-c:a", "pcm_u8", "-ar", "22050"),
    "sox": (),
}


def decoded(file: Path) -> tuple[npt.NDArray[np.float32], bool]:
    """The file's sound, and whether it was said to be damaged."""
    said: list[bool] = []
    blocks = list(decode_audio(file, damaged=lambda: said.append(True)))
    assert len(said) <= 1, "once"
    return np.concatenate([np.zeros((0, 2), np.float32), *blocks]), bool(said)


def pitch(sound: npt.NDArray[np.float32], at: float) -> int:
    """The loudest frequency, in Hz, of a tenth of a second."""
    part = sound[int(at * 48_000) :][:4_800, 0]
    return int(np.abs(np.fft.rfft(part * np.hanning(len(part)))).argmax()) * 10


@pytest.fixture
def tone(ffmpeg: Ffmpeg, tmp_path: Path) -> Path:
    """A second at 440 Hz, then a second at 880 Hz."""
    first, second = (f"sine={hertz}:r=48000:d=1" for hertz in (440, 880))
    out = tmp_path / "tone.wav"
    joined = ("-filter_complex", "[0][1]concat=v=0:a=1", "-ac", "2")
    ffmpeg("-f", "lavfi", "-i", first, "-f", "lavfi", "-i", second, *joined, str(out))
    return out


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_heard_and_no_whole_one_called_damaged(
    kind: str, tone: Path, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    file = tmp_path / f"sound.{kind}"
    ffmpeg("-i", str(tone), *KINDS[kind], str(file))
    sound, damaged = decoded(file)
    assert (pitch(sound, 0.5), pitch(sound, 1.5)) == (440, 880) and not damaged
    assert len(sound) == pytest.approx(96_000, abs=4_000)


def test_a_cover_and_chapters_do_not_disturb(tone: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", str(cover))
    pinned = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    for name in ("song.mp3", "song.m4a", "song.flac"):
        ffmpeg("-i", str(tone), "-i", str(cover), *pinned, str(tmp_path / name))
        sound, damaged = decoded(tmp_path / name)
        assert pitch(sound, 0.5) == 440 and not damaged


@pytest.mark.parametrize(("kind", "options"), [("m4a", ("-c:a", "aac")), ("mka", ("-c:a", "aac")), ("flac", ()), ("wv", ())])
def test_where_a_file_tells_its_times_what_is_damaged_becomes_silence_of_the_right_length(
    kind: str, options: tuple[str, ...], ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    file = tmp_path / f"hurt.{kind}"
    beep = "aevalsrc='(0.01+0.5*gte(t,1.5))*sin(2*PI*440*t)':s=48000:d=2"
    ffmpeg("-f", "lavfi", "-i", beep, *options, str(file))
    data = bytearray(file.read_bytes())
    for share in (0.2, 0.3):
        place = int(len(data) * share)
        data[place : place + 8] = b"JUNKJUNK"
    file.write_bytes(data)
    sound, _ = decoded(file)
    assert np.argmax(np.abs(sound[:, 0]) > 0.1) / 48_000 == pytest.approx(1.5, abs=0.005)


@pytest.mark.parametrize("kind", ["mp3", "aac", "flac", "wav", "mka"])
def test_the_part_of_a_cut_off_file_that_is_there_is_heard(kind: str, tone: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    file = tmp_path / f"part.{kind}"
    ffmpeg("-i", str(tone), *(("-c:a", "aac") if kind == "mka" else ()), str(file))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2 - 7])
    sound, _ = decoded(file)
    assert pitch(sound, 0.5) == 440 and 30_000 < len(sound) < 66_000


def test_junk_within_is_passed_over_and_said_once(tone: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    file = tmp_path / "junk.mp3"
    ffmpeg("-i", str(tone), str(file))
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 4] + b"JUNK\n" * 600 + data[len(data) // 4 :] + bytes(20_000))
    sound, damaged = decoded(file)
    assert damaged and pitch(sound, 1.5) == 880


@pytest.mark.parametrize("kind", ["mp3", "aac", "ac3"])
def test_a_file_may_change_its_rate_and_channels(kind: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    parts = {"mono": ("440:r=44100:d=1", "1"), "wide": ("880:r=48000:d=1", "2" if kind == "mp3" else "6")}
    for name, (source, channels) in parts.items():
        ffmpeg("-f", "lavfi", "-i", f"sine={source}", "-ac", channels, str(tmp_path / f"{name}.{kind}"))
    joined = tmp_path / f"joined.{kind}"
    joined.write_bytes(b"".join((tmp_path / f"{name}.{kind}").read_bytes() for name in ("mono", "wide", "mono")))
    sound, _ = decoded(joined)
    assert [pitch(sound, at) for at in (0.5, 1.6, 2.6)] == [440, 880, 440]


def test_joined_broadcasts_are_heard_one_after_the_other(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    for name, hertz, offset in (("a", 440, 0), ("b", 880, 7200)):
        source = ("-f", "lavfi", "-i", f"sine={hertz}:r=48000:d=1")
        ffmpeg(*source, "-c:a", "ac3", "-output_ts_offset", str(offset), str(tmp_path / f"{name}.ts"))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join((tmp_path / f"{name}.ts").read_bytes() for name in ("a", "b", "a")))
    sound, _ = decoded(joined)
    assert [pitch(sound, at) for at in (0.5, 1.5, 2.6)] == [440, 880, 440] and len(sound) < 3.2 * 48_000


@pytest.mark.parametrize("channels", [1, 3, 6, 8, 10])
def test_channels_without_names_are_mixed_to_stereo(channels: int, tmp_path: Path) -> None:
    sound = np.zeros((4_800, channels), "<i2")
    sound[:, 0] = 8_192
    file = tmp_path / "many.wav"
    with wave.open(str(file), "wb") as writer:
        writer.setparams((channels, 2, 48_000, 0, "NONE", ""))
        writer.writeframes(sound.tobytes())
    heard, _ = decoded(file)
    assert heard.shape == (4_800, 2) and heard[2_000, 0] > 0.15
    assert (heard[2_000, 1] > 0.15) == (channels == 1), "the first channel is the left one"


HALF = 0.5**0.5
SIDES = {"FL": (1, 0), "FR": (0, 1), "FC": (HALF, HALF), "LFE": (0, 0), "BC": (0.5, 0.5)}
SIDES |= dict.fromkeys(("BL", "SL"), (HALF, 0)) | dict.fromkeys(("BR", "SR"), (0, HALF))
LAYOUTS = {
    "mono": ["FC"],
    "stereo": ["FL", "FR"],
    "2.1": ["FL", "FR", "LFE"],
    "quad": ["FL", "FR", "BL", "BR"],
    "5.1": ["FL", "FR", "FC", "LFE", "BL", "BR"],
    "5.1(side)": ["FL", "FR", "FC", "LFE", "SL", "SR"],
    "6.1": ["FL", "FR", "FC", "LFE", "BC", "SL", "SR"],
    "7.1": ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"],
}


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_channel_is_heard_on_its_side_at_its_level(layout: str, codec: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """By ITU-R BS.775, whatever the samples are, and never scaled down to prevent clipping. Mono is as loud as its copy in
    stereo would be.
    """
    channels = LAYOUTS[layout]
    tones = "|".join(f"0.1*sin(2*PI*{600 + 100 * number}*t)" for number in range(len(channels)))
    file = tmp_path / "many.wav"
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc={tones}:c={layout}:s=48000:d=0.5", "-c:a", codec, str(file))
    spectrum = np.abs(np.fft.rfft(decoded(file)[0][4_800:19_200].astype(float), axis=0)) / 7_200 / 0.1
    for number, channel in enumerate(channels):
        wanted = (1, 1) if layout == "mono" else SIDES[channel]
        assert spectrum[round((600 + 100 * number) * 0.3)] == pytest.approx(wanted, abs=0.01), channel


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_a_second_is_a_second_at_every_rate(rate: int, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    file = tmp_path / "second.wav"
    ffmpeg("-f", "lavfi", "-i", f"sine=440:r={rate}:d=1", str(file))
    assert len(decoded(file)[0]) == 48_000


def test_numbers_that_are_none_are_silence_and_loud_ones_stay_loud(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    numbers = np.full(48_000, 2.5, "<f4")
    numbers[1_000], numbers[2_000], numbers[3_000] = np.nan, np.inf, 1e30
    (tmp_path / "raw").write_bytes(numbers.tobytes())
    file = tmp_path / "odd.wav"
    ffmpeg("-f", "f32le", "-ar", "48000", "-ac", "1", "-i", str(tmp_path / "raw"), "-c:a", "pcm_f32le", str(file))
    sound, _ = decoded(file)
    assert np.isfinite(sound).all() and abs(sound).max() < 100 and sound[40_000, 0] > 1.5


def test_a_file_with_no_sample_in_it_is_silent_and_one_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "empty.wav"), "wb") as writer:
        writer.setparams((1, 2, 48_000, 0, "NONE", ""))
    assert len(decoded(tmp_path / "empty.wav")[0]) == 0
    (tmp_path / "words.mp3").write_text("no sound at all\n" * 20)
    with pytest.raises(InputError, match="words.mp3"):
        decoded(tmp_path / "words.mp3")
