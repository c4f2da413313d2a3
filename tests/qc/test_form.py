"""Checks of the form: container, codec, size, rate, frame times, tags, damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.qc.clips import TAGGED, changed, checks, film, found, moving, plain, stem, tone

from vidgen.errors import InputError


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film without a fault."""
    folder = tmp_path_factory.mktemp("films")
    return film(folder / "good.mp4", moving(), "-c:a", "aac", sound=tone(0.2, seconds=2))


def test_a_good_film_passes_everything(good: Path) -> None:
    assert [name for name, check in checks(good, "web").items() if not check.ok] == []


def test_every_check_is_told_of_a_film(good: Path) -> None:
    from vidgen.qc.presets import check_rows

    assert list(checks(good)) == list(check_rows())


def test_a_frame_that_is_missing_is_found_by_its_time(good: Path, tmp_path: Path) -> None:
    short = changed(good, tmp_path / "a.mp4", "-vf", "select='not(between(n,20,21))'", "-fps_mode", "passthrough", "-an")
    assert found(short, "dropped_frames") == (2, False, 0.76)
    assert found(short, "frame_times") == (1, False, 0.76)
    assert found(good, "dropped_frames") == (0, True, None)


def test_a_variable_rate_is_found(good: Path, tmp_path: Path) -> None:
    uneven = "setpts='(N/25+0.01*mod(N,2))/TB'"
    variable = changed(good, tmp_path / "a.mp4", "-vf", uneven, "-fps_mode", "vfr", "-enc_time_base", "1/1000", "-an")
    value, ok, at = found(variable, "frame_times")
    assert isinstance(value, int) and value > 20 and not ok and at is not None


def test_one_tick_off_is_not_one_gap(good: Path, tmp_path: Path) -> None:
    once = "setpts='N*512+eq(N,20)'"
    jitter = changed(
        good, tmp_path / "a.mp4", "-vf", f"settb=1/12800,{once}", "-fps_mode", "passthrough", "-enc_time_base", "1/12800", "-an"
    )
    assert found(jitter, "frame_times")[:2] == (2, False)


@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60000/1001", "25", "60"])
@pytest.mark.parametrize("container", ["mp4", "mkv", "mov"])
def test_rates_are_exact_and_even_in_every_clock(rate: str, container: str, tmp_path: Path) -> None:
    seen = checks(film(tmp_path / f"a.{container}", moving(rate=rate, seconds=1.2)), "web")
    numerator, _, denominator = rate.partition("/")
    assert seen["rate"].value == pytest.approx(int(numerator) / int(denominator or 1), abs=1e-5)
    assert seen["rate"].ok and seen["frame_times"].ok and seen["dropped_frames"].ok


@pytest.mark.parametrize(
    ("rate", "ok"), [("25", True), ("50", True), ("30000/1001", True), ("60000/1001", True), ("24", False), ("30", False)]
)
def test_broadcast_has_its_rates(rate: str, ok: bool, tmp_path: Path) -> None:
    assert found(film(tmp_path / "a.mp4", plain("gray", rate=rate, seconds=0.5)), "rate", "broadcast")[1] is ok


@pytest.mark.parametrize(
    ("tags", "value", "ok"),
    [
        (TAGGED, "bt709/bt709/bt709/limited", True),
        ("setparams=range=tv:colorspace=unknown", "untagged/untagged/untagged/limited", False),
        (TAGGED.replace("primaries=bt709", "primaries=bt2020"), "bt2020/bt709/bt709/limited", False),
        (TAGGED.replace("trc=bt709", "trc=smpte2084"), "bt709/pq/bt709/limited", False),
    ],
)
def test_tags_are_those_of_bt_709(tags: str, value: str, ok: bool, tmp_path: Path) -> None:
    untagged = film(tmp_path / "a.mkv", plain("gray", seconds=0.2), tags=tags)
    for delivery in ("web", "broadcast"):
        assert found(untagged, "colour_tags", delivery) == (value, ok, None)
    assert found(untagged, "colour_tags")[1], "nothing is asked of any film"


def test_size_is_that_shown(good: Path, tmp_path: Path) -> None:
    assert found(good, "size", "broadcast")[:2] == ("96x54", False)
    assert found(film(tmp_path / "a.mp4", plain("gray", size="1280x720", seconds=0.2)), "size", "broadcast")[:2] == (
        "1280x720",
        True,
    )
    turned = changed(good, tmp_path / "b.mp4", "-c", "copy")
    turned = changed_with_turn(turned, tmp_path / "c.mp4")
    assert found(turned, "size")[0] == "54x96"
    wide = changed(good, tmp_path / "d.mp4", "-vf", "setsar=4/3", "-an")
    assert found(wide, "pixel_shape", "web")[:2] == ("4:3", False)


def changed_with_turn(source: Path, path: Path) -> Path:
    from vidgen.media.ffmpeg import run_ffmpeg

    run_ffmpeg(["-display_rotation", "90", "-i", f"file:{source}", "-c", "copy", f"file:{path}"], what="turning")
    return path


def test_a_size_that_changes_is_found(good: Path, tmp_path: Path) -> None:
    small = changed(good, tmp_path / "small.ts", "-vf", "scale=64:36", "-an")
    large = changed(good, tmp_path / "large.ts", "-an")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(large.read_bytes() + small.read_bytes())
    assert found(joined, "size", "broadcast")[:2] == ("changes", False)


@pytest.mark.parametrize(
    ("name", "options", "codec", "container", "ok"),
    [
        ("a.mp4", ("-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"), "hevc", "mp4", True),
        ("a.mp4", ("-c:v", "libsvtav1", "-preset", "12"), "av1", "mp4", True),
        ("a.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime"), "vp9", "webm", True),
        ("a.mov", ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), "prores", "mov", True),
        ("a.mkv", (), "h264", "mkv", False),
        ("a.avi", ("-c:v", "mpeg4", "-q:v", "2"), "mpeg4", "avi", False),
    ],
)
def test_containers_and_codecs_have_their_names(
    name: str, options: tuple[str, ...], codec: str, container: str, ok: bool, good: Path, tmp_path: Path
) -> None:
    seen = checks(changed(good, tmp_path / name, *options, "-an"), "web")
    assert (seen["video_codec"].value, seen["container"].value) == (codec, container)
    assert (seen["video_codec"].ok and seen["container"].ok) is ok
    assert seen["decodes"].ok and seen["frame_times"].ok and seen["repeated_frames"].ok


def test_fields_are_found(good: Path, tmp_path: Path) -> None:
    fields = changed(
        good, tmp_path / "a.mp4", "-vf", "scale=96:64,setfield=tff", "-flags", "+ildct+ilme", "-x264-params", "tff=1", "-an"
    )
    assert found(fields, "scan", "web")[:2] == ("interlaced", False)


def test_bytes_that_were_changed_are_found(good: Path, tmp_path: Path) -> None:
    assert found(good, "decodes") == (0, True, None)
    data = bytearray(good.read_bytes())
    start, size = data.index(b"mdat"), len(data)
    for at in range(start + size // 4, start + size // 4 + 60):
        data[at] ^= 0x5A
    (tmp_path / "a.mp4").write_bytes(data)
    value, ok, _ = found(tmp_path / "a.mp4", "decodes")
    assert isinstance(value, int) and value > 0 and not ok


def test_a_file_that_is_cut_off_is_found(good: Path, tmp_path: Path) -> None:
    whole = changed(good, tmp_path / "a.mp4", "-c", "copy", "-movflags", "+faststart").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    assert not checks(tmp_path / "cut.mp4")["decodes"].ok


def test_a_word_in_a_title_is_no_damage(good: Path, tmp_path: Path) -> None:
    named = changed(
        good,
        tmp_path / "a.mp4",
        "-c",
        "copy",
        "-metadata",
        "title=[error] corrupt, invalid data",
        "-metadata",
        "comment=x\n[aac] [error]",
    )
    assert checks(named)["decodes"].ok


def test_a_picture_and_a_sound_have_the_checks_that_apply(good: Path, tmp_path: Path) -> None:
    poster = changed(good, tmp_path / "a.png", "-frames:v", "1")
    assert list(checks(poster)) == ["decodes", "container", "video_codec", "pixel_format", "size", "pixel_shape"]
    assert all(check.ok for check in checks(poster, "web").values())
    sound = list(checks(stem(tmp_path / "a.wav", tone(0.1, seconds=1))))
    assert sound[:3] == ["decodes", "container", "sound"] and "loudness" in sound and "sound_length" not in sound
    assert checks(stem(tmp_path / "b.wav", tone(0.0708), "-c:a", "pcm_s24le"), "broadcast")["loudness"].ok


def test_a_gif_is_a_film(good: Path, tmp_path: Path) -> None:
    seen = checks(changed(good, tmp_path / "a.gif", "-an"))
    assert seen["rate"].value == 25 and "legal_range" not in seen and seen["luminance_flashes"].ok


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "media.unreadable"), (b"not a film", "media.unreadable"), (None, "media.not_found")]
)
def test_what_is_no_media_is_refused(content: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        checks(path)
    assert refused.value.code == code
