"""All that a package of another project needs to add an engine, a post engine or a scorer. Nothing else of vidgen is promised.

================== ========================================== =========================== ==========================
adds               entry-point group                          base class                  suite of ``vidgen.testing``
================== ========================================== =========================== ==========================
an engine          ``vidgen.engines``                         LocalEngine, RemoteEngine   EngineConformance
frames in between  ``vidgen.interpolators``                   PairInterpolator,           InterpolatorConformance
                                                              FilterInterpolator
larger pictures    ``vidgen.upscalers``                       FrameUpscaler,              UpscalerConformance
                                                              FilterUpscaler
a measure of takes ``vidgen.scorers``                         ClipScorer, GroupScorer     ScorerConformance
================== ========================================== =========================== ==========================

Codes of errors and notices of your own have a namespace: ``acme:no_credit``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidgen.catalog.capabilities import Capabilities, Price
from vidgen.engines.base import Composed, Engine, Job, LocalEngine, Progress, RemoteEngine, Send
from vidgen.errors import Cancelled, InputError, MissingError, Notice, ProcessingError, VidgenError
from vidgen.post.stages import (
    FilterInterpolator,
    FilterUpscaler,
    FrameUpscaler,
    Pair,
    PairInterpolator,
    Picture,
    PostEngine,
)
from vidgen.scoring.scorer import Clip, ClipScorer, Family, GroupScorer, Measurement, Scorer
from vidgen.scoring.types import Expectation
from vidgen.storyboard.model import Camera, Motion
from vidgen.takes.request import Brush, CostBasis, Generated, Inputs, Order, ShotRequest, TakeRequest, Task, Words

if TYPE_CHECKING:
    from vidgen.media.frames import FrameWriter, last_frame, read_frames
    from vidgen.media.probe import MediaInfo, probe_video

__all__ = [
    "Brush",
    "Camera",
    "Cancelled",
    "Capabilities",
    "Clip",
    "ClipScorer",
    "Composed",
    "CostBasis",
    "Engine",
    "Expectation",
    "Family",
    "FilterInterpolator",
    "FilterUpscaler",
    "FrameUpscaler",
    "FrameWriter",
    "Generated",
    "GroupScorer",
    "InputError",
    "Inputs",
    "Job",
    "LocalEngine",
    "Measurement",
    "MediaInfo",
    "MissingError",
    "Motion",
    "Notice",
    "Order",
    "Pair",
    "PairInterpolator",
    "Picture",
    "PostEngine",
    "Price",
    "ProcessingError",
    "Progress",
    "RemoteEngine",
    "Scorer",
    "Send",
    "ShotRequest",
    "TakeRequest",
    "Task",
    "VidgenError",
    "Words",
    "last_frame",
    "probe_video",
    "read_frames",
]

_LATE = {
    "FrameWriter": "vidgen.media.frames",
    "MediaInfo": "vidgen.media.probe",
    "last_frame": "vidgen.media.frames",
    "probe_video": "vidgen.media.probe",
    "read_frames": "vidgen.media.frames",
}
"""Names that load numpy or more: imported when they are first asked for, so that listing engines stays quick."""


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
