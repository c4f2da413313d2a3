"""Lines in step with the takes whose mouths say them: a take that is shown from later on says its lines sooner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from vidgen.planning.plan import FilmShot, GeneratedShot, Plan
from vidgen.storyboard.lengths import line_seconds
from vidgen.storyboard.model import Line
from vidgen.storyboard.values import Duration
from vidgen.takes.request import Take


def lines_in_step(plan: Plan, takes: Mapping[str, Take]) -> Plan:
    """The plan with each line of dialogue at the time at which the mouths of its shot's take say it. ``takes``: those in the
    film, by shot id. A line that began before the part which is seen has a time below 0; one that ended before is left out.
    """
    return replace(plan, shots=tuple(_in_step(plan, shot, takes.get(shot.id)) for shot in plan.shots))


def _in_step(plan: Plan, planned: FilmShot, take: Take | None) -> FilmShot:
    if take is None or not isinstance(planned, GeneratedShot) or not planned.request.inputs.has_voice:
        return planned
    if not (unseen := Fraction(take.start - take.first) / take.fps):
        return planned
    lines = tuple(_sooner(plan, planned.shot.dialogue or (), unseen))
    return replace(planned, shot=planned.shot.model_copy(update={"dialogue": lines}))


def _sooner(plan: Plan, lines: Sequence[Line], unseen: Fraction) -> Iterator[Line]:
    for line in lines:
        at = (line.at.at(plan.source_fps) if line.at else Fraction(0)) - unseen
        if at + line_seconds(line.line, line.file, plan.folder) > 0:
            yield line.model_copy(update={"at": Duration(seconds=at)})
