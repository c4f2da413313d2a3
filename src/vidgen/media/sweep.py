"""Remove unfinished ``.part`` files of processes that have ended."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PART = re.compile(r"^\..+\.(\d+)\.part(\.[^.]+)?$")


def sweep(folder: Path, *, deep: bool = False) -> list[Path]:
    """Remove unfinished files of ended processes from ``folder`` (``deep``: and below it); returns them.

    Only names made by ``files.part_name`` are removed. Never raises: files that cannot be removed stay.
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
    """Whether a process of that id runs on this machine. A zombie does not count; in containers it may stay for ever."""
    try:
        os.kill(pid, 0)
        return not Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].lstrip().startswith((b"Z", b"X"))
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or a system without /proc
        return True
