"""Select shots of a plan, and the shots that they continue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidgen.errors import InputError
from vidgen.planning.plan import FilmShot, Plan


def check_named(plan: Plan, names: Iterable[str]) -> None:
    """Raise InputError for a name that is not a shot id. The id of a split shot selects all its parts."""
    known = {name for shot in plan.shots for name in (shot.id, shot.parent)}
    for name in set(names) - known:
        raise InputError("shot.unknown", f"there is no shot {name!r}", hint=f"shots: {', '.join(sorted(known))[:200]}")


def select(plan: Plan, names: Sequence[str]) -> Plan:
    """The plan of the named shots only, starting at frame 0; the whole plan if no name is given."""
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
    """The shots of ``plan`` and all shots that they continue, in the order of the ``full`` plan."""
    by_id = {shot.id: shot for shot in full.shots}
    needed = {shot.id for shot in plan.shots}
    waiting = list(needed)
    while waiting:
        parent = by_id[waiting.pop()].continues
        if parent and parent not in needed:
            needed.add(parent)
            waiting.append(parent)
    return tuple(shot for shot in full.shots if shot.id in needed)
