"""The order of a storyboard's shots as an editor wants it, as far as the storyboard can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vidgen.interchange.wanted import WantedCut
from vidgen.storyboard.editing import Placement


@dataclass(frozen=True)
class Listed:
    """A shot of the storyboard: its parts in the film (itself, where it is not split), the shot that it goes on from, and
    whether the cut was exported before it was written."""

    id: str
    parts: tuple[str, ...]
    continues: str | None = None
    newer: bool = False


def placements(shots: Sequence[Listed], wanted: WantedCut) -> tuple[list[Placement], list[str]]:
    """The order of the storyboard's shots, and in words where it is another than the editor's."""
    words: list[str] = []
    order = _ordered(shots, wanted, words)
    _with_kept(shots, order, words)
    _after_parents({shot.id: shot.continues for shot in shots}, order, words)
    return order, words


def _ordered(shots: Sequence[Listed], wanted: WantedCut, words: list[str]) -> list[Placement]:
    owner = {part: shot for shot in shots for part in shot.parts}
    order: list[Placement] = []
    seen: dict[str, list[str]] = {}
    for one in wanted.shots:
        shot = owner[one.of]
        if len(shot.parts) == 1:
            order.append(Placement(one.id, one.of))
            continue
        if one.id != one.of:
            words.append(f"{one.of} a second time: a part of {shot.id} cannot stand alone")
            continue
        if shot.id not in seen:
            order.append(Placement(shot.id, shot.id))
        elif order[-1].id != shot.id:
            words.append(f"{one.id}: the parts of {shot.id} stay together")
        seen.setdefault(shot.id, []).append(one.id)
    for name, parts in seen.items():
        whole = list(next(shot.parts for shot in shots if shot.id == name))
        if sorted(parts) != sorted(whole):
            words.append(f"{', '.join(part for part in whole if part not in parts)}: the parts of {name} stay together")
        elif parts != whole:
            words.append(f"{name}: its parts stay in their order")
    return order


def _with_kept(shots: Sequence[Listed], order: list[Placement], words: list[str]) -> None:
    """Put back what must not go: each after the shot before it in the storyboard."""
    here = {one.id for one in order}
    before: Mapping[str, str | None] = dict(
        zip([shot.id for shot in shots], [None, *(shot.id for shot in shots)], strict=False)
    )
    kept: list[Listed] = []
    for shot in reversed(shots):
        if shot.id in here:
            continue
        child = next((one.id for one in shots if one.continues == shot.id and one.id in here), None)
        if child is None and not shot.newer:
            continue
        here.add(shot.id)
        kept.append(shot)
        why = f"{child} goes on from it" if child else "the cut was exported before it was written"
        words.append(f"{shot.id} stays in the film: {why}")
    for shot in reversed(kept):
        _insert_after(order, before, shot.id)


def _insert_after(order: list[Placement], before: Mapping[str, str | None], name: str) -> None:
    ids = [one.id for one in order]
    neighbour = before[name]
    while neighbour is not None and neighbour not in ids:
        neighbour = before[neighbour]
    order.insert(0 if neighbour is None else ids.index(neighbour) + 1, Placement(name, name))


def _after_parents(continues: Mapping[str, str | None], order: list[Placement], words: list[str]) -> None:
    """Move shots that go on from another one behind it."""
    for one in list(order):
        parent = continues[one.of]
        ids = [other.id for other in order]
        if parent is None or parent not in ids or ids.index(parent) < ids.index(one.id):
            continue
        order.remove(one)
        ids.remove(one.id)
        order.insert(ids.index(parent) + 1, one)
        words.append(f"{one.id} goes on from {parent}, so it cannot come before it; it comes right after it")


def moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The fewest names that have to move to bring one order into another; what is in one of the two alone is not counted."""
    places = {name: place for place, name in enumerate(before)}
    common = [name for name in after if name in places]
    best: list[list[str]] = []
    for name in common:
        fits = [chain for chain in best if places[chain[-1]] < places[name]]
        best.append([*_longest(fits), name])
    return set(common) - set(_longest(best))


def _longest(chains: Sequence[list[str]]) -> list[str]:
    return max(chains, key=lambda chain: len(chain), default=[])
