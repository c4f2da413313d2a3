"""Where vidgen keeps what it owns on this machine: models, fonts, caches, the user's configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from vidgen.errors import InputError

KNOWN = ("concurrency", "engine", "local", "open-sora")
"""What ``config.yaml`` may say."""


def vidgen_home() -> Path:
    """``VIDGEN_HOME``, else the platform's data folder (``$XDG_DATA_HOME/vidgen``, ``~/.local/share/vidgen``).

    The folder may not exist yet; whoever writes to it makes it.
    """
    if chosen := os.environ.get("VIDGEN_HOME"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "vidgen"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "vidgen"


def offline() -> bool:
    """Whether every download is forbidden (``VIDGEN_OFFLINE=1``)."""
    return os.environ.get("VIDGEN_OFFLINE", "") not in ("", "0")


def debug() -> bool:
    """Whether tracebacks are wanted (``--debug`` or ``VIDGEN_DEBUG=1``)."""
    return os.environ.get("VIDGEN_DEBUG", "") not in ("", "0")


def configuration() -> dict[str, Any]:
    """The user's ``config.yaml`` in ``VIDGEN_HOME``; empty where there is none. ``engine`` is the one for ``auto``, ``local``
    says how models run here (``engines.local.settings``), ``open-sora`` where that program is, ``concurrency`` how many jobs
    the user's plan at a provider allows (``render.machine``).

    Raises InputError ``config.invalid``.
    """
    file = vidgen_home() / "config.yaml"
    if not file.is_file():
        return {}
    import yaml

    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("config.invalid", f"{file}: {error}", hint="correct or delete it", where=str(file)) from error
    unknown = set(map(str, loaded)) - set(KNOWN) if isinstance(loaded, dict) else {"(not a mapping)"}
    if unknown:
        text = f"{file}: unknown {', '.join(sorted(unknown))}"
        raise InputError("config.invalid", text, hint=f"known: {', '.join(KNOWN)}", where=str(file))
    return dict(loaded)
