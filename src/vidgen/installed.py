"""What installed packages add to vidgen: entry points by group and name. Nothing is imported before it is loaded.

``VIDGEN_LOAD_PLUGINS`` names the plug-ins (by their name or their package) that may be loaded, with commas between; empty:
vidgen's own only; not set: all. Reading the packages' metadata takes as long as planning a hundred shots, so it is done once
for all groups, and again only when a run begins (``anew``) or when ``sys.path`` has changed.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from vidgen.errors import MissingError
from vidgen.settings import settings

Group = Literal["vidgen.engines", "vidgen.interpolators", "vidgen.upscalers", "vidgen.scorers", "vidgen.speakers"]
"""The extension points: what makes takes, what makes frames in between, what enlarges, what measures takes, what speaks."""


@dataclass(frozen=True)
class Plugin:
    """One entry point: its name, the package that brings it (and its version), and the object that it names."""

    name: str
    package: str
    version: str
    entry: EntryPoint

    @property
    def built_in(self) -> bool:
        """Whether it is vidgen's own."""
        return self.entry.value.startswith("vidgen.")

    def load(self) -> Any:
        """Import what the entry point names.

        Raises MissingError ``engine.load_failed`` with the cause and the package, whatever the import raises.
        """
        try:
            return self.entry.load()
        except (Exception, SystemExit) as error:
            raise self.broken(error) from error

    def broken(self, why: BaseException | str) -> MissingError:
        """The error that says why it cannot be used, whose it is, and what to do."""
        cause = why if isinstance(why, str) else cause_of(why)
        text = f"the {_KINDS[self.entry.group]} {self.name} ({self.package}) cannot be loaded: {cause}"
        others = "" if self.entry.group in ("vidgen.scorers", "vidgen.speakers") else ", or choose another engine with --engine"
        hint = f"reinstall or remove {self.package}{others}"
        return MissingError("engine.load_failed", text, hint=hint, where=self.entry.value)


_KINDS = {
    "vidgen.engines": "engine",
    "vidgen.interpolators": "interpolator",
    "vidgen.upscalers": "upscaler",
    "vidgen.scorers": "scorer",
    "vidgen.speakers": "speaker",
}


@dataclass(frozen=True)
class PluginProblem:
    """A plug-in that is installed but cannot be used: what it is (``engine``), its name, its package, and why."""

    kind: str
    name: str
    package: str
    why: str


def plugins(group: Group, *, anew: bool = False) -> Mapping[str, Plugin]:
    """What is installed in a group and may be loaded, by name. Of two with one name vidgen's own counts, then the one whose
    package comes first by name. ``anew``: read the packages again.
    """
    found: dict[str, Plugin] = {}
    for plugin in _allowed(group, anew=anew):
        found.setdefault(plugin.name, plugin)
    return found


def problems(group: Group, load: Callable[[Plugin], object]) -> Iterator[PluginProblem]:
    """Every plug-in of a group that ``load`` raises MissingError for, or whose name is taken. Imports all of them."""
    found = plugins(group)
    for plugin in _allowed(group):
        if (first := found[plugin.name]) is not plugin:
            yield PluginProblem(_KINDS[group], plugin.name, plugin.package, f"the name is already taken by {first.package}")
            continue
        try:
            load(plugin)
        except MissingError as error:
            why = error.message.partition(" cannot be loaded: ")[2] or error.message
            yield PluginProblem(_KINDS[group], plugin.name, plugin.package, why)


def cause_of(error: BaseException) -> str:
    """An exception of another project's code in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]


def _allowed(group: Group, *, anew: bool = False) -> list[Plugin]:
    """Plug-ins that may be loaded, vidgen's own first, then by package and name."""
    names = settings().plugins
    installed = (plugin for plugin in _READING.plugins(anew=anew) if plugin.entry.group == group)
    allowed = (one for one in installed if one.built_in or names is None or names & {one.name, one.package})
    return sorted(allowed, key=lambda one: (not one.built_in, one.package, one.name))


class _Reading:
    """The plug-ins of all groups as they were read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._path: tuple[str, ...] | None = None
        self._plugins: tuple[Plugin, ...] = ()

    def plugins(self, *, anew: bool) -> tuple[Plugin, ...]:
        with self._lock:
            if anew or self._path != tuple(sys.path):
                read = entry_points()
                self._plugins = tuple(_plugin(entry) for group in _KINDS for entry in read.select(group=group))
                self._path = tuple(sys.path)
            return self._plugins


_READING = _Reading()


def _plugin(entry: EntryPoint) -> Plugin:
    dist = entry.dist
    return Plugin(entry.name, dist.name if dist else entry.value.partition(":")[0], dist.version if dist else "", entry)
