"""Which rows of the table of engines may no longer be true: read too long ago, or contradicted by a provider's SDK."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import engine_table
from vidgen.engines.cloud.drift import SDKS, Sdk, findings

DAYS = 60


def stale_rows(today: date, sdks: Iterable[Sdk] = SDKS) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows by engine and model, with ``as_of`` (their oldest date), ``days`` and ``why``; and what could not be compared.

    ``why`` is ``age``, or ``sdk`` where an SDK that is installed does not know what the row offers.
    """
    found = []
    for row in (row for rows in engine_table().values() for row in rows):
        oldest = _oldest(row)
        days = (today - date.fromisoformat(oldest)).days if oldest else 0
        if row.kind == "cloud" and not row.retired_on and days > DAYS:
            found.append({"engine": row.engine, "model": row.model, "as_of": oldest, "days": days, "why": "age", "text": ""})
    different, missing = findings(sdks)
    for one in (one for one in different if one.wrong):
        found.append({"engine": one.engine, "model": one.model, "as_of": None, "days": None, "why": "sdk", "text": one.text})
    return found, missing


def _oldest(row: Capabilities) -> str:
    dates = [row.as_of, row.price.as_of, *(price.as_of for price in row.task_prices.values())]
    return min((given for given in dates if given), default="")
