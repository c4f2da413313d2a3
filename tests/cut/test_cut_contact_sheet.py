from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cut.clips import MakeShot, film_of

from vidgen.cut.assembly import assemble
from vidgen.cut.contact_sheet import PAPER, Label, contact_sheet, labels_of
from vidgen.errors import InputError


def test_each_shot_is_labelled_at_its_middle_and_its_start(make_shot: MakeShot) -> None:
    film = film_of(make_shot("s01"), make_shot("s02", transition=("dissolve", 8)), make_shot("s03"))
    assert labels_of(film) == [Label(8, "s01", "0:00.0"), Label(32, "s02", "0:00.7"), Label(52, "s03", "0:01.7")]


def test_the_sheet_shows_the_shots_in_rows_with_their_names(tmp_path: Path, make_shot: MakeShot) -> None:
    film = film_of(*(make_shot(f"s0{n}", 60 * n, step=0) for n in (1, 2, 3)))
    assemble(film, tmp_path / "w", tmp_path / "film.mp4")
    sheet = tmp_path / "sheet.png"
    contact_sheet(tmp_path / "film.mp4", sheet, labels=labels_of(film), columns=2, tile_width=160, title="京都の秋")
    page = cv2.imread(str(sheet))
    gap, wide, high = 8, 160, 107
    assert page.shape == (gap + 4 * gap + 2 * (high + 3 * gap), gap + 2 * (wide + gap), 3)
    centres = [(5 * gap + high // 2, gap + wide // 2), (5 * gap + high // 2, 2 * gap + wide + wide // 2)]
    centres.append((8 * gap + high + high // 2, gap + wide // 2))
    assert [round(float(page[y, x].mean()) / 60) for y, x in centres] == [1, 2, 3]
    name = page[5 * gap + high + 2 : 7 * gap + high, gap : gap + 40]
    assert name.max() > 150, "the name is written in light letters"
    assert page[gap : 4 * gap, gap : 20 * gap].max() > 150, "so is the title"
    assert np.all(page[-1, -1] == PAPER[::-1])


def test_a_label_beyond_the_film_is_an_error(tmp_path: Path, make_shot: MakeShot) -> None:
    shot = make_shot("s01")
    with pytest.raises(InputError, match="no frame 99"):
        contact_sheet(shot.file, tmp_path / "sheet.png", labels=[Label(99, "s01")])
    assert not (tmp_path / "sheet.png").exists()


@pytest.mark.parametrize("title", ["Свет", "ضوء", "ΔE → {\\b1}\\N"])
def test_words_of_any_script_are_drawn_as_they_are(tmp_path: Path, make_shot: MakeShot, title: str) -> None:
    shot = make_shot("s01")
    sheet = tmp_path / "sheet.png"
    contact_sheet(shot.file, sheet, labels=[Label(0, "s01")], tile_width=160, title=title)
    head = cv2.imread(str(sheet))[:40, :, 0] > 100
    filled = head.any(axis=1).nonzero()[0]
    assert head.sum() > 60 and filled[-1] - filled[0] < 30, "on one line"
