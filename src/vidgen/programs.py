"""Start other programs: logged, and so that Ctrl-Z cannot hang this one."""

from __future__ import annotations

import logging
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def _ctrl_z_held_back() -> Iterator[None]:
    """Ctrl-Z waits until the block ends.

    Between ``vfork`` and ``exec`` a new process still belongs to the terminal's foreground group. If Ctrl-Z suspended it
    there, this process would wait for it in the kernel, deaf to every signal, and the shell would wait for both.
    """
    if not hasattr(signal, "SIGTSTP"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear_ctrl_z() -> None:
    """For a program of ours that ``start_program`` started and that Ctrl-Z is to suspend: it inherits that Ctrl-Z waits."""
    if hasattr(signal, "SIGTSTP"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})


def start_program(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """``subprocess.Popen``. The program itself is not suspended by Ctrl-Z."""
    with _ctrl_z_held_back():
        return subprocess.Popen(argv, **options)


def run_program(logger: logging.Logger, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """``subprocess.run`` of a short program that says something, logged."""
    began, code = time.monotonic(), None
    try:
        with _ctrl_z_held_back():
            done: subprocess.CompletedProcess[str] = subprocess.run(argv, **options)
        code = done.returncode
        return done
    finally:
        log_program(logger, argv, code, time.monotonic() - began)


def log_program(logger: logging.Logger, argv: Sequence[object], code: int | None, seconds: float) -> None:
    """Log an external program that has ended. ``code``: its exit status; None where it did not start or was given up."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("exit %s after %.2f s: %s", code, seconds, shlex.join(map(str, argv)))
