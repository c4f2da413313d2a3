"""Finds engines by name: built-in and third-party ones alike come through the entry-point group ``vidgen.engines``.

Nothing is imported before it is asked for, and an engine that cannot be loaded breaks only itself. ``Engines`` reads what is
installed once for a whole run; see ``vidgen.installed`` for which packages may be loaded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from vidgen.catalog.capabilities import Capabilities
from vidgen.catalog.engines import capabilities, refuse_retired, unknown_model
from vidgen.engines.base import Engine, LocalEngine, RemoteEngine
from vidgen.engines.guard import guarded
from vidgen.errors import MissingError
from vidgen.installed import Group, Plugin, PluginProblem, plugins, problems
from vidgen.spelling import did_you_mean

GROUP: Group = "vidgen.engines"

_added: dict[str, Callable[[], Engine]] = {}


class Engines:
    """The engines of one run, made where one begins and handed down: what is installed is read once, each engine is made once,
    and each model is asked once what it can do. Threads may share it.
    """

    def __init__(self) -> None:
        self._found = plugins(GROUP, anew=True)
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
        plugin = self._found.get(name)
        if plugin is None:
            raise _unknown(name, self.names)
        return _load(plugin)


def engine_names() -> list[str]:
    """Names of the engines that are installed, sorted. Imports none of them."""
    return Engines().names


def get_engine(name: str) -> Engine:
    """A new engine of that name, for one question; a run asks its ``Engines``. Raises as ``Engines.get``."""
    return Engines().get(name)


def plugin_problems() -> list[PluginProblem]:
    """Every engine that cannot be loaded or hides behind a taken name. Imports all of them: for ``vidgen doctor``."""
    return list(problems(GROUP, _load))


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


def _load(plugin: Plugin) -> Engine:
    """The engine of a plug-in, guarded. Raises MissingError ``engine.load_failed`` where it is none."""
    make = plugin.load()
    try:
        engine = make()
    except (Exception, SystemExit) as error:
        raise plugin.broken(error) from error
    if not isinstance(engine, LocalEngine | RemoteEngine):
        raise plugin.broken(f"{plugin.entry.value} is neither a LocalEngine nor a RemoteEngine")
    if (name := getattr(engine, "name", None)) != plugin.name:
        raise plugin.broken(f"{plugin.entry.value} calls itself {name!r}, but its entry point is {plugin.name!r}")
    return guarded(engine)


def _unknown(name: str, names: Collection[str]) -> MissingError:
    try:
        refuse_retired(name, None)
    except MissingError as retired:
        return retired
    text = f"there is no engine {name!r}{did_you_mean(name, names)}"
    return MissingError("engine.unknown", text, hint=f"installed: {', '.join(names) or 'none'}", where=name)
