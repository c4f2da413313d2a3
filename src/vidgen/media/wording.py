"""Counts and lists for messages."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 take``, ``3 takes``. The plural must end in ``s``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(items: Iterable[object]) -> str:
    """A list as text: ``1``, ``1 and 2``, ``1, 2 and 3``."""
    texts = [str(item) for item in items]
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def there_are(takes: Iterable[int]) -> str:
    """Which takes exist: ``there are none``, ``there are 2 takes: 1 and 3``."""
    numbers = sorted(takes)
    if not numbers:
        return "there are none"
    return f"there {'is' if len(numbers) == 1 else 'are'} {counted(len(numbers), 'take')}: {listed(numbers)}"
