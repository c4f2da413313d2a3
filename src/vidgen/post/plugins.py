"""Interpolation and upscaling engines of other packages: found by name, checked when chosen, guarded while they work.

Whatever such an engine does, vidgen ends with one line that names it and its package, and no file is written.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from vidgen.errors import MissingError, ProcessingError, VidgenError
from vidgen.installed import Group, Plugin, PluginProblem, cause_of, plugins, problems
from vidgen.media.once import once
from vidgen.post.stages import (
    FilterInterpolator,
    FilterUpscaler,
    FrameUpscaler,
    Pair,
    PairInterpolator,
    Picture,
    PostEngine,
)

KINDS: Mapping[Group, tuple[type[PostEngine], ...]] = {
    "vidgen.interpolators": (PairInterpolator, FilterInterpolator),
    "vidgen.upscalers": (FrameUpscaler, FilterUpscaler),
}
"""The extension points for post-processing, and the base classes of each."""

T = TypeVar("T")


@dataclass(frozen=True)
class PostPlugin:
    """An engine's class and where it comes from."""

    kind: type[PostEngine]
    plugin: Plugin

    @property
    def label(self) -> str:
        """``the engine acme-x (acme)``, for messages."""
        return f"the engine {self.plugin.name} ({self.plugin.package})"

    @property
    def version(self) -> str:
        """What changes when its results may change: part of the names of what was made with it."""
        return f"{self.plugin.package} {self.plugin.version} {self.kind.version}".strip()

    @property
    def network(self) -> bool:
        """Whether frames go through Python."""
        return issubclass(self.kind, PairInterpolator | FrameUpscaler)

    def check(self) -> None:
        """Raise MissingError ``post.engine_missing`` where it cannot run here."""
        if reason := _missing(self):
            raise MissingError(
                "post.engine_missing",
                f"{self.label} cannot run here: {reason}",
                hint=f"see the documentation of {self.plugin.package}, or choose another engine",
                where=self.plugin.name,
            )

    def interpolator(self) -> PostEngine:
        """The loaded engine, guarded. Raises ProcessingError ``post.engine_failed``."""
        if issubclass(self.kind, FilterInterpolator):
            return _FilterInterpolator(self, self._made(self.kind))
        assert issubclass(self.kind, PairInterpolator)
        return _PairInterpolator(self, self._made(self.kind.load))

    def upscaler(self, factor: int, tile: int | None) -> PostEngine:
        """The same for one that enlarges."""
        if issubclass(self.kind, FilterUpscaler):
            return _FilterUpscaler(self, self._made(self.kind))
        kind = self.kind
        assert issubclass(kind, FrameUpscaler)
        return _FrameUpscaler(self, self._made(lambda: kind.load(factor, tile)))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What the engine raises inside, unless it is an error of vidgen's kind, is its failure."""
        try:
            yield
        except VidgenError:
            raise
        except (Exception, SystemExit) as error:
            raise self.failure(cause_of(error)) from error

    def failure(self, cause: str) -> ProcessingError:
        """The error that says what the engine did wrong, and whose it is."""
        hint = f"--debug shows where; tell the authors of {self.plugin.package}, or choose another engine"
        return ProcessingError("post.engine_failed", f"{self.label} failed: {cause}", hint=hint, where=self.plugin.name)

    def _made(self, make: Callable[[], Any]) -> Any:
        with self.guard():
            engine = make()
        if not isinstance(engine, self.kind):
            raise self.failure(f"load gave {type(engine).__name__} instead of {self.kind.__name__}")
        return engine


def post_plugin(group: Group, name: str) -> PostPlugin | None:
    """The engine of that name from another package; None where none is installed.

    Raises MissingError ``engine.load_failed`` for one that cannot be used.
    """
    plugin = plugins(group).get(name)
    return load(plugin) if plugin else None


def load(plugin: Plugin) -> PostPlugin:
    """The engine's class, checked as far as that goes without making one. Raises MissingError ``engine.load_failed``."""
    kind, bases = plugin.load(), KINDS[plugin.entry.group]  # type: ignore[index]
    if not inspect.isclass(kind) or not issubclass(kind, bases):
        raise plugin.broken(f"{plugin.entry.value} is neither a {' nor a '.join(base.__name__ for base in bases)}")
    if missing := sorted(getattr(kind, "__abstractmethods__", ())):
        raise plugin.broken(f"{plugin.entry.value} has no method {', '.join(missing)}")
    if (name := getattr(kind, "name", None)) != plugin.name:
        raise plugin.broken(f"{plugin.entry.value} calls itself {name!r}, but its entry point is {plugin.name!r}")
    return PostPlugin(kind, plugin)


def post_problems(built_in: Mapping[Group, Sequence[str]]) -> Iterator[PluginProblem]:
    """Every such engine that cannot be used, or has the name of a ``built_in`` one. Imports all of them."""
    for group, names in built_in.items():

        def check(plugin: Plugin, names: Sequence[str] = names) -> None:
            if plugin.name in names:
                raise plugin.broken("the name is already taken by vidgen")
            load(plugin)

        yield from problems(group, check)


@once
def _missing(engine: PostPlugin) -> str | None:
    """What the engine lacks here: found out once, however many shots use it."""
    try:
        reason = engine.kind.available()
    except (Exception, SystemExit) as error:
        raise engine.plugin.broken(error) from error
    return None if reason is None else " ".join(str(reason).split())


@contextmanager
def blamed(engines: Sequence[PostPlugin]) -> Iterator[None]:
    """Where ffmpeg fails or gives wrong frames with filters of other packages in its graph, that is those engines' failure."""
    try:
        yield
    except ProcessingError as error:
        if not engines or error.code not in ("ffmpeg.failed", "media.bad_output"):
            raise
        raise engines[0].failure(error.message) from error


class _Guarded:
    """Calls one engine, one call at a time."""

    def __init__(self, source: PostPlugin, engine: Any) -> None:
        self.name, self.source = source.plugin.name, source
        self._engine, self._turn = engine, threading.Lock()

    def _call(self, step: Callable[[], T]) -> T:
        with self._turn, self.source.guard():
            return step()

    def _whole(self, name: str, least: int = 1) -> int:
        value = getattr(self._engine, name, None)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.source.failure(f"{name} is {value!r} instead of a whole number from {least}")
        return value

    def _text(self, step: Callable[[], object]) -> str:
        text = self._call(step)
        if not isinstance(text, str) or not text.strip():
            raise self.source.failure(f"filter gave {text!r} instead of the text of a filter")
        return text

    def _list(self, given: object, count: int, what: str) -> list[Any]:
        if not isinstance(given, list | tuple) or len(given) != count:
            found = len(given) if isinstance(given, list | tuple) else type(given).__name__
            raise self.source.failure(f"it gave {found} instead of {count} {what}")
        return list(given)

    def _picture(self, given: Any, like: Picture, factor: int = 1) -> Picture:
        height, width, depth = like.shape
        shape, form = (height * factor, width * factor, depth), (getattr(given, "shape", None), getattr(given, "dtype", None))
        if form != (shape, like.dtype):
            text = "no picture" if form[0] is None else f"a picture {form[1]} {list(form[0])}"
            raise self.source.failure(f"it gave {text} instead of one {like.dtype} {list(shape)}")
        picture: Picture = given
        return picture


class _FilterInterpolator(_Guarded, FilterInterpolator):
    def filter(self, rate: Fraction) -> str:
        return self._text(lambda: self._engine.filter(rate))


class _FilterUpscaler(_Guarded, FilterUpscaler):
    def filter(self, width: int, height: int) -> str:
        return self._text(lambda: self._engine.filter(width, height))


class _PairInterpolator(_Guarded, PairInterpolator):
    def __init__(self, source: PostPlugin, engine: Any) -> None:
        super().__init__(source, engine)
        self.batch = self._whole("batch")

    def between(self, pairs: Sequence[Pair]) -> list[list[Picture]]:
        made = self._list(self._call(lambda: self._engine.between(pairs)), len(pairs), "lists of pictures, one for each pair")
        return [
            [self._picture(one, pair.before) for one in self._list(some, len(pair.times), "pictures, one for each time")]
            for some, pair in zip(made, pairs, strict=True)
        ]


class _FrameUpscaler(_Guarded, FrameUpscaler):
    def __init__(self, source: PostPlugin, engine: Any) -> None:
        super().__init__(source, engine)
        self.batch, self.factor = self._whole("batch"), self._whole("factor")

    def enlarge(self, pictures: Sequence[Picture]) -> list[Picture]:
        made = self._list(self._call(lambda: self._engine.enlarge(pictures)), len(pictures), "pictures")
        return [self._picture(one, picture, self.factor) for one, picture in zip(made, pictures, strict=True)]
