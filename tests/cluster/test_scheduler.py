"""Which work is done where: plain values, no cluster."""

from __future__ import annotations

import random

from hypothesis import given as given_
from hypothesis import strategies as st

from vidgen.cluster.scheduler import Place, Scheduler, Task


def given(scheduler: Scheduler, now: float = 0.0) -> dict[str, int]:
    return {one.place: one.task.id for one in scheduler.assign(now)}


def test_the_longest_work_begins_first_and_what_waits_for_it_counts() -> None:
    scheduler = Scheduler()
    scheduler.place_up(Place("a", "n1"))
    for task in (Task(1, "m", work=5), Task(2, "m", work=9), Task(3, "m", work=2, after=20)):
        scheduler.add(task)
    order = []
    for now in range(3):
        order += given(scheduler, now).values()
        scheduler.ended("a", now + 0.5, done=True)
    assert order == [3, 2, 1]


def test_a_place_stays_with_its_model_while_work_for_it_waits() -> None:
    scheduler = Scheduler()
    scheduler.place_up(Place("a", "n1", "device"))
    scheduler.place_up(Place("b", "n2", "device"))
    for number in range(8):
        scheduler.add(Task(number, "wan" if number % 2 else "ltx", "device", work=10 - number))
    loaded: dict[str, list[str]] = {"a": [], "b": []}
    for now in range(4):
        for one in scheduler.assign(now):
            loaded[one.place].append(one.task.model)
        for place in loaded:
            scheduler.ended(place, now + 0.5, done=True)
    assert sorted(map(tuple, loaded.values())) == [("ltx",) * 4, ("wan",) * 4]


def test_work_goes_only_where_its_model_and_its_memory_are() -> None:
    scheduler = Scheduler()
    scheduler.place_up(Place("small", "n1", "device", gb=24))
    scheduler.place_up(Place("large", "n2", "device", gb=80))
    scheduler.place_up(Place("other", "n3", "device", frozenset({"ltx"}), gb=80))
    scheduler.add(Task(1, "wan", "device", gb=48))
    assert given(scheduler) == {"large": 1}
    scheduler.add(Task(2, "wan", "device", gb=200))
    assert [task.id for task in scheduler.hopeless()] == [2]


def test_work_of_a_lost_node_begins_anew_elsewhere_and_is_not_to_blame() -> None:
    scheduler = Scheduler()
    scheduler.add(Task(1, "m"))
    for number in range(6):
        scheduler.place_up(Place(f"p{number}", f"n{number}"))
        assert given(scheduler, number) == {f"p{number}": 1}
        scheduler.place_down(f"p{number}")


def test_work_that_ends_three_processes_is_given_up_and_no_other_is() -> None:
    scheduler = Scheduler()
    scheduler.place_up(Place("a", "n1"))
    scheduler.add(Task(1, "m", work=2))
    scheduler.add(Task(2, "m", work=1))
    for attempt in range(3):
        assert given(scheduler, attempt) == {"a": 1}
        given_up = scheduler.crashed("a")
    assert given_up is not None and given_up.id == 1
    assert given(scheduler, 9) == {"a": 2}


def test_what_a_node_cannot_do_after_all_goes_to_another_node() -> None:
    scheduler = Scheduler()
    scheduler.place_up(Place("a", "n1"))
    scheduler.add(Task(1, "m"))
    assert given(scheduler) == {"a": 1}
    scheduler.refused("a")
    assert given(scheduler) == {} and [task.id for task in scheduler.hopeless()] == [1]
    scheduler.place_up(Place("b", "n2"))
    assert given(scheduler) == {"b": 1}


def test_a_straggler_begins_a_second_time_once_nothing_else_waits_and_the_first_result_counts() -> None:
    scheduler = Scheduler()
    for number in range(3):
        scheduler.add(Task(number, "m"))
    scheduler.place_up(Place("a", "n1"))
    for now in (0, 10, 20):  # each takes ten seconds
        given(scheduler, now)
        scheduler.ended("a", now + 10, done=True)
    scheduler.add(Task(9, "m"))
    assert given(scheduler, 30) == {"a": 9}
    scheduler.place_up(Place("b", "n2"))
    assert given(scheduler, 41) == {}  # eleven seconds: not late yet
    late = scheduler.assign(50)
    assert [(one.place, one.task.id, one.again) for one in late] == [("b", 9, True)]
    assert scheduler.assign(60) == []  # two are enough
    assert scheduler.ended("b", 61, done=True) == ["a"]
    scheduler.ended("a", 62, done=False)
    assert given(scheduler, 63) == {}


def test_work_that_was_done_by_its_second_start_is_not_begun_again_where_the_first_place_is_lost() -> None:
    scheduler = Scheduler()
    scheduler.place_up(Place("a", "n1"))
    for number in range(3):
        scheduler.add(Task(number, "m"))
        given(scheduler, number)
        scheduler.ended("a", number + 1, done=True)
    scheduler.add(Task(9, "m"))
    given(scheduler, 10)
    scheduler.place_up(Place("b", "n2"))
    assert given(scheduler, 20) == {"b": 9}
    scheduler.ended("b", 21, done=True)
    scheduler.place_down("a")
    assert given(scheduler, 22) == {} and scheduler.hopeless() == []


@given_(st.integers(0, 10**6))
def test_whatever_happens_each_piece_is_done_once_and_nothing_begins_that_is_done(seed: int) -> None:
    luck = random.Random(seed)
    scheduler, now, names = Scheduler(slack_s=0), 0.0, 0
    undone = set(range(luck.randint(1, 12)))
    places: set[str] = set()
    for number in undone:
        scheduler.add(Task(number, luck.choice("ab"), work=luck.uniform(1, 5)))
    running: dict[str, int] = {}
    for _ in range(400):
        if not places or luck.random() < 0.1:
            names += 1
            places.add(f"p{names}")
            scheduler.place_up(Place(f"p{names}", f"n{names}"))
        for one in scheduler.assign(now):
            assert one.task.id in undone and one.place not in running
            running[one.place] = one.task.id
        now += luck.uniform(0.1, 3)
        if not running:
            break
        place = luck.choice(sorted(running))
        task, fate = running.pop(place), luck.random()
        if fate < 0.15:
            places.discard(place)
            scheduler.place_down(place)
        else:
            scheduler.ended(place, now, done=task in undone)
            undone.discard(task)
    assert not undone
