"""Turns on a device: a model is loaded once for all the shots that want it, in whatever order they come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from vidgen.render.model_scheduler import ModelScheduler

Shot = tuple[str, str, str]
"""A shot, its model, and the shot that it continues or nothing."""


def models_in_order(shots: Sequence[Shot], places: int = 1, judging_s: float = 0.002) -> list[str]:
    """Which models worked, one after the other, while a film's shots asked for their turns."""
    order: list[str] = []

    async def film() -> None:
        turns, done = ModelScheduler(places), {name: asyncio.Event() for name, _, _ in shots}

        async def make(name: str, model: str, parent: str) -> None:
            if parent:
                await done[parent].wait()
            async with turns.turn(name, model):
                order.append(model)
                await asyncio.sleep(0.001)
                for child, wanted, its in shots:
                    if (its, wanted) == (name, model):
                        turns.expect(child, model)
            await asyncio.sleep(judging_s)
            done[name].set()

        await asyncio.wait_for(asyncio.gather(*(make(*shot) for shot in shots)), 5)

    asyncio.run(film())
    return order


def test_shots_that_want_the_loaded_model_come_first() -> None:
    shots = [("s1", "words", ""), ("s2", "picture", ""), ("s3", "words", ""), ("s4", "picture", ""), ("s5", "words", "")]
    assert models_in_order(shots) == ["words"] * 3 + ["picture"] * 2


def test_a_chain_keeps_its_model_while_its_takes_are_judged() -> None:
    shots = [("a1", "a", ""), ("a2", "a", "a1"), ("a3", "a", "a2"), ("b1", "b", ""), ("b2", "b", "b1")]
    assert models_in_order(shots) == ["a", "a", "a", "b", "b"]


def test_openings_by_one_model_and_the_rest_by_another_load_each_once() -> None:
    shots = [("s1", "words", ""), ("s2", "picture", "s1"), ("s3", "words", ""), ("s4", "picture", "s3")]
    assert models_in_order(shots) == ["words", "words", "picture", "picture"]


def test_two_devices_keep_a_model_each() -> None:
    shots = [(f"{model}{number}", model, "") for number in range(4) for model in "ab"]
    assert sorted(models_in_order(shots, places=2)[:2]) == ["a", "b"]


def test_who_no_longer_comes_is_not_waited_for() -> None:
    async def film() -> None:
        turns = ModelScheduler(1)
        async with turns.turn("a1", "a"):
            turns.expect("a2", "a")
        other = asyncio.create_task(turns.turn("b1", "b").__aenter__())
        await asyncio.sleep(0.01)
        assert not other.done()
        turns.gone("a2")
        await asyncio.wait_for(other, 1)

    asyncio.run(film())


@pytest.mark.parametrize("waits", [True, False], ids=["waiting", "just called"])
def test_a_shot_that_is_cancelled_gives_its_turn_to_the_next(waits: bool) -> None:
    async def film() -> None:
        turns = ModelScheduler(1)

        async def shot(name: str) -> str:
            async with turns.turn(name, "a"):
                return name

        async with turns.turn("first", "a"):
            second, third = asyncio.create_task(shot("second")), asyncio.create_task(shot("third"))
            await asyncio.sleep(0.01)
            if waits:
                second.cancel()
        if not waits:
            second.cancel()
        assert await asyncio.wait_for(third, 1) == "third"
        assert second.cancelled() or await asyncio.gather(second, return_exceptions=True)

    asyncio.run(film())
