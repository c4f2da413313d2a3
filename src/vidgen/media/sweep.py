"""Clears away what killed runs left: unfinished ``.part`` files whose process is gone."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PART = re.compile(r"^\..+\.(\d+)\.part(\.[^.]+)?$")


def sweep(folder: Path, *, deep: bool = False) -> list[Path]:
    """Remove unfinished files of dead processes from ``folder`` (``deep``: also from the folders in it); returns them.

    Only names that ``files.part_name`` makes are touched, and none of a process that lives. Never raises: what cannot be
    removed stays.
    """
    removed = []
    for path in folder.rglob(".*.part*") if deep else folder.glob(".*.part*"):
        match = _PART.match(path.name)
        if match and path.is_file() and not path.is_symlink() and not alive(int(match[1])):
            try:
                path.unlink()
            except OSError:
                continue
            removed.append(path)
    return removed


def alive(pid: int) -> bool:
    """Whether a process of that number runs on this machine. One that has ended and that nobody asked about does not, though
    its number is still taken: in containers that may be for ever.
    """
    try:
        os.kill(pid, 0)
        return not Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].lstrip().startswith((b"Z", b"X"))
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or a system without /proc
        return True
