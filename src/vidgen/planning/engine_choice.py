"""Choose the engine of a shot."""

from __future__ import annotations

from dataclasses import dataclass

from vidgen.storyboard.model import Shot


@dataclass(frozen=True)
class Machine:
    """The machine as ``auto`` sees it.

    Attributes:
        local_model: a downloaded model that can run on this GPU; None if there is none.
        configured_engine: ``engine`` of the user's configuration.
        gpu: whether there is a GPU.
    """

    local_model: str | None = None
    configured_engine: str | None = None
    gpu: bool = True


@dataclass(frozen=True)
class Choice:
    """An engine, its model (None: the default), and the reason for the user."""

    engine: str
    model: str | None
    why: str


def choose_engine(shot: Shot, engine: str | None, model: str | None, machine: Machine) -> Choice:
    """The engine of a shot: that of the command line, else of the storyboard, else ``auto``.

    ``auto`` is a local model that is ready on a GPU, else the configured engine, else previz. It never spends money by itself:
    the user has to name a paid engine.
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
