"""Checks of the sound: loudness, peaks, silence, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.qc.clips import checks, film, found, moving, stem, tone

DEEP = ("-c:a", "pcm_s24le")


def tone_at(path: Path, lufs: float, **more: object) -> Path:
    return stem(path, tone(10 ** (lufs / 20), **more), *DEEP)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("delivery", "lufs", "ok"),
    [
        ("broadcast", -22.55, True),
        ("broadcast", -22.35, False),
        ("broadcast", -23.45, True),
        ("broadcast", -23.65, False),
        ("atsc", -22.1, True),
        ("atsc", -21.8, False),
        ("web", -13.1, True),
        ("web", -12.8, False),
        ("podcast", -16.9, True),
        ("podcast", -17.2, False),
        ("any", -40, True),
    ],
)
def test_loudness_is_within_the_tolerance_of_its_target(delivery: str, lufs: float, ok: bool, tmp_path: Path) -> None:
    value, passed, _ = found(tone_at(tmp_path / "a.wav", lufs), "loudness", delivery)
    assert value == pytest.approx(lufs, abs=0.11) and passed is ok


@pytest.mark.parametrize(("delivery", "dbtp", "ok"), [("web", -1.1, True), ("web", -0.8, False), ("atsc", -1.8, False)])
def test_peaks_are_below_their_limit(delivery: str, dbtp: float, ok: bool, tmp_path: Path) -> None:
    late = f"between(t,0,0.5)*0.1+between(t,2,2.2)*{10 ** (dbtp / 20)}"
    value, passed, at = found(stem(tmp_path / "a.wav", tone(1, when=late, right=0.0), *DEEP), "true_peak", delivery)
    assert value == pytest.approx(dbtp, abs=0.2) and passed is ok and at == pytest.approx(2.0, abs=0.11)


def test_peaks_between_samples_count(tmp_path: Path) -> None:
    between = "aevalsrc='0.98*sin(2*PI*12000*t+PI/4)|0':s=48000:d=1"  # no sample is above 0.7
    value, ok, _ = found(stem(tmp_path / "a.wav", between, *DEEP), "true_peak", "broadcast")
    assert isinstance(value, float) and value > -0.5 and not ok


@pytest.mark.parametrize(("seconds", "ok"), [(4.8, True), (5.2, False)])
def test_a_long_silence_is_found_with_its_place(seconds: float, ok: bool, tmp_path: Path) -> None:
    gap = tone(0.1, seconds=9, when=f"1-between(t,2,{2 + seconds})", right=None)
    both = gap.replace("|0.1*sin(2*PI*997*t)", f"|0.1*sin(2*PI*997*t)*(1-between(t,2,{2 + seconds}))")
    value, passed, at = found(stem(tmp_path / "a.wav", both, *DEEP), "silence", "broadcast")
    assert value == pytest.approx(seconds, abs=0.15) and passed is ok and at == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize(("when", "begin"), [("gt(t,6)", 0.0), ("lt(t,2)", 2.0)])
def test_silence_at_either_end_counts(when: str, begin: float, tmp_path: Path) -> None:
    quiet = f"aevalsrc='0.1*sin(2*PI*997*t)*{when}':s=48000:d=8"
    value, ok, at = found(stem(tmp_path / "a.wav", quiet, *DEEP), "silence", "podcast")
    assert value == pytest.approx(6, abs=0.15) and not ok and at == pytest.approx(begin, abs=0.15)


def test_a_sound_that_never_stops_has_no_silence(tmp_path: Path) -> None:
    assert found(tone_at(tmp_path / "a.wav", -23), "silence") == (0.0, True, None)


def test_a_dead_channel_is_found(tmp_path: Path) -> None:
    assert found(stem(tmp_path / "a.wav", tone(0.1, right=0.0)), "dead_channels")[:2] == (1, False)
    assert found(stem(tmp_path / "b.wav", tone(0.1, right=0.01)), "dead_channels")[:2] == (0, True)
    mono = stem(tmp_path / "c.wav", "sine=d=1:r=48000")
    assert found(mono, "dead_channels")[:2] == (0, True)


def test_sound_that_is_asked_for_and_missing_fails(tmp_path: Path) -> None:
    mute = film(tmp_path / "a.mp4", moving())
    silent = film(tmp_path / "b.mp4", moving(), "-c:a", "aac", sound="anullsrc=d=2:r=48000")
    for path, value in ((mute, "none"), (silent, "silent")):
        assert found(path, "sound", "broadcast") == (value, False, None)
        assert found(path, "sound", "web") == (value, True, None)
        assert "loudness" not in checks(path, "web"), "what is not there has no loudness"


@pytest.mark.parametrize(("seconds", "ok"), [(2.05, True), (2.3, False), (1.7, False)])
def test_sound_and_picture_have_one_length(seconds: float, ok: bool, tmp_path: Path) -> None:
    long = film(tmp_path / "a.mov", moving(), "-c:a", "pcm_s16le", sound=tone(0.2, seconds=seconds))
    value, passed, _ = found(long, "sound_length", "web")
    assert value == pytest.approx(seconds - 2, abs=0.03) and passed is ok


def test_rate_and_channels_are_told(tmp_path: Path) -> None:
    seen = checks(stem(tmp_path / "a.wav", "sine=d=1:r=44100"), "broadcast")
    assert (seen["sample_rate"].value, seen["sample_rate"].ok) == (44100, False)
    assert (seen["channels"].value, seen["channels"].ok) == (1, True)


def test_damaged_sound_is_found(tmp_path: Path) -> None:
    data = bytearray(stem(tmp_path / "a.flac", "anoisesrc=d=2:r=48000").read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 40):
        data[at] ^= 0x5A
    (tmp_path / "a.flac").write_bytes(data)
    assert not checks(tmp_path / "a.flac")["decodes"].ok
