"""Guidance: what is asked for reaches the argument, or the component, of every pipeline of the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from local.support import batch  # noqa: E402
from vidgen.catalog.diffusion import families  # noqa: E402
from vidgen.engines.local.folder import open_folder  # noqa: E402
from vidgen.engines.local.job import Batch, Prompt  # noqa: E402
from vidgen.engines.worker.runner import Runner  # noqa: E402
from vidgen.media.stills import write_image  # noqa: E402
from vidgen.testing.tiny import KINDS  # noqa: E402

Tiny = Callable[[str], Path]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "opening.png"
    write_image(file, np.tile(np.linspace(0, 255, 120, dtype=np.uint8)[None, :, None], (80, 1, 3)))
    return file


def job(kind: str, folder: Path, out: Path, picture: Path, guidance: float) -> Batch:
    """One take of a tiny model by its first task, at the least legal length."""
    model = open_folder(folder)
    task = model.tasks[0]
    inputs = {"start_frame": picture} if task != "text_to_video" else {}
    if task == "first_last_frame":
        inputs["end_frame"] = picture
    return batch(
        folder, out, family=model.family.name, pipeline=model.family.pipelines[task], task=task, inputs=inputs, steps=2,
        frames=model.family.legal_frames(9), width=128, height=64, guidance=guidance,
        prompt=Prompt("a calm sea at dawn", "", guidance > 1),
    )  # fmt: skip


def test_every_family_has_a_tiny_model(tiny: Tiny) -> None:
    there = {open_folder(tiny(kind)).family.name for kind in KINDS}
    assert set(families()) == there


@pytest.mark.parametrize("kind", KINDS)
def test_guidance_changes_what_is_made(kind: str, tiny: Tiny, tmp_path: Path, picture: Path) -> None:
    runner = Runner()
    one, five = (runner.latents(job(kind, tiny(kind), tmp_path, picture, guidance)) for guidance in (1.0, 5.0))
    assert one.shape == five.shape
    assert (one - five).abs().max() > 1e-4
    assert torch.equal(runner.latents(job(kind, tiny(kind), tmp_path, picture, 1.0)), one)


@pytest.mark.parametrize("kind", KINDS)
def test_without_guidance_the_network_is_asked_once_a_step(kind: str, tiny: Tiny, tmp_path: Path, picture: Path) -> None:
    """An unguided pass that is computed for nothing would double the time of a distilled model."""
    runner = Runner()
    wanted = job(kind, tiny(kind), tmp_path, picture, 1.0)
    runner.latents(wanted)
    assert runner._loaded is not None
    passes: list[int] = []

    def count(module: Any, given: Any, named: Any) -> None:
        passes.append(len((*given, *named.values())[0]))

    for network in runner._loaded.denoisers:
        network.register_forward_pre_hook(count, with_kwargs=True)
    runner.latents(wanted)
    assert sum(passes) == 2
