"""A pipeline in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vidgen.engines.local.footprint import DENOISERS
from vidgen.engines.local.job import Load
from vidgen.engines.worker.memory import release


@dataclass
class Loaded:
    """A pipeline on its device.

    ``load`` is the request; ``used`` is how it really is, where a setting could not be followed: its dtype, attention and
    compilation belong into manifests. ``notices`` say what differs.
    """

    pipe: Any
    load: Load
    notices: list[tuple[str, str]] = field(default_factory=list)
    used: Load = field(init=False)

    def __post_init__(self) -> None:
        self.used = self.load

    @property
    def denoisers(self) -> list[Any]:
        """The networks that take the steps: one, or two experts."""
        return [part for name in DENOISERS if (part := getattr(self.pipe, name, None)) is not None]

    def ignored(self, setting: str, why: str) -> None:
        """Note that a setting of this machine is not followed."""
        self.notices.append(("engine.wish_ignored", f"{setting}: {why}; the default is used"))

    def close(self) -> None:
        """Give its memory back."""
        self.pipe = None
        release()
