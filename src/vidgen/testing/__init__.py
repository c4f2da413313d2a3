"""For people who write plug-ins or test against vidgen: conformance suites, and a provider that follows a script.

A plug-in passes when a subclass of its suite does (needs pytest)::

    from vidgen.testing import EngineConformance

    class TestMyEngine(EngineConformance):
        engine = MyEngine

``EngineConformance`` is for engines, ``InterpolatorConformance`` and ``UpscalerConformance`` for post engines,
``ScorerConformance`` for scorers. ``ScriptedRemote`` is a whole cloud provider on disk, with failure modes. ``engine_added``
registers an engine in a running vidgen.
"""

from __future__ import annotations

from vidgen.engines.registry import engine_added
from vidgen.testing.conformance import EngineConformance
from vidgen.testing.post_conformance import InterpolatorConformance, UpscalerConformance
from vidgen.testing.scorer_conformance import ScorerConformance
from vidgen.testing.scripted import FAILURE_MODES, FailureMode, ScriptedRemote

__all__ = [
    "FAILURE_MODES",
    "EngineConformance",
    "InterpolatorConformance",
    "FailureMode",
    "ScorerConformance",
    "ScriptedRemote",
    "UpscalerConformance",
    "engine_added",
]
