"""``make bench``: runs every benchmark and rewrites docs/benchmarks.md; ``make bench planning`` runs one.

``python -m benchmarks NAME...`` runs some of them, ``python -m benchmarks --stale`` lists the tables that are older than the
code that they speak of.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.record import DOCS, NAMES, commit, machine, stale, write


def main(names: list[str]) -> None:
    """Run benchmarks and put each one's table between its markers."""
    if names == ["--stale"]:
        print("\n".join(stale(DOCS.read_text(encoding="utf-8"))) or "every table is as old as its code")
        return
    if unknown := [name for name in names if name not in NAMES]:
        raise SystemExit(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    commit()  # without one nothing is worth measuring
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        table = importlib.import_module(f"benchmarks.{name}").table()
        print(table, flush=True)
        write(name, table, machine())


if __name__ == "__main__":
    main(sys.argv[1:])
