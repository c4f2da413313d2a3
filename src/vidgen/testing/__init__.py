"""For people who write engines or test against vidgen: a conformance suite, and a provider that follows a script.

An engine passes when a subclass of ``EngineConformance`` does (needs pytest)::

    from vidgen.testing import EngineConformance

    class TestMyEngine(EngineConformance):
        engine = MyEngine

``ScriptedRemote`` is a whole cloud provider on disk, with moods; ``engine_added`` puts an engine into a running vidgen.
"""

from __future__ import annotations

from vidgen.engines.registry import engine_added
from vidgen.testing.conformance import EngineConformance
from vidgen.testing.scripted import MOODS, Mood, ScriptedRemote

__all__ = ["MOODS", "EngineConformance", "Mood", "ScriptedRemote", "engine_added"]
