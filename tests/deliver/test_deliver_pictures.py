"""Previews and stills of a finished film, and notes on what was delivered."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.deliver.conftest import HEIGHT, WIDTH, stripes

from vidgen.deliver import Framing, Item, Kept, Master, PreviewSpec, StillSpec, write_preview, write_still


@pytest.mark.parametrize("codec", ["gif", "webp"])
def test_a_preview_is_as_long_as_it_says_and_looks_like_the_film(codec: str, master: Master, tmp_path: Path) -> None:
    spec = PreviewSpec("p", tmp_path / f"p.{codec}", Framing(96, 54), Fraction(25, 2), codec, 10, 12)
    write_preview(spec, master, spec.file, tmp_path)
    with Image.open(spec.file) as picture:
        assert picture.size == (96, 54) and picture.info.get("loop") == 0 and picture.n_frames == 12
        shown = np.asarray(picture.convert("RGB")).astype(int)
    film = np.asarray(Image.fromarray(stripes(10)).resize((96, 54))).astype(int)
    assert np.abs(shown[20:] - film[20:]).mean() < 12


@pytest.mark.parametrize(("codec", "ending"), [("jpeg", "jpg"), ("png", "png")])
def test_a_still_is_the_very_frame_in_the_films_colours(codec: str, ending: str, master: Master, tmp_path: Path) -> None:
    for frame in (0, 25, 49):
        spec = StillSpec("s", tmp_path / f"s.{ending}", Framing(WIDTH, HEIGHT), codec, frame)
        write_still(spec, master, spec.file)
        with Image.open(spec.file) as picture:
            shown = np.asarray(picture.convert("RGB")).astype(int)
        assert np.abs(shown[20:, 10:50].mean(axis=(0, 1)) - (200, 40, 40)).max() < 6
        white = int((shown[4].min(axis=1) > 200).sum())
        assert abs(white - (1 + frame * (WIDTH - 1) // 50)) <= 3, "another frame than asked for"


def test_a_square_still_is_cropped(master: Master, tmp_path: Path) -> None:
    spec = StillSpec("s", tmp_path / "s.png", Framing(100, 100, "crop", (0.0, 0.5)), "png", 3)
    write_still(spec, master, spec.file)
    with Image.open(spec.file) as picture:
        assert picture.size == (100, 100)
        assert np.abs(np.asarray(picture)[50, 30].astype(int) - (200, 40, 40)).max() < 12


def test_what_was_delivered_is_known_by_its_parts_and_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    item = Item("a.mp4", file, {"settings": {"crf": 17}, "film": "one"})
    assert Kept(tmp_path).why(item) == "it was not made yet"
    file.write_bytes(b"film")
    Kept(tmp_path).note(item)
    kept = Kept(tmp_path)
    assert kept.why(item) == ""
    assert kept.why(Item("a.mp4", file, {"settings": {"crf": 18}, "film": "two"})) == "settings and film changed"
    assert kept.only_changed(Item("a.mp4", file, {"settings": {"crf": 17}, "film": "two"}), ["film"])
    file.write_bytes(b"Film")
    assert kept.why(item) == "the file was changed"
    assert not kept.only_changed(item, ["film"])
    file.unlink()
    assert kept.why(item) == "the file is gone"


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"a.mp4": 3}', '{"a.mp4": {"made_of": 3}}', '{"a.mp4": {"made_of": {}}}'])
def test_damaged_notes_mean_that_nothing_is_known(damaged: str, tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(damaged)
    (tmp_path / "a.mp4").write_bytes(b"film")
    assert Kept(tmp_path).why(Item("a.mp4", tmp_path / "a.mp4", {"film": "one"}))
