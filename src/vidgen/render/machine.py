"""What this machine and its user's configuration say about engines."""

from __future__ import annotations

from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import InputError
from vidgen.media.home import vidgen_home
from vidgen.planning.engine_choice import Machine


def configuration() -> dict[str, Any]:
    """The user's ``config.yaml`` in ``VIDGEN_HOME``; empty where there is none. ``engine`` is the one for ``auto``;
    ``local`` is how models run here (``engines.local.settings``)."""
    file = vidgen_home() / "config.yaml"
    if not file.is_file():
        return {}
    import yaml

    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("config.invalid", f"{file}: {error}", hint="correct or delete it", where=str(file)) from error
    unknown = set(loaded) - {"engine", "local"} if isinstance(loaded, dict) else {"(not a mapping)"}
    if unknown:
        raise InputError(
            "config.invalid", f"{file}: unknown {', '.join(sorted(unknown))}", hint="known: engine, local", where=str(file)
        )
    return loaded


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
