"""From picked takes to the film: post-processing of each shot, then the cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from vidgen.cut import assemble
from vidgen.errors import Notice
from vidgen.media.files import sha256_file
from vidgen.planning.plan import Plan
from vidgen.render.events import Listener
from vidgen.render.polish import polish
from vidgen.render.shots import DEFAULT_JOBS, MadeShot
from vidgen.render.timeline import ShotClip, build_timeline

Warn = Callable[[Iterable[Notice]], None]


def finish(
    plan: Plan,
    made: Sequence[MadeShot],
    work: Path,
    output: Path,
    *,
    listener: Listener,
    warn: Warn,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Post-process the picked takes, cut the film, and return what the cut did (JSON values).

    Everything is kept by content in ``work``: what has not changed is not made again.
    """
    clips = {shot.planned.id: _clip(plan, shot, work, listener, warn) for shot in made}
    timeline = build_timeline(plan, clips)
    listener("cut.started", segments=len(plan.shots) + sum(shot.overlap > 0 for shot in plan.shots))

    def on_event(name: str, data: dict[str, Any]) -> None:
        if name == "cut.segment":
            listener("cut.segment", **data)

    result = assemble(timeline, work, output, on_event=on_event, jobs=jobs or DEFAULT_JOBS)
    warn(result.notices)
    counts = {"encoded": result.reencoded, "copied": result.copied, "kept": result.reused}
    listener("cut.done", output=str(output), frames=result.frames, **counts)
    return counts


def _clip(plan: Plan, shot: MadeShot, work: Path, listener: Listener, warn: Warn) -> ShotClip:
    """The clip that stands for a shot: the user's own file, the picked take, or the take after post-processing."""
    planned = shot.planned
    if planned.clip:
        return ShotClip(planned.clip, sha256_file(planned.clip), None, conform=True)
    assert shot.picked is not None
    return polish(plan, planned, shot.picked, work / "post", listener, warn)
