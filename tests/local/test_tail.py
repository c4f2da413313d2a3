"""``params: {tail: 9}``: the last pictures of the shot that is continued lead the next, so that its motion goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from local.support import shot, takes_of

pytest.importorskip("diffusers")

from vidgen.engines.local import Local
from vidgen.engines.local.batch_builder import BuiltBatch, build_batch
from vidgen.engines.local.devices import Device
from vidgen.engines.local.folder import open_folder
from vidgen.engines.local.settings import Settings
from vidgen.engines.worker.calls import call_arguments
from vidgen.engines.worker.inputs import read_inputs
from vidgen.media.frames import FrameWriter
from vidgen.media.probe import probe_video
from vidgen.takes.request import Inputs

Tiny = Callable[[str], Path]
CPU = Device("cpu", 0, "a processor", 8.0)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A clip of 24 pictures at 24 a second, of which the n-th is grey 4n."""
    clip = tmp_path / "before.mp4"
    with FrameWriter(clip, 96, 64, Fraction(24), frames=24) as writer:
        for number in range(24):
            writer.write(np.full((64, 96, 3), 40 + 4 * number, np.uint8))
    return clip


def asked(folder: Path, before: Path, tail: int, **wishes: object) -> BuiltBatch:
    request = shot(folder, inputs=Inputs(continues=before), params={"steps": 1, "tail": tail}, **wishes)
    return build_batch(takes_of(request), open_folder(folder), CPU, [before.with_name("1.mp4")], Settings())


@pytest.mark.parametrize(("kind", "tail", "led"), [("ltx", 9, 9), ("ltx", 5, 9), ("wan-vace", 5, 5), ("wan-vace", 9, 9)])
def test_the_clip_is_longer_by_the_tail_which_is_no_part_of_the_take(
    kind: str, tail: int, led: int, tiny: Tiny, before: Path
) -> None:
    plain, longer = (asked(tiny(kind), before, count).batch for count in (1, tail))
    assert plain.recipe.skip == 0 and "tail" not in plain.recipe.inputs
    assert longer.recipe.skip == led - 1 and longer.recipe.frames - longer.recipe.skip >= plain.recipe.frames
    made = longer.recipe.frames - longer.recipe.skip
    assert Fraction(made - 1) / Fraction(longer.recipe.fps) >= Fraction(23, 24), "what is left covers the shot"


def test_the_tail_is_the_end_of_the_clip_at_the_models_rate(tiny: Tiny, before: Path) -> None:
    recipe = asked(tiny("wan-vace"), before, 5).batch.recipe
    greys = [round(float(np.asarray(picture).mean())) for picture in read_inputs(recipe).tail]
    assert greys == pytest.approx([40 + 4 * (23 - round(1.5 * back)) for back in (4, 3, 2, 1, 0)], abs=2)
    given = call_arguments(recipe, read_inputs(recipe))
    assert [np.asarray(mask).max() for mask in given["mask"][:6]] == [0] * 5 + [255], "kept, then made"
    assert round(float(np.asarray(given["video"][4]).mean())) == pytest.approx(132, abs=2)


def test_the_tail_ends_where_the_film_leaves_the_clip(tiny: Tiny, before: Path) -> None:
    """Frames 12 to 23 are in the file, but not in the film."""
    request = shot(
        tiny("wan-vace"), inputs=Inputs(continues=before, continues_frames=12), params={"steps": 1, "tail": 5}, fps=Fraction(24)
    )
    found = build_batch(takes_of(request), open_folder(tiny("wan-vace")), CPU, [before.with_name("1.mp4")], Settings())
    inputs = read_inputs(found.batch.recipe)
    greys = [round(float(np.asarray(picture).mean())) for picture in inputs.tail]
    assert greys == pytest.approx([40 + 4 * (11 - round(1.5 * back)) for back in (4, 3, 2, 1, 0)], abs=2)
    assert float(np.asarray(inputs.start).mean()) == pytest.approx(40 + 4 * 11, abs=2), "the opening picture is the same one"


def test_ltx_is_given_the_tail_as_one_condition(tiny: Tiny, before: Path) -> None:
    recipe = asked(tiny("ltx"), before, 9).batch.recipe
    (condition,) = call_arguments(recipe, read_inputs(recipe))["conditions"]
    assert len(condition.video) == 9 and condition.frame_index == 0 and condition.image is None


def test_where_the_clip_would_be_too_long_the_last_picture_leads_and_that_is_said(tiny: Tiny, before: Path) -> None:
    long = asked(tiny("wan-vace"), before, 33, frames=24 * 5)
    assert long.batch.recipe.skip == 0
    assert any(text.startswith("params.tail") for _, text in long.notices)


@pytest.fixture
def engine() -> Iterator[Local]:
    made = Local()
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["ltx", "wan-vace"])
def test_a_take_with_a_tail_is_as_long_as_one_without(kind: str, engine: Local, tiny: Tiny, before: Path) -> None:
    request = shot(tiny(kind), inputs=Inputs(continues=before), params={"steps": 1, "tail": 9})
    out = before.with_name("take.mp4")
    made = engine.generate(takes_of(request)[0], out)
    info, told = probe_video(out), engine.order(request)
    assert (float(info.frames / info.rate), info.rate) == (told.seconds, Fraction(told.rate))
    assert made.manifest["settings"]["tail"] == 9
    other = before.with_name("other.mp4")
    engine.generate(takes_of(replace(request, params={"steps": 1}))[0], other)
    assert probe_video(other).frames <= info.frames and other.read_bytes() != out.read_bytes()
