"""What a node has: ``python -m vidgen.cluster.survey QUESTION`` answers in JSON. Every node is asked before it gets work.

``facts_of_node`` runs on nodes of any kind, so it is sent there as source and needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def facts_of_node(question: str) -> dict[str, Any]:
    """The answer of this node; where its vidgen does not understand the question, its version and why."""
    import json
    import subprocess
    import sys

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        every_gpu = ["env", "-u", "CUDA_VISIBLE_DEVICES", sys.executable]  # Ray hides GPUs from what asks for none
        return subprocess.run([*every_gpu, *words], capture_output=True, text=True, timeout=120, check=False)

    try:
        done = run("-m", "vidgen.cluster.survey", question)
        if done.returncode == 0:
            return dict(json.loads(done.stdout.strip().splitlines()[-1]))
        version = run("-c", "import vidgen; print(vidgen.__version__)")
        if version.returncode:
            return {"vidgen": None, "why": f"{sys.executable} has no vidgen"}
        return {"vidgen": version.stdout.strip(), "why": " ".join(done.stderr.split())[-300:]}
    except Exception as error:
        return {"vidgen": None, "why": f"{type(error).__name__}: {error}"}


def answer(wanted: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """What this machine has. ``wanted``: engines and models that the run needs."""
    import os
    import platform

    from vidgen import __version__
    from vidgen.engines.local import Local
    from vidgen.engines.local.devices import devices, main_memory_gb
    from vidgen.engines.registry import Engines
    from vidgen.errors import VidgenError
    from vidgen.media.discovery import find_ffmpeg

    facts: dict[str, Any] = {"vidgen": __version__, "python": platform.python_version(), "cores": os.cpu_count() or 1}
    facts["memory_gb"] = round(main_memory_gb(), 1)
    facts["gpus"] = [{"name": one.name, "gb": round(one.memory_gb, 1)} for one in devices() if one.is_gpu]
    try:
        facts["ffmpeg"] = find_ffmpeg().version
    except VidgenError as error:
        facts |= {"ffmpeg": None, "ffmpeg_why": error.message}
    engines = Engines()
    facts["able"] = [_able(engines, engine, model) for engine, model in wanted]
    facts |= {"models": _models(), "local": Local().available()}
    return facts


def _able(engines: Any, engine: str, model: str | None) -> dict[str, Any]:
    """Whether an engine can make shots with a model here; ``key`` names the very model."""
    from vidgen.errors import VidgenError

    found: dict[str, Any] = {"engine": engine, "model": model, "key": None, "at_once": None, "why": None}
    try:
        one = engines.get(engine)
        found["why"] = one.available()
        if found["why"] is None:
            found |= {"key": one.model_key(model), "at_once": one.at_once}
    except VidgenError as error:
        found["why"] = error.message
    return found


def _models() -> list[str]:
    """The diffusion models that are here."""
    from vidgen.catalog.diffusion import models
    from vidgen.weights import hub

    return [one.name for one in models() if one.runs and one.repo and hub.pulled(one.repo)]


def refusal(facts: Mapping[str, Any], version: str, ffmpeg: str) -> str | None:
    """Why a node with these facts gets no work from a driver with this vidgen and this ffmpeg; None where it gets some."""
    if facts["vidgen"] is None:
        return f"{facts['why']}: pip install vidgen=={version} there"
    if facts["vidgen"] != version:
        return f"it has vidgen {facts['vidgen']}, and this is {version}: install the same version on both"
    if facts.get("why"):
        return str(facts["why"])
    if facts["ffmpeg"] is None:
        return f"it has no usable ffmpeg ({facts['ffmpeg_why']}): install one there, or set VIDGEN_FFMPEG"
    if facts["ffmpeg"] != ffmpeg:
        there, here = (text.partition(" Copyright")[0] for text in (facts["ffmpeg"], ffmpeg))
        return f"it has ffmpeg {there}, and here is {here}, so its pictures would differ: set VIDGEN_FFMPEG to the same on both"
    return None


if __name__ == "__main__":
    print(json.dumps(answer([(engine, model) for engine, model in json.loads(sys.argv[1])])))
