"""The comparison of engines as Markdown, for documents: made from the same rows as ``vidgen engines``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

COLUMNS = ("engine", "models", "makes", "longest", "up to", "first / last frame", "seed", "$ a second")


def engine_guide(rows: Sequence[dict[str, Any]]) -> str:
    """One row for each engine: what its models can do together, and what they cost from the cheapest to the dearest.

    ``rows``: as ``about.engine_rows`` gives them.
    """
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row["engine"])]
    head = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    return "\n".join([*head, *(_row(group) for group in groups)])


def _row(models: Sequence[dict[str, Any]]) -> str:
    first = models[0]
    names = [row["model"] for row in models]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    tasks = sorted({task for row in models for task in row["tasks_short"]}, key=_order(models).index)
    longest = max((row["max_s"] or 0 for row in models), default=0)
    side = max((row["max_short_side"] or 0 for row in models), default=0)
    pictures = {row["pictures"] for row in models}
    frames = "both" if "first+last" in pictures else "first" if "first" in pictures else "no"
    if first["retired_on"]:
        return f"| `{first['engine']}` | {shown} | retired {first['retired_on']} | | | | | |"
    cells = (
        f"`{first['engine']}`",
        shown,
        ", ".join(tasks),
        f"{longest:g} s" if longest else "any",
        f"{side}p" if side else "any",
        frames,
        "yes" if all(row["seed"] for row in models) else "some" if any(row["seed"] for row in models) else "no",
        _prices(models),
    )
    return f"| {' | '.join(cells)} |"


def _order(models: Sequence[dict[str, Any]]) -> list[str]:
    """Every task, in the order in which the table names them."""
    return list(dict.fromkeys(task for row in models for task in row["tasks_short"]))


def _prices(models: Sequence[dict[str, Any]]) -> str:
    """From the cheapest to the dearest; a ``?`` where some are not known."""
    prices = [row["price"] for row in models]
    ends = sorted(float(end) for price in prices if price not in ("?", "free") for end in price.split("-"))
    if not ends:
        return "free" if set(prices) == {"free"} else "?"
    span = f"{ends[0]:.2f}" if ends[0] == ends[-1] else f"{ends[0]:.2f}-{ends[-1]:.2f}"
    return f"{span}, some unknown" if "?" in prices else span
