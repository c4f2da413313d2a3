"""``vidgen score --refit``: the judge's weights fitted to a person's own picks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.media.wording import counted
from vidgen.render.project import root_of
from vidgen.scoring.preferences import LEAST_PAIRS, LOG, Fit, Pair, keep_weights, own_weights, read_pairs, refit


def refit_weights(boards: Sequence[Path], *, yes: bool) -> dict[str, Any]:
    """``data`` of ``score --refit --json``. Without ``boards``: all projects of the current folder. Only ``yes`` changes
    anything. Raises InputError where there are too few pairs.
    """
    pairs = list(_pairs(boards))
    if len(pairs) < LEAST_PAIRS:
        missing = LEAST_PAIRS - len(pairs)
        text = f"there are {counted(len(pairs), 'pair')} of picks; {counted(missing, 'more pair')} are needed to fit weights"
        raise InputError("score.few_picks", text, hint="each vidgen pick among two or more takes makes one pair")
    fit = refit(pairs, own_weights())
    return {
        "pairs": fit.pairs,
        "families": [
            {"family": name, "old": fit.old.get(name, 1.0), "new": fit.new.get(name, 1.0)}
            for name in sorted({*fit.old, *fit.new})
        ],
        "right_before": fit.right_before,
        "right_after": fit.right_after,
        "better": fit.right_after > fit.right_before,
        "applied": yes,
        "file": str(keep_weights(fit)) if yes else None,
        "summary": list(_summary(fit, yes)),
    }


def _pairs(boards: Sequence[Path]) -> Iterator[Pair]:
    """Every pair of the projects, each once."""
    for board in boards:
        if not board.is_file():
            raise InputError("storyboard.not_found", f"{board} does not exist", hint="check the path", where=str(board))
    files = [root_of(board, None) / LOG for board in boards] or sorted(Path(".vidgen").glob(f"*/{LOG}"))
    yield from {pair.name: pair for file in files for pair in read_pairs(file)}.values()


def _summary(fit: Fit, applied: bool) -> Iterator[str]:
    yield f"{fit.pairs} pairs of your picks"
    for name in sorted({*fit.old, *fit.new}):
        yield f"{name}: {fit.old.get(name, 1.0):g} -> {fit.new.get(name, 1.0):g}"
    yield f"ordered as you did: {fit.right_before} with the old weights, {fit.right_after} with new ones that had not seen them"
    if fit.right_after <= fit.right_before:
        yield "the new weights are not better than the old ones"
    yield "applied" if applied else "nothing was changed; to apply: the same command with --yes"
