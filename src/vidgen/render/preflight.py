"""What an engine could not make is said before any of a film is made or bought: all of a submission is done but the sending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vidgen.engines.base import Engine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, MissingError, Notice
from vidgen.planning.plan import EngineShot
from vidgen.takes.request import ShotRequest


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
    _each(known, needed, lambda engine, shot: engine.check(_opened(shot)))


def preflight_shots(
    shots: Iterable[EngineShot], engines: Mapping[str, Engine], resolved: Callable[[EngineShot], ShotRequest | None]
) -> list[Notice]:
    """What will not be as asked, of shots that are to be made. Raises InputError where a submission would fail, files included.

    Args:
        resolved: the request with the take that it continues; None while that one is not made, which leaves ``check_shots``.
    """

    notices: list[Notice] = []

    def preflighted(engine: Engine, shot: EngineShot) -> None:
        if request := resolved(shot):
            notices.extend(Notice.of_engine(code, message, shot.id) for code, message in engine.preflight(request) or ())

    _each(shots, engines, preflighted)
    return notices


def _each(shots: Iterable[EngineShot], engines: Mapping[str, Engine], look: Callable[[Engine, EngineShot], None]) -> None:
    _each_shot(shots, lambda shot: look(engines[shot.engine], shot))


def _each_shot(shots: Iterable[EngineShot], look: Callable[[EngineShot], None]) -> None:
    found: list[InputError] = []
    for shot in shots:
        try:
            look(shot)
        except InputError as error:
            error.where = error.where or shot.id
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
