"""What this machine and its user's configuration say about engines."""

from __future__ import annotations

from vidgen.catalog.capabilities import Capabilities
from vidgen.media.home import configuration
from vidgen.planning.engine_choice import Machine


def this_machine() -> Machine:
    """What decides ``engine: auto`` here: a downloaded model that fits a GPU, and what the user configured."""
    return Machine(local_model=_ready_model(), configured_engine=configuration().get("engine"))


def _ready_model() -> str | None:
    """The first model of the table that is downloaded and fits a GPU of this machine, with the packages to run it."""
    from vidgen.engines.local import Local
    from vidgen.engines.local.devices import devices

    memory = max((device.memory_gb for device in devices() if device.is_gpu), default=0.0)
    if not memory or Local().available():
        return None
    from vidgen.catalog.diffusion import models
    from vidgen.weights.hub import pulled

    return next((row.name for row in models() if row.runs and row.fits(memory) and pulled(row.repo)), None)


def capabilities_of(engine: str, model: str | None) -> Capabilities | None:
    """What an engine can do: the table's row, else what an installed third-party engine says of itself."""
    from vidgen.catalog.engines import capabilities, unknown_model
    from vidgen.engines.registry import engine_names, get_engine

    known = capabilities(engine, model)
    if known and known.kind == "local" and model and unknown_model(engine, model, own=True):
        return get_engine(engine).capabilities(model)  # a folder or a hub id
    if known or engine not in engine_names():
        return known
    return get_engine(engine).capabilities(model)
