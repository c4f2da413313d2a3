"""Types that tests share."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

_watching: list[Counter[str]] = []


def _heard(event: str, values: tuple[Any, ...]) -> None:
    if event == "open" and _watching and isinstance(values[0], str | bytes | Path):
        _watching[-1]["/".join(Path(os.fsdecode(values[0])).parts[-2:])] += 1


sys.addaudithook(_heard)  # it stays for the process's life, and does nothing unless a test watches


@contextmanager
def opened() -> Iterator[Counter[str]]:
    """How often each file is opened by Python inside the block, by its folder and name (``transformer/config.json``)."""
    _watching.append(Counter())
    try:
        yield _watching[-1]
    finally:
        _watching.pop()
