"""``make bench-scores``: measures, and rewrites the table of docs/benchmarks.md."""

from __future__ import annotations

from benchmarks.bench_scores import table
from benchmarks.record import commit, machine, write

if __name__ == "__main__":
    commit()
    made = table()
    print(made)
    write("bench_scores", made, machine())
