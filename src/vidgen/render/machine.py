"""What this machine and its user's configuration say about engines."""

from __future__ import annotations

from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.errors import InputError
from vidgen.media.home import vidgen_home
from vidgen.planning.engine_choice import Machine


def configuration() -> dict[str, Any]:
    """The user's ``config.yaml`` in ``VIDGEN_HOME``; empty where there is none. Only ``engine`` is known today."""
    file = vidgen_home() / "config.yaml"
    if not file.is_file():
        return {}
    import yaml

    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("config.invalid", f"{file}: {error}", hint="correct or delete it", where=str(file)) from error
    unknown = set(loaded) - {"engine"} if isinstance(loaded, dict) else {"(not a mapping)"}
    if unknown:
        raise InputError(
            "config.invalid", f"{file}: unknown {', '.join(sorted(unknown))}", hint="known: engine", where=str(file)
        )
    return loaded


def this_machine() -> Machine:
    """What decides ``engine: auto`` here. The local engine is not in this version, so no local model is ever ready."""
    return Machine(local_model=None, configured_engine=configuration().get("engine"))


def capabilities_of(engine: str, model: str | None) -> Capabilities | None:
    """What an engine can do: the table's row, else what an installed third-party engine says of itself."""
    from vidgen.catalog.engines import capabilities
    from vidgen.engines.registry import engine_names, get_engine

    known = capabilities(engine, model)
    if known or engine not in engine_names():
        return known
    return get_engine(engine).capabilities(model)
