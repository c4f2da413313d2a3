"""For authors of engines and tests: a conformance suite, and a scripted provider.

An engine passes when a subclass of ``EngineConformance`` does (needs pytest)::

    from vidgen.testing import EngineConformance

    class TestMyEngine(EngineConformance):
        engine = MyEngine

``ScriptedRemote`` is a cloud provider on disk with failure modes; ``engine_added`` registers an engine in a running vidgen.
"""

from __future__ import annotations

from vidgen.engines.registry import engine_added
from vidgen.testing.conformance import EngineConformance
from vidgen.testing.scripted import MOODS, Mood, ScriptedRemote

__all__ = ["MOODS", "EngineConformance", "Mood", "ScriptedRemote", "engine_added"]
