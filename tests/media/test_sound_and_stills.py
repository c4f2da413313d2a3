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

from vidgen.errors import InputError
from vidgen.media.audio import decode_audio
from vidgen.media.files import atomic, part_name
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


def test_a_phone_photo_is_turned_upright(tmp_path: Path) -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, :40] = 255
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + b"\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    (tmp_path / "p.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    upright = read_image(tmp_path / "p.jpg")
    assert upright.shape == (80, 40, 3) and upright[10, 20, 0] > 240 and upright[70, 20, 0] < 15


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
