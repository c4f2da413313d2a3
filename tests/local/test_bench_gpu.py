"""The script behind ``make bench-gpu`` runs: here with a tiny model on the CPU."""

from __future__ import annotations

import pytest

pytest.importorskip("diffusers")


def test_every_line_of_the_table_is_measured_or_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    import torch
    from benchmarks.gpu import Bench

    from vidgen.testing.tiny.parts import quiet

    torch.set_num_threads(1)
    with quiet():
        bench = Bench("cpu", tiny=True)
        bench.pipe.transformer.compile_repeated_blocks = lambda **settings: None  # a minute of compiling is no test
        table = bench.table()
    for line in (
        "plain diffusers, eager",
        "4 takes together",
        "cache first-block 0.2",
        "cache taylor",
        "VAE decoder, in tiles",
    ):
        assert any(line in row and " s |" in row for row in table.splitlines()), table
