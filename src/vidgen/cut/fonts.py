"""Folders of the fonts that libass may read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vidgen.media.files import sha256_json


def fonts_folder(scratch: Path, names: Sequence[str]) -> str:
    """The name of a folder in ``scratch`` with these fonts alone: links, or copies on file systems without links.

    It has a name of its own making, because no path of the user may enter a filter graph. libass reads all that is in it.
    """
    from vidgen.weights.faces import font_path

    made = scratch / f"fonts-{sha256_json(list(names))[:12]}"
    if made.exists():
        return made.name
    with tempfile.TemporaryDirectory(dir=scratch, prefix="making-") as name:
        folder = Path(name) / made.name
        folder.mkdir()
        for font in map(font_path, names):
            try:
                (folder / font.name).symlink_to(font.resolve())
            except OSError:
                shutil.copyfile(font, folder / font.name)
        try:
            folder.rename(made)
        except OSError:
            if not made.is_dir():  # else another piece made it first
                raise
    return made.name
