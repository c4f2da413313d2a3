"""Check that an output file can be written, before the work starts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from vidgen.errors import InputError, VidgenError
from vidgen.media.files import part_name
from vidgen.media.os_errors import explained

PROBE_BYTES = 65_536
"""Bytes that are written, and removed, to test for free disk space."""


def check_output_file(out: Path, inputs: Iterable[Path] = (), *, touch: bool | None = True) -> None:
    """Raise InputError ``output.bad_name``, or ProcessingError for a full disk, if ``out`` cannot be written.

    Args:
        out: the file. Missing folders are created when it is written. If it is a link, its target is written, whose folder
            must exist.
        inputs: files that must not be overwritten, compared by identity and not by name.
        touch: test with a hidden file, which is removed at once; False: check permissions only; None: not even these, for
            what writes nothing.
    """
    try:
        _check_target(out, inputs)
        written = _link_target(out)
        folder = written.parent
        while not os.path.lexists(folder):
            folder = folder.parent
        if not folder.is_dir():
            gone = f"a link to {os.path.realpath(folder)}, which does not exist"
            raise _bad(out, f"{folder} is {'a file, not a folder' if folder.exists() else gone}")
        if touch:
            check_space(folder, written.name)
        elif touch is False and not writable(folder):
            raise _bad(out, f"there is no permission to write in {folder}")
    except OSError as error:
        raise not_written(out, error, "name a file in a folder that you can write to") from error
    except ValueError as error:  # a NUL in the name
        raise _bad(out, str(error)) from error


def _link_target(out: Path) -> Path:
    """The file that is written: ``out``, or the target if it is a link. The target's folder must exist."""
    if not out.is_symlink():
        return out
    target = Path(os.path.realpath(out))
    if not target.parent.is_dir():
        raise _bad(out, f"it is a link to {target}, whose folder does not exist")
    return target


def not_written(path: Path, error: OSError, hint: str) -> VidgenError:
    """The error for a path that cannot be written: InputError ``output.bad_name``, or ProcessingError for a full or broken
    disk.
    """
    known = explained(error)
    text = f"{path} cannot be written: {error.strerror or error}"
    if known and known.exit_code != InputError.exit_code:
        return type(known)(known.code, text, hint=known.hint, where=str(path))
    if known and known.code == "file.bad_name":  # such as one that is too long: another folder is no help
        hint = known.hint or hint
    return InputError("output.bad_name", text, hint=hint, where=str(path))


def _check_target(out: Path, inputs: Iterable[Path]) -> None:
    try:
        kind = out.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(kind):
        raise _bad(out, "it is a folder")
    if not stat.S_ISREG(kind):
        raise _bad(out, "it is not a regular file")
    for file in inputs:
        if file.exists() and file.samefile(out):
            raise InputError("output.bad_name", f"{out} is an input ({file})", hint="write to another file", where=str(out))


def check_space(folder: Path, name: str = "space") -> None:
    """Raise OSError if a file of that name and 64 KiB cannot be written in a folder."""
    probe = part_name(folder / name)
    try:
        with probe.open("xb") as file:
            file.write(bytes(PROBE_BYTES))
    except OSError as error:
        error.filename = str(folder / name)
        raise
    finally:
        probe.unlink(missing_ok=True)


def writable(folder: Path) -> bool:
    """Whether the permissions of an existing folder allow creating files."""
    return os.access(folder, os.W_OK | os.X_OK)


def _bad(out: Path, why: str) -> VidgenError:
    hint = "name a file in a folder that you can write to"
    return InputError("output.bad_name", f"{out} cannot be written: {why}", hint=hint, where=str(out))
