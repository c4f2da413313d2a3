"""Takes are drawn in threads: what one thread draws never depends on what the others do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.previz.side_by_side import drawn, forget, often_switched, side_by_side, takes

from vidgen.weights import fonts


def test_takes_drawn_side_by_side_are_those_drawn_one_after_the_other(tmp_path: Path) -> None:
    wanted = takes(tmp_path, each=1)
    assert side_by_side(wanted) == [drawn(take) for take in wanted]


def test_a_font_is_read_by_one_thread_at_a_time() -> None:
    """All of them ask at once for letters that nobody has asked for before."""
    letters = "二人の刑事が車の中で話す a robot dances on the moon"
    together = threading.Barrier(8)

    def read(_: int) -> list[object]:
        together.wait()
        return [
            (fonts.letter(char, kind), fonts.face(fonts.font_file(kind)).line) for char in letters for kind in ("sans", "serif")
        ]

    for _ in range(3):
        forget()
        with often_switched(), ThreadPoolExecutor(8) as pool:
            found = list(pool.map(read, range(8)))
        assert all(one == found[0] for one in found)
