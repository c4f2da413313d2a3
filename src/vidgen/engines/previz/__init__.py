"""previz: the built-in engine. Draws 2.5D animatics from a shot's words or a user's picture, on any CPU. Not diffusion."""

from __future__ import annotations

from pathlib import Path

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import Cancelled, LocalEngine, Progress
from vidgen.takes.request import Generated, ShotRequest, TakeRequest

__all__ = ["Previz"]

_COUNTED, _FIGURES = "denials and numbers", "figures"


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
        """Which shots are drawn by what their words deny or count, and which show people, animals, vehicles or a card; all
        others look as they did before that was read."""
        from vidgen.engines.previz.moves import move_of
        from vidgen.engines.previz.spec import read_request

        spec, used = read_request(request), request.inputs
        drawn = not (used.start_frame or used.end_frame or used.references or used.source_video)
        moves = spec.place == "card" or move_of(request.camera).get("follows") or spec.size != (request.camera.size or "")
        alive = spec.cast or spec.vehicle or (spec.animal not in ("", "birds"))
        if drawn and (moves or alive):
            return _FIGURES
        return _COUNTED if spec.without or spec.counts or spec.people else ""

    def generate(
        self, take: TakeRequest, out: Path, *, progress: Progress = lambda share: None, cancelled: Cancelled = lambda: False
    ) -> Generated:
        """Draw one take to ``out``; the same request and seed give the same pixels on one OpenCV version.

        Raises errors.Cancelled when asked to stop, InputError where a picture cannot be read, MissingError without a font.
        """
        from vidgen.engines.previz.render import make

        return make(take, out, progress, cancelled)
