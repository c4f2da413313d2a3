"""Distilled models run at the times that they were distilled for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from local.support import shot, takes_of  # noqa: E402
from vidgen.catalog.diffusion import Model, families, model, models  # noqa: E402
from vidgen.engines.local.batch_builder import BuiltBatch, build_batch  # noqa: E402
from vidgen.engines.local.devices import Device  # noqa: E402
from vidgen.engines.local.folder import open_folder  # noqa: E402
from vidgen.engines.local.settings import Settings  # noqa: E402
from vidgen.engines.worker.runner import Runner  # noqa: E402
from vidgen.media.stills import write_image  # noqa: E402
from vidgen.takes.request import Inputs  # noqa: E402

Tiny = Callable[[str], Path]
LTX = (1000, 993, 987, 981, 975, 909, 725, 0.03)
LTX2 = (1000, 993.75, 987.5, 981.25, 975, 909.375, 725, 421.875)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "opening.png"
    write_image(file, np.full((64, 96, 3), 90, np.uint8))
    return file


def asked(folder: Path, row: str, out: Path, takes: int = 1, **wishes: Any) -> BuiltBatch:
    """A shot of a tiny model as if it were that model of the table."""
    request = shot(folder, **{"params": {}, "frames": 9, **wishes})
    outs = [out / f"{number}.mp4" for number in range(takes)]
    known = replace(open_folder(folder), model=model(row))
    return build_batch(takes_of(request, takes), known, Device("cpu", 0, "a processor", 24), outs, Settings())


def times(wanted: BuiltBatch) -> list[float]:
    """At which times the network was asked, in order."""
    runner = Runner()
    batch = wanted.batch
    runner.prepare(batch.load, batch.recipe.family, batch.recipe.revision, [batch.recipe.prompt])
    found: list[float] = []

    def note(module: Any, given: Any, named: Any) -> None:
        found.append(float(named["timestep"].max()))

    for network in runner._ready(batch.load, batch.recipe).denoisers:
        network.register_forward_pre_hook(note, with_kwargs=True)
    latents = runner.latents(batch)
    assert torch.isfinite(latents).all()
    return found


TASKS = [
    ("ltx", "ltx-video-0.9.7-13b-distilled", "text_to_video", LTX),
    ("ltx", "ltx-video-0.9.8-13b-distilled", "image_to_video", LTX),
    ("ltx2", "ltx-2.3-distilled", "text_to_video", LTX2),
    ("ltx2", "ltx-2.3-distilled", "image_to_video", LTX2),
]


@pytest.mark.parametrize(("kind", "row", "task", "expected"), TASKS, ids=[f"{row[1]}-{row[2]}" for row in TASKS])
def test_the_network_is_asked_at_the_models_own_times(
    kind: str, row: str, task: str, expected: tuple[float, ...], tiny: Tiny, tmp_path: Path, picture: Path
) -> None:
    inputs = Inputs(start_frame=picture) if task == "image_to_video" else Inputs()
    wanted = asked(tiny(kind), row, tmp_path, task=task, inputs=inputs)
    assert times(wanted) == pytest.approx(expected, abs=0.01)


def test_a_scheduler_that_shifts_leaves_these_times_alone(tiny: Tiny, tmp_path: Path) -> None:
    runner = Runner()
    batch = asked(tiny("ltx2"), "ltx-2.3-distilled", tmp_path).batch
    runner.prepare(batch.load, batch.recipe.family, batch.recipe.revision, [batch.recipe.prompt])
    pipe = runner._ready(batch.load, batch.recipe).pipe
    pipe.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.1)
    runner.latents(batch)
    assert [float(time) for time in pipe.scheduler.timesteps] == pytest.approx(LTX2)


def test_two_takes_are_still_one_batch(tiny: Tiny, tmp_path: Path) -> None:
    wanted = asked(tiny("ltx"), "ltx-video-0.9.7-13b-distilled", tmp_path, takes=2)
    assert times(wanted) == pytest.approx(LTX, abs=0.01)


def test_other_steps_are_spaced_by_the_scheduler_and_that_is_said(tiny: Tiny, tmp_path: Path) -> None:
    wanted = asked(tiny("ltx"), "ltx-video-0.9.7-13b-distilled", tmp_path, params={"steps": 5})
    assert wanted.batch.recipe.schedule == {}
    assert len(times(wanted)) == 5
    said = "steps: ltx-video-0.9.7-13b-distilled was made for 8 of its own times; 5 are spaced by its scheduler"
    assert ("engine.wish_approximated", said) in wanted.notices


def test_four_distilled_steps_of_wan_are_those_of_the_loras_makers(tiny: Tiny, tmp_path: Path) -> None:
    """1000, 750, 500 and 250, each moved by a shift of 5."""
    wanted = asked(tiny("wan-t2v"), "wan2.1-t2v-1.3b", tmp_path, params={"steps": 4, "guidance": 1.0, "flow_shift": 5.0})
    shifted = [1000 * 5 * share / (1 + 4 * share) for share in (1, 0.75, 0.5, 0.25)]
    assert times(wanted) == pytest.approx(shifted, abs=1.1)


@pytest.mark.parametrize("row", [row for row in models() if row.runs], ids=lambda row: row.name)
def test_every_pipeline_of_a_model_takes_its_times(row: Model) -> None:
    import inspect

    own = {**families()[row.family].pipelines, **row.pipelines}
    assert set(row.pipelines) <= set(row.tasks)
    assert set(row.pipelines.values()) <= families()[row.family].classes
    for tier in row.tiers.values():
        assert all(len(given) == tier.steps for given in tier.schedule.values())
        assert tier.flow_shift is None or "flow_shift" in families()[row.family].settings
        for task in row.tasks:
            assert set(tier.schedule) <= set(inspect.signature(getattr(diffusers, own[task]).__call__).parameters)


def test_a_model_with_shifts_of_its_own_gets_its_picture_another_way(tiny: Tiny, tmp_path: Path, picture: Path) -> None:
    inputs = Inputs(start_frame=picture)
    wanted = asked(tiny("ltx"), "ltx-video-0.9.1", tmp_path, task="image_to_video", inputs=inputs, params={"steps": 2})
    assert wanted.batch.load.pipeline == "LTXImageToVideoPipeline"
    dark = tmp_path / "dark.png"
    write_image(dark, np.zeros((64, 96, 3), np.uint8))
    other = asked(
        tiny("ltx"), "ltx-video-0.9.1", tmp_path, task="image_to_video", inputs=Inputs(start_frame=dark), params={"steps": 2}
    )
    assert not torch.equal(Runner().latents(wanted.batch), Runner().latents(other.batch))
