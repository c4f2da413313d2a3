"""Takes that were made in other work folders, as by the machines of a farm, come into one store."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.takes.record import read_record, rows_of
from vidgen.takes.remarks import Remarks, read_remarks, update_remarks
from vidgen.takes.store import TakeStore

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Gathered:
    """How many clips were found that are wanted, those that are not whole, and the shots that have takes now which were not
    here.
    """

    found: int
    damaged: tuple[Path, ...]
    shots: frozenset[str]


def gather(
    store: TakeStore,
    folders: Iterable[Path],
    wanted: Callable[[Mapping[str, Any]], bool],
    on_folder: Callable[[Path, int], None] = lambda folder, takes: None,
) -> Gathered:
    """Have the takes whose rows are ``wanted`` that lie in other work folders, or in folders of those. What is here stays.
    ``on_folder`` is told of each work folder that is done, and how many takes were found by then.

    What engines gave up on the way and, where this project has none, what a person said of takes come along.
    Raises InputError ``takes.no_folder`` for a folder that is not there.
    """
    found, damaged, shots = 0, list[Path](), set[str]()
    for root in _work_folders(folders, but=store.root):
        for sidecar in sorted((root / "takes").glob("??/*.json")):
            rows = [row for row in rows_of(read_record(sidecar)) if wanted(row)]
            clip = sidecar.with_suffix(".mp4")
            if not rows or not _DIGEST.fullmatch(clip.stem) or not clip.is_file():
                continue
            found += 1
            fresh = store.take_over(clip, rows)
            shots |= {row["shot"] for row in fresh or ()}
            if fresh is None:
                damaged.append(clip)
        _gather_words(store, root)
        on_folder(root, found)
    return Gathered(found, tuple(damaged), frozenset(shots))


def _work_folders(folders: Iterable[Path], *, but: Path) -> Iterator[Path]:
    """The folders that have takes, among these and what is in them."""
    for folder in folders:
        if not folder.is_dir():
            text = f"{folder} is not a folder" if folder.exists() else f"{folder} does not exist"
            raise InputError("takes.no_folder", text, hint="name a work folder, or a folder of work folders", where=str(folder))
        each = [folder] if (folder / "takes").is_dir() else sorted(folder.iterdir())
        yield from (root for root in each if (root / "takes").is_dir() and not (but.exists() and root.samefile(but)))


def _gather_words(store: TakeStore, root: Path) -> None:
    for note in sorted((root / "rejected").glob("*.json")):
        try:
            why = json.loads(note.read_text(encoding="utf-8"))["why"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if _DIGEST.fullmatch(note.stem) and not store.was_rejected(note.stem):
            store.reject(note.stem, str(why))
    if (theirs := read_remarks(root)) != Remarks():
        update_remarks(store.root, lambda own: theirs if own == Remarks() else own)
