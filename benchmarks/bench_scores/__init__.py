"""How rightly the judge judges: clean clips against damaged copies, harmless edits, camera moves, windows, still pictures.

``make bench-scores`` measures and rewrites the table. Readings are kept in ``build/bench-scores``, so that only a change of
what is measured reads the clips again. ``python -m benchmarks.bench_scores.fit`` fits noise scales and weights on the clips for
tuning; the clips of ``HELD_OUT`` are read by the table alone.

``python -m benchmarks.bench_scores.forms`` judges the pairs once more at other rate factors and frame rates, and
``python -m benchmarks.bench_scores.peers --genvideoscope PATH`` asks other judges about them. Each rewrites a table of its own.
"""

from __future__ import annotations


def table() -> str:
    """The table of docs/benchmarks.md."""
    from benchmarks.bench_scores.tables import whole

    return whole()
