"""Where vidgen keeps what it owns on this machine: models, fonts, caches, the user's configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path


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
