"""What a delivery may ask of one value: a number within bounds, or one of several values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Value = str | int | float | None
"""What a check found. None: it could not be measured."""


@dataclass(frozen=True)
class Within:
    """A number from ``least`` to ``most``, both included. None: no bound on that side."""

    least: float | None = None
    most: float | None = None

    def allows(self, value: Value) -> bool:
        """Whether the value is a number within the bounds."""
        if not isinstance(value, int | float):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def as_json(self) -> Any:
        """The number that is allowed at most, or an object where there is a lower bound."""
        return self.most if self.least is None else {"least": self.least, "most": self.most}

    def text(self) -> str:
        """In words: ``at most 2``, ``-24 to -22``."""
        if self.least is None:
            return f"at most {self.most:g}"
        return f"{self.least:g} to {self.most:g}" if self.most is not None else f"at least {self.least:g}"


@dataclass(frozen=True)
class OneOf:
    """One of these values, exactly."""

    values: Sequence[Value]

    def allows(self, value: Value) -> bool:
        """Whether it is one of them."""
        return value in self.values

    def as_json(self) -> Any:
        """The values as a list."""
        return list(self.values)

    def text(self) -> str:
        """In words: ``mp4 or mov``."""
        *rest, last = (f"{value:.5g}" if isinstance(value, float) else str(value) for value in self.values)
        return f"{', '.join(rest)} or {last}" if rest else last


Limit = Within | OneOf
