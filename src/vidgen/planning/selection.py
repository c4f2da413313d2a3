"""Parts of a plan: the shots that are named, and those that they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidgen.errors import InputError
from vidgen.planning.plan import FilmShot, Plan


def check_named(plan: Plan, names: Iterable[str]) -> None:
    """Raise InputError where a name is that of no shot. A split shot's own id names all its parts."""
    known = {name for shot in plan.shots for name in (shot.id, shot.parent)}
    for name in set(names) - known:
        raise InputError("shot.unknown", f"there is no shot {name!r}", hint=f"shots: {', '.join(sorted(known))[:200]}")


def select(plan: Plan, names: Sequence[str]) -> Plan:
    """The plan of the named shots alone, placed anew from frame 0; all of it where none is named."""
    if not names:
        return plan
    kept: list[FilmShot] = []
    start = 0
    for shot in plan.shots:
        if {shot.id, shot.parent}.isdisjoint(names):
            continue
        overlap = shot.overlap if kept else 0
        transition = shot.transition_frames if kept else 0
        kept.append(replace(shot, start_frame=start - overlap, overlap=overlap, transition_frames=transition))
        start += shot.frames - overlap
    ids = {shot.id for shot in kept}
    return replace(plan, shots=tuple(kept), enlargements=tuple(one for one in plan.enlargements if one.of.id in ids))


def with_parents(full: Plan, plan: Plan) -> tuple[FilmShot, ...]:
    """The plan's shots and every shot that one of them continues, in the order of the ``full`` plan."""
    by_id = {shot.id: shot for shot in full.shots}
    needed = {shot.id for shot in plan.shots}
    waiting = list(needed)
    while waiting:
        parent = by_id[waiting.pop()].continues
        if parent and parent not in needed:
            needed.add(parent)
            waiting.append(parent)
    return tuple(shot for shot in full.shots if shot.id in needed)
