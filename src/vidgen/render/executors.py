"""Where clips are post-processed and pieces of the film are encoded: on this machine, or on the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from vidgen.cluster.client import Cluster, Demand
from vidgen.cluster.work import PostWork, SegmentWork
from vidgen.cut.encode_segment import encode_segments
from vidgen.cut.segments import Segment
from vidgen.cut.timeline import Timeline
from vidgen.media.probe import MediaInfo
from vidgen.post.clip import Hooks, process_clip
from vidgen.post.settings import PostResult
from vidgen.post.work import Work
from vidgen.render.post_plan import is_own

_MPIXEL = 1e6


class Executor(Protocol):
    """Does work that is the same wherever it is done. Threads share it."""

    @property
    def at_once(self) -> int:
        """Clips that are post-processed at once."""

    def process(self, info: MediaInfo, out: Path, work: Work, max_hold: int, hooks: Hooks) -> PostResult:
        """As ``process_clip`` with the settings and frames of ``work``."""

    def encode(
        self,
        segments: Sequence[Segment],
        timeline: Timeline,
        outs: Sequence[Path],
        scratch: Path,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """As ``encode_segments``."""


class Here:
    """This machine."""

    at_once = 1

    def process(self, info: MediaInfo, out: Path, work: Work, max_hold: int, hooks: Hooks) -> PostResult:
        """See ``Executor``."""
        return process_clip(info, out, work.settings, frames=work.frames, max_hold=max_hold, hooks=hooks)

    def encode(
        self,
        segments: Sequence[Segment],
        timeline: Timeline,
        outs: Sequence[Path],
        scratch: Path,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """See ``Executor``."""
        encode_segments(segments, timeline, outs, scratch, cancelled)


HERE = Here()


@dataclass(frozen=True)
class OnCluster:
    """A cluster's nodes."""

    cluster: Cluster

    @property
    def at_once(self) -> int:
        """As many as there are places on the nodes."""
        return self.cluster.places

    def process(self, info: MediaInfo, out: Path, work: Work, max_hold: int, hooks: Hooks) -> PostResult:
        """See ``Executor``. A model of the user's own goes along."""
        settings = work.settings
        model = Path(settings.model) if settings.model and is_own(settings.model) else None
        what = PostWork(info, settings, work.frames, max_hold, tuple(work.names), model)
        out.parent.mkdir(parents=True, exist_ok=True)

        def hear(event: Mapping[str, Any]) -> None:
            told = event.get("told", {})
            if told.get("event") == "frames":
                hooks.on_frame(told["done"], told["total"])

        named = f"post-processing {out.name}"
        demand = Demand("post", amount=max(1.0, work.route.seconds))
        done = self.cluster.do(what, [out], demand, what=named, on_event=hear, cancelled=hooks.cancelled)
        result: PostResult = done.value
        return replace(result, file=out)

    def encode(
        self,
        segments: Sequence[Segment],
        timeline: Timeline,
        outs: Sequence[Path],
        scratch: Path,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """See ``Executor``."""
        amount = sum(segment.frames for segment in segments) * timeline.width * timeline.height / _MPIXEL
        named = " and ".join(segment.name for segment in segments)
        work = SegmentWork.of(segments, timeline)
        self.cluster.do(work, outs, Demand("cut", amount=amount), what=f"encoding {named}", cancelled=cancelled)
