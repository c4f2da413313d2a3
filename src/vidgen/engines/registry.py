"""Finds engines by name: built-in and third-party ones alike come through the entry-point group ``vidgen.engines``.

``VIDGEN_LOAD_PLUGINS`` names the third-party engines (or the packages that bring them) that may be loaded, with commas
between; empty: built-in ones only; not set: all. Nothing is imported before it is asked for, and an engine that cannot
be loaded breaks only itself. ``Engines`` reads what is installed once for a whole run, which takes as long as planning a
hundred shots.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities, refuse_retired, unknown_model
from vidgen.engines.base import Engine, LocalEngine, RemoteEngine
from vidgen.engines.guard import guarded
from vidgen.errors import MissingError
from vidgen.settings import settings

GROUP = "vidgen.engines"

_added: dict[str, Callable[[], Engine]] = {}


@dataclass(frozen=True)
class PluginProblem:
    """An engine that is installed but cannot be used: its name, the package that brings it, and why."""

    name: str
    package: str
    why: str


class Engines:
    """The engines of one run, made where one begins and handed down: what is installed is read once, each engine is made once,
    and each model is asked once what it can do. Threads may share it.
    """

    def __init__(self) -> None:
        self._found = _found()
        self._made: dict[str, Engine] = {}
        self._able: dict[tuple[str, str | None], Capabilities | None] = {}
        self._lock = threading.RLock()

    def __contains__(self, name: str) -> bool:
        return name in self._found or name in _added

    @property
    def names(self) -> list[str]:
        """Names of the engines that are installed, sorted. Imports none of them."""
        return sorted({*self._found, *_added})

    def get(self, name: str) -> Engine:
        """The run's engine of that name: always the same one, as some hold loaded models.

        Raises MissingError: ``engine.unknown`` (with the nearest names), ``engine.retired``, or ``engine.load_failed`` with
        the cause.
        """
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def capabilities(self, engine: str, model: str | None) -> Capabilities | None:
        """What an engine can do with a model: the table's row, else what the engine says of itself (a folder, a model of the
        hub, a third party's); None for an engine that neither knows. Raises what the engine raises.
        """
        asked = (engine, model)
        with self._lock:
            if asked not in self._able:
                self._able[asked] = self._ask(engine, model)
            return self._able[asked]

    def _ask(self, engine: str, model: str | None) -> Capabilities | None:
        known = capabilities(engine, model)
        own = known is not None and known.kind == "local" and model and unknown_model(engine, model, own=True)
        if not own and (known or engine not in self):
            return known
        return self.get(engine).capabilities(model)

    def _make(self, name: str) -> Engine:
        if name in _added:
            return _added[name]()
        entry = self._found.get(name)
        if entry is None:
            raise _unknown(name, self.names)
        try:
            return _load(entry)
        except Exception as error:
            raise MissingError(
                "engine.load_failed",
                f"the engine {name} ({_package(entry)}) cannot be loaded: {_cause(error)}",
                hint=f"reinstall or remove {_package(entry)}, or choose another engine with --engine",
                where=entry.value,
            ) from error


def engine_names() -> list[str]:
    """Names of the engines that are installed, sorted. Imports none of them."""
    return Engines().names


def get_engine(name: str) -> Engine:
    """A new engine of that name, for one question; a run asks its ``Engines``. Raises as ``Engines.get``."""
    return Engines().get(name)


def plugin_problems() -> list[PluginProblem]:
    """Every engine that cannot be loaded or hides behind a taken name. Imports all of them: for ``vidgen doctor``."""
    found = _found()
    problems = []
    for entry in _entries():
        if found[entry.name] != entry:
            why = f"the name is already taken by {_package(found[entry.name])}"
            problems.append(PluginProblem(entry.name, _package(entry), why))
            continue
        try:
            _load(entry)
        except Exception as error:
            problems.append(PluginProblem(entry.name, _package(entry), _cause(error)))
    return problems


@contextmanager
def engine_added(name: str, make: Callable[[], Engine]) -> Iterator[None]:
    """Add an engine to this process for a while, or put one in place of an installed one; for tests and notebooks."""
    before = _added.get(name)
    _added[name] = lambda: guarded(make())
    try:
        yield
    finally:
        del _added[name]
        if before:
            _added[name] = before


def _entries() -> list[EntryPoint]:
    """Entry points that may be loaded, built-in ones first, then by package and name."""
    names = settings().plugins
    installed = sorted(entry_points(group=GROUP), key=lambda entry: (not _built_in(entry), _package(entry), entry.name))
    return [entry for entry in installed if _built_in(entry) or names is None or names & {entry.name, _package(entry)}]


def _found() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in _entries():
        found.setdefault(entry.name, entry)
    return found


def _load(entry: EntryPoint) -> Engine:
    engine = entry.load()()
    if not isinstance(engine, LocalEngine | RemoteEngine):
        raise TypeError(f"{entry.value} is neither a LocalEngine nor a RemoteEngine")
    if engine.name != entry.name:
        raise TypeError(f"{entry.value} calls itself {engine.name!r}, but its entry point is {entry.name!r}")
    return guarded(engine)


def _unknown(name: str, names: Collection[str]) -> MissingError:
    try:
        refuse_retired(name, None)
    except MissingError as retired:
        return retired
    near = difflib.get_close_matches(name.lower(), names, n=2, cutoff=0.5)
    guess = f" (did you mean {' or '.join(near)}?)" if near else ""
    return MissingError(
        "engine.unknown", f"there is no engine {name!r}{guess}", hint=f"installed: {', '.join(names) or 'none'}", where=name
    )


def _built_in(entry: EntryPoint) -> bool:
    return entry.value.startswith("vidgen.")


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value.partition(":")[0]


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
