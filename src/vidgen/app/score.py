"""``vidgen score``: clips measured, and ranked as candidates of one shot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from vidgen.config import config
from vidgen.errors import InputError, Notice
from vidgen.media.answers import content_of
from vidgen.media.normalise import inside_notices
from vidgen.media.probe import probe, probe_pictures
from vidgen.scoring import Expectation, choose, score_takes
from vidgen.scoring.preferences import own_weights
from vidgen.scoring.scorer import Clip
from vidgen.scoring.scorers import Scorers
from vidgen.storyboard.vocabulary import canonical_name


def score_clips(
    files: Sequence[Path],
    *,
    prompt: str | None,
    camera: str | None,
    motion_amount: float | None,
    report: Path | None = None,
    warn: Callable[[Iterable[Notice]], None] = lambda notices: None,
) -> dict[str, Any]:
    """``data`` of ``score --json``: clips ranked as candidates of one shot. ``warn`` is called with what is odd in them.
    ``report``: where a page of evidence is written. Raises InputError for a missing or bad clip.
    """
    if report:
        from vidgen.app.score_page import check_report

        check_report(report, files)
    for file in files:
        if not file.is_file():
            raise InputError("media.not_found", f"{file} does not exist", hint="check the path", where=str(file))
        probe_pictures(file)
    try:
        move = canonical_name("camera_move", camera) if camera else None
    except ValueError as error:
        raise InputError("usage.invalid", f"--camera: {error}", where="--camera") from error
    still = motion_amount is not None and motion_amount <= 2 and move in (None, "static")
    expectation = Expectation(move=move, motion_amount=motion_amount, wants_still=still, prompt=prompt)
    scorers = Scorers(limit_usd=config().score.max_cost, warn=lambda notice: warn([notice]))
    measured = scorers.measure([Clip(file, content_of(file)) for file in files], expectation)
    if scorers.spent_usd:
        warn([Notice("score.spent", f"judging takes has cost {scorers.spent_usd:.4f} USD")])
    weights = own_weights()
    cards = score_takes(files, expectation, measured=measured, weights=weights)
    unreadable = [card for card in cards if card.status == "unreadable"]
    if unreadable:
        detail = unreadable[0].vetoes[0].detail if unreadable[0].vetoes else f"{unreadable[0].file} cannot be played"
        raise InputError("media.unreadable", detail, where=str(unreadable[0].file))
    warn(notice for file in files for notice in inside_notices(probe(file)))
    choice = choose(cards, calibrated=not weights and not measured)
    ranks = {index: place + 1 for place, index in enumerate(choice.order)}
    found: dict[str, Any] = {
        "candidates": [{"rank": ranks[index], **card.as_dict()} for index, card in enumerate(cards)],
        "winner": None if choice.winner is None else str(cards[choice.winner].file),
        "tie": choice.tie,
        **choice.reasons(),
        "needs_review": choice.needs_review,
    }
    if report:
        from vidgen.app.score_page import write_report

        write_report(report, found, {"camera": move, "motion amount": motion_amount, "prompt": prompt})
        found["report"] = str(report)
    return found
