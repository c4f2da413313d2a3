"""Runners make takes with one engine: on this machine (``local``) or at a provider (``remote``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vidgen.errors import VidgenError
from vidgen.render.resolved import ResolvedShot
from vidgen.takes.request import Take


class Runner(Protocol):
    """Makes takes with one engine, for one run. All its methods belong to one event loop."""

    async def make(self, shot: ResolvedShot, numbers: Sequence[int]) -> list[Take | VidgenError]:
        """Takes of a shot, none of which is at hand, put into the store. What came of each, in the order of ``numbers``; each
        is reported as soon as it is known. Whatever goes wrong with one take, the others go on.
        """
