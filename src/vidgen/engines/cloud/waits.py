"""How long a provider asks to be left alone, in whatever way it writes that, and how far this machine's clock is off."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

Headers = Mapping[str, str]

_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
_RESETS = (
    "x-ratelimit-reset-after",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-ratelimit-reset-requests",
    "x-rate-limit-reset",
    "x-rate-limit-reset-after",
)
"""When there is room again: in so many seconds, or at a time (seconds or milliseconds since 1970)."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|d)")
_NUMBER = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)")
_BODY = {"retry_after": 1.0, "retryafter": 1.0, "retry_after_seconds": 1.0, "retry_after_ms": 0.001, "retrydelay": 1.0}
"""Members of an answer's body that tell it, and their unit in seconds. ``retryDelay`` is Google's."""
_TIMES_SINCE = 1e8
"""A number as large as this is a time and no pause."""


def requested_pause_s(headers: Headers, body: Any = None) -> float | None:
    """Seconds from now that an answer asks to wait; 0 where that time is over, None where it does not say."""
    by_clock = _now(headers)
    for name in _MILLISECONDS:
        if (seconds := _number(headers.get(name))) is not None:
            return seconds / 1000
    if (seconds := _pause(headers.get("retry-after"), by_clock)) is not None:
        return seconds
    if (seconds := next(_in_body(body), None)) is not None:
        return seconds
    found = re.search(r"(?:^|[;,\s])t=(\d+)", headers.get("ratelimit", ""))
    if found:
        return float(found[1])
    return next((seconds for name in _RESETS if (seconds := _pause(headers.get(name), by_clock)) is not None), None)


def clock_off_s(headers: Headers) -> float:
    """Seconds that this machine's clock is ahead of the provider's; 0 where its answer has no date."""
    theirs = _date(headers.get("date"))
    return (datetime.now(UTC) - theirs).total_seconds() if theirs else 0.0


def _now(headers: Headers) -> datetime:
    """The time by the provider's clock, by which its dates are meant; else by ours."""
    return _date(headers.get("date")) or datetime.now(UTC)


def _pause(text: str | None, now: datetime) -> float | None:
    """``7``, ``1.5``, ``6m0s``, a date, or a number that is a time."""
    text = (text or "").strip().strip('"')
    if (number := _number(text)) is not None:
        if number < _TIMES_SINCE:
            return number
        return max(0.0, (number / 1000 if number > _TIMES_SINCE * 1000 else number) - now.timestamp())
    if (lasting := _duration(text)) is not None:
        return lasting
    date = _date(text)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    if re.fullmatch(r"-\d+(\.\d*)?", text):
        return 0.0
    return float(text) if _NUMBER.fullmatch(text) and math.isfinite(float(text)) else None


def _duration(text: str) -> float | None:
    parts = _PART.findall(text.lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.lower():
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _date(text: str | None) -> datetime | None:
    """A date in any of HTTP's three forms, or ISO's."""
    if not text or not re.search(r"[A-Za-z]", text):
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text.strip())
        except (ValueError, TypeError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _in_body(value: Any, depth: int = 0) -> Iterator[float]:
    """Every pause that a JSON body tells, outermost first."""
    if depth > 6:
        return
    if isinstance(value, list):
        for part in value[:20]:
            yield from _in_body(part, depth + 1)
    if not isinstance(value, Mapping):
        return
    for name, given in value.items():
        unit = _BODY.get(str(name).lower())
        if unit and (seconds := _body_pause(given)) is not None:
            yield seconds * (unit if isinstance(given, int | float) or _number(str(given)) is not None else 1.0)
    for given in value.values():
        yield from _in_body(given, depth + 1)


def _body_pause(given: Any) -> float | None:
    """A number, ``34.07s``, or Google's seconds and nanoseconds apart."""
    if isinstance(given, bool) or given is None:
        return None
    if isinstance(given, Mapping):
        seconds, nanos = _number(str(given.get("seconds", 0))), _number(str(given.get("nanos", 0)))
        return None if seconds is None or nanos is None else seconds + nanos / 1e9
    text = str(given).strip()
    number = _number(text)
    return number if number is not None else _duration(text)
