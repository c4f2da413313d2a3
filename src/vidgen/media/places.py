"""Whether a file can be written where it is wanted: asked before the work that it is to hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from vidgen.errors import InputError, VidgenError
from vidgen.media.files import part_name
from vidgen.media.os_errors import explained

ROOM = 65_536
"""Bytes that are written, and removed, to see whether a disk takes any."""


def check_output_file(out: Path, inputs: Iterable[Path] = (), *, touch: bool = True) -> None:
    """Raise InputError ``output.bad_name``, or ProcessingError for a full disk, where ``out`` cannot be written.

    Args:
        out: the file; folders that are not there are made when it is written. Where it is a link, what it points to is written,
            and the folder of that has to be there.
        inputs: files that it must not replace, under whatever name they are reached.
        touch: try it with a hidden file, which is removed at once; else only ask who may.
    """
    try:
        _check_itself(out, inputs)
        written = _behind(out)
        folder = written.parent
        while not os.path.lexists(folder):
            folder = folder.parent
        if not folder.is_dir():
            gone = f"a link to {os.path.realpath(folder)}, which is not there"
            raise _bad(out, f"{folder} is {'a file, not a folder' if folder.exists() else gone}")
        if touch:
            check_room(folder, written.name)
        elif not writable(folder):
            raise _bad(out, f"{folder} may not be written")
    except OSError as error:
        raise not_written(out, error, "name a file in a folder that you can write to") from error
    except ValueError as error:  # a NUL in the name
        raise _bad(out, str(error)) from error


def _behind(out: Path) -> Path:
    """The file that is written: ``out``, or what it points to as a link. Nobody's folders are made behind a link."""
    if not out.is_symlink():
        return out
    target = Path(os.path.realpath(out))
    if not target.parent.is_dir():
        raise _bad(out, f"it is a link to {target}, and the folder of that is not there")
    return target


def not_written(place: Path, error: OSError, hint: str) -> VidgenError:
    """The error for a file or folder that cannot be written: InputError ``output.bad_name``, or ProcessingError where the disk
    is full or broken.
    """
    told = explained(error)
    text = f"{place} cannot be written: {error.strerror or error}"
    if told and told.exit_code != InputError.exit_code:
        return type(told)(told.code, text, hint=told.hint, where=str(place))
    return InputError("output.bad_name", text, hint=hint, where=str(place))


def _check_itself(out: Path, inputs: Iterable[Path]) -> None:
    try:
        kind = out.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(kind):
        raise _bad(out, "it is a folder")
    if not stat.S_ISREG(kind):
        raise _bad(out, "it is not a plain file")
    for file in inputs:
        if file.exists() and file.samefile(out):
            raise InputError("output.bad_name", f"{out} is an input ({file})", hint="write to another file", where=str(out))


def check_room(folder: Path, name: str = "room") -> None:
    """Raise OSError where a file of that name and a few bytes cannot be written in a folder."""
    probe = part_name(folder / name)
    try:
        with probe.open("xb") as file:
            file.write(bytes(ROOM))
    except OSError as error:
        error.filename = str(folder / name)
        raise
    finally:
        probe.unlink(missing_ok=True)


def writable(folder: Path) -> bool:
    """Whether files can be made in a folder that exists, as far as rights tell."""
    return os.access(folder, os.W_OK | os.X_OK)


def _bad(out: Path, why: str) -> VidgenError:
    hint = "name a file in a folder that you can write to"
    return InputError("output.bad_name", f"{out} cannot be written: {why}", hint=hint, where=str(out))
