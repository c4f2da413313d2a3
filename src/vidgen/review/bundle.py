"""``vidgen review --bundle``: the page as one file to send, with small copies inside. Notes on it come back as a file."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.app.notes import notes_name
from vidgen.app.review import dailies
from vidgen.errors import InputError, Notice
from vidgen.media.files import atomic
from vidgen.review.media import FOLDER, FORMS, OURS, Form, shown_film, sweep
from vidgen.review.page import review_page
from vidgen.review.writing import Reviewed, Warn, check_page, review_folder

MB = 1_000_000
MOST_MB = 100.0
"""Size in MB up to which a file is written where nobody says another."""
_END = "</body>"


@dataclass(frozen=True)
class Bundled:
    """A written file. ``form``: of its copies; ``bytes``: its size."""

    page: Reviewed
    form: Form
    bytes: int

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``review --bundle --json``."""
        return {**self.page.as_dict(), "bytes": self.bytes, "short_side": self.form.short_side}


@dataclass(frozen=True)
class _Draft:
    """A page that waits for its media: what comes before and after them, and their files."""

    before: bytes
    after: bytes
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        return len(self.before) + len(self.after) + sum(len(b"".join(_tags(file))) + _coded(file) for file in self.files)

    def write(self, page: Path) -> None:
        """Write the file, one of its media after the other."""
        with atomic(page) as part, part.open("wb") as out:
            out.write(self.before)
            for file in self.files:
                opens, closes = _tags(file)
                out.write(opens + base64.b64encode(file.read_bytes()) + closes)
            out.write(self.after)
            if out.tell() != self.size:
                raise InputError(
                    "review.too_large", f"the copies of {page.name} changed while it was written", hint="try again"
                )


def write_bundle(
    board: Path, page: Path, *, work: Path | None = None, max_mb: float | None = None, warn: Warn = lambda notices: None
) -> Bundled:
    """Write one file of at most ``max_mb`` MB (1,000,000 bytes), with smaller copies where it needs them.

    Raises InputError where it cannot be written there, or is larger even with the smallest copies.
    """
    if page.suffix.lower() not in (".html", ".htm"):
        text = f"{page}: the name of a page ends in .html"
        raise InputError("output.bad_name", text, hint="name it FILE.html", where=str(page))
    film = dailies(board, work=work)
    check_page(page, board)
    most = MOST_MB if max_mb is None else max_mb
    for form in FORMS:
        folder = review_folder(film) / (FOLDER if form == FORMS[0] else f"{FOLDER}-{form.short_side}")
        shown = shown_film(film, folder, form)
        if form != FORMS[0]:
            sweep(folder, shown)
        known = {"project": film.project.identity(), "board": board.name, "file": notes_name(board)}
        draft = _draft(review_page(film, shown, mode="bundle", known=known), folder)
        if draft.size <= most * MB:
            break
    else:
        raise _too_large(page, draft.size, most)
    troubles = [trouble for shot in shown.values() for trouble in shot.troubles]
    warn([*film.notices, *troubles, *_smaller(form, most)])
    draft.write(page)
    return Bundled(Reviewed(page, film, sum(file.stat().st_size for file in draft.files)), form, draft.size)


def _draft(text: str, folder: Path) -> _Draft:
    before, end, after = text.rpartition(_END)
    names = dict.fromkeys(one[0] for one in re.finditer(OURS.pattern, before))
    files = tuple(file for name in names if (file := folder / name).is_file())
    return _Draft(before.encode(), (end + after).encode(), files)


def _tags(file: Path) -> tuple[bytes, bytes]:
    """What a file stands between: an element that is data for the page's program, and never run."""
    return f'<script type="text/plain" id="m-{file.name}">'.encode(), b"</script>\n"


def _coded(file: Path) -> int:
    """Length of a file as base64."""
    return (file.stat().st_size + 2) // 3 * 4


def _smaller(form: Form, most: float) -> Iterator[Notice]:
    if form != FORMS[0]:
        text = f"copies are {form.short_side} pixels on the short side, so that the file has at most {most:g} MB"
        yield Notice("review.smaller", text)


def _too_large(page: Path, size: int, most: float) -> InputError:
    needed = f"{-(-size // (MB // 100)) / 100:g}"
    text = f"{page} would have {needed} MB even with the smallest copies; at most {most:g} MB are allowed"
    hint = f"--max-mb {needed}; or send the folder that vidgen review writes without --bundle"
    return InputError("review.too_large", text, hint=hint, where=str(page))
