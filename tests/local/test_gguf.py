"""Networks from GGUF files: the way from the user's ``config.yaml`` to a take, and what is said of files that do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
gguf = pytest.importorskip("gguf")

from safetensors.torch import load_file  # noqa: E402

from local.support import shot, takes_of  # noqa: E402
from vidgen.engines.local import Local  # noqa: E402
from vidgen.engines.local.job import Load  # noqa: E402
from vidgen.engines.local.settings import settings  # noqa: E402
from vidgen.engines.worker.loading import load  # noqa: E402
from vidgen.errors import InputError  # noqa: E402

Tiny = Callable[[str], Path]

MAKERS_NAMES = {
    "condition_embedder.time_embedder.linear_1": "time_embedding.0",
    "condition_embedder.time_embedder.linear_2": "time_embedding.2",
    "condition_embedder.text_embedder.linear_1": "text_embedding.0",
    "condition_embedder.text_embedder.linear_2": "text_embedding.2",
    "condition_embedder.time_proj": "time_projection.1",
    "attn1": "self_attn", "attn2": "cross_attn", ".to_out.0.": ".o.", ".to_q.": ".q.", ".to_k.": ".k.", ".to_v.": ".v.",
    "ffn.net.0.proj": "ffn.0", "ffn.net.2": "ffn.2", "proj_out": "head.head", "norm2": "norm3",
}  # fmt: skip
"""Weights of Wan as diffusers and as its makers call them; public GGUF files have the latter."""


def makers_name(name: str) -> str:
    for ours, theirs in MAKERS_NAMES.items():
        name = name.replace(ours, theirs)
    if name.endswith("scale_shift_table"):
        return name.replace("scale_shift_table", "modulation" if "." in name else "head.modulation")
    return name


def gguf_of(folder: Path, file: Path, *, part: str = "transformer", named: Callable[[str], str] = str) -> Path:
    """A network's weights in 8 bits, where rows are whole blocks of 32 numbers, as public files are made."""
    writer = gguf.GGUFWriter(str(file), "video")
    for name, tensor in load_file(folder / part / "diffusion_pytorch_model.safetensors").items():
        data = tensor.float().numpy()
        if data.ndim == 2 and data.shape[1] % 32 == 0:
            q8 = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(named(name), gguf.quants.quantize(data, q8), raw_dtype=q8)
        else:
            writer.add_tensor(named(name), data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.fixture
def engine(warm_workers: None) -> Iterator[Local]:
    made = Local()
    yield made
    made.close()


def configured(home: Path, quantise: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.yaml").write_text(f"local: {{quantise: '{quantise}'}}\n")


def test_a_file_beside_config_yaml_makes_a_take_whose_manifest_names_it(
    engine: Local, tiny: Tiny, home: Path, tmp_path: Path
) -> None:
    take = takes_of(shot(tiny("wan-t2v")))[0]
    plain = engine.generate(take, tmp_path / "plain.mp4")
    configured(home, "gguf:wan-q8.gguf")
    gguf_of(tiny("wan-t2v"), home / "wan-q8.gguf", named=makers_name)
    made = engine.generate(take, tmp_path / "small.mp4")
    assert plain.manifest["quantise"] is None
    assert made.manifest["quantise"].startswith("gguf:wan-q8.gguf sha256:")
    assert (tmp_path / "small.mp4").read_bytes() != (tmp_path / "plain.mp4").read_bytes()


@pytest.mark.parametrize(
    ("kind", "pipeline", "named"), [("wan-t2v", "WanPipeline", makers_name), ("ltx", "LTXPipeline", str)], ids=["wan", "ltx"]
)
def test_its_numbers_are_those_of_the_network_but_for_the_bits(
    kind: str, pipeline: str, named: Any, tiny: Tiny, tmp_path: Path
) -> None:
    from diffusers.quantizers.gguf.utils import GGUFLinear, dequantize_gguf_tensor

    file = gguf_of(tiny(kind), tmp_path / "small.gguf", named=named)
    whole = load(Load(tiny(kind), pipeline), "picture").pipe.transformer.state_dict()
    small = load(Load(tiny(kind), pipeline, quantise=f"gguf:{file}"), "picture").pipe.transformer
    layers = {name: part.weight for name, part in small.named_modules() if isinstance(part, GGUFLinear)}
    packed = {name: weight for name, weight in layers.items() if weight.dtype == torch.uint8}
    assert packed
    for name, weight in packed.items():
        exact = whole[f"{name}.weight"]
        assert (dequantize_gguf_tensor(weight) - exact).abs().max() <= exact.abs().max() / 127


def test_each_expert_has_a_file_of_its_own(tiny: Tiny, tmp_path: Path) -> None:
    high = gguf_of(tiny("wan-moe"), tmp_path / "high.gguf")
    low = gguf_of(tiny("wan-moe"), tmp_path / "low.gguf", part="transformer_2")
    loaded = load(Load(tiny("wan-moe"), "WanPipeline", quantise=f"gguf:{high},{low}"), "picture")
    first, second = (network.blocks[0].attn1.to_q.weight for network in loaded.denoisers)
    assert not torch.equal(first, second)
    with pytest.raises(InputError, match="2 networks, and 1 file is named") as caught:
        load(Load(tiny("wan-moe"), "WanPipeline", quantise=f"gguf:{high}"), "picture")
    assert caught.value.hint == "quantise: gguf:FILE,FILE"


@pytest.mark.parametrize(
    ("kind", "pipeline", "code", "told"),
    [
        ("wan-t2v", "WanPipeline", "models.unreadable", "is not a transformer of wan-t2v"),
        ("cogvideox", "CogVideoXPipeline", "engine.cannot", "CogVideoXPipeline cannot be loaded from a gguf file"),
        ("animatediff", "AnimateDiffPipeline", "engine.cannot", "AnimateDiffPipeline cannot be loaded from a gguf file"),
    ],
)
def test_a_file_that_does_not_fit_is_named(kind: str, pipeline: str, code: str, told: str, tiny: Tiny, tmp_path: Path) -> None:
    file = gguf_of(tiny("ltx"), tmp_path / "ltx.gguf")
    with pytest.raises(InputError, match=told) as caught:
        load(Load(tiny(kind), pipeline, quantise=f"gguf:{file}"), "picture")
    assert caught.value.code == code


@pytest.mark.parametrize("damage", [b"GGUF", b"no such thing" * 100])
def test_a_file_that_is_no_gguf_is_named(damage: bytes, tiny: Tiny, tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(damage)
    with pytest.raises(InputError, match=r"broken\.gguf is not a transformer of wan-t2v") as caught:
        load(Load(tiny("wan-t2v"), "WanPipeline", quantise=f"gguf:{file}"), "picture")
    assert caught.value.code == "models.unreadable"


@pytest.mark.parametrize("wrong", ["gguf", "gguf:", "gguf:,"])
def test_a_wish_without_a_file_is_told_before_anything_is_loaded(wrong: str, home: Path) -> None:
    configured(home, wrong)
    with pytest.raises(InputError, match=r"local\.quantise") as caught:
        settings()
    assert caught.value.code == "config.invalid"
    assert "gguf:FILE" in caught.value.message
