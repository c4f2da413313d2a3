"""What this machine and its user's configuration say about engines."""

from __future__ import annotations

from vidgen.config import config
from vidgen.planning.engine_choice import Machine


def this_machine() -> Machine:
    """What decides ``engine: auto`` here: a downloaded model that fits a GPU, and what the user configured."""
    from vidgen.inventory.video_models import largest_gpu

    gpu = largest_gpu() is not None
    return Machine(local_model=_ready_model() if gpu else None, configured_engine=config().engine, gpu=gpu)


def _ready_model() -> str | None:
    """The model that ``auto`` takes here, where the packages to run it are."""
    from vidgen.engines.local import Local
    from vidgen.inventory.video_models import ready_model

    return None if Local().available() else ready_model()


def jobs_at_once(engine: str, model: str | None, usual: int) -> int:
    """How many jobs a provider works on at once for this user. Raises InputError ``config.invalid``."""
    return config().jobs_at_once(engine, model, usual)
