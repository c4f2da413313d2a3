"""What a file of unknown origin really gives is counted by decoding all of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from vidgen.errors import InputError
from vidgen.media.encode import DEEP, MASTER, delivery
from vidgen.media.exact import probe_exact, usual_rate
from vidgen.media.probe import probe, zero_of

MS, TS = Fraction(1, 1000), Fraction(1, 90000)
RATES = [*((Fraction(rate), tick) for rate in (24, 25, 30, 60, "1/2") for tick in (MS, TS)), (Fraction(60000, 1001), TS)]


@pytest.mark.parametrize(("rate", "tick"), RATES)
def test_the_usual_rate_is_found_between_holes_and_rounded_times(rate: Fraction, tick: Fraction) -> None:
    frame, times, holes = 0, [], random.Random(3)
    for _ in range(200):
        times.append(round(frame / rate / tick))
        frame += holes.choice([1, 1, 1, 1, 3])
    assert usual_rate(times, tick) == rate


def test_times_are_multiples_of_the_frame_where_the_rate_is_constant(clips: Path) -> None:
    info = probe_exact(clips / "ntsc23976.mp4")
    assert info.times[:3] == (0, Fraction(1001, 24000), Fraction(1001, 12000))
    assert (info.frames, info.usual_rate, info.faults) == (24, Fraction(24000, 1001), "")


def test_joined_transport_streams_are_one_film(ffmpeg: Callable[..., None], clips: Path, tmp_path: Path) -> None:
    ffmpeg("-i", str(clips / "sound24.mp4"), "-c", "copy", str(tmp_path / "one.ts"))
    two = tmp_path / "two.ts"
    two.write_bytes((tmp_path / "one.ts").read_bytes() * 2)  # the clock starts again in the middle
    info = probe_exact(two)
    assert info.frames == 48 and info.duration_s == pytest.approx(2, abs=0.1)
    assert list(info.times) == sorted(info.times)


def test_damage_in_the_middle_is_a_fault_and_its_pictures_are_not_counted(clips: Path, tmp_path: Path) -> None:
    data = bytearray((clips / "whole.mp4").read_bytes())
    start = data.index(b"mdat") + 4
    data[start + 2000 : start + 2400] = b"\xff" * 400
    (tmp_path / "bad.mp4").write_bytes(data)
    info = probe_exact(tmp_path / "bad.mp4")
    assert info.faults and 0 < info.frames <= 24


def test_where_nothing_decodes_there_is_one_clear_line(clips: Path, tmp_path: Path) -> None:
    data = bytearray((clips / "whole.mp4").read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    (tmp_path / "bad.mp4").write_bytes(data)
    with pytest.raises(InputError) as caught:
        probe_exact(tmp_path / "bad.mp4")
    assert caught.value.code == "media.unreadable" and "\n" not in caught.value.message


def test_ffmpegs_zero_is_the_first_of_the_streams_that_are_read_where_times_may_jump(
    ffmpeg: Callable[..., None], clips: Path, tmp_path: Path
) -> None:
    import av

    for name, jumps in (("late.ts", True), ("late.mkv", False)):
        ffmpeg(
            "-i",
            str(clips / "plain24.mp4"),
            "-itsoffset",
            "0.5",
            "-i",
            str(clips / "sound.wav"),
            "-c:v",
            "copy",
            str(tmp_path / name),
        )
        with av.open(str(tmp_path / name)) as container:
            apart = zero_of(container, container.streams.audio) - zero_of(container, container.streams.video)
        assert float(apart) == pytest.approx(0.45 if jumps else 0, abs=0.1)


def test_more_than_8_bits_become_10_in_hevc(clips: Path) -> None:
    ten, eight = probe(clips / "tenbit_44k.mp4"), probe(clips / "plain24.mp4")
    assert delivery(ten, 96, 64).pix_fmt == DEEP and "libx265" in delivery(ten, 96, 64).video_args(Fraction(24))
    assert delivery(eight, 96, 64) == MASTER and delivery(ten, 96, 8) == MASTER  # the encoder takes no side under 16
