"""Copies of all files of a cut, to hand over with it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from vidgen.errors import InputError, ProcessingError
from vidgen.interchange.cut import Cut, Media
from vidgen.interchange.texts import readable
from vidgen.media.files import LONGEST_NAME, atomic, sha256_file, shortened


def copy_media(cut: Cut, folder: Path) -> Mapping[Path, Path]:
    """Copy every file of a cut into ``folder``; returns where each one is now. What is there already is not copied again.

    Names begin with the shot and end with a piece of the checksum: no two files share one, and a later package can lie in the
    same folder. Raises InputError ``export.exists`` where another file has such a name; nothing is overwritten.
    """
    places: dict[Path, Path] = {}
    copied: dict[str, Path] = {}
    for owner, media in cut.media():
        final = copied.setdefault(media.sha256, folder / package_name(owner, media))
        if media.file not in places:
            places[media.file] = final
    wanted = {places[media.file]: media for _, media in cut.media()}
    missing = {final: media for final, media in wanted.items() if not _is_there(final, media)}
    for final, media in missing.items():
        _copy(media, final)
    return places


def package_name(owner: str, media: Media) -> str:
    """``s01_take2_3f9a2c1b.mp4``: a name that every file system takes."""
    words = re.sub(r"[^\w.-]+", "_", readable(media.name)).replace("take_", "take").strip("._-") or "media"
    suffix = re.sub(r"[^\w.]", "", readable(media.file.suffix))[:16]
    tail = f"_{media.sha256[:8]}{suffix}"
    return shortened(f"{owner}_{words}", LONGEST_NAME - len(os.fsencode(tail))) + tail


def _is_there(final: Path, media: Media) -> bool:
    if not os.path.lexists(final):
        return False
    if final.is_file() and sha256_file(final) == media.sha256:
        return True
    text = f"{final} is there and is another file"
    raise InputError("export.exists", text, hint="give --copy-media another folder", where=str(final))


def _copy(media: Media, final: Path) -> None:
    with atomic(final) as part:
        shutil.copyfile(media.file, part)
        if sha256_file(part) != media.sha256:
            text = f"the copy of {media.file} differs from it: it was changed meanwhile, or the disk is failing"
            raise ProcessingError("media.bad_output", text, hint="run it again", where=str(final))
