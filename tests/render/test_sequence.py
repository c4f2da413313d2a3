"""Of takes that are as good as each other, the film uses those with which its shots hold together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from tests.render.worth import Worthy

from support import Vidgen
from vidgen.media.frames import Frame
from vidgen.scoring.joins import STEP, Ends, Look, distance, look_of, smoothest
from vidgen.testing import engine_added

RNG = np.random.default_rng(1)
SEA = (RNG.random((54, 96, 3)) * 60 + (40, 90, 150)).astype(np.uint8)


def warm(picture: Frame, share: float) -> Frame:
    return np.clip(picture * np.array([1 + share, 1, 1 - share]), 0, 255).astype(np.uint8)


def test_a_look_is_near_itself_and_far_from_other_colours_and_light() -> None:
    turned = SEA[:, ::-1]
    lit = np.clip(SEA * np.linspace(0.7, 1.3, 96)[None, :, None], 0, 255).astype(np.uint8)
    assert distance(look_of(SEA), look_of(SEA)) == 0
    assert distance(look_of(SEA), look_of(turned)) < STEP / 2 < STEP < distance(look_of(lit), look_of(lit[:, ::-1]))
    assert distance(look_of(SEA), look_of(warm(SEA, 0.1))) < distance(look_of(SEA), look_of(warm(SEA, 0.3)))


def test_noise_moves_a_look_by_less_than_a_step() -> None:
    noisy = np.clip(SEA + RNG.normal(size=SEA.shape) * 3, 0, 255).astype(np.uint8)
    assert distance(look_of(SEA), look_of(noisy)) < STEP


def ends(*warmth: float) -> list[Ends]:
    looks = [look_of(warm(SEA, share)) for share in warmth]
    return [Ends(look, look) for look in looks]


def test_the_row_as_a_whole_decides_not_one_join_after_the_other() -> None:
    assert smoothest([ends(0.0, 0.3), ends(0.35, 0.3), ends(0.3)]) == [1, 1, 0]


def test_the_programme_finds_what_trying_all_rows_finds() -> None:
    def cost(row: list[list[Ends]], path: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
        from vidgen.scoring.joins import steps

        picked = [options[index] for options, index in zip(row, path, strict=True)]
        return sum(steps(one.last, two.first) for one, two in itertools.pairwise(picked)), sum(path), path

    for seed in range(10):
        warmth = np.random.default_rng(seed).random((4, 3)) * 0.4
        row = [ends(*options) for options in warmth]
        assert smoothest(row) == list(min(itertools.product(range(3), repeat=4), key=lambda path: cost(row, path)))


def test_where_nothing_is_gained_the_best_of_each_shot_stays() -> None:
    same = Ends(*[Look(((0,) * 33,) * 3, (0.0, 0.0))] * 2)
    assert smoothest([[same, same], [same, same]]) == [0, 0]


@pytest.fixture
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[tuple[str, int], float]], None]]:
    with ExitStack() as added:

        def add(warmth: dict[tuple[str, int], float]) -> None:
            remote = Worthy(tmp_path_factory.mktemp("provider"), ("clean",), warmth, polls=0, price=0.0)
            added.enter_context(engine_added("scripted", lambda: remote))

        yield add


FILM = """\
vidgen: 1
aspect: 16:9
resolution: 192x108
fps: 12
defaults: {duration: 1, params: {slate: false}, motion: {amount: 6}, engine: scripted}
shots:
  - {id: a, scene: sea}
  - {id: b, scene: hill, candidates: 2}
"""
WARMTH = {("a", 1): 0.1, ("b", 1): 0.0, ("b", 2): 0.1}
COLD = {("a", 1): 0.0, ("b", 1): 0.0, ("b", 2): 0.1}


@pytest.mark.parametrize(("warmth", "picked"), [(WARMTH, 2), (COLD, 1)])
def test_a_tie_goes_to_the_take_that_fits_its_neighbour(
    warmth: dict[tuple[str, int], float], picked: int, vidgen: Vidgen, tmp_path: Path, provider: Callable[..., None]
) -> None:
    provider(warmth)
    board = tmp_path / "film.yaml"
    board.write_text(FILM)
    shot = vidgen("render", board, "--json").data["shots"][1]
    assert shot["picked"] == picked and [take["vetoes"] for take in shot["takes"]] == [[], []]
    again = vidgen("render", board, "--json").data["shots"][1]
    assert (again["picked"], again["why"]) == (picked, shot["why"]) and again["reused"]
    (tmp_path / "film.lock.yaml").unlink()
    assert vidgen("render", board, "--json").data["shots"][1]["picked"] == picked, "no lock file, no other choice"


@pytest.mark.parametrize("change", ["transition: fade_black", "pick: 1"])
def test_a_parting_transition_and_a_persons_pick_are_let_alone(
    change: str, vidgen: Vidgen, tmp_path: Path, provider: Callable[..., None]
) -> None:
    provider(WARMTH)
    board = tmp_path / "film.yaml"
    board.write_text(FILM.replace("candidates: 2", f"candidates: 2, {change}"))
    ran = vidgen("render", board, "--json")
    assert "goes best" not in ran.data["shots"][1]["why"]
    assert not [line for line in ran.lines if line.get("event") == "shot.joined"]
