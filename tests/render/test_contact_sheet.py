"""``render --contact-sheet``: one page with a picture of every shot, beside the film."""

from __future__ import annotations

from pathlib import Path

from support import Film, Vidgen
from vidgen.media.stills import read_image


def test_a_page_with_every_shot_stands_beside_the_film(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film("{id: sea, scene: calm sea, duration: 4f}", "{id: hill, scene: green hill, duration: 4f}")
    assert vidgen("render", board, "--json").data["contact_sheet"] is None
    ran = vidgen("render", board, "--contact-sheet", "--json")
    sheet = tmp_path / "film.contact-sheet.png"
    assert Path(ran.data["contact_sheet"]).resolve() == sheet
    page = read_image(sheet)
    assert page.shape[1] > page.shape[0] and page.std() > 10
