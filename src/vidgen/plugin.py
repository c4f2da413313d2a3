"""All that a package of another project needs to add an engine. Nothing else of vidgen is promised to stay as it is.

An engine is a subclass of ``LocalEngine`` or ``RemoteEngine`` under the entry point ``vidgen.engines``. Codes of its errors and
notices have a namespace: ``acme:no_credit``. ``vidgen.testing.EngineConformance`` is the suite that it has to pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidgen.catalog.capabilities import Capabilities, Price
from vidgen.engines.base import Engine, Job, LocalEngine, Progress, RemoteEngine, Send
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
from vidgen.takes.request import Brush, Generated, Inputs, Order, ShotRequest, TakeRequest, Task, Words

if TYPE_CHECKING:
    from vidgen.media.frames import FrameWriter, last_frame, read_frames
    from vidgen.media.probe import MediaInfo, probe_video

__all__ = [
    "Brush",
    "Cancelled",
    "Capabilities",
    "Engine",
    "FilterInterpolator",
    "FilterUpscaler",
    "FrameUpscaler",
    "FrameWriter",
    "Generated",
    "InputError",
    "Inputs",
    "Job",
    "LocalEngine",
    "MediaInfo",
    "MissingError",
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
