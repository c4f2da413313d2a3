"""Many shots over providers of which one has most of the work: each is busy while it has any, none beyond its limit."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from benchmarks.money import SIZE, attempts, fakes, start

from vidgen.testing.providers import ProviderServer

SHARES = {"runway": 36, "kling": 12, "pika": 12}
JOB_S = 0.25


def longest_rest(server: ProviderServer, provider: str) -> float:
    """The longest time, in seconds, in which no job of a provider ran while there was one to come."""
    jobs = sorted((job for job in server.jobs if job.provider == provider), key=lambda job: job.born)
    return max(later.born - (job.seen_over or 0) for job, later in pairwise(jobs))


@pytest.mark.slow
def test_a_provider_with_little_work_does_not_wait_behind_one_with_much(tmp_path: Path) -> None:
    engines = [engine for engine, share in SHARES.items() for _ in range(share)]
    shots = "\n".join(f"  - {{id: s{n:03d}, scene: pier {n:03d}, engine: {engine}}}" for n, engine in enumerate(engines))
    board = tmp_path / "film.yaml"
    board.write_text(f"vidgen: 1\nresolution: {SIZE}\nfps: 12\ndefaults: {{duration: 3, candidates: 1}}\nshots:\n{shots}\n")
    with ProviderServer(*fakes(tuple(SHARES)), job_s=JOB_S, fps=12) as server:
        assert start(board, server).wait(timeout=120) == 0
        made = [job.provider for job in server.jobs]
        assert {name: made.count(name) for name in SHARES} == SHARES and server.created == 60
        assert {row["state"] for row in attempts(board)} == {"done"} and len(attempts(board)) == 60
        assert {name: server.most_at_once(name) for name in SHARES} == dict.fromkeys(SHARES, 1)
        born = [job.born for job in server.jobs]
        for name in SHARES:
            assert longest_rest(server, name) < (max(born) - min(born)) / 2, name  # behind the one with much it would be all
        late = [n for n, name in enumerate(made) if name == "runway"][SHARES["runway"] * 3 // 4]
        assert max(n for n, name in enumerate(made) if name != "runway") < late, "the others are done long before runway is"
