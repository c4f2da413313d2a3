"""``python -m benchmarks.bad_inputs --seed 1 --count 10000``: says what went wrong, with the number that makes it again."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bad_inputs.cases import BOUNDARIES, Stock
from benchmarks.bad_inputs.judge import Ended, run


def one(stock: Stock, boundary: str, seed: int, number: int) -> Ended:
    """Case ``number`` of a boundary; always the same for the same seed."""
    luck = random.Random(f"{seed}/{boundary}/{number}")
    with scratch() as folder:
        return run(BOUNDARIES[boundary][0](stock, folder, luck), folder)


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder for a while. (``TemporaryDirectory`` would be removed at the end of every forked process, too.)"""
    folder = Path(tempfile.mkdtemp(prefix="vidgen-bad-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def numbers(count: int, only: str | None) -> list[tuple[str, int]]:
    """The boundaries in turn, each as often as its share says."""
    shares = {name: share for name, (_, share) in BOUNDARIES.items() if only in (None, name)}
    whole = sum(shares.values())
    return [(name, number) for name, share in shares.items() for number in range(round(count * share / whole))]


def main() -> int:
    """Run the campaign; 1 where anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bad_inputs", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--boundary", choices=sorted(BOUNDARIES))
    parser.add_argument("--case", type=int, help="this one alone, with all that it printed")
    parser.add_argument("--part", default="1/1", help="2/3: the second third, to use several cores")
    given = parser.parse_args()
    part, parts = map(int, given.part.split("/"))
    import vidgen.app.render
    import vidgen.cli.app
    import vidgen.media.probe
    import vidgen.scoring.judge  # noqa: F401  loaded once, before the forks

    with scratch() as folder:
        os.environ["VIDGEN_HOME"] = f"{folder}/home"
        stock = Stock.made(folder)
        if given.case is not None:
            ended = one(stock, given.boundary, given.seed, given.case)
            print(f"exit code {ended.code}: {ended.fault or 'nothing is wrong'}\n{ended.printed}")
            return int(bool(ended.fault))
        found: Counter[str] = Counter()
        codes: Counter[int] = Counter()
        begin, cases = time.monotonic(), numbers(given.count, given.boundary)[part - 1 :: parts]
        for boundary, number in cases:
            ended = one(stock, boundary, given.seed, number)
            codes[ended.code] += 1
            if ended.fault:
                found[boundary] += 1
                last = " | ".join(ended.printed.strip().splitlines()[-2:])
                print(f"{boundary} {number}: {ended.fault}: {last[-300:]}", flush=True)
        print(f"seed {given.seed}, part {given.part}: {len(cases)} bad inputs in {time.monotonic() - begin:.0f} s; "
              f"exit codes {dict(sorted(codes.items()))}; {sum(found.values())} faults {dict(found)}")  # fmt: skip
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
