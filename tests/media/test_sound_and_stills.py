"""Sound as float samples at 48 kHz, still pictures as RGB, and the sweeping of what killed runs left."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from vidgen.errors import InputError
from vidgen.media.audio import decode_audio
from vidgen.media.files import atomic, part_name
from vidgen.media.frames import Frame
from vidgen.media.stills import read_image, write_image
from vidgen.media.sweep import sweep


def test_sound_of_any_rate_becomes_stereo_at_48_khz(clips: Path) -> None:
    sound = np.concatenate(list(decode_audio(clips / "sound.wav")))
    assert sound.dtype == np.float32 and sound.shape == (48_000, 2)
    assert np.array_equal(sound[:, 0], sound[:, 1])
    spectrum = np.abs(np.fft.rfft(sound[:, 0]))
    assert abs(int(spectrum.argmax()) - 440) <= 1


def test_a_part_of_the_sound_is_cut_to_the_sample(clips: Path) -> None:
    whole = np.concatenate(list(decode_audio(clips / "sound.wav")))
    part = np.concatenate(list(decode_audio(clips / "sound.wav", start=10_001, samples=5_003)))
    assert np.array_equal(part, whole[10_001:15_004])


def test_sound_in_a_video_is_found_and_its_absence_is_said(clips: Path) -> None:
    assert sum(map(len, decode_audio(clips / "sound24.mp4"))) == pytest.approx(48_000, abs=1500)
    with pytest.raises(InputError, match="has no sound"):
        list(decode_audio(clips / "plain24.mp4"))


def test_sound_that_starts_late_keeps_its_place(ffmpeg: Callable[..., None], clips: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"
    inputs = ("-i", str(clips / "plain24.mp4"), "-itsoffset", "0.25", "-i", str(clips / "sound.wav"))
    ffmpeg(*inputs, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_s16le", str(late))
    sound = np.concatenate(list(decode_audio(late)))
    assert abs(int(np.argmax(np.abs(sound[:, 0]) > 0.01)) - 12_000) < 100


def test_a_picture_written_is_the_picture_read(tmp_path: Path) -> None:
    picture = np.arange(6 * 5 * 3, dtype=np.uint8).reshape(6, 5, 3)
    write_image(tmp_path / "p.png", picture)
    assert np.array_equal(read_image(tmp_path / "p.png"), picture)
    with pytest.raises(InputError, match="written as"):
        write_image(tmp_path / "p.mp4", picture)
    assert [file.name for file in tmp_path.iterdir()] == ["p.png"]


def test_transparency_is_laid_over_black_and_16_bits_become_8(tmp_path: Path) -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[..., 2], clear[:2, :, 3] = 200, 255
    cv2.imwrite(str(tmp_path / "a.png"), clear)
    read = read_image(tmp_path / "a.png")
    assert tuple(read[0, 0]) == (200, 0, 0) and tuple(read[3, 0]) == (0, 0, 0)
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 4, 3), 65535, np.uint16))
    assert read_image(tmp_path / "deep.png").max() == 255 and read_image(tmp_path / "deep.png").dtype == np.uint8


def corners(picture: Frame) -> list[str]:
    """The colours of a picture's quarters, in reading order."""
    height, width = picture.shape[:2]
    spots = [picture[height * y // 4, width * x // 4].astype(int) for y in (1, 3) for x in (1, 3)]
    return ["white" if min(spot) > 180 else "rgb"[int(spot.argmax())] if max(spot) > 120 else "black" for spot in spots]


QUARTERS = np.zeros((40, 80, 3), np.uint8)
QUARTERS[:20, :40], QUARTERS[:20, 40:], QUARTERS[20:, :40], QUARTERS[20:, 40:] = (
    (230, 20, 20),
    (20, 200, 20),
    (20, 20, 220),
    240,
)
STORED = (None, *(Image.Transpose(number) for number in (0, 3, 1, 5, 2, 6, 4)))
"""How a picture lies in the file for each of EXIF's eight orientations."""


@pytest.mark.parametrize("form", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_photo_is_turned_upright(tmp_path: Path, form: str, orientation: int) -> None:
    picture, note = Image.fromarray(QUARTERS), Image.Exif()
    note[0x0112] = orientation
    way = STORED[orientation - 1]
    (picture if way is None else picture.transpose(way)).save(tmp_path / f"p.{form}", exif=note, quality=95)
    upright = read_image(tmp_path / f"p.{form}")
    assert upright.shape == (40, 80, 3) and corners(upright) == ["r", "g", "b", "white"]


def test_a_turned_picture_may_be_transparent(tmp_path: Path) -> None:
    note = Image.Exif()
    note[0x0112] = 6
    clear = Image.fromarray(QUARTERS).convert("RGBA")
    clear.putalpha(Image.fromarray(np.repeat(np.array([[255], [0]], np.uint8), 20, axis=0).repeat(80, axis=1)))
    clear.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "p.png", exif=note)
    assert corners(read_image(tmp_path / "p.png")) == ["r", "g", "black", "black"]


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "L", "LA", "I;16"])
def test_pictures_of_every_mode_are_read(tmp_path: Path, mode: str) -> None:
    deep = Image.fromarray(QUARTERS[..., 1].astype(np.uint16) * 257)
    picture = deep if mode == "I;16" else Image.fromarray(QUARTERS).convert(mode)
    picture.save(tmp_path / ("p.jpg" if mode in ("CMYK", "YCbCr") else "p.png"))
    read = read_image(next(tmp_path.iterdir()))
    assert read.dtype == np.uint8 and read.shape == (40, 80, 3) and read[30, 60].min() > 190 and read[10, 10].min() < 100


@pytest.mark.parametrize("depth", [np.uint16, np.float32])
def test_colour_of_more_than_8_bits_is_read(tmp_path: Path, depth: type) -> None:
    most = 65535 if depth is np.uint16 else 1.0
    deep = np.full((4, 4, 3), (0, most / 2, most), depth)
    cv2.imwrite(str(tmp_path / "p.tiff"), deep)
    assert np.abs(read_image(tmp_path / "p.tiff")[0, 0].astype(int) - (255, 128, 0)).max() <= 1


@pytest.mark.parametrize("form", ["gif", "webp", "png", "avif"])
def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path, form: str) -> None:
    first, second = Image.fromarray(QUARTERS), Image.fromarray(255 - QUARTERS)
    first.save(tmp_path / f"p.{form}", save_all=True, append_images=[second], duration=100)
    assert corners(read_image(tmp_path / f"p.{form}")) == ["r", "g", "b", "white"]


def test_a_colour_profile_is_followed_and_one_that_makes_no_sense_is_not(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = Image.fromarray(np.full((4, 4, 3), (200, 100, 50), np.uint8))
    for name, profile in (("lab", lab), ("nonsense", b"nonsense"), ("swapped", swapped_profile())):
        picture.save(tmp_path / f"{name}.png", icc_profile=profile)
    assert tuple(read_image(tmp_path / "lab.png")[0, 0]) == tuple(read_image(tmp_path / "nonsense.png")[0, 0]) == (200, 100, 50)
    red, green, blue = read_image(tmp_path / "swapped.png")[0, 0].astype(int)
    assert red < 110 and green > 190 and blue < 70


def swapped_profile() -> bytes:
    """sRGB, but that what it calls red is green, and the other way round."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"gXYZ", b"rXYZ").replace(b"?XYZ", b"gXYZ")


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    Image.fromarray(QUARTERS).save(tmp_path / "wrong.png", "JPEG", progressive=True, quality=95)
    assert corners(read_image(tmp_path / "wrong.png")) == ["r", "g", "b", "white"]


def test_a_picture_that_is_cut_off_empty_or_heic_is_one_clear_line(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / "p.png")
    data = (tmp_path / "p.png").read_bytes()
    wrong = {"cut": (data[: len(data) // 2], "truncated"), "empty": (b"", "empty")}
    wrong["heic"] = (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC")
    for name, (content, word) in wrong.items():
        (tmp_path / f"{name}.png").write_bytes(content)
        with pytest.raises(InputError, match=word) as caught:
            read_image(tmp_path / f"{name}.png")
        assert f"{name}.png" in caught.value.message and "\n" not in caught.value.message


def test_a_picture_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(InputError, match="30000x30000"):
        read_image(tmp_path / "bomb.png")


@pytest.mark.parametrize("form", [".png", ".jpg", ".webp"])
def test_the_size_limit_holds_for_every_form(tmp_path: Path, form: str) -> None:
    write_image(tmp_path / f"p{form}", np.zeros((20, 30, 3), np.uint8))
    assert read_image(tmp_path / f"p{form}", max_pixels=600).shape == (20, 30, 3)
    with pytest.raises(InputError, match="30x20 pixels"):
        read_image(tmp_path / f"p{form}", max_pixels=599)


def test_what_is_not_a_picture_is_one_clear_line(clips: Path, tmp_path: Path) -> None:
    for name in ("empty.mp4", "words.mp4"):
        with pytest.raises(InputError, match="not a readable picture"):
            read_image(clips / name)
    with pytest.raises(InputError, match="does not exist"):
        read_image(tmp_path / "nowhere.png")


def test_unfinished_files_of_dead_processes_are_swept_and_no_others(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "deep").mkdir()
    dead = [tmp_path / f".film.{gone.pid}.part.mp4", tmp_path / "deep" / f".film.{gone.pid}.part.mp4"]
    alive = part_name(tmp_path / "film.mp4")
    others = [tmp_path / "film.part.mp4", tmp_path / ".notes.part", tmp_path / "film.mp4"]
    for file in (*dead, alive, *others):
        file.write_bytes(b"x")
    assert f".{os.getpid()}.part" in alive.name
    assert sweep(tmp_path) == dead[:1]
    assert sweep(tmp_path, deep=True) == dead[1:]
    assert all(file.exists() for file in (alive, *others))


def test_threads_that_write_the_same_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    together = threading.Barrier(2)

    def write(text: str) -> None:
        with atomic(tmp_path / "score.json") as part:
            part.write_text(text)
            together.wait(timeout=10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ("same", "same")))
    assert (tmp_path / "score.json").read_text() == "same"
    assert [file.name for file in tmp_path.iterdir()] == ["score.json"]
