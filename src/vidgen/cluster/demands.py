"""What work needs of its place, told from the request alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidgen.catalog.diffusion import model as diffusion_model
from vidgen.engines.base import LocalEngine
from vidgen.takes.request import ShotRequest

if TYPE_CHECKING:
    from vidgen.cluster.scheduler import Kind

_MPIXEL = 1e6


def model_name(engine: str, model: str | None) -> str:
    """What the scheduler calls an engine with a model."""
    return f"{engine}/{model or ''}"


def kind_of(engine: LocalEngine) -> Kind:
    """Engines that say how many shots they make at once work on devices; the others take cores."""
    return "core" if engine.at_once is None else "device"


def amount_of(request: ShotRequest) -> float:
    """How much there is to do for one take, in megapixels, times steps where they are given. Only compared within a model."""
    steps = request.params.get("steps", 1)
    return request.frames * request.width * request.height / _MPIXEL * (steps if isinstance(steps, int) and steps > 0 else 1)


def least_gb(engine: str, model: str | None) -> float:
    """GPU memory below which a model does not run at all, in GB; 0 where that is not known."""
    row = diffusion_model(model) if engine == "local" and model else None
    return min(row.vram_gb.values(), default=0.0) if row else 0.0
