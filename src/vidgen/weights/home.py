"""Where models and fonts are kept."""

from __future__ import annotations

from vidgen.media.home import offline, vidgen_home

__all__ = ["offline", "vidgen_home"]
