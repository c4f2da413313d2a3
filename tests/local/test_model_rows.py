"""What a model's row adds to its family: LoRAs of a quality, which have to be here, those of camera moves, and its sizes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from local.support import shot, takes_of

pytest.importorskip("diffusers")

from vidgen.catalog.diffusion import model
from vidgen.engines.local.batch_builder import BuiltBatch, build_batch
from vidgen.engines.local.devices import Device
from vidgen.engines.local.folder import open_folder
from vidgen.engines.local.settings import Settings
from vidgen.storyboard.model import Camera
from vidgen.weights import hub

Tiny = Callable[[str], Path]
GPU = Device("cuda", 0, "a card", 80)


def asked(folder: Path, name: str, out: Path, **wishes: object) -> BuiltBatch:
    """What a worker is asked for a shot of a model of the table, whose files are those of a tiny one."""
    row = model(name)
    assert row
    found = open_folder(folder, row=row, revision="r1")
    return build_batch(takes_of(shot(name, **wishes)), found, GPU, [out], Settings())


def lay_down(place: str, file: str, data: bytes = b"weights") -> Path:
    """A LoRA as if it had been pulled."""
    folder = hub.folder_of(place)
    folder.mkdir(parents=True)
    (folder / file).write_bytes(data)
    record = {"repo": place, "revision": "r1", "files": {file: [len(data), "5" * 64]}}
    (folder / ".vidgen.json").write_text(json.dumps(record))
    return folder / file


def test_a_quality_that_needs_loras_uses_them_in_their_places(tiny: Tiny, tmp_path: Path) -> None:
    row = model("wan2.2-t2v-a14b")
    assert row
    files = [lay_down(hub.place_of(lora.repo, lora.file), lora.file) for lora in row.loras]
    batch = asked(tiny("wan-moe"), row.name, tmp_path / "1.mp4", params={"quality": "draft"}).batch
    assert (batch.recipe.steps, batch.recipe.guidance, batch.recipe.prompt.guided) == (4, 1.0, False)
    assert [adapter.file for adapter in batch.load.adapters] == files
    assert [adapter.role for adapter in batch.load.adapters] == ["distilled high noise", "distilled low noise"]
    assert {adapter.sha256 for adapter in batch.load.adapters} == {"5" * 64}
    assert asked(tiny("wan-moe"), row.name, tmp_path / "1.mp4", params={}).batch.load.adapters == ()


def test_without_them_that_quality_takes_the_familys_steps_and_says_what_brings_them(tiny: Tiny, tmp_path: Path) -> None:
    found = asked(tiny("wan-t2v"), "wan2.1-t2v-14b", tmp_path / "1.mp4", params={"quality": "draft"})
    recipe = found.batch.recipe
    assert (recipe.steps, recipe.guidance, recipe.prompt.guided, recipe.tier) == (20, 5.0, True, "draft")
    assert found.batch.load.adapters == () and "flow_shift" not in recipe.extra
    said = "quality: draft of wan2.1-t2v-14b needs a distilled LoRA that is not here; 20 steps are made"
    assert ("engine.wish_approximated", f"{said}; vidgen models pull wan2.1-t2v-14b") in found.notices


def test_one_expert_without_its_lora_is_no_four_step_model(tiny: Tiny, tmp_path: Path) -> None:
    row = model("wan2.2-t2v-a14b")
    assert row
    lay_down(hub.place_of(row.loras[0].repo, row.loras[0].file), row.loras[0].file)
    found = asked(tiny("wan-moe"), row.name, tmp_path / "1.mp4", params={"quality": "draft"}).batch
    assert (found.recipe.steps, found.load.adapters) == (20, ())


def test_a_distilled_draft_runs_in_four_steps_and_its_manifest_names_the_lora(
    tiny: Tiny, lora: Callable[[str, int], Path], tmp_path: Path
) -> None:
    """With a LoRA of random numbers in the place of the real one."""
    from dataclasses import replace

    from vidgen.engines.worker.runner import Runner

    row = model("wan2.1-t2v-14b")
    assert row
    file = lay_down(hub.place_of(row.loras[0].repo, row.loras[0].file), row.loras[0].file, lora("wan-t2v", 1).read_bytes())
    batch = asked(tiny("wan-t2v"), row.name, tmp_path / "1.mp4", params={"quality": "draft"}).batch
    batch = replace(batch, load=replace(batch.load, device="cpu", dtype="float32", offload="none"))
    steps: list[int] = []
    runner = Runner()
    (made,) = runner.make(batch, lambda step: None if step.made else steps.append(step.step))
    assert steps == [1, 2, 3, 4]
    assert made.manifest["guidance"] == 1.0 and made.manifest["scheduler_settings"]["flow_shift"] == 5.0
    expected = {"role": "distilled", "weight": 1.0, "sha256": "5" * 64, "file": file.name}
    assert made.manifest["adapters"] == [expected]
    with_lora, plain = batch, replace(batch, load=replace(batch.load, adapters=()))
    assert not runner.latents(with_lora).equal(runner.latents(plain))


@pytest.mark.parametrize(("name", "move"), [("animatediff-v2", "pan_left"), ("ltx-2", "dolly_in")])
def test_a_camera_moves_lora_is_used_where_it_is_here(tiny: Tiny, tmp_path: Path, name: str, move: str) -> None:
    kind = "animatediff" if name == "animatediff-v2" else "ltx2"
    wanted = {"camera": Camera(move=move), "params": {}}
    without = asked(tiny(kind), name, tmp_path / "1.mp4", **wanted)
    assert without.batch.load.adapters == ()
    assert [text for _, text in without.notices if f"LoRA for {move}" in text and "vidgen models pull" in text]
    row = model(name)
    assert row
    from vidgen.catalog.diffusion import families

    file = lay_down(families()[row.family].moves[move], "lora.safetensors")
    (adapter,) = asked(tiny(kind), name, tmp_path / "1.mp4", **wanted).batch.load.adapters
    assert (adapter.file, adapter.role) == (file, f"camera {move}")


def test_loras_of_one_version_are_not_offered_to_the_next(tiny: Tiny, tmp_path: Path) -> None:
    found = asked(tiny("ltx2"), "ltx-2.3", tmp_path / "1.mp4", camera=Camera(move="dolly_in"), params={})
    assert not [text for _, text in found.notices if "LoRA" in text]


def test_a_size_that_cannot_be_chosen_is_the_models_own(tiny: Tiny, tmp_path: Path) -> None:
    from PIL import Image

    from vidgen.takes.request import Inputs

    still = tmp_path / "still.png"
    Image.new("RGB", (96, 64)).save(still)
    wishes = {"task": "image_to_video", "inputs": Inputs(start_frame=still), "params": {}}
    recipe = asked(tiny("cogvideox-i2v"), "cogvideox-5b-i2v", tmp_path / "1.mp4", **wishes).batch.recipe
    assert (recipe.width, recipe.height) == (720, 480)


def test_a_folder_of_ones_own_says_its_steps_of_sizes_by_its_vae(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(tiny("wan-t2v"), folder)
    assert open_folder(folder).family.size_multiple == 16
    config = folder / "vae" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "scale_factor_spatial": 16}))
    assert open_folder(folder).family.size_multiple == 32


def test_a_model_of_coarser_pictures_gets_sizes_that_it_can_make(tiny: Tiny, tmp_path: Path) -> None:
    recipe = asked(tiny("wan-ti2v"), "wan2.2-ti2v-5b", tmp_path / "1.mp4", width=854, height=480, params={}).batch.recipe
    assert (recipe.width % 32, recipe.height % 32) == (0, 0)
