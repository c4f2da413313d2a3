"""What this machine and its user's configuration say about engines."""

from __future__ import annotations

from vidgen.errors import InputError
from vidgen.media.home import configuration
from vidgen.planning.engine_choice import Machine


def this_machine() -> Machine:
    """What decides ``engine: auto`` here: a downloaded model that fits a GPU, and what the user configured."""
    from vidgen.render.diffusion_models import largest_gpu

    gpu = largest_gpu() is not None
    return Machine(local_model=_ready_model() if gpu else None, configured_engine=configuration().get("engine"), gpu=gpu)


def _ready_model() -> str | None:
    """The model that ``auto`` takes here, where the packages to run it are."""
    from vidgen.engines.local import Local
    from vidgen.render.diffusion_models import ready_model

    return None if Local().available() else ready_model()


def jobs_at_once(engine: str, model: str | None, usual: int) -> int:
    """How many jobs a provider works on at once for this user: ``concurrency: {ENGINE: N}`` or ``{ENGINE/MODEL: N}`` of the
    configuration, since that depends on the plan that was bought; else the ``usual`` number.

    Raises InputError ``config.invalid``.
    """
    told = configuration().get("concurrency") or {}
    for name in (f"{engine}/{model}", engine):
        if not isinstance(told, dict) or (name in told and (type(told[name]) is not int or told[name] < 1)):
            text = f"config.yaml: concurrency: {told!r} is not {{ENGINE: whole number above 0}}"
            raise InputError("config.invalid", text, hint=f"concurrency: {{{engine}: 3}}", where="concurrency")
        if name in told:
            return int(told[name])
    return usual
