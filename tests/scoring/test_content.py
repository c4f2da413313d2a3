"""What a take shows: text that does not hold still and indecent pictures, and what must never be taken for them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.scoring.faulty_clips import Pictures, scene, texture

from vidgen.media.ffmpeg import find_ffmpeg
from vidgen.media.frames import frames_at, read_frames
from vidgen.scoring import Veto, content, letters, score_takes
from vidgen.scoring.checks import CHECKS
from vidgen.weights.fonts import font_file

Clip = Callable[..., Path]

reads_text = pytest.mark.skipif(not CHECKS["garbled_text"].available, reason=CHECKS["garbled_text"].install)
sees_nsfw = pytest.mark.skipif(not CHECKS["nsfw"].available, reason=CHECKS["nsfw"].install)

SIZE = (640, 360)
LATIN, KANA, CYRILLIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "あいうえおかきくけこさしすせそたちつてと東京花火", "БГДЖЗИЛПФЦЧШЩЫЭЮЯ"


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file("sans")), size)


@cache
def ground() -> Image.Image:
    return Image.fromarray((texture(5, *SIZE) * 0.4).astype(np.uint8))


def written(*lines: tuple[str, float, float, int], light: int = 240) -> np.ndarray:
    """A picture with lines of text: what, left, top, size in pixels."""
    picture = ground().copy()
    draw = ImageDraw.Draw(picture)
    for text, left, top, size in lines:
        draw.text((left, top), text, font=font(size), fill=(light, light, light * 4 // 5))
    return np.asarray(picture)


def words(alphabet: str, count: int) -> list[str]:
    rng = np.random.default_rng(7)
    return ["".join(rng.choice(list(alphabet), 11)) for _ in range(count)]


def credits_at(speed: float) -> Pictures:
    """Lines 40 pixels apart that scroll up."""
    names = words(LATIN.lower(), 30)
    return [
        written(*((name, 180, 40 * line - 200 - speed * index, 26) for line, name in enumerate(names))) for index in range(5)
    ]


STEADY: dict[str, Callable[[], Pictures]] = {
    "a sign that pans": lambda: [written(("GRAND HOTEL", 60 + 25 * index, 150, 44)) for index in range(5)],
    "a quick pan": lambda: [cv2.blur(written(("GRAND HOTEL", 40 + 60 * index, 150, 44)), (31, 1)) for index in range(5)],
    "a title that fades": lambda: [written(("GRAND HOTEL", 150, 150, 44), light=60 + 40 * index) for index in range(5)],
    "small text": lambda: [written(("the quick brown fox jumps", 100 + 4 * index, 150, 12)) for index in range(5)],
    "Japanese": lambda: [written(("ひまわり喫茶店へようこそ", 40 + 8 * index, 150, 36)) for index in range(5)],
    "Cyrillic": lambda: [written(("ЖЩЮ ЦЫПЛЯЧЬЯ ЭЛЬФ", 60 + 3 * index, 150, 36)) for index in range(5)],
    "slow credits": lambda: credits_at(4),
    "credits that move by half a line": lambda: credits_at(20),
    "credits whose next line takes the place": lambda: credits_at(40),
    "a clock": lambda: [written((f"00:12:{7 + index:02d}:{17 * index:02d}", 150, 150, 44)) for index in range(5)],
    "no text": lambda: [written()] * 5,
}


def encoded(pictures: Sequence[np.ndarray], file: Path) -> Path:
    """As a provider would deliver them: crf 28."""
    command = [
        *(str(find_ffmpeg().path), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "640x360", "-r", "24"),
        *("-i", "-", "-c:v", "libx264", "-crf", "28", "-preset", "veryfast", "-pix_fmt", "yuv420p", str(file)),
    ]
    subprocess.run(command, input=b"".join(picture.tobytes() for picture in pictures), check=True)
    return file


@reads_text
@pytest.mark.parametrize("name", STEADY)
def test_clean_text_is_not_garbled(name: str, tmp_path: Path) -> None:
    assert letters.redrawn(list(read_frames(encoded(STEADY[name](), tmp_path / "text.mp4")))) <= 1


@reads_text
@pytest.mark.parametrize("script", [LATIN, LATIN.lower(), KANA, CYRILLIC])
def test_letters_that_are_drawn_anew_are_garbled(script: str, tmp_path: Path) -> None:
    pictures = [written((text, 90 + 4 * index, 150, 36)) for index, text in enumerate(words(script, 5))]
    assert letters.redrawn(list(read_frames(encoded(pictures, tmp_path / "text.mp4")))) == 4


@reads_text
def test_garbled_text_is_a_veto_with_a_place_and_a_picture_and_is_looked_for_once(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = clip("sign", [written((text, 90, 150, 36)) for text in words(LATIN, 24)])
    (card,) = score_takes([file], cache=tmp_path / "kept", evidence=tmp_path / "faults")
    (veto,) = (veto for veto in card.vetoes if veto.code == "garbled_text")
    assert veto.at_s == pytest.approx(2 / 24, abs=0.001)
    assert veto.evidence is not None and veto.evidence.is_file()
    monkeypatch.setattr(letters, "redrawn", None)
    assert score_takes([file], cache=tmp_path / "kept")[0].vetoes[-1].code == "garbled_text"
    chosen = score_takes([file], cache=tmp_path / "other", veto=["freeze"])[0]
    assert "garbled_text" not in [veto.code for veto in chosen.vetoes]


@sees_nsfw
def test_drawn_scenes_are_harmless(clip: Clip, tmp_path: Path) -> None:
    (card,) = score_takes([clip("clean", scene())], cache=tmp_path, veto=["nsfw"])
    assert card.vetoes == ()
    (kept,) = tmp_path.glob("*.content*.json")
    assert [score for _, score in json.loads(kept.read_text())["nsfw"] if score > 0.5] == []


@pytest.mark.parametrize(
    ("scores", "places"),
    [
        ([0.95, 0.92, 0.97, 0.9, 0.91], [0.0]),
        ([0.7, 0.95, 0.99, 0.99, 0.99], [0.5]),
        ([0.2, 0.3, 0.99, 0.2, 0.2], []),  # one picture alone
        ([0.2, 0.3, 0.99, 0.99, 0.2], []),
        ([0.84, 0.84, 0.84, 0.85, 0.85], []),
        ([0.99], []),
        ([], []),
    ],
)
def test_the_mean_of_the_scores_and_two_of_them_have_to_be_high(scores: list[float], places: list[float]) -> None:
    found = content._nsfw([(12 * index, score) for index, score in enumerate(scores)], Fraction(24))
    assert [veto.at_s for veto in found] == places


def test_without_the_packages_nothing_is_looked_for(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: tuple[Veto, ...] = ()
    file = clip("sign", [written((text, 90, 150, 36)) for text in words(LATIN, 24)])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert content.content_vetoes(file, "0", None, CHECKS, (0, None), tmp_path) == found  # type: ignore[arg-type]
    assert list(tmp_path.glob("*.json")) == []


def test_some_frames_are_the_same_as_among_all(clip: Clip) -> None:
    file = clip("clean", scene())
    every = list(read_frames(file))
    some = dict(frames_at(file, [3, 20, 99]))
    assert sorted(some) == [3, 20]
    assert all(np.array_equal(picture, every[index]) for index, picture in some.items())
