from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vidgen.engines import registry
from vidgen.engines.registry import engine_added, engine_names, get_engine, plugin_problems
from vidgen.errors import MissingError

GOOD = """
from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import LocalEngine

class Good(LocalEngine):
    name = "good"
    def capabilities(self, model=None):
        return Capabilities(engine="good", kind="local")
    def generate(self, take, out, *, progress=None, cancelled=None):
        raise NotImplementedError

class Liar(Good):
    name = "somebody-else"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real installed distribution that brings one good engine and four broken ones."""
    (tmp_path / "acme_engines.py").write_text(GOOD)
    (tmp_path / "acme_broken.py").write_text("import a_module_that_is_not_installed\n")
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[vidgen.engines]\ngood = acme_engines:Good\nbroken = acme_broken:Broken\nnot-an-engine = builtins:dict\n"
        "liar = acme_engines:Liar\npreviz = acme_engines:Good\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("acme_engines", "acme_broken"):
        sys.modules.pop(name, None)


def test_built_in_and_third_party_engines_are_listed_without_importing_them(plugin: Path) -> None:
    assert {"previz", "good", "broken"} <= set(engine_names())
    assert engine_names() == sorted(engine_names())
    assert "acme_engines" not in sys.modules


def test_a_third_party_engine_is_found_by_its_name(plugin: Path) -> None:
    assert get_engine("good").capabilities().kind == "local"


@pytest.mark.parametrize(
    ("name", "cause"),
    [("broken", "No module named"), ("not-an-engine", "neither a LocalEngine nor"), ("liar", "calls itself 'somebody-else'")],
)
def test_a_broken_engine_says_why_and_whose_it_is(plugin: Path, name: str, cause: str) -> None:
    with pytest.raises(MissingError, match=cause) as error:
        get_engine(name)
    assert (error.value.code, error.value.exit_code) == ("engine.load_failed", 3)
    assert "acme" in error.value.hint


def test_a_broken_engine_breaks_only_itself(plugin: Path) -> None:
    assert get_engine("good").name == "good"
    problems = {problem.name: problem for problem in plugin_problems() if problem.package == "acme"}
    assert set(problems) == {"broken", "not-an-engine", "liar", "previz"}
    assert "already taken by vidgen" in problems["previz"].why


def test_an_unknown_name_gets_the_nearest_ones(plugin: Path) -> None:
    with pytest.raises(MissingError, match=r"did you mean previz\?") as error:
        get_engine("prevviz")
    assert (error.value.code, error.value.exit_code) == ("engine.unknown", 3)


def test_a_retired_engine_names_what_to_use_instead() -> None:
    with pytest.raises(MissingError) as error:
        get_engine("sora")
    assert error.value.code == "engine.retired"
    assert "runway" in error.value.hint


@pytest.mark.parametrize(("allowed", "found"), [("", False), ("other", False), ("good", True), ("other, acme", True)])
def test_load_plugins_limits_third_parties_by_engine_or_package(
    plugin: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, found: bool
) -> None:
    monkeypatch.setenv("VIDGEN_LOAD_PLUGINS", allowed)
    assert ("good" in engine_names()) is found
    assert "previz" in engine_names()


def test_an_engine_can_be_added_for_a_while(plugin: Path) -> None:
    with engine_added("mine", lambda: get_engine("good")):
        assert "mine" in engine_names()
        assert get_engine("mine").name == "good"
    assert "mine" not in engine_names()
    assert registry._added == {}
