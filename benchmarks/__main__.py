"""``make bench``: runs every benchmark and rewrites docs/benchmarks.md. ``python -m benchmarks NAME...`` runs some of them."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from datetime import date
from pathlib import Path

NAMES = (
    "startup",
    "planning",
    "previz_speed",
    "assembly",
    "rerender",
    "lint_quality",
    "money",
    "local_overhead",
    "post_stream",
    "post_memory",
    "interpolation_quality",
)
DOCS = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def machine() -> str:
    """One line that names the hardware."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists() and (found := re.search(r"model name\s*: (.*)", info.read_text())):
        cpu = found[1]
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def main(names: list[str]) -> None:
    """Run benchmarks and put each one's table between its markers."""
    text = DOCS.read_text(encoding="utf-8")
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        table = importlib.import_module(f"benchmarks.{name}").table()
        print(table, flush=True)
        block = f"<!-- {name} -->\n{table.strip()}\n\nMeasured {date.today()} on {machine()}.\n<!-- /{name} -->"
        text, count = re.subn(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, new=block: new, text, flags=re.S)
        if not count:
            raise SystemExit(f"docs/benchmarks.md has no place for {name}")
    DOCS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
