"""The folder of models and fonts."""

from __future__ import annotations

from vidgen.media.home import offline, vidgen_home

__all__ = ["offline", "vidgen_home"]
