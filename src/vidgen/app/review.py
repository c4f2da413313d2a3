"""What a person reviews: every shot of a film with its takes, as values. Makes and buys nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded, voices_of
from vidgen.catalog.diffusion import model as diffusion_model
from vidgen.engines.registry import Engines
from vidgen.errors import Notice
from vidgen.interchange.time_code import time_code
from vidgen.media.rate import json_rate, seconds_of
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import GeneratedShot, Plan
from vidgen.render.at_hand import ShotAtHand, shots_at_hand, some_at_hand
from vidgen.render.project import Project, Workspace
from vidgen.render.take_scores import judge_takes, with_own_weights
from vidgen.render.trimming import trim_range
from vidgen.storyboard.loader import load_storyboard
from vidgen.takes.record import row_of
from vidgen.takes.remarks import Remarks
from vidgen.takes.request import Take

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dailies:
    """A film as it stands, for review. ``spent_usd``: what it has cost so far; ``unpriced``: paid takes of unknown price."""

    board: Path
    plan: Plan
    project: Project
    shots: tuple[ShotAtHand, ...]
    remarks: Remarks
    spent_usd: float
    unpriced: int
    notices: tuple[Notice, ...] = ()

    def shot(self, name: str) -> ShotAtHand | None:
        """The shot of that id."""
        return next((one for one in self.shots if one.planned.id == name), None)

    def as_dict(self) -> dict[str, Any]:
        """The film as JSON values: ``GET /api/state`` of the review server."""
        plan, budget = self.plan, self.plan.board.budget
        return {
            "title": plan.board.title or self.board.stem,
            "board": self.board.name,
            "duration_s": round(plan.duration_s, 6),
            "frames": plan.total_frames,
            "fps": json_rate(plan.fps),
            "width": plan.width,
            "height": plan.height,
            "cost_usd": round(self.spent_usd, 6),
            "unpriced": self.unpriced,
            "budget_usd": budget.max_cost if budget else None,
            "needs_review": [shot.planned.id for shot in self.shots if shot.needs_review],
            "shots": [self.shot_dict(shot) for shot in self.shots],
        }

    def shot_dict(self, shot: ShotAtHand) -> dict[str, Any]:
        """One shot as JSON values, with the names that ``render --json`` has for the same things."""
        planned, plan = shot.planned, self.plan
        request = planned.request if isinstance(planned, GeneratedShot) else None
        transition = planned.shot.transition
        return {
            "id": planned.id,
            "scene": planned.scene,
            "start_frame": planned.start_frame,
            "frames": planned.frames,
            "start_s": round(seconds_of(planned.start_frame, plan.fps), 6),
            "duration_s": round(seconds_of(planned.frames, plan.fps), 6),
            "time_code": [time_code(frame, plan.fps) for frame in (planned.start_frame, planned.start_frame + planned.frames)],
            "transition": {"type": transition.type if transition else "cut", "frames": planned.transition_frames},
            "titles": [one.text for one in planned.shot.text or ()],
            "engine": planned.engine,
            "model": planned.model,
            "prompt": request.prompt if request else "",
            "negative": request.negative if request else "",
            "camera": request.camera.move if request else None,
            "continues": planned.continues,
            "board_notes": planned.shot.notes or "",
            "estimated_usd": planned.estimated_usd,
            "candidates": planned.candidates,
            "request_key": shot.pick.request_key if shot.pick else None,
            "picked": shot.picked.take if shot.picked else None,
            "picked_by": shot.picked_by,
            "why": shot.why,
            "needs_review": shot.needs_review,
            "trim": _trim(shot),
            "takes": [self._take(shot, take) for take in shot.takes],
            "notes": [
                {"text": one.text, "take": one.take, "at_s": one.at_s} for one in self.remarks.notes if one.shot == planned.id
            ],
        }

    def _take(self, shot: ShotAtHand, take: Take) -> dict[str, Any]:
        planned = shot.planned
        assert isinstance(planned, GeneratedShot)  # a user's own clip has no takes
        row = row_of(take)
        card = shot.card(take.take)
        known = diffusion_model(take.model) if take.model and take.engine == "local" else None
        return {
            "take": take.take,
            "file": str(take.file),
            "sha256": take.sha256,
            "picked": shot.picked is not None and take.take == shot.picked.take,
            "rejected": self.remarks.rejected(planned.id).get(take.key),
            "seed": take.seed,
            "frames": take.frames,
            "fps": json_rate(take.fps),
            "width": take.width,
            "height": take.height,
            "window": take.window(planned.request).as_dict(),
            **take.cost,
            "score": card.total if card else None,
            "families": dict(card.families) if card else {},
            "not_measured": dict(card.not_measured) if card else {},
            "vetoes": shot.vetoes(take.take),
            "engine": take.engine,
            "model": take.model,
            "diffusion": take.diffusion,
            "licence": known.licence if known else None,
            "prompt": row.get("prompt", planned.request.prompt),
            "manifest": dict(_plain(take.manifest)),
        }


def _trim(shot: ShotAtHand) -> dict[str, Any] | None:
    """Where a shot opens in its picked take, who said it, and the frames with which it could; None where it is not trimmed."""
    planned = shot.planned
    if not isinstance(planned, GeneratedShot) or shot.picked is None or planned.parent != planned.id:
        return None
    least, most = trim_range(shot.picked, planned.request)
    person = shot.pick is not None and shot.pick.trim is not None
    by = "person" if person else "auto" if planned.trim.start is None else "storyboard"
    return {"start_frame": shot.picked.start, "by": by, "least": least, "most": most}


def _plain(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str | int | float | bool]]:
    """What of a manifest a person reads: single values."""
    for name, value in manifest.items():
        if isinstance(value, str | int | float | bool):
            yield str(name), value


def dailies(board: Path, *, work: Path | None = None) -> Dailies:
    """The whole film. Raises InputError as planning does."""
    engines = Engines()
    loaded = load_storyboard(board)
    plan = plan_loaded(loaded, Overrides(), engines, voices_of(loaded, work))
    project = Project.of(board, work)
    with project.reading() as space:
        shots, notices = shots_at_hand(plan, space, engines)
        spent, unpriced = _spent(space)
        scored = tuple(_scored(shot, plan, space) for shot in shots)
        return Dailies(board, plan, project, scored, space.remarks, spent, unpriced, tuple(notices))


def with_shots_anew(film: Dailies, names: Sequence[str]) -> Dailies:
    """The film with some shots looked at again; the storyboard is taken as it was read."""
    engines = Engines()
    with film.project.reading() as space:
        found = some_at_hand(film.plan, names, space, engines)
        anew = {name: _scored(shot, film.plan, space) for name, shot in found.items()}
        shots = tuple(anew.get(one.planned.id, one) for one in film.shots)
        spent, unpriced = _spent(space)
        return replace(film, shots=shots, remarks=space.remarks, spent_usd=spent, unpriced=unpriced)


def _spent(space: Workspace) -> tuple[float, int]:
    """US dollars that a project has cost, and how many paid takes have no known price."""
    return (space.journal.spent(), space.journal.unpriced()) if space.journal else (0.0, 0)


def _scored(shot: ShotAtHand, plan: Plan, space: Workspace) -> ShotAtHand:
    """The shot with what the judge says of takes that the storyboard did not ask for, such as those a person asked for more of.
    They are measured beside the others; a look never fails for want of it.
    """
    planned = shot.planned
    if not isinstance(planned, GeneratedShot) or len(shot.takes) < 2 or all(shot.card(take.take) for take in shot.takes):
        return shot
    if shot.verdict is not None and set(shot.verdict.takes) >= {take.take for take in shot.takes}:
        return shot  # the judge was asked, and could not tell
    steady = any(one.continues == planned.id for one in plan.shots)
    try:
        rules = with_own_weights(plan.board.score)
        return replace(shot, beyond=judge_takes(shot.takes, planned.request, space.root / "scores", rules, steady=steady))
    except Exception as error:
        LOG.info("%s: not all of its takes can be judged: %s", planned.id, error)
        return shot
