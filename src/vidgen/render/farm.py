"""What of a film a render farm can do: takes that are missing, of engines that compute. Nothing is bought there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from vidgen.cluster.demands import kind_of, least_gb
from vidgen.engines.base import Engine, LocalEngine
from vidgen.errors import Notice
from vidgen.interchange.openjd import FarmShot, Host
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.planning.selection import with_parents
from vidgen.render.made import MadeShot


@dataclass(frozen=True)
class FarmWork:
    """``shots``: whose takes a farm makes; ``left``: shots, and enlargements, whose takes are missing and that it cannot make;
    ``notices``: why.
    """

    shots: tuple[FarmShot, ...]
    left: tuple[str, ...]
    notices: tuple[Notice, ...]


def farm_work(plan: Plan, engines: Mapping[str, Engine], stock: Mapping[str, MadeShot]) -> FarmWork:
    """Sort what is missing. ``stock``: what is at hand, by shot id; empty: nothing, as far as is known."""
    makes: dict[str, FarmShot] = {}
    left: dict[str, Notice] = {}
    for planned in plan.generated:
        made = stock.get(planned.id)
        if made and not made.missing and not made.may_grow:
            continue
        engine = engines[planned.engine]
        if not isinstance(engine, LocalEngine):
            text = f"{planned.engine} is paid for: its takes are made here, by vidgen render"
        elif planned.continues in left:
            text = f"it goes on from {planned.continues}, which a farm cannot make"
        else:
            parents = tuple(parent for parent in _ancestors(plan, planned) if parent in makes)
            makes[planned.id] = _farm_shot(plan, planned, engine, made, parents)
            continue
        left[planned.id] = Notice("export.not_on_farm", text, planned.id)
    for larger in plan.enlargements:
        if larger.id not in stock or stock[larger.id].missing:
            text = f"{larger.engine} enlarges its take, which is paid for and done here"
            left[larger.id] = Notice("export.not_on_farm", text, larger.of.id)
    parents_of_some = {parent for shot in makes.values() for parent in shot.after}
    shots = tuple(replace(shot, leads=shot.id in parents_of_some) for shot in makes.values())
    return FarmWork(shots, tuple(left), tuple(left.values()))


def _ancestors(plan: Plan, planned: GeneratedShot) -> Iterator[str]:
    """The shots that it goes on from, by way of others, too."""
    needed = with_parents(plan, replace(plan, shots=(planned,), enlargements=()))
    return (shot.id for shot in needed if shot.id != planned.id)


def _farm_shot(
    plan: Plan, planned: GeneratedShot, engine: LocalEngine, made: MadeShot | None, after: tuple[str, ...]
) -> FarmShot:
    model = planned.request.model
    host = Host(gpu_gb=least_gb(planned.engine, model) if kind_of(engine) == "device" else None)
    maker = " ".join(filter(None, (planned.engine, model)))
    return FarmShot(planned.id, maker, host, () if _compared(plan, planned) else _numbers(planned, made), after)


def _compared(plan: Plan, planned: GeneratedShot) -> bool:
    """Whether it depends on takes which others are made: then one task makes them all."""
    return plan.stops_when_good or plan.adds_takes or bool(planned.request.params.get("reject"))


def _numbers(planned: GeneratedShot, made: MadeShot | None) -> tuple[int, ...]:
    if made and made.resolved:
        return tuple(made.new)
    pinned = () if planned.pinned is None or planned.pinned <= planned.candidates else (planned.pinned,)
    return (*range(1, planned.candidates + 1), *pinned)
