"""Which engine makes a shot, and why."""

from __future__ import annotations

from dataclasses import dataclass

from vidgen.storyboard.model import Shot


@dataclass(frozen=True)
class Machine:
    """What decides ``auto``: a local model that is ready to run on a GPU here, and the user's configured engine.

    ``gpu``: whether there is one.
    """

    local_model: str | None = None
    configured_engine: str | None = None
    gpu: bool = True


@dataclass(frozen=True)
class Choice:
    """An engine, a model (None: the engine's default), and the reason in a few words."""

    engine: str
    model: str | None
    why: str


def choose_engine(shot: Shot, engine: str | None, model: str | None, machine: Machine) -> Choice:
    """The engine of a shot: the command line's, else the storyboard's, else ``auto``.

    ``auto`` takes a local model that is ready on a GPU, else the engine that the user's configuration names, else
    previz. It never spends money by itself: a paid engine has to be named by a person.
    """
    if engine and engine != "auto":
        return Choice(engine, model, "named on the command line")
    if not engine and shot.engine and shot.engine != "auto":
        return Choice(shot.engine, model or shot.model, "named in the storyboard")
    if machine.local_model:
        return Choice("local", model or shot.model or machine.local_model, f"auto: {machine.local_model} is ready on this GPU")
    if machine.configured_engine and machine.configured_engine != "auto":
        return Choice(machine.configured_engine, model or shot.model, "auto: named in your configuration")
    return Choice("previz", None, "auto: no GPU with a local model, and no engine in your configuration")
