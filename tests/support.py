"""Types that tests share."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


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


class Package:
    """An installed package of another project: modules, and entry points for vidgen."""

    def __init__(self, folder: Path, name: str, modules: Mapping[str, str], entry_points: str) -> None:
        self._folder, self._name, self._modules = folder, name, set(modules)
        self._info = folder / f"{name}.dist-info"
        self._info.mkdir(parents=True)
        self.upgrade("1.0")
        (self._info / "entry_points.txt").write_text(entry_points)
        for module, code in modules.items():
            self.write(module, code)

    def upgrade(self, version: str) -> None:
        (self._info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {self._name}\nVersion: {version}\n")

    def write(self, module: str, code: str) -> None:
        """Put other code into a module, as a new installation would, and forget the old."""
        shutil.rmtree(self._folder / "__pycache__", ignore_errors=True)
        (self._folder / f"{module}.py").write_text(code)
        self.forget()

    def forget(self) -> None:
        importlib.invalidate_caches()
        for module in self._modules:
            sys.modules.pop(module, None)


@contextmanager
def installed_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, modules: Mapping[str, str], entry_points: str
) -> Iterator[Package]:
    """Install a package of that name for the block."""
    package = Package(folder, name, modules, entry_points)
    monkeypatch.syspath_prepend(folder)
    try:
        yield package
    finally:
        package.forget()


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


def load() -> float:
    """How many times as long as on a quiet machine things may take."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def started_with(home: str) -> list[str]:
    """Command lines of processes whose environment names that home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if home.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200])
        except OSError:
            continue
    return found
