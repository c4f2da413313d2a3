"""Programs whose parent was killed: on Linux they come to the process that has asked for them, which can end them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on have what descendants of this process leave behind as children. Does nothing on other systems."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans(but: subprocess.Popen[bytes] | None = None) -> None:
    """Kill all children of this process, with their children, ``but`` one."""
    kept = but.pid if but and but.poll() is None else None
    for _ in range(20):  # a child that is killed leaves its own children
        found = [pid for pid in _children() if pid != kept]
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        if not found:
            return


def _children() -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            after_name = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            if int(after_name[1]) == os.getpid():
                yield int(stat.parent.name)
