"""Takes made on this machine: the engine hears of all requests first, makes a shot by one call, and rejections are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from vidgen.app.render import RenderOptions, render_film
from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import LocalEngine
from vidgen.engines.previz import Previz
from vidgen.engines.registry import engine_added
from vidgen.errors import ProcessingError, VidgenError
from vidgen.takes.request import Generated, ShotRequest, TakeRequest

BOARD = """
vidgen: 1
resolution: 96x64
defaults: {engine: together, candidates: 3, duration: 12f}
shots:
  - {id: one, scene: calm sea at dawn}
  - {id: two, scene: misty forest}
"""


class Together(LocalEngine):
    """Draws with previz, all takes of a shot at once, and keeps a record of what it was asked."""

    name = "together"
    together = True
    at_once = 1

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.asked: list[tuple[str, list[int]]] = []
        self.closed = 0
        self.refuse: set[int] = set()

    def capabilities(self, model: str | None = None) -> Capabilities:
        return Capabilities(engine="together", kind="local", seed=True, price=Previz().capabilities().price)

    def prepare(self, requests: Sequence[ShotRequest]) -> None:
        self.told.append([request.shot for request in requests])

    def generate(self, take: TakeRequest, out: Path, **settings) -> Generated:  # type: ignore[no-untyped-def]
        return Previz().generate(take, out, **settings)

    def generate_many(self, takes, outs, **settings) -> list[Generated | VidgenError]:  # type: ignore[no-untyped-def]
        self.asked.append((takes[0].request.shot, [take.take for take in takes]))
        made = super().generate_many(takes, outs, **settings)
        return [
            ProcessingError("take.rejected", "looked worse than the others") if take.take in self.refuse else result
            for take, result in zip(takes, made, strict=True)
        ]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def board(tmp_path: Path) -> Path:
    file = tmp_path / "film.yaml"
    file.write_text(BOARD)
    return file


def render(board: Path, engine: Together):  # type: ignore[no-untyped-def]
    options = RenderOptions(output=board.parent / "film.mp4")
    with engine_added("together", lambda: engine):
        return render_film(board, options)


def test_an_engine_hears_of_all_shots_first_and_makes_the_takes_of_each_by_one_call(board: Path) -> None:
    engine = Together()
    result = render(board, engine)
    assert engine.told == [["one", "two"]]
    assert sorted(engine.asked) == [("one", [1, 2, 3]), ("two", [1, 2, 3])]
    assert engine.closed == 1
    assert [len(shot.takes) for shot in result.shots] == [3, 3]


def test_a_second_run_asks_for_nothing(board: Path) -> None:
    render(board, Together())
    engine = Together()
    assert all(shot.reused for shot in render(board, engine).shots)
    assert engine.asked == []


def test_shots_of_one_model_are_made_one_after_the_other(board: Path) -> None:
    """Whichever model comes first: it is loaded once, however the film goes to and fro."""
    shots = [f"  - {{id: s{number}, scene: scene {number}, model: {'ab'[number % 2]}}}\n" for number in range(6)]
    board.write_text(BOARD.partition("  - {id: one")[0] + "".join(shots))
    engine = Together()
    render(board, engine)
    models = ["ab"[int(shot[1]) % 2] for shot, _ in engine.asked]
    assert sorted(models) in (models, models[::-1])


def test_a_rejected_take_is_no_failure_and_is_not_made_again(board: Path) -> None:
    engine = Together()
    engine.refuse = {2}
    result = render(board, engine)
    assert [[take.take for take in shot.takes] for shot in result.shots] == [[1, 3], [1, 3]]
    again = Together()
    assert all(shot.reused for shot in render(board, again).shots)
    assert again.asked == []
