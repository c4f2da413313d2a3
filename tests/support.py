"""Types that tests share."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code, both streams, and with --json its events and envelope."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def envelope(self) -> dict[str, Any]:
        last = self.lines[-1]
        assert last["type"] == "result" and all(line["type"] == "event" for line in self.lines[:-1])
        return last

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.envelope["data"]
        return data


Vidgen = Callable[..., Ran]
Film = Callable[..., Path]
