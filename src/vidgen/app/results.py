"""Results as the contract's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from vidgen.media.rate import json_rate
from vidgen.render.made import MadeShot
from vidgen.takes.request import Take


def shot_data(
    shot: MadeShot, larger: Take | None = None, nodes: Mapping[tuple[str, int], str] = MappingProxyType({})
) -> dict[str, Any]:
    """One entry of ``shots`` in ``render --json`` and ``shot --json``; ``larger``: the picked take, enlarged by a provider;
    ``nodes``: of a cluster, which have made takes in this run.
    """
    planned = shot.planned
    return {
        "id": planned.id,
        "engine": planned.engine,
        "model": planned.model or (shot.picked.model if shot.picked else None),
        "request_key": shot.request_key,
        "picked": shot.picked.take if shot.picked else None,
        "picked_by": shot.picked_by,
        **_reasons(shot),
        "takes": [
            {
                "take": take.take,
                "file": str(take.file),
                "seed": take.seed,
                "frames": take.frames,
                "fps": json_rate(take.fps),
                "window": take.window(shot.resolved.request).as_dict() if shot.resolved else None,
                **take.cost,
                "score": shot.verdict.score(take.take) if shot.verdict else None,
                "score_alone": shot.verdict.alone.get(take.take) if shot.verdict else None,
                "vetoes": shot.verdict.vetoes(take.take) if shot.verdict else [],
                "model": take.model,
                "diffusion": take.diffusion,
                "reused": take.reused,
                "manifest": dict(take.manifest),
                **({"node": nodes[planned.id, take.take]} if (planned.id, take.take) in nodes else {}),
            }
            for take in shot.takes
        ],
        "reused": shot.reused,
        "missing": shot.missing,
        "not_needed": {"takes": list(shot.spare), "usd": shot.saved_usd},
        **({"upscaled": _enlarged(larger)} if larger else {}),
    }


def _enlarged(take: Take) -> dict[str, Any]:
    return {"engine": take.engine, "model": take.model, "file": str(take.file), **take.cost}


def _reasons(shot: MadeShot) -> dict[str, Any]:
    """Why that take is picked. What decided between it and the next is said of the judge's own choice alone."""
    choice = shot.verdict.choice if shot.verdict and shot.picked_by == "auto" and not shot.joined else None
    none: dict[str, Any] = {"decided_by": [], "margin": None, "confidence": None}
    return {**(choice.reasons() if choice else none), "why": shot.why}
