"""``vidgen.plugin`` is the whole of what other projects may use."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from support import Film, Vidgen
from vidgen import plugin
from vidgen.errors import Notice, ProcessingError
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote, engine_added


def test_every_name_is_there_sorted_and_explained() -> None:
    assert plugin.__all__ == sorted(plugin.__all__)
    for name in plugin.__all__:
        thing = getattr(plugin, name)
        assert not inspect.isclass(thing) or thing.__doc__


BASES = (
    *(plugin.LocalEngine, plugin.RemoteEngine, plugin.ClipScorer, plugin.GroupScorer),
    *(plugin.PairInterpolator, plugin.FilterInterpolator, plugin.FrameUpscaler, plugin.FilterUpscaler),
)
"""What a package of another project derives from."""


def test_what_the_methods_of_the_bases_take_and_give_is_among_them() -> None:
    for kind in BASES:
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            words = {word for note in method.__annotations__.values() for word in _names(str(note))}
            assert name.startswith("_") or words <= {*plugin.__all__, "Interrupted"}, (name, words - set(plugin.__all__))


def test_what_the_types_of_methods_hold_is_among_them_too() -> None:
    for kind in (plugin.Expectation, plugin.Clip, plugin.Measurement, plugin.Pair, plugin.ShotRequest, plugin.Generated):
        words = {word for one in dataclasses.fields(kind) for word in _names(str(one.type))}
        assert words <= set(plugin.__all__), (kind, words - set(plugin.__all__))


def _names(annotation: str) -> set[str]:
    return {word for word in annotation.replace("[", " ").replace("]", " ").replace(",", " ").split() if word[0].isupper()} - {
        *("Any", "Callable", "Fraction", "Mapping", "None", "Path", "Sequence"),
    }


@pytest.mark.parametrize("code", ["acme:no_credit", "acme:slow.today"])
def test_a_plug_in_has_codes_of_a_namespace_of_its_own(code: str) -> None:
    assert Notice(code, "words").code == code
    assert ProcessingError(code, "words").code == code


def test_a_code_that_is_none_never_breaks_a_run_after_a_purchase(vidgen: Vidgen, film: Film) -> None:
    class Chatty(ScriptedRemote):
        async def fetch(self, job: plugin.Job, take: TakeRequest, out: object) -> Generated:
            made = await super().fetch(job, take, out)  # type: ignore[arg-type]
            return Generated(made.file, made.manifest, False, 0.1, (("whatever", "it rained"), ("acme:rain", "a lot")))

    remote = Chatty(price=0.1)
    with engine_added("scripted", lambda: remote):
        ran = vidgen("render", film("{id: a, scene: sea, engine: scripted, duration: 1}"), "--yes", "--json")
    assert ran.code == 0 and remote.created == 1
    said = {(row["code"], row["message"]) for row in ran.envelope["warnings"]}
    assert {("engine.remark", "whatever: it rained"), ("acme:rain", "a lot")} <= said
