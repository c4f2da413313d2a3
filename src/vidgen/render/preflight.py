"""What an engine could not make is said before any of a film is made or bought: all of a submission is done but the sending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vidgen.engines.base import Engine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice
from vidgen.planning.plan import PlannedShot
from vidgen.takes.request import ShotRequest


def check_shots(shots: Iterable[PlannedShot], engines: Engines) -> None:
    """Raise InputError for shots that their models cannot make, as far as the storyboard alone tells. Opens no file."""
    known = [shot for shot in shots if shot.request and shot.engine in engines]
    needed = {name: engines.get(name) for name in {shot.engine for shot in known}}
    _each(known, needed, lambda engine, shot: engine.check(_opened(shot)))


def preflight_shots(
    shots: Iterable[PlannedShot], engines: Mapping[str, Engine], resolved: Callable[[PlannedShot], ShotRequest | None]
) -> list[Notice]:
    """What will not be as asked, of shots that are to be made. Raises InputError where a submission would fail, files included.

    Args:
        resolved: the request with the take that it continues; None while that one is not made, which leaves ``check_shots``.
    """

    told: list[Notice] = []

    def preflighted(engine: Engine, shot: PlannedShot) -> None:
        if request := resolved(shot):
            told.extend(Notice.of_engine(code, message, shot.id) for code, message in engine.preflight(request) or ())

    _each([shot for shot in shots if shot.request], engines, preflighted)
    return told


def _each(shots: Iterable[PlannedShot], engines: Mapping[str, Engine], look: Callable[[Engine, PlannedShot], None]) -> None:
    _each_shot(shots, lambda shot: look(engines[shot.engine], shot))


def _each_shot(shots: Iterable[PlannedShot], look: Callable[[PlannedShot], None]) -> None:
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


def _opened(shot: PlannedShot) -> ShotRequest:
    """The request as it will be once the shot that it continues has a take."""
    assert shot.request
    if shot.continues is None:
        return shot.request
    return shot.opened(Path(shot.continues))
