"""Lint rules about what only a plan tells: shots that their engines cannot make, cuts that no beat can take, and
colours that have nothing to be matched to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vidgen.engines.registry import Engines
from vidgen.errors import Notice, VidgenError
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.planning.engine_choice import Machine
from vidgen.planning.following import GIVE_A_VOICE, NOTHING_SAID
from vidgen.planning.plan import Plan
from vidgen.render.colour_match import references
from vidgen.render.preflight import awaits_a_voice, problem_of, shot_problems
from vidgen.render.project import root_of
from vidgen.speech.voices import FilmVoices
from vidgen.storyboard.lint.board_rules import BoardRule
from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.shots import ShotView, make_finding
from vidgen.storyboard.loader import LoadedBoard

_HOW = "give the shot what it lacks, or choose another model: vidgen engines"


def plan_rules(engines: Engines, known: Plan | None = None) -> BoardRule:
    """V109, V209, V505 and V506, for these engines. ``known``: the plan, where it is made already; else what ``engine: auto``
    is does not depend on the machine here.
    """

    def rule(views: Sequence[ShotView]) -> Iterator[Finding]:
        loaded = views[0].loaded
        try:
            plan = known or _plan(loaded, engines)
        except VidgenError:  # other rules and ``plan`` tell it
            return
        parents = {shot.id: shot.parent for shot in plan.shots}
        for shot, error in shot_problems(plan.generated, engines):
            path, what = problem_of(loaded, shot, error)
            yield make_finding(loaded, "V505", path, shot.parent, what=what, hint=error.hint or _HOW)
        for shot in plan.generated:
            if awaits_a_voice(shot, engines):
                path = loaded.key_path(shot.parent, "lip_sync")
                yield make_finding(loaded, "V506", path, shot.parent, what=NOTHING_SAID, hint=GIVE_A_VOICE)
        vain: list[Notice] = []
        references(plan, vain.extend)
        for notice in vain:
            path = loaded.key_path(parents[notice.shot or ""], "post")
            what = notice.message.partition(": ")[2]
            yield make_finding(loaded, "V209", (*path, "colour", "reference"), parents[notice.shot or ""], what=what)
        for notice in plan.notices:
            if notice.code == "music.no_beat":
                what = notice.message.removeprefix("audio.music.cut_on: ")
                yield make_finding(loaded, "V109", ("audio", "music", "cut_on"), what=what)

    return rule


def _plan(loaded: LoadedBoard, engines: Engines) -> Plan:
    folder = loaded.path.parent
    return compile_plan(
        loaded.board,
        folder,
        overrides=Overrides(allow_unknown_model=True),
        machine=Machine(gpu=False),
        lookup=engines.capabilities,
        voices=FilmVoices.of(loaded.board, folder, root_of(loaded.path, None)),
    )
