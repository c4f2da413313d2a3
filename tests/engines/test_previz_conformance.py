"""The built-in engine passes the suite that third parties' engines have to pass."""

from __future__ import annotations

from vidgen.engines.registry import get_engine
from vidgen.testing import EngineConformance


class TestPreviz(EngineConformance):
    engine = staticmethod(lambda: get_engine("previz"))
