"""``vidgen review``: write the page and what lies beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.app.review import Dailies, dailies
from vidgen.errors import InputError, Notice
from vidgen.media.files import write_text
from vidgen.media.places import check_output_file
from vidgen.review.media import FOLDER, Shown, files_of, shown_film, sweep
from vidgen.review.page import GENERATOR, review_page

PAGE = "index.html"
Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class Reviewed:
    """A written page."""

    output: Path
    film: Dailies
    media_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``review --json``."""
        state = self.film.as_dict()
        return {
            "output": str(self.output),
            "shots": [
                {"id": shot["id"], "picked": shot["picked"], "picked_by": shot["picked_by"], "takes": len(shot["takes"])}
                for shot in state["shots"]
            ],
            "missing": [shot["id"] for shot in state["shots"] if shot["picked"] is None and shot["picked_by"] != "clip"],
            "needs_review": state["needs_review"],
            "cost_usd": state["cost_usd"],
            "budget_usd": state["budget_usd"],
            "media_bytes": self.media_bytes,
        }


def review_folder(film: Dailies) -> Path:
    """Where the page is, unless another place is named."""
    return film.project.root / "review"


def write_review(
    board: Path, *, folder: Path | None = None, work: Path | None = None, warn: Warn = lambda notices: None
) -> Reviewed:
    """Write the page as ``folder/index.html``; None: in the work folder. Makes nothing but small copies of what is there.

    Raises InputError where it cannot be written there.
    """
    film = dailies(board, work=work)
    folder = folder or review_folder(film)
    page = folder / PAGE
    check_page(page, board)
    shown = shown_film(film, folder / FOLDER)
    warn([*film.notices, *(trouble for shot in shown.values() for trouble in shot.troubles)])
    write_text(page, review_page(film, shown))
    sweep(folder / FOLDER, shown)
    clips: list[Shown] = [one for shot in shown.values() for one in shot.clips]
    names = {name for one in clips for name in files_of(one)}
    return Reviewed(page, film, sum((folder / FOLDER / name).stat().st_size for name in names))


def check_page(page: Path, board: Path) -> None:
    """Raise InputError where the page cannot be written, or would replace one that is not vidgen's."""
    check_output_file(page, [board])
    if page.is_file():
        with page.open("rb") as opened:
            if f'content="{GENERATOR}"'.encode() not in opened.read(4096):
                text = f"{page} is there and is no review page of vidgen"
                raise InputError("output.bad_name", text, hint="name another place", where=str(page))
