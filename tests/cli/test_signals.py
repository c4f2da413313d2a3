"""A wish to stop is heard from the first moment, with the exit code that shells expect."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

INTERRUPTED_WHILE_STARTING = """
import os, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "vidgen.cli.app":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Interrupt())
sys.argv = ["vidgen", "engines"]
from vidgen.cli import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_the_start_ends_without_a_traceback(number: signal.Signals, code: int) -> None:
    program = INTERRUPTED_WHILE_STARTING.format(number=int(number))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


DROPPED_BY_PYTHON = """
import os, sys, time, weakref

class Dropped:
    def find_spec(self, name, *_):
        if name == "vidgen.cli.app":
            sys.meta_path.remove(self)
            kept = set()
            watched = weakref.ref(kept, lambda _: os.kill(os.getpid(), {number}))
            del kept  # Python ignores what a callback raises
            time.sleep(10)

sys.meta_path.insert(0, Dropped())
sys.argv = ["vidgen", "engines"]
from vidgen.cli import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_that_comes_where_python_drops_exceptions_is_heard_all_the_same(number: signal.Signals, code: int) -> None:
    program = DROPPED_BY_PYTHON.format(number=int(number))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")
