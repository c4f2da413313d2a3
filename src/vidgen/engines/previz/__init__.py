"""previz: the built-in engine. Draws 2.5D animatics from a shot's words or a user's picture, on any CPU. Not diffusion."""

from __future__ import annotations

from pathlib import Path

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import Cancelled, LocalEngine, Progress
from vidgen.takes.request import Generated, ShotRequest, TakeRequest

__all__ = ["Previz"]


DRAWING = "drawing 4"
"""Raised when the same words get another picture."""


class Previz(LocalEngine):
    """Landscapes, weather, cities, tables and abstracts in layers; pictures with parallax; storyboard cards for the rest."""

    name = "previz"
    draws_words = True
    own_process = True

    def capabilities(self, model: str | None = None) -> Capabilities:
        """The catalogue's row."""
        from vidgen.catalog.engines import capabilities

        return capabilities("previz", model) or Capabilities(engine="previz", kind="built-in", diffusion=False)

    def reading(self, request: ShotRequest) -> str:
        """The revision of the drawing, for every shot: takes of another one are drawn again. Working out which shots a change
        of the drawing touches would mean reading all words of a film before each render."""
        return DRAWING

    def generate(
        self, take: TakeRequest, out: Path, *, progress: Progress = lambda share: None, cancelled: Cancelled = lambda: False
    ) -> Generated:
        """Draw one take to ``out``; the same request and seed give the same pixels on one OpenCV version.

        Raises errors.Cancelled when asked to stop, InputError where a picture cannot be read, MissingError without a font.
        """
        from vidgen.engines.previz.render import make

        return make(take, out, progress, cancelled)
