"""Caches, attention back ends and compilation: what works is used and leaves nothing behind, what does not says why."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from diffusers.models.attention_dispatch import _AttentionBackendRegistry  # noqa: E402
from PIL import Image  # noqa: E402

from vidgen.catalog.diffusion import families  # noqa: E402
from vidgen.engines.local.folder import open_folder  # noqa: E402
from vidgen.engines.local.job import Cache, Load  # noqa: E402
from vidgen.engines.worker import speed  # noqa: E402
from vidgen.engines.worker.loaded import Loaded  # noqa: E402
from vidgen.engines.worker.loading import load, quiet  # noqa: E402
from vidgen.errors import InputError, ProcessingError  # noqa: E402

Tiny = Callable[[str], Path]
STEPS = 6
PICTURE = Image.fromarray(np.tile(np.linspace(0, 255, 96, dtype=np.uint8), (64, 1))[..., None].repeat(3, axis=2))
PIPELINES: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "words": ("wan-t2v", "WanPipeline", {}),
    "clip": ("wan-t2v", "WanVideoToVideoPipeline", {"video": [PICTURE] * 9, "strength": 0.9}),
    "picture": ("wan-i2v", "WanImageToVideoPipeline", {"image": PICTURE}),
    "experts": ("wan-moe", "WanPipeline", {}),
    "ltx": ("ltx", "LTXPipeline", {}),
    "cogvideox": ("cogvideox", "CogVideoXPipeline", {}),
}
CACHES = {
    "first-block": Cache("first-block", {"threshold": 0.2}),
    "taylor": Cache("taylor", {"cache_interval": 3, "disable_cache_before_step": 2, "use_lite_mode": True}),
    "sea": Cache("sea", {"threshold": 2.0}),
    "mag": Cache("mag", {"mag_ratios": [1.0] * 4}),
    "pab": Cache("pab"),
}
WORKING = [
    *(("words", kind) for kind in CACHES),
    *(("clip", kind) for kind in ("first-block", "taylor", "mag", "pab")),
    ("picture", "first-block"),
    ("experts", "first-block"),
    ("experts", "taylor"),
    ("ltx", "first-block"),
    ("ltx", "taylor"),
    ("cogvideox", "taylor"),
    ("cogvideox", "mag"),
]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def loaded(tiny: Tiny) -> Callable[[str], tuple[Loaded, dict[str, Any]]]:
    kept: dict[str, tuple[Loaded, dict[str, Any]]] = {}

    def by_name(name: str) -> tuple[Loaded, dict[str, Any]]:
        if name not in kept:
            kind, pipeline, inputs = PIPELINES[name]
            kept[name] = load(Load(tiny(kind), pipeline), "whole"), inputs
        return kept[name]

    return by_name


def latents(pipe: Any, **settings: Any) -> Any:
    values = {
        "prompt": "a calm sea", "negative_prompt": "blur", "width": 96, "height": 64, "num_frames": 9, "guidance_scale": 5.0,
        "num_inference_steps": STEPS, "generator": torch.Generator("cpu").manual_seed(1), "output_type": "latent",
        "max_sequence_length": 32, **settings,
    }  # fmt: skip
    known = inspect.signature(pipe.__call__).parameters
    with quiet():
        return pipe(**{name: value for name, value in values.items() if name in known}).frames


def blocks_of(network: Any) -> Any:
    return network.blocks if hasattr(network, "blocks") else network.transformer_blocks


class Computed:
    """Counts how often a network's last block, and in it its attention, really computes."""

    def __init__(self, network: Any) -> None:
        self.parts = 0
        block = blocks_of(network)[-1]
        for part in (block.attn1, getattr(block, "ffn", getattr(block, "ff", None))):
            inner = part.to_q if hasattr(part, "to_q") else next(iter(part.net))
            inner.register_forward_hook(self._count)

    def _count(self, *told: object) -> None:
        self.parts += 1


@pytest.mark.parametrize(("name", "kind"), WORKING)
def test_a_cache_skips_work_and_then_everything_is_as_before(name: str, kind: str, loaded: Any) -> None:
    one, inputs = loaded(name)
    computed = Computed(one.denoisers[-1])
    before = latents(one.pipe, **inputs)
    whole, computed.parts = computed.parts, 0
    with speed.cached(one.pipe, one.denoisers, CACHES[kind], STEPS):
        cached = latents(one.pipe, **inputs)
    assert computed.parts < whole
    assert torch.isfinite(cached).all()
    assert not torch.equal(cached, before)
    assert torch.equal(latents(one.pipe, **inputs), before)


def test_a_run_that_fails_half_way_leaves_no_cache(loaded: Any) -> None:
    one, _ = loaded("words")
    before = latents(one.pipe)

    def stop(pipe: Any, step: int, time: Any, tensors: Any) -> Any:
        if step == 2:
            raise KeyboardInterrupt
        return tensors

    with pytest.raises(KeyboardInterrupt), speed.cached(one.pipe, one.denoisers, CACHES["first-block"], STEPS):
        latents(one.pipe, callback_on_step_end=stop)
    assert not one.denoisers[0].is_cache_enabled
    assert torch.equal(latents(one.pipe), before)


def test_a_smaller_batch_needs_the_cache_to_forget(loaded: Any) -> None:
    """Three takes, of which one is dropped after the third step: the others are about what they would be alone."""
    one, _ = loaded("words")

    def drop(pipe: Any, step: int, time: Any, tensors: Any) -> Any:
        if step != 2:
            return tensors
        speed.forget(one.denoisers)
        pipe.scheduler.model_outputs = [None if kept is None else kept[:2] for kept in pipe.scheduler.model_outputs]
        pipe.scheduler.last_sample = pipe.scheduler.last_sample[:2]
        return {name: tensor[:2] for name, tensor in tensors.items()}

    seeds = [torch.Generator("cpu").manual_seed(seed) for seed in (1, 2, 3)]
    with speed.cached(one.pipe, one.denoisers, CACHES["first-block"], STEPS):
        made = latents(
            one.pipe, prompt=["a calm sea"] * 3, negative_prompt=["blur"] * 3, generator=seeds, callback_on_step_end=drop,
            callback_on_step_end_tensor_inputs=["latents", "prompt_embeds", "negative_prompt_embeds"],
        )  # fmt: skip
    assert made.shape[0] == 2
    for take, seed in zip(made, (1, 2), strict=True):
        alone = latents(one.pipe, generator=torch.Generator("cpu").manual_seed(seed))[0]
        assert (take - alone).norm() < 0.1 * alone.norm()


def test_no_cache_is_nothing(loaded: Any) -> None:
    one, _ = loaded("words")
    with speed.cached(one.pipe, one.denoisers, None, STEPS):
        assert not one.denoisers[0].is_cache_enabled


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        (Cache("faster"), "fails on models"),
        (Cache("nonsense"), "known: first-block"),
        (Cache("first-block", {"treshold": 0.2}), "it has: threshold"),
        (Cache("first-block", {"threshold": "much"}), "it has: threshold"),
        (Cache("first-block", {"threshold": True}), "it has: threshold"),
        (Cache("taylor", {"use_lite_mode": 1}), "it has: .*use_lite_mode"),
        (Cache("sea", {"threshold": -1.0}), "non-negative"),
        (Cache("mag"), "mag_ratios"),
        (Cache("pab", {"current_timestep_callback": "x"}), "it has: spatial"),
    ],
)
def test_wrong_caches_are_told_before_anything_is_changed(cache: Cache, told: str, loaded: Any) -> None:
    one, _ = loaded("words")
    with pytest.raises(InputError) as caught, speed.cached(one.pipe, one.denoisers, cache, STEPS):
        pytest.fail("it was taken")
    assert caught.value.code == "request.bad_value"
    assert re.search(told, f"{caught.value.message} {caught.value.hint}")
    assert not one.denoisers[0].is_cache_enabled


@pytest.mark.parametrize(
    ("name", "cache", "told"), [("picture", "sea", "noise is left"), ("ltx", "sea", "noise is left"), ("experts", "mag", "two")]
)
def test_a_cache_that_would_do_nothing_or_harm_says_why(name: str, cache: str, told: str, loaded: Any) -> None:
    one, _ = loaded(name)
    with pytest.raises(InputError, match=told) as caught, speed.cached(one.pipe, one.denoisers, CACHES[cache], STEPS):
        pytest.fail("it was taken")
    assert caught.value.code == "engine.cannot"


def test_a_unet_has_no_place_for_a_cache(tiny: Tiny) -> None:
    one = load(Load(tiny("animatediff"), "AnimateDiffPipeline"), "picture")
    assert "UNetMotionModel" in speed.why_not(one.pipe, one.denoisers, CACHES["first-block"])


CATALOGUE = [(family.name, kind) for family in families().values() for kind in family.caches]


@pytest.mark.parametrize(("name", "kind"), CATALOGUE)
def test_what_the_catalogue_says_of_caches_can_be_set(name: str, kind: str, loaded: Any) -> None:
    one, _ = loaded("words")
    with speed.cached(one.pipe, one.denoisers, Cache(kind, families()[name].caches[kind]), STEPS):
        assert one.denoisers[0].is_cache_enabled


def test_an_attention_back_end_is_used_by_its_model_alone(tiny: Tiny) -> None:
    plain = latents(load(Load(tiny("wan-t2v"), "WanPipeline"), "whole").pipe)
    default = _AttentionBackendRegistry.get_active_backend()[0]
    other = load(Load(tiny("wan-t2v"), "WanPipeline", attention="_native_math"), "whole")
    assert (other.used.attention, other.notices) == ("_native_math", [])
    assert blocks_of(other.denoisers[0])[0].attn1.processor._attention_backend == "_native_math"
    assert _AttentionBackendRegistry.get_active_backend()[0] == default
    assert (latents(other.pipe) - plain).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("kind", "pipeline", "wanted", "told"),
    [
        ("wan-t2v", "WanPipeline", "sage", "sageattention"),
        ("wan-t2v", "WanPipeline", "flash_hub", "download"),
        ("wan-t2v", "WanPipeline", "quick", "no back end of that name"),
        ("ltx", "LTXPipeline", "_native_flash", "attn_mask"),
        ("animatediff", "AnimateDiffPipeline", "native", "own attention"),
    ],
)
def test_an_attention_back_end_that_cannot_be_had_is_a_notice(
    kind: str, pipeline: str, wanted: str, told: str, tiny: Tiny
) -> None:
    one = load(Load(tiny(kind), pipeline, attention=wanted), "picture")
    ((code, text),) = one.notices
    assert code == "engine.wish_ignored"
    assert told in text
    assert one.used.attention == ""
    assert one.load.attention == wanted


def test_repeated_blocks_are_marked_for_compilation(tiny: Tiny) -> None:
    one = load(Load(tiny("wan-t2v"), "WanPipeline", compile=True), "picture")
    if one.notices:
        assert one.notices == [("engine.wish_ignored", "compile: there is no C++ compiler; the default is used")]
    else:
        assert all(block._compiled_call_impl is not None for block in one.denoisers[0].blocks)
        assert torch._dynamo.config.recompile_limit >= speed.RECOMPILATIONS


def test_a_model_without_repeated_blocks_is_not_compiled(tiny: Tiny) -> None:
    one = load(Load(tiny("cogvideox"), "CogVideoXPipeline", compile=True), "picture")
    assert one.notices[0][0] == "engine.wish_ignored"
    assert not one.used.compile


def test_one_clip_on_several_gpus_needs_a_process_for_each(loaded: Any) -> None:
    one, _ = loaded("words")
    with pytest.raises(ProcessingError, match="a process for each"):
        speed.share_over_gpus(one.denoisers)


def test_a_group_of_one_changes_nothing(loaded: Any, tmp_path: Path) -> None:
    one, _ = loaded("words")
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1)
    try:
        assert speed.share_over_gpus(one.denoisers) == 1
    finally:
        torch.distributed.destroy_process_group()


def test_a_model_of_sparse_attention_gets_what_its_masks_are_made_for(tiny: Tiny, tmp_path: Path) -> None:
    """Kandinsky's models of ten seconds, whatever the user's settings say; and sizes that their blocks of 8x8 tokens fill."""
    folder = tmp_path / "ten-seconds"
    shutil.copytree(tiny("kandinsky5"), folder)
    file = folder / "transformer" / "config.json"
    sparse = {"attention_type": "nabla", "attention_P": 0.9, "attention_wT": 3, "attention_wH": 3, "attention_wW": 3}
    file.write_text(json.dumps({**json.loads(file.read_text()), **sparse}))
    assert open_folder(tiny("kandinsky5")).family.size_multiple == 16
    assert open_folder(folder).family.size_multiple == 128
    loaded = load(Load(folder, "Kandinsky5T2VPipeline", attention="_native_math"), "whole")
    assert loaded.used.attention == "flex" and loaded.denoisers[0].config.attention_type == "nabla"
    assert any("_native_math" in text for _, text in loaded.notices)
    with quiet():
        clip = loaded.pipe("sea", width=128, height=128, num_frames=17, num_inference_steps=1, output_type="pt").frames
    assert torch.isfinite(clip).all()
