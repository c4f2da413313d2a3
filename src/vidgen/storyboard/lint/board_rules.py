"""Rules about the storyboard as a whole: its length, its chains, its budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from vidgen.catalog.transitions import plain_cut
from vidgen.storyboard.lint.findings import Finding
from vidgen.storyboard.lint.shots import ShotView, make_finding
from vidgen.storyboard.lint.titles import caption_speed, reading_speed
from vidgen.storyboard.reader import dotted
from vidgen.storyboard.unused_keys import unused_keys
from vidgen.storyboard.values import frame_size

LONGEST_S, LONGEST_CHAIN = 10, 3

BoardRule = Callable[[Sequence[ShotView]], Iterator[Finding]]


def one_shot(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V103."""
    if len(views) == 1 and not views[0].shot.clip and views[0].seconds > LONGEST_S:
        yield views[0].finding("V103", views[0].path, seconds=f"{views[0].seconds:g}")


def first_transition(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V104; only for a transition of the shot itself, because one in ``defaults`` is meant for later shots."""
    first = views[0]
    if first.own.transition and not (plain_cut(first.own.transition.type) or first.own.transition.type == "fade_black"):
        yield first.finding("V104", (*first.path, "transition"), transition=first.own.transition.type)


def soft_continuation(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V105."""
    for view in views[1:]:
        transition = view.shot.transition
        if (
            view.shot.continue_from
            and transition
            and not (plain_cut(transition.type) or transition.type in ("fade_black", "fade_white"))
        ):
            path = view.path_of("transition")
            yield view.finding("V105", path, transition=transition.type, other=view.shot.continue_from)


def chains(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V502; once per chain, at the first shot that is too far along."""
    depth: dict[str, int] = {}
    for view in views:
        before = view.shot.continue_from
        depth[view.own.id] = depth.get(before, 1) + 1 if before else 1
        if depth[view.own.id] == LONGEST_CHAIN + 1:
            yield view.finding("V502", view.path_of("continue_from"), number=depth[view.own.id])


def chain_styles(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V503."""
    by_id = {view.own.id: view for view in views}
    for view in views:
        before = by_id.get(view.shot.continue_from or "")
        if before and (view.shot.style or "") != (before.shot.style or ""):
            owner = view if "style" in view.own.model_fields_set else before
            path = owner.path_of("style") if owner is view else (*view.path, "continue_from")
            yield view.finding("V503", path, other=before.own.id)


def budget(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V601; by list prices, without shots whose price is unknown."""
    board = views[0].board
    size = frame_size(board.resolution, board.aspect)
    total = 0.0
    for view in views:
        task = "video_to_video" if view.shot.source_video else "text_to_video"
        led = bool(view.shot.references) and not (view.shot.source_video or view.shot.start_frame or view.shot.continue_from)
        sound = bool((view.shot.params or {}).get("audio"))
        price = (
            view.capabilities.price_of(view.seconds, *size, task, led, sound)
            if view.capabilities and not view.shot.clip
            else None
        )
        cost = (price or 0.0) * (view.shot.candidates or 1)
        total += cost
        if view.shot.max_cost is not None and cost > view.shot.max_cost:
            path = view.path_of("max_cost")
            yield view.finding("V601", path, cost=f"{cost:.2f}", limit=f"{view.shot.max_cost:.2f}")
    if board.budget and total > board.budget.max_cost:
        limit = f"{board.budget.max_cost:.2f}"
        yield make_finding(views[0].loaded, "V601", ("budget", "max_cost"), cost=f"{total:.2f}", limit=limit)


def seeds(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V602."""
    if views[0].board.seed is None and all(view.shot.seed is None and not view.shot.clip for view in views):
        yield make_finding(views[0].loaded, "V602", ())


def unused(views: Sequence[ShotView]) -> Iterator[Finding]:
    """V107."""
    loaded = views[0].loaded
    for key in unused_keys(loaded.board):
        path = (*loaded.shot_path(*key.place), *key.path) if key.place else key.path
        yield make_finding(loaded, "V107", path, key.shot, key=dotted(key.path), why=key.why)


BOARD_RULES: tuple[BoardRule, ...] = (
    *(one_shot, first_transition, soft_continuation, unused),
    *(chains, chain_styles, budget, seeds, reading_speed, caption_speed),
)
"""All rules about the whole storyboard."""
