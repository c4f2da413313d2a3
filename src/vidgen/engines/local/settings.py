"""How this machine runs models: the ``local:`` part of the user's ``config.yaml``. None of it is part of a storyboard."""

from __future__ import annotations

from vidgen.config import LocalConfig as Settings
from vidgen.config import config, config_file
from vidgen.engines.local.job import gguf_files

__all__ = ["Settings", "follow", "settings"]

_followed: list[Settings] = []


def follow(leader: Settings) -> None:
    """From now on take what changes pictures from another machine's settings: this process makes takes for that one."""
    _followed[:] = [leader]


def settings() -> Settings:
    """The user's settings; GGUF files lie beside ``config.yaml`` unless a folder is named. Raises InputError
    ``config.invalid``.
    """
    configured = config().local
    for leader in _followed:
        same = {"attention": leader.attention, "batch": leader.batch, "dtype": leader.dtype, "quantise": leader.quantise}
        configured = configured.model_copy(update=same | {"compile": leader.compile})
    files = gguf_files(configured.quantise or "")
    if not files:
        return configured
    return configured.model_copy(update={"quantise": f"gguf:{','.join(str(config_file().parent / file) for file in files)}"})
