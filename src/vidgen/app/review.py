"""What a person reviews: every shot of a film with its takes, as values. Makes and buys nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from vidgen.render.at_hand import ShotAtHand, shot_at_hand, shots_at_hand
from vidgen.render.project import Project
from vidgen.storyboard.loader import load_storyboard
from vidgen.takes.record import row_of
from vidgen.takes.remarks import Remarks
from vidgen.takes.request import Take


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
            "takes": [self._take(shot, take) for take in shot.takes],
            "notes": [
                {"text": one.text, "take": one.take, "at_s": one.at_s} for one in self.remarks.notes if one.shot == planned.id
            ],
        }

    def _take(self, shot: ShotAtHand, take: Take) -> dict[str, Any]:
        planned = shot.planned
        assert isinstance(planned, GeneratedShot)  # a user's own clip has no takes
        row = row_of(take)
        verdict = shot.verdict
        card = verdict.card(take.take) if verdict else None
        known = diffusion_model(take.model) if take.model and take.engine == "local" else None
        return {
            "take": take.take,
            "file": str(take.file),
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
            "vetoes": verdict.vetoes(take.take) if verdict else [],
            "engine": take.engine,
            "model": take.model,
            "diffusion": take.diffusion,
            "licence": known.licence if known else None,
            "prompt": row.get("prompt", planned.request.prompt),
            "manifest": dict(_plain(take.manifest)),
        }


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
        spent, unpriced = (space.journal.spent(), space.journal.unpriced()) if space.journal else (0.0, 0)
        return Dailies(board, plan, project, tuple(shots), space.remarks, spent, unpriced, tuple(notices))


def with_shot_anew(film: Dailies, name: str) -> Dailies:
    """The film with one shot looked at again; the storyboard is taken as it was read."""
    engines = Engines()
    with film.project.reading() as space:
        found = shot_at_hand(film.plan, name, space, engines)
        shots = tuple(found if found and one.planned.id == name else one for one in film.shots)
        spent, unpriced = (space.journal.spent(), space.journal.unpriced()) if space.journal else (0.0, 0)
        return Dailies(film.board, film.plan, film.project, shots, space.remarks, spent, unpriced, film.notices)
