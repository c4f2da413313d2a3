"""Preflight: everything of a submission but the sending, for every shot, before any of a film is made or bought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from vidgen.engines.base import Composed, Engine, RemoteEngine
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, MissingError, Notice, Problem, StoryboardError
from vidgen.planning.following import GIVE_A_VOICE, NOTHING_SAID, only_speaks
from vidgen.planning.plan import EngineShot, GeneratedShot
from vidgen.render.made import MadeShot
from vidgen.render.resolved import ResolvedShot
from vidgen.storyboard.loader import LoadedBoard
from vidgen.storyboard.reader import Path_, dotted
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


def check_shots(shots: Iterable[EngineShot], engines: Engines, loaded: LoadedBoard | None = None) -> None:
    """Raise InputError for shots that their models cannot make, as far as the storyboard alone tells, ``where`` being the first
    of them; with the storyboard's file (``loaded``), StoryboardError with the line of each. Opens no picture and no clip.
    """
    problems = shot_problems(shots, engines)
    if not problems or loaded is None:
        _raise_all(error for _, error in problems)
        return
    alone = len(problems) == 1
    placed = StoryboardError(str(loaded.path), [_placed(loaded, shot, error, hint=not alone) for shot, error in problems])
    placed.where, placed.hint = problems[0][1].where, problems[0][1].hint if alone else ""
    raise placed


def shot_problems(shots: Iterable[EngineShot], engines: Engines) -> list[tuple[EngineShot, InputError]]:
    """What ``check_shots`` finds: each shot, and why its model cannot make it."""
    known = list(shots)
    makers = {shot.id: shot.engine for shot in known}
    needed = {name: engines.get(name) for name in dict.fromkeys(makers.values()) if name in engines}
    return _found(
        [shot for shot in known if shot.engine in needed and not awaits_a_voice(shot, engines)],
        lambda shot: shot.id,
        lambda shot: needed[shot.engine].check(_opened(shot, makers)),
    )


def awaits_a_voice(shot: EngineShot, engines: Engines) -> bool:
    """Whether a shot is to say lines that nobody here can say, and its model does nothing else."""
    capabilities = engines.capabilities(shot.engine, shot.model)
    return bool(capabilities and isinstance(shot, GeneratedShot) and only_speaks(shot.shot, capabilities)) and not (
        shot.request.inputs.has_voice
    )


def check_voices(shots: Iterable[EngineShot], engines: Engines, loaded: LoadedBoard) -> None:
    """Raise MissingError where a shot is nothing but what is said in it, and nobody here can say that."""
    for shot in shots:
        if awaits_a_voice(shot, engines):
            path = loaded.key_path(shot.parent, "lip_sync")
            line, column = loaded.place(path)
            text = f"{loaded.path}:{line}:{column}: {dotted(path)}: {shot.id}: {NOTHING_SAID}"
            raise MissingError("speech.no_engine", text, hint=GIVE_A_VOICE, where=shot.id)


def problem_of(loaded: LoadedBoard, shot: EngineShot, error: InputError) -> tuple[Path_, str]:
    """Where in the storyboard the reason stands that a model cannot make a shot, and the reason."""
    key, _, text = error.message.partition(": ")
    path = loaded.key_path(shot.parent, key.partition(".")[0])
    return path, text if text and path and path[-1] == key else error.message


def _placed(loaded: LoadedBoard, shot: EngineShot, error: InputError, *, hint: bool) -> Problem:
    path, text = problem_of(loaded, shot, error)
    named = text if text.startswith(f"{shot.id}: ") else f"{shot.id}: {text}"
    return Problem(*loaded.place(path), dotted(path), f"{named}; {error.hint}" if hint and error.hint else named, error.code)


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
    _raise_all(error for _, error in _found(shots, name, look))


def _found(shots: Iterable[T], name: Callable[[T], str], look: Callable[[T], None]) -> list[tuple[T, InputError]]:
    """What ``look`` finds wrong with each shot, once: a setting is not a shot's."""
    found: dict[tuple[str, str], tuple[T, InputError]] = {}
    for shot in shots:
        try:
            look(shot)
        except InputError as error:
            error.where = error.where or name(shot)
            found.setdefault((error.where, error.message), (shot, error))
    return list(found.values())


def _raise_all(errors: Iterable[InputError]) -> None:
    found = list(errors)
    if len(found) == 1:
        raise found[0]
    if found:
        lines = [error.message if error.where in error.message else f"{error.where}: {error.message}" for error in found]
        raise InputError(found[0].code, "\n".join(lines), hint=found[0].hint, where=found[0].where)


def _opened(shot: EngineShot, makers: Mapping[str, str]) -> ShotRequest:
    """The request as it will be once the shot that it continues has a take. ``makers``: the engine of each shot; a shot
    without one is a clip of the user's.
    """
    if shot.continues is None:
        return shot.request
    request = shot.opened(Path(shot.continues))
    return replace(request, inputs=replace(request.inputs, continues_engine=makers.get(shot.continues, "clip")))
