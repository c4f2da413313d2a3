"""Numbers in sentences."""

from __future__ import annotations

from collections.abc import Iterable


def counted(count: int, noun: str) -> str:
    """``1 take``, ``3 takes``: a count and what is counted; the noun's plural has an ``s``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def listed(items: Iterable[object]) -> str:
    """``1``, ``1 and 2``, ``1, 2 and 3``."""
    words = [str(item) for item in items]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def there_are(takes: Iterable[int]) -> str:
    """Which takes there are, in words."""
    numbers = sorted(takes)
    if not numbers:
        return "there are none"
    return f"there {'is' if len(numbers) == 1 else 'are'} {counted(len(numbers), 'take')}: {listed(numbers)}"
