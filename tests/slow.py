"""Which tests ``make test-fast`` leaves out: those in ``slow.txt``, written by ``make test-times`` from what each took."""

from __future__ import annotations

import re
import sys
from pathlib import Path

FILE = Path(__file__).with_name("slow.txt")
LINE = re.compile(r"^\s*[\d.]+s (?:call|setup)\s+(tests/\S+?::[^\[\s]+)", re.MULTILINE)


def slow_tests() -> frozenset[str]:
    """Their names, without parameters."""
    return frozenset(FILE.read_text(encoding="utf-8").split())


def main() -> None:
    """Read what ``pytest --durations=0 --durations-min=0.5`` printed, and write the list."""
    printed = sys.stdin.read()
    print(printed[-2000:])
    FILE.write_text("".join(f"{name}\n" for name in sorted(set(LINE.findall(printed)))), encoding="utf-8")


if __name__ == "__main__":
    main()
