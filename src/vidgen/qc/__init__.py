"""Quality control: any media file measured against what a delivery asks. The entry points are ``inspect`` and ``preset``."""

from vidgen.qc.inspect import Check, inspect
from vidgen.qc.presets import DEFAULT, Preset, preset, presets

__all__ = ["DEFAULT", "Check", "Preset", "inspect", "preset", "presets"]
