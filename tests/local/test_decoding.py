"""Decoding: where memory runs out after the last step, the same latents are decoded again by a weaker plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from local.support import batch  # noqa: E402
from vidgen.engines.local.job import Batch, MadeTake  # noqa: E402
from vidgen.engines.worker.runner import Runner  # noqa: E402
from vidgen.engines.worker.watch import Step  # noqa: E402
from vidgen.errors import ProcessingError  # noqa: E402
from vidgen.media.stills import write_image  # noqa: E402

Tiny = Callable[[str], Path]
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
AFTER = "memory ran out after the last step; "


def failing(monkeypatch: pytest.MonkeyPatch, vae: Any, method: str, fails: Callable[[Any, Any], bool]) -> None:
    """Let a VAE run out of memory where ``fails(vae, latents)``."""
    real = getattr(vae, method)

    def short(self: Any, latents: Any, *rest: Any, **named: Any) -> Any:
        if fails(self, latents):
            raise FULL
        return real(self, latents, *rest, **named)

    monkeypatch.setattr(vae, method, short)


def made_and_heard(runner: Runner, job: Batch) -> tuple[list[MadeTake], list[tuple[tuple[int, ...], int]]]:
    heard: list[Step] = []
    made = runner.make(job, heard.append)
    return made, [(step.takes, step.step) for step in heard if not step.made]


def test_a_first_decode_without_memory_repeats_no_step(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, diffusers.AutoencoderKLWan, "_decode", lambda vae, latents: not vae.use_tiling)
    runner = Runner()
    made, heard = made_and_heard(runner, batch(tiny("wan-t2v"), tmp_path, takes=2, largest=2))
    assert heard == [((1, 2), 1), ((1, 2), 2), ((1, 2), 3)]
    assert made[0].notices == (("local.weaker_plan", f"{AFTER}the picture is decoded in tiles"),)
    assert made[0].manifest["tiling"] is True
    again, heard = made_and_heard(runner, batch(tiny("wan-t2v"), tmp_path, takes=1))
    assert len(heard) == 3
    assert again[0].notices == made[0].notices, "what was given up stays so, and is said of each take"


def test_what_is_decoded_again_is_what_tiles_give_at_once(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = batch(tiny("wan-t2v"), tmp_path)
    Runner().make(replace(job, load=replace(job.load, tiling=True)))
    tiled = job.takes[0].out.read_bytes()
    failing(monkeypatch, diffusers.AutoencoderKLWan, "_decode", lambda vae, latents: not vae.use_tiling)
    Runner().make(job)
    assert job.takes[0].out.read_bytes() == tiled


def test_a_vae_of_single_pictures_decodes_fewer_at_a_time(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = tmp_path / "opening.png"
    write_image(picture, np.full((80, 120, 3), 99, np.uint8))
    most: list[int] = []

    def too_many(vae: Any, latents: Any) -> bool:
        most.append(len(latents))
        return len(latents) > 2

    failing(monkeypatch, diffusers.AutoencoderKLTemporalDecoder, "decode", too_many)
    job = batch(tiny("svd"), tmp_path, kind="svd", task="image_to_video", inputs={"start_frame": picture}, frames=14, width=128)
    made, heard = made_and_heard(Runner(), job)
    assert [step for _, step in heard] == [1, 2, 3]
    assert most == [4, 2, 2] * 3 + [2]
    assert made[0].notices == (("local.weaker_plan", f"{AFTER}fewer frames are decoded at a time"),)


def test_where_nothing_is_left_to_give_up_it_is_one_clear_error(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, diffusers.AutoencoderKLWan, "_decode", lambda vae, latents: True)
    with pytest.raises(ProcessingError, match="needs more memory") as caught:
        Runner().make(batch(tiny("wan-t2v"), tmp_path))
    assert caught.value.code == "local.out_of_memory"


def test_other_faults_of_a_decoder_are_not_tried_again(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def broken(self: Any, latents: Any, *rest: Any, **named: Any) -> Any:
        calls.append(1)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(diffusers.AutoencoderKLWan, "_decode", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        Runner().make(batch(tiny("wan-t2v"), tmp_path))
    assert len(calls) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_networks_wait_outside_the_gpu_and_come_back(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()

    def while_networks_are_there(vae: Any, latents: Any) -> bool:
        assert runner._loaded is not None
        return any(network.device.type == "cuda" for network in runner._loaded.denoisers)

    failing(monkeypatch, diffusers.AutoencoderKLWan, "_decode", while_networks_are_there)
    job = batch(tiny("wan-t2v"), tmp_path)
    job = replace(job, load=replace(job.load, device="cuda:0"))
    for _ in range(2):
        made, heard = made_and_heard(runner, job)
        assert len(heard) == 3
    assert [text for _, text in made[0].notices] == [
        f"{AFTER}the picture is decoded in tiles",
        f"{AFTER}the networks of the steps wait outside the GPU while it is decoded",
    ]
