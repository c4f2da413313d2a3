"""Preflight: everything of a submission but the sending, for every shot, before any of a film is made or bought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from vidgen.engines.base import Composed, Engine, RemoteEngine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, MissingError, Notice
from vidgen.planning.plan import EngineShot
from vidgen.render.made import MadeShot
from vidgen.render.resolved import ResolvedShot
from vidgen.takes.request import Order, ShotRequest

T = TypeVar("T")

Compositions = dict[tuple[str, Order], Composed]
"""Create requests by take key and order: takes that have both in common are bought once."""


def ready_engines(shots: Iterable[EngineShot], installed: Engines, *, require_diffusion: bool) -> dict[str, Engine]:
    """The engines that a plan needs, checked to be usable here before anything is made. Raises MissingError."""
    found: dict[str, Engine] = {}
    for shot in shots:
        if shot.engine in found:
            continue
        capabilities = installed.capabilities(shot.engine, shot.model)
        if require_diffusion and capabilities and not capabilities.diffusion:
            raise MissingError(
                "engine.not_diffusion",
                f"shot {shot.id} would be drawn by {shot.engine}, which is not diffusion",
                hint="name an engine with --engine, or leave out --require-diffusion",
                where=shot.id,
            )
        if capabilities and not capabilities.retired_on and shot.engine not in installed:
            raise MissingError(
                "engine.not_ready", f"{shot.engine} is not in this version of vidgen", hint="vidgen engines", where=shot.id
            )
        engine = installed.get(shot.engine)
        if lacks := engine.available():
            raise MissingError("engine.not_ready", f"{shot.engine}: {lacks}", hint="vidgen doctor", where=shot.id)
        found[shot.engine] = engine
    return found


def check_shots(shots: Iterable[EngineShot], engines: Engines) -> None:
    """Raise InputError for shots that their models cannot make, as far as the storyboard alone tells. Opens no file."""
    known = [shot for shot in shots if shot.engine in engines]
    needed = {name: engines.get(name) for name in {shot.engine for shot in known}}
    _each(known, lambda shot: shot.id, lambda shot: needed[shot.engine].check(_opened(shot)))


def preflight_shots(shots: Iterable[MadeShot], engines: Mapping[str, Engine]) -> tuple[Compositions, list[Notice]]:
    """The create requests of all takes that are to be bought, and the options of missing shots that are left out or
    approximated. Raises InputError where a submission would fail, files included.

    A shot that continues one without a take, or whose line is not spoken yet, is left out: its requests are composed once that
    is there.
    """
    composed: Compositions = {}
    notices: list[Notice] = []

    def preflight(shot: MadeShot) -> None:
        assert shot.resolved
        if shot.resolved.request.inputs.awaits_voice:
            return
        engine = engines[shot.resolved.planned.engine]
        if isinstance(engine, RemoteEngine):
            found: Iterable[tuple[str, str]] = _composed(engine, shot.resolved, shot.new, composed)
        else:
            found = engine.preflight(shot.resolved.request) or ()
        notices.extend(Notice.of_engine(code, message, shot.planned.id) for code, message in found)

    _each([shot for shot in shots if shot.missing and shot.resolved], lambda shot: shot.planned.id, preflight)
    return composed, list(dict.fromkeys(notices))


def _composed(
    engine: RemoteEngine, shot: ResolvedShot, numbers: Iterable[int], composed: Compositions
) -> Iterator[tuple[str, str]]:
    """Compose the takes of a shot, each once; their notices."""
    for number in numbers:
        key = (shot.take_key(number), shot.order)
        if key not in composed:
            composed[key] = engine.compose(shot.take(number))
        yield from composed[key].notices


def _each(shots: Iterable[T], name: Callable[[T], str], look: Callable[[T], None]) -> None:
    """``look`` at every shot. Raises one InputError for all that it finds wrong."""
    found: list[InputError] = []
    for shot in shots:
        try:
            look(shot)
        except InputError as error:
            error.where = error.where or name(shot)
            if (error.where, error.message) not in [(one.where, one.message) for one in found]:  # a setting is not a shot's
                found.append(error)
    if len(found) == 1:
        raise found[0]
    if found:
        lines = [error.message if error.where in error.message else f"{error.where}: {error.message}" for error in found]
        raise InputError(found[0].code, "\n".join(lines), hint=found[0].hint, where=found[0].where)


def _opened(shot: EngineShot) -> ShotRequest:
    """The request as it will be once the shot that it continues has a take."""
    if shot.continues is None:
        return shot.request
    return shot.opened(Path(shot.continues))
