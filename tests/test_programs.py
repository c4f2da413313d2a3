"""Ctrl-Z cannot hang vidgen while it starts another program."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys

import pytest

from vidgen.programs import run_program, start_program

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="Windows has no Ctrl-Z")
SAYS_WHETHER_CTRL_Z_WAITS = "import signal; print(signal.SIGTSTP in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
HEARS_IT_AGAIN = f"from vidgen.programs import hear_ctrl_z; hear_ctrl_z(); {SAYS_WHETHER_CTRL_Z_WAITS}"


def waits_here() -> bool:
    return signal.SIGTSTP in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize(("program", "waits"), [(SAYS_WHETHER_CTRL_Z_WAITS, "True"), (HEARS_IT_AGAIN, "False")])
def test_a_program_starts_where_ctrl_z_cannot_suspend_it_half_started(program: str, waits: str) -> None:
    with start_program([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].decode().strip() == waits
    assert not waits_here(), "only the start is protected"


def test_so_does_a_short_one() -> None:
    done = run_program(logging.getLogger(), [sys.executable, "-c", SAYS_WHETHER_CTRL_Z_WAITS], capture_output=True, text=True)
    assert done.stdout.strip() == "True" and not waits_here()


def test_a_program_that_cannot_start_changes_nothing() -> None:
    with pytest.raises(FileNotFoundError):
        start_program(["no-such-program"])
    assert not waits_here()
