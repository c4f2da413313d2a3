"""Which take of a shot is in the film: a person's pick, else the storyboard's, else the one of before, else the judge's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from vidgen.errors import Notice, VidgenError
from vidgen.media.os_errors import fault_of
from vidgen.media.wording import there_are
from vidgen.render.bars import Bars
from vidgen.render.failures import shown
from vidgen.render.made import MadeShot
from vidgen.render.resolved import ResolvedShot
from vidgen.render.run import Run
from vidgen.render.take_scores import Verdict
from vidgen.render.trimming import is_timed, trimmed_by_person, usual_part
from vidgen.takes.lockfile import Pick
from vidgen.takes.request import Take

LOG = logging.getLogger(__name__)
Judge = Callable[[Sequence[Take]], Verdict]
"""What the judge says of takes of one shot; raises ProcessingError where none can be played."""


@dataclass(frozen=True)
class Decision:
    """The picked take and who picked it. ``verdict`` is None where the judge was not asked, or could not look at any take."""

    picked: Take
    by: Literal["auto", "person"]
    verdict: Verdict | None
    notices: tuple[Notice, ...]


def decide(
    shot: str,
    takes: Sequence[Take],
    *,
    before: Pick | None,
    pinned: int | None,
    fresh: bool,
    judge: Judge,
    judged: bool,
    places: tuple[str, str] = ("the lock file", "the storyboard"),
) -> Decision:
    """Choose among takes of one shot, of which there is at least one.

    Args:
        before: the pick of the lock file, where it is one for this very request.
        pinned: the take that the storyboard names.
        fresh: whether takes were made just now: an earlier choice that nobody made is then open again.
        judged: whether even a single take is to be judged.
        places: names of the files that ``before`` and ``pinned`` are written in.
    """
    by_number = {take.take: take for take in takes}
    notices: list[Notice] = []
    number, person, place = pinned, pinned is not None, places[1]
    if before and (before.by == "person" or (pinned is None and not fresh)):
        number, person, place = before.take, before.by == "person", places[0]
    if number is not None and number not in by_number:
        text = f"{place} picks take {number}, which is not there ({there_are(by_number)}); the judge chose among those"
        notices.append(Notice("pick.missing", text, shot))
        number, person = None, False
    verdict = None
    if len(by_number) > 1 or judged:
        verdict, troubles = _judged(shot, takes, judge)
        notices += troubles
    if number is None:
        number, place = (verdict.winner, "the judge") if verdict else (takes[0].take, "its number")
    LOG.info("%s: take %d of %s is picked by %s", shot, number, sorted(by_number), place)
    return Decision(by_number[number], "person" if person else "auto", verdict, tuple(notices))


def _judged(shot: str, takes: Sequence[Take], judge: Judge) -> tuple[Verdict | None, list[Notice]]:
    """What the judge says. A take that the judge fails on, by a fault of its own, is left out; None where it fails on all."""
    try:
        return judge(takes), []
    except VidgenError:
        raise
    except Exception as error:
        troubles = {take.take: trouble for take in takes if (trouble := _trouble(shot, take, judge))}
        rest = [take for take in takes if take.take not in troubles]
        notices = list(troubles.values())
        if rest and troubles:
            verdict, more = _judged(shot, rest, judge)
            return verdict, [*notices, *more]
        fault = fault_of(f"judging {shot}", shown(error))
        return None, notices or [Notice("take.not_judged", f"{fault.message}; take {takes[0].take} is used", shot)]


def _trouble(shot: str, take: Take, judge: Judge) -> Notice | None:
    """What is wrong where the judge fails on this take alone."""
    try:
        judge([take])
    except VidgenError:
        return None
    except Exception as error:
        fault = fault_of(f"judging take {take.take} of {shot}", shown(error))
        return Notice("take.not_judged", f"{fault.message}; it is not judged", shot)
    return None


def _placed(take: Take, resolved: ResolvedShot, verdict: Verdict | None, kept: Pick | None, *, steady: bool) -> Take:
    """The take with the part of it that is in the film where no trim says it: that of an earlier pick of it, else the judge's,
    else the usual one.
    """
    request, whole = resolved.request, replace(take, begins=None, trim=replace(take.trim, start=None))
    if kept and kept.take == take.take and kept.start is not None:
        return replace(take, begins=max(take.first, min(kept.start, take.frames - whole.window(request).frames)))
    window = verdict.window(take.take) if verdict and take.trim.start is None else None
    if window:
        return replace(take, begins=window.start)
    usual = usual_part(whole, request, steady=steady or is_timed(request))
    return replace(take, begins=usual.start if whole.has_choice(request) else None)


def _rejected(takes: Sequence[Take], keys: Container[str]) -> frozenset[int]:
    """The numbers of the takes that a person rejected, as long as there are others."""
    numbers = frozenset(take.take for take in takes if take.key in keys)
    return numbers if len(numbers) < len(takes) else frozenset()


@dataclass(frozen=True)
class Chooser:
    """Chooses among the takes of each shot of a run.

    Args:
        bars: judges by the storyboard's ``score``.
        unpinned: shots that lose a person's pick, since its take is lost and new ones were asked for.
    """

    run: Run
    bars: Bars
    unpinned: Set[str]

    def choose(self, shot: MadeShot, resolved: ResolvedShot, *, fresh: bool) -> MadeShot:
        """The shot with its picked take. ``fresh``: whether takes were made just now. Decodes takes that are to be judged."""
        planned, space = resolved.planned, self.run.space
        recorded = space.pick_of(planned.id, resolved.is_for)
        pinned = planned.id not in self.unpinned
        rejected = _rejected(shot.takes, space.remarks.rejected(planned.id))
        if recorded and recorded.take in rejected:
            recorded = None
        decision = decide(
            planned.id,
            sorted(shot.takes, key=lambda take: take.take in rejected),
            before=recorded if pinned else None,
            pinned=planned.pinned if pinned else None,
            fresh=fresh,
            judge=lambda takes: self.bars.verdict(takes, resolved.request).without(rejected),
            judged=(self.bars.given or any(take.diffusion for take in shot.takes)) and not shot.enlarges,
            places=space.commands.pick_files,
        )
        shot.picked_by, shot.verdict = decision.by, decision.verdict
        kept = recorded if recorded and recorded.take == decision.picked.take and pinned else None
        steady = planned.id in self.bars.continued
        shot.takes = tuple(_placed(take, resolved, decision.verdict, kept, steady=steady) for take in shot.takes)
        shot.picked = next(take for take in shot.takes if take.take == decision.picked.take)
        self._trim(shot, kept)
        if shot.verdict and shot.picked_by == "auto" and not shot.verdict.may_win(shot.picked.take):
            # it was picked before the storyboard had this bar
            shot.picked = next(take for take in shot.takes if take.take == shot.verdict.winner)
        shot.unseen = any(notice.code == "take.not_judged" for notice in decision.notices)
        self.run.notices += decision.notices
        if shot.verdict:
            self.run.listener("shot.scored", shot=planned.id, winner=shot.verdict.winner, tie=shot.verdict.tie)
        return shot

    def _trim(self, shot: MadeShot, kept: Pick | None) -> None:
        """Let the picked take open where a person said it."""
        if shot.picked is None or kept is None or kept.trim is None:
            return
        name, opened = shot.planned.id, trimmed_by_person(shot.picked, shot.planned, kept)
        if opened is None:
            text = "its trim in the lock file is not used: the storyboard's trim was changed since"
            self.run.notices.append(Notice("plan.trim", text, name))
            return
        if name in self.bars.continued:
            text = "another shot goes on from it as it was before its trim; the join may jump"
            self.run.notices.append(Notice("plan.trim", text, name))
        shot.takes = tuple(opened if take is shot.picked else take for take in shot.takes)
        shot.picked, shot.trimmed = opened, kept
