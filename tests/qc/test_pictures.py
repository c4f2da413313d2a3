"""Checks of the picture: each just inside its limit and just past it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from tests.qc.clips import changed, checks, film, found, moving, over, plain

from vidgen.qc.stretches import RepeatMeter


@pytest.mark.parametrize(("frames", "ok"), [(50, True), (51, False)])
def test_black_as_long_as_is_allowed_passes_and_a_frame_more_fails(frames: int, ok: bool, tmp_path: Path) -> None:
    dark = over(moving(seconds=3), plain("black", seconds=3), when=f"between(n,10,{9 + frames})")
    assert found(film(tmp_path / "a.mp4", dark), "black", "broadcast") == (frames / 25, ok, 0.4)


def test_black_at_the_end_counts_to_the_end(tmp_path: Path) -> None:
    dark = over(moving(seconds=4), plain("black", seconds=4), when="gte(n,20)")
    assert found(film(tmp_path / "a.mp4", dark), "black", "web") == (3.2, False, 0.8)


@pytest.mark.parametrize(("size", "black"), [("12x8", 1.0), ("12x10", 0.0)])
def test_black_may_have_a_little_light_in_it(size: str, black: float, tmp_path: Path) -> None:
    lit = over(plain("black", seconds=1), plain("white", seconds=1, size=size))  # 1.9 and 2.3 % of the picture
    assert found(film(tmp_path / "a.mp4", lit), "black")[0] == black


@pytest.mark.parametrize(("luma", "black"), [(28, 1.0), (31, 0.0)])
def test_a_dark_picture_is_not_black(luma: int, black: float, tmp_path: Path) -> None:
    assert found(film(tmp_path / "a.mp4", plain("black", seconds=1, luma=luma)), "black")[0] == black


@pytest.mark.parametrize(("frames", "ok"), [(74, True), (75, False)])
def test_a_held_picture_is_found(frames: int, ok: bool, tmp_path: Path) -> None:
    held = changed(
        film(tmp_path / "a.mp4", moving(seconds=1)),
        tmp_path / "b.mp4",
        "-vf",
        f"tpad=stop_mode=clone:stop={frames}",
        "-qp",
        "0",
    )
    assert found(held, "frozen", "broadcast") == ((frames + 1) / 25, ok, 0.96)


def test_a_held_picture_is_found_through_the_key_frames_of_a_coarse_encoding(tmp_path: Path) -> None:
    card = film(tmp_path / "a.mp4", "testsrc2=s=96x54:r=25:d=0.04,loop=149:1,setpts=N/25/TB", "-qp", "38", "-g", "12")
    assert found(card, "frozen", "web") == (6.0, False, 0.0)


def test_a_slow_move_is_not_held(tmp_path: Path) -> None:
    assert found(film(tmp_path / "a.mp4", moving(seconds=4, speed="0.25")), "frozen", "broadcast")[1]


def test_black_is_not_held(tmp_path: Path) -> None:
    assert found(film(tmp_path / "a.mp4", plain("black", seconds=4)), "frozen", "broadcast") == (0.0, True, None)


def test_a_frame_that_is_repeated_in_motion_is_found(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mp4", moving())
    assert found(whole, "repeated_frames") == (0, True, None)
    twice = changed(whole, tmp_path / "b.mp4", "-vf", "select='not(eq(n,20))'", "-fps_mode", "cfr", "-r", "25", "-crf", "23")
    value, ok, at = found(twice, "repeated_frames")
    assert (value, ok) == (1, False) and at == pytest.approx(0.8, abs=0.05)
    assert checks(twice)["frame_times"].ok


def test_24_frames_shown_as_30_repeat_every_fifth(tmp_path: Path) -> None:
    wrong = changed(film(tmp_path / "a.mp4", moving(rate=24)), tmp_path / "b.mp4", "-vf", "fps=30", "-qp", "0")
    assert found(wrong, "repeated_frames")[0] == pytest.approx(12, abs=1)


def test_drawings_on_twos_and_strobes_repeat_nothing(tmp_path: Path) -> None:
    twos = changed(film(tmp_path / "a.mp4", moving(rate=12)), tmp_path / "b.mp4", "-vf", "fps=24", "-qp", "0")
    strobe = film(tmp_path / "c.mp4", over(moving(speed="0"), plain("white"), when="lt(mod(n,6),3)"))
    assert checks(twos)["repeated_frames"].ok and checks(strobe)["repeated_frames"].ok


def test_two_fades_with_a_flat_frame_between_them_repeat_nothing(tmp_path: Path) -> None:
    dip = f"{moving()},fade=out:10:10,fade=in:24:10"
    assert checks(film(tmp_path / "a.mp4", dip))["repeated_frames"].ok


def test_a_stall_is_counted_with_all_its_frames_and_a_held_shot_is_not() -> None:
    import numpy as np

    def repeats(steps: list[int]) -> int:
        meter, picture = RepeatMeter(Fraction(1, 25)), np.zeros((18, 32), np.uint8)
        for number, step in enumerate([0, *steps]):
            picture = np.roll(picture, step, axis=1)
            if number == 0:
                picture[:, :10] = 90
            meter.add(number, picture)
        return meter.count

    assert repeats([1, 1, 1, 0, 0, 0, 4, 1, 1]) == 3
    assert repeats([1, 1, *[0] * 5, 1, 1]) == 5
    assert repeats([1, 1, *[0] * 6, 1, 1]) == 0, "0.24 s is a hold"
    assert repeats([1, 0, 1, 0, 1, 0, 1]) == 0, "on twos"
    assert repeats([*[0] * 10, 1, 1, 1]) == 0 and repeats([1, 1, 1, *[0] * 10]) == 0


@pytest.mark.parametrize(("size", "ok"), [("12x4", True), ("14x4", False)])
@pytest.mark.parametrize("luma", [4, 247])
def test_one_percent_of_the_picture_may_be_outside_of_the_legal_range(luma: int, size: str, ok: bool, tmp_path: Path) -> None:
    box = over(plain("gray", seconds=1), plain("gray", seconds=1, size=size, luma=luma), when="gte(n,10)")
    value, passed, at = found(film(tmp_path / "a.mp4", box), "legal_range", "broadcast")
    assert passed is ok and at == 0.4 and value == pytest.approx(0.93 if ok else 1.08, abs=0.01)


@pytest.mark.parametrize(("luma", "share"), [(5, 0), (246, 0), (3, 100), (248, 100)])
def test_the_legal_range_is_that_of_r_103(luma: int, share: float, tmp_path: Path) -> None:
    assert found(film(tmp_path / "a.mp4", plain("gray", seconds=0.2, luma=luma)), "legal_range")[0] == share


@pytest.mark.parametrize(("luma", "share"), [(20, 0), (984, 0), (16, 100), (988, 100)])
def test_ten_bits_have_their_own_codes(luma: int, share: float, tmp_path: Path) -> None:
    deep = f"color=gray:s=96x54:r=25:d=0.2,format=yuv420p10le,lutyuv=y={luma}:u=512:v=512"
    args = ("-c:v", "ffv1", "-pix_fmt", "yuv420p10le")
    assert found(film(tmp_path / "a.mkv", deep, *args), "legal_range")[0] == share


def test_colours_that_no_rgb_has_are_outside_of_the_legal_range(tmp_path: Path) -> None:
    fine = film(tmp_path / "a.mp4", plain("red", seconds=0.2))
    odd = film(tmp_path / "b.mp4", "color=gray:s=96x54:r=25:d=0.2,format=yuv420p,lutyuv=y=200:u=90:v=240")
    assert found(fine, "legal_range")[0] == 0 and found(odd, "legal_range")[0] == 100


def test_full_range_levels_under_a_limited_tag_fail_and_under_their_own_tag_are_told_as_tag(tmp_path: Path) -> None:
    stripes = "color=gray:s=96x54:r=25:d=0.2,format=yuv420p,geq=lum='if(lt(X,48),0,255)':cb=128:cr=128"
    assert found(film(tmp_path / "a.mp4", stripes), "legal_range", "web")[:2] == (100, False)
    own = film(tmp_path / "b.mp4", stripes, tags="setparams=range=pc:color_primaries=bt709:color_trc=bt709:colorspace=bt709")
    seen = checks(own, "broadcast")
    assert "legal_range" not in seen and not seen["colour_tags"].ok
    assert seen["colour_tags"].value == "bt709/bt709/bt709/full"
