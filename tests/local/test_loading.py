"""Loading a pipeline: which parts, in which numbers, with which LoRAs; and what is told of a folder that is not whole."""

from __future__ import annotations

import gc
import importlib.util
import inspect
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
peft = pytest.importorskip("peft")

from safetensors.torch import load_file, save_file  # noqa: E402

from local.support import LORA_OF  # noqa: E402
from vidgen.engines.local.job import Adapter, Load  # noqa: E402
from vidgen.engines.worker import loading, placement  # noqa: E402
from vidgen.engines.worker.loading import load, quiet, readapt  # noqa: E402
from vidgen.errors import InputError, MissingError, VidgenError  # noqa: E402

Tiny = Callable[[str], Path]
Damage = Callable[[Path], object]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def latents(pipe: Any) -> Any:
    values = {
        "prompt": "a calm sea", "negative_prompt": "blur", "width": 96, "height": 64, "num_frames": 9, "guidance_scale": 5.0,
        "num_inference_steps": 2, "generator": torch.Generator("cpu").manual_seed(1), "output_type": "latent",
        "max_sequence_length": 32,
    }  # fmt: skip
    known = inspect.signature(pipe.__call__).parameters
    with quiet():
        return pipe(**{name: value for name, value in values.items() if name in known}).frames


def parts_of(pipe: Any) -> set[str]:
    return {name for name, part in pipe.components.items() if part is not None}


def test_a_worker_of_the_second_gpu_is_at_home_there(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> None:
    """Streams and kernels that name no device are that one's, and the first GPU's memory stays with its own worker."""
    current: list[object] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    loading._check_device(Load(tiny("wan-t2v"), "WanPipeline", device="cuda:1"))
    assert current == [torch.device("cuda:1")]


def test_text_and_picture_are_the_two_halves_of_a_pipeline(tiny: Tiny) -> None:
    wanted = Load(tiny("wan-i2v"), "WanImageToVideoPipeline")
    text, picture = parts_of(load(wanted, "text").pipe), parts_of(load(wanted, "picture").pipe)
    assert text == {"text_encoder", "tokenizer"}
    assert picture == {"transformer", "vae", "scheduler", "image_encoder", "image_processor"}
    assert parts_of(load(wanted, "whole").pipe) == text | picture


def test_loads_are_counted(tiny: Tiny) -> None:
    loading.loads.clear()
    wanted = Load(tiny("ltx"), "LTXPipeline")
    load(wanted, "text")
    load(wanted, "picture")
    assert dict(loading.loads) == {(str(wanted.folder), "text"): 1, (str(wanted.folder), "picture"): 1}


def test_a_folder_is_loaded_as_another_pipeline_of_its_family(tiny: Tiny) -> None:
    assert type(load(Load(tiny("ltx"), "LTXConditionPipeline"), "picture").pipe).__name__ == "LTXConditionPipeline"


def test_both_experts_take_steps_and_a_unet_does(tiny: Tiny) -> None:
    assert len(load(Load(tiny("wan-moe"), "WanPipeline"), "picture").denoisers) == 2
    (unet,) = load(Load(tiny("svd"), "StableVideoDiffusionPipeline"), "picture").denoisers
    assert type(unet).__name__ == "UNetSpatioTemporalConditionModel"


def test_the_vae_of_wan_keeps_every_bit_beside_a_network_of_16(tiny: Tiny) -> None:
    pipe = load(Load(tiny("wan-i2v"), "WanImageToVideoPipeline", dtype="bfloat16"), "picture").pipe
    assert (pipe.transformer.dtype, pipe.vae.dtype, pipe.image_encoder.dtype) == (torch.bfloat16, torch.float32, torch.float32)
    stored = load_file(tiny("wan-i2v") / "vae" / "diffusion_pytorch_model.safetensors")
    held = pipe.vae.state_dict()
    assert all(torch.equal(held[name], stored[name]) for name in stored)


def test_other_vaes_are_loaded_as_asked(tiny: Tiny) -> None:
    assert load(Load(tiny("ltx"), "LTXPipeline", dtype="bfloat16"), "picture").pipe.vae.dtype == torch.bfloat16


def test_tiles_only_where_asked_and_where_the_vae_can(tiny: Tiny) -> None:
    wanted = Load(tiny("wan-t2v"), "WanPipeline")
    assert not load(wanted, "picture").pipe.vae.use_tiling
    assert load(replace(wanted, tiling=True), "picture").pipe.vae.use_tiling
    load(Load(tiny("svd"), "StableVideoDiffusionPipeline", tiling=True), "picture")


@pytest.mark.parametrize(("kind", "pipeline"), [("wan-t2v", "WanPipeline"), ("animatediff", "AnimateDiffPipeline")])
def test_layers_that_come_when_they_are_needed_change_nothing(kind: str, pipeline: str, tiny: Tiny) -> None:
    before = latents(load(Load(tiny(kind), pipeline), "whole").pipe)
    streamed = load(Load(tiny(kind), pipeline), "whole")
    placement.stream(streamed, torch.device("cpu"))
    assert torch.equal(latents(streamed.pipe), before)


def test_nothing_is_printed_and_the_libraries_speak_as_before(tiny: Tiny, capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("transformers")
    load(Load(tiny("wan-t2v"), "WanPipeline"), "whole")
    before = logger.handlers[:], logger.level
    capfd.readouterr()
    load(Load(tiny("wan-t2v"), "WanPipeline"), "whole")
    assert capfd.readouterr() == ("", "")
    assert (logger.handlers, logger.level) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one here")
def test_a_gpu_that_torch_cannot_use_is_missing(tiny: Tiny) -> None:
    with pytest.raises(MissingError, match="cannot use cuda:0") as caught:
        load(Load(tiny("wan-t2v"), "WanPipeline", device="cuda:0"), "picture")
    assert caught.value.code == "engine.not_ready"


WEIGHTS = "diffusion_pytorch_model.safetensors"


def without_one(part: str, file: str = WEIGHTS) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / part / file
        tensors = load_file(path)
        del tensors[next(name for name in sorted(tensors) if name.endswith("weight") and "shared" not in name)]
        save_file(tensors, path, metadata={"format": "pt"})

    return damage


def config(part: str, **changes: object) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / part / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


def written(name: str, data: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(data)


DAMAGES: dict[str, tuple[Damage, loading.Parts, str]] = {
    "a weight missing": (without_one("transformer"), "picture", "weights are missing: transformer.blocks"),
    "a weight of the VAE missing": (without_one("vae"), "picture", "weights are missing: vae."),
    "a weight of the text encoder missing": (
        without_one("text_encoder", "model.safetensors"), "text", "weights are missing: encoder.block.0"
    ),
    "more layers than weights": (config("transformer", num_layers=3), "picture", "weights are missing: transformer.blocks.2"),
    "another width": (config("transformer", ffn_dim=128), "picture", "expected shape"),
    "cut short": (
        lambda folder: os_truncate(folder / "transformer" / WEIGHTS), "picture", "Unable to load weights"
    ),
    "garbage": (written(f"vae/{WEIGHTS}", b"x" * 5000), "picture", "Unable to load weights"),
    "empty": (written(f"vae/{WEIGHTS}", b""), "picture", "Unable to load weights"),
    "no weights": (lambda folder: (folder / "transformer" / WEIGHTS).unlink(), "picture", "no file named"),
    "no VAE": (lambda folder: shutil.rmtree(folder / "vae"), "picture", "no file named config.json"),
    "no tokenizer": (lambda folder: shutil.rmtree(folder / "tokenizer"), "text", "tokenizer"),
    "a broken config": (written("vae/config.json", b"{"), "picture", "not a valid JSON"),
}  # fmt: skip


def os_truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize("name", DAMAGES)
def test_a_folder_that_is_not_whole_is_one_clear_error(name: str, tiny: Tiny, tmp_path: Path) -> None:
    damage, parts, told = DAMAGES[name]
    folder = tmp_path / "model"
    shutil.copytree(tiny("wan-t2v"), folder)
    damage(folder)
    with pytest.raises(InputError, match=told) as caught:
        load(Load(folder, "WanPipeline"), parts)
    assert (caught.value.code, caught.value.exit_code) == ("models.damaged", 2)
    assert "\n" not in caught.value.message
    assert str(folder) in caught.value.message


@pytest.mark.parametrize("pipeline", ["StableVideoDiffusionPipeline", "CogVideoXPipeline"])
def test_a_folder_of_another_family_is_told(pipeline: str, tiny: Tiny) -> None:
    with pytest.raises(InputError, match=f"cannot be loaded as {pipeline}"):
        load(Load(tiny("wan-t2v"), pipeline), "picture")


def test_a_class_that_this_diffusers_has_not(tiny: Tiny) -> None:
    with pytest.raises(InputError, match="has no WanDreamPipeline") as caught:
        load(Load(tiny("wan-t2v"), "WanDreamPipeline"), "picture")
    assert caught.value.code == "models.not_a_pipeline"


def alive(kind: str) -> int:
    gc.collect()
    return sum(type(one).__name__ == kind for one in gc.get_objects())


@pytest.mark.parametrize("damage", [without_one("vae"), written(f"vae/{WEIGHTS}", b"x" * 5000)])
def test_a_load_that_fails_holds_no_network_even_while_its_error_lives(damage: Damage, tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny("wan-t2v"), folder)
    damage(folder)
    before = alive("WanTransformer3DModel")
    with pytest.raises(InputError) as caught:
        load(Load(folder, "WanPipeline"), "picture")
    assert alive("WanTransformer3DModel") == before, caught.value


def test_closing_lets_the_networks_go(tiny: Tiny) -> None:
    before = alive("WanTransformer3DModel")
    one = load(Load(tiny("wan-t2v"), "WanPipeline"), "picture")
    assert alive("WanTransformer3DModel") == before + 1
    one.close()
    assert alive("WanTransformer3DModel") == before
    assert one.denoisers == []


@pytest.mark.parametrize("kind", LORA_OF)
def test_loras_are_changed_without_loading_again_and_leave_nothing_behind(kind: str, tiny: Tiny, lora: Any) -> None:
    plain = Load(tiny(kind), LORA_OF[kind])
    one = replace(plain, adapters=(Adapter(lora(kind, 1)),))
    two = replace(plain, adapters=(Adapter(lora(kind, 1), 0.5), Adapter(lora(kind, 2), -0.5)))
    expected = {wanted: latents(load(wanted, "whole").pipe) for wanted in (plain, one, two)}
    assert not torch.equal(expected[plain], expected[one])
    assert not torch.equal(expected[one], expected[two])
    loading.loads.clear()
    loaded = load(plain, "whole")
    for wanted in (one, two, one, plain):
        assert readapt(loaded, wanted)
        assert loaded.load == wanted
        assert torch.equal(latents(loaded.pipe), expected[wanted])
    assert sum(loading.loads.values()) == 1


def test_a_lora_that_joins_weights_of_8_bits_is_loaded_with_them(tiny: Tiny, lora: Any) -> None:
    """The first shot of a film has none, the second has one."""
    plain = Load(tiny("wan-t2v"), "WanPipeline", quantise="float8")
    joined = replace(plain, adapters=(Adapter(lora("wan-t2v", 1)),))
    loaded = load(plain, "whole")
    before = latents(loaded.pipe)
    if not readapt(loaded, joined):
        loaded = load(joined, "whole")
    assert not torch.equal(latents(loaded.pipe), before)


def test_what_differs_in_more_than_loras_is_loaded_anew(tiny: Tiny) -> None:
    plain = Load(tiny("wan-t2v"), "WanPipeline")
    loaded = load(plain, "picture")
    assert readapt(loaded, plain)
    assert not readapt(loaded, replace(plain, tiling=True))
    loaded.close()
    assert not readapt(loaded, plain)


def test_each_expert_has_a_lora_of_its_own(tiny: Tiny, lora: Any) -> None:
    adapters = (
        Adapter(lora("wan-moe", 1), role="distilled high noise"),
        Adapter(lora("wan-moe", 2), role="distilled low noise"),
    )
    loaded = load(Load(tiny("wan-moe"), "WanPipeline", adapters=adapters), "picture")
    assert [list(network.peft_config) for network in loaded.denoisers] == [["lora1"], ["lora2"]]


@pytest.mark.parametrize(
    ("kind", "pipeline", "file", "code"),
    [
        ("wan-t2v", "WanPipeline", "animatediff", "models.unreadable"),
        ("animatediff", "AnimateDiffPipeline", "wan-t2v", "models.unreadable"),
        ("svd", "StableVideoDiffusionPipeline", "wan-t2v", "engine.cannot"),
        ("wan-t2v", "WanPipeline", "", "media.not_found"),
    ],
)
def test_a_lora_that_does_not_fit(kind: str, pipeline: str, file: str, code: str, tiny: Tiny, lora: Any) -> None:
    adapter = Adapter(lora(file, 1) if file else Path("nowhere/lora.safetensors"))
    with pytest.raises(InputError) as caught:
        load(Load(tiny(kind), pipeline, adapters=(adapter,)), "picture")
    assert caught.value.code == code


def test_a_lora_that_was_trained_with_the_words_gives_its_pictures_part(tiny: Tiny, lora: Any, tmp_path: Path) -> None:
    """The text encoder has left by then: what is for it is not used, which is said."""
    from safetensors.torch import load_file, save_file

    plain, both = lora("animatediff", 1), tmp_path / "both.safetensors"
    layer = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj"
    words = {f"{layer}.lora_A.weight": torch.ones(2, 32), f"{layer}.lora_B.weight": torch.ones(32, 2)}
    save_file({**load_file(plain), **words}, both)
    one, other = (
        load(Load(tiny("animatediff"), "AnimateDiffPipeline", adapters=(Adapter(file),)), "picture") for file in (plain, both)
    )
    for (name, weight), same in zip(one.pipe.unet.named_parameters(), other.pipe.unet.parameters(), strict=True):
        assert torch.equal(weight, same), name
    assert one.notices == []
    assert [code for code, text in other.notices if "both.safetensors" in text] == ["engine.wish_approximated"]


def test_float8_stores_less_and_computes_as_before(tiny: Tiny) -> None:
    plain = load(Load(tiny("wan-t2v"), "WanPipeline"), "whole")
    small = load(Load(tiny("wan-t2v"), "WanPipeline", quantise="float8"), "whole")
    assert small.denoisers[0].blocks[0].ffn.net[2].weight.dtype == torch.float8_e4m3fn
    before = latents(plain.pipe)
    assert (latents(small.pipe) - before).norm() < 0.05 * before.norm()


@pytest.mark.parametrize("method", ["torchao-int8", "bitsandbytes-4bit", "gguf:model.gguf"])
def test_a_missing_package_is_named_with_what_brings_it(method: str, tiny: Tiny) -> None:
    package = method.partition(":")[0].partition("-")[0]
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is here")
    with pytest.raises(MissingError, match=f"needs the package {package}") as caught:
        load(Load(tiny("wan-t2v"), "WanPipeline", quantise=method), "picture")
    assert caught.value.hint == "pip install 'vidgen[quantise]'"


def test_every_error_of_loading_leaves_the_way_free_for_the_next(tiny: Tiny) -> None:
    with pytest.raises(VidgenError):
        load(Load(tiny("wan-t2v"), "CogVideoXPipeline"), "picture")
    assert latents(load(Load(tiny("wan-t2v"), "WanPipeline"), "whole").pipe).shape == (1, 4, 3, 8, 12)
