"""Clips that are post-processed and pieces of the film that are encoded on the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.cluster.client import Cluster, Demand
from vidgen.cluster.work import PostWork, SegmentWork
from vidgen.cut.segments import Segment
from vidgen.cut.timeline import Timeline
from vidgen.media.probe import MediaInfo
from vidgen.post.clip import Hooks
from vidgen.post.settings import PostResult
from vidgen.post.work import Work
from vidgen.render.post_plan import is_own

_MPIXEL = 1e6


@dataclass(frozen=True)
class OnCluster:
    """Does on a cluster's nodes what this machine would do, with the same result. Threads share it."""

    cluster: Cluster

    @property
    def at_once(self) -> int:
        """Clips that are post-processed at once: as many as there are places on the nodes."""
        return self.cluster.places

    def process(self, info: MediaInfo, out: Path, work: Work, max_hold: int, hooks: Hooks) -> PostResult:
        """As ``process_clip`` with the settings and frames of ``work``. A model of the user's own goes along."""
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
        """As ``encode_segments``; ``scratch`` is the node's."""
        amount = sum(segment.frames for segment in segments) * timeline.width * timeline.height / _MPIXEL
        named = " and ".join(segment.name for segment in segments)
        work = SegmentWork.of(segments, timeline)
        self.cluster.do(work, outs, Demand("cut", amount=amount), what=f"encoding {named}", cancelled=cancelled)
