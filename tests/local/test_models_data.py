"""The table of models says what diffusers does: classes, frame rules, sizes, steps; and nothing that cannot be."""

from __future__ import annotations

import inspect
import math
import re
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from vidgen.catalog.diffusion import (
    MODES,
    Family,
    Model,
    estimated_need,
    families,
    family_of_pipeline,
    model,
    models,
)
from vidgen.catalog.engines import capabilities, engine_table

pytest.importorskip("diffusers")

FAMILIES = tuple(families().values())
RUNNABLE = tuple(one for one in models() if one.runs)
NAMED = (
    "wan2.1-t2v-1.3b wan2.1-t2v-14b wan2.1-i2v-14b-480p wan2.1-i2v-14b-720p wan2.1-flf2v-14b wan2.1-vace-1.3b wan2.1-vace-14b "
    "wan2.2-ti2v-5b wan2.2-t2v-a14b wan2.2-i2v-a14b ltx-video-0.9.5 ltx-2 hunyuanvideo hunyuanvideo-i2v hunyuanvideo-1.5-t2v "
    "hunyuanvideo-1.5-i2v cogvideox-2b cogvideox-5b cogvideox-5b-i2v svd-xt animatediff mochi-1 skyreels-v2-t2v-14b-540p "
    "sana-video-2b kandinsky-5-lite open-sora cogvideo-2022 make-a-video"
)


@cache
def pipeline(name: str) -> Any:
    import warnings

    import diffusers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(diffusers, name)


def defaults(name: str) -> dict[str, Any]:
    """The defaults of a pipeline's call."""
    found = inspect.signature(pipeline(name).__call__).parameters
    return {key: entry.default for key, entry in found.items() if entry.default not in (inspect.Parameter.empty, None)}


@cache
def scale_factors(name: str) -> tuple[int, int]:
    """The steps in time and on the picture that a pipeline takes its VAE to have; 0 where it has none in time."""
    kind = pipeline(name)
    parts = inspect.signature(kind.__init__).parameters.values()
    needed = [part.name for part in parts if part.default is inspect.Parameter.empty]
    empty = kind.__new__(kind)
    with suppress(AttributeError):  # one asks its VAE for more afterwards
        kind.__init__(empty, **dict.fromkeys(needed[1:]))
    time, picture = (
        next((getattr(empty, name) for name in names if hasattr(empty, name)), 0)
        for names in (
            ("vae_scale_factor_temporal", "vae_temporal_compression_ratio", "vae_temporal_scale_factor"),
            ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_spatial_scale_factor", "vae_scale_factor"),
        )
    )
    return time, picture


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_class_is_one_of_diffusers_and_of_this_family_alone(family: Family) -> None:
    for name in family.classes:
        assert "num_inference_steps" in inspect.signature(pipeline(name).__call__).parameters
        assert [one.name for one in FAMILIES if name in one.classes] == [family.name]
        assert family_of_pipeline(name) is family
        assert set(family.tasks_of(name)) <= set(family.pipelines)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_frame_rule_and_size_multiple_follow_the_vae(family: Family) -> None:
    in_time, on_picture = scale_factors(next(iter(family.pipelines.values())))
    assert on_picture and family.frame_step % (in_time or 1) == 0
    assert family.frame_plus == (1 if in_time else 0)
    assert family.size_multiple % on_picture == 0
    assert not [side for side in family.size if side % family.size_multiple]
    assert family.min_frames == family.legal_frames(1)
    assert (family.max_frames - family.frame_plus) % family.frame_step == 0


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_size_steps_guidance_and_rate_are_the_pipelines_own_defaults(family: Family) -> None:
    own = defaults(family.pipelines.get("text_to_video") or next(iter(family.pipelines.values())))
    if "width" in own:
        assert family.size == (own["width"], own["height"])
    if frames := own.get("num_frames") or own.get("frames"):
        assert family.legal_frames(frames) == frames <= family.max_frames
    if rate := own.get("frame_rate") or own.get("fps"):
        assert family.fps == rate
    steps = [tier.steps for tier in family.tiers.values()]
    assert steps == sorted(steps) and list(family.tiers) == ["draft", "standard", "final"]
    assert min(steps) <= own["num_inference_steps"] <= max(steps) + 10
    guidance = own.get("guidance_scale", own.get("max_guidance_scale"))
    if guidance is not None and "guidance_scale" in own:
        assert {tier.guidance for tier in family.tiers.values()} == {guidance}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_what_a_family_takes_is_what_its_pipelines_take(family: Family) -> None:
    takes = {task: set(inspect.signature(pipeline(name).__call__).parameters) for task, name in family.pipelines.items()}
    assert family.text == any("prompt" in names for names in takes.values())
    if family.negative:
        assert all("negative_prompt" in names for names in takes.values())
    assert takes.get("first_last_frame", {"video"}) & {"last_image", "conditions", "video"}
    assert takes.get("video_to_video", {"video"}) & {"video", "conditions"}
    if family.references:
        assert all("reference_images" in names for names in takes.values())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_caches_are_hooks_of_diffusers_with_settings_that_they_have(family: Family) -> None:
    import diffusers

    from vidgen.engines.worker.speed import CONFIGS, OURS

    assert {tier.cache for tier in family.tiers.values()} <= {"", *family.caches}
    for name, settings in family.caches.items():
        known = set(inspect.signature(getattr(diffusers, CONFIGS[name])).parameters)
        assert set(settings) <= known - OURS


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_ranges_hold_their_defaults_and_moves_are_camera_moves(family: Family) -> None:
    from vidgen.storyboard.vocabulary import names

    for usual, least, most in family.settings.values():
        assert least <= usual <= most
    moves = {*family.moves, *(move for one in models() if one.family == family.name for move in one.moves or ())}
    assert moves <= {name.canonical for name in names("camera_move")} - {"static"}
    assert all(repo.count("/") == 1 for repo in family.moves.values())


def test_every_model_that_was_promised_is_there() -> None:
    assert [name for name in NAMED.split() if model(name) is None] == []


def test_names_repositories_and_aliases_are_told_apart() -> None:
    names = [name.lower() for one in models() for name in (one.name, one.repo, *one.aliases) if name]
    assert len(names) == len(set(names))
    assert model("Wan2.1-T2V-1.3B") is model("Wan-AI/Wan2.1-T2V-1.3B-Diffusers") is model("wan2.1-t2v-1.3b")
    assert model("no such model") is None


@pytest.mark.parametrize("one", RUNNABLE, ids=lambda one: one.name)
def test_a_model_that_runs_is_described(one: Model) -> None:
    family = families()[one.family]
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", one.repo) and one.revision
    assert one.tasks and set(one.tasks) <= set(family.pipelines)
    assert one.licence and one.source and one.parameters
    assert date.fromisoformat(one.as_of) <= date(2100, 1, 1)
    assert set(one.vram_gb) == set(MODES) and one.vram_gb["none"] >= one.vram_gb["model"] >= one.vram_gb["group"] > 0
    assert set(one.published) <= set(MODES)
    assert list(one.tiers) == ["draft", "standard", "final"]
    assert one.ram_gb and one.ram_gb > 0


@pytest.mark.parametrize("one", RUNNABLE, ids=lambda one: one.name)
def test_a_models_own_numbers_keep_the_rules_of_its_family(one: Model) -> None:
    family = families()[one.family]
    multiple = one.size_multiple or family.size_multiple
    assert multiple % family.size_multiple == 0
    assert not [side for side in one.size or () if side % multiple]
    assert one.max_frames is None or family.legal_frames(one.max_frames) == one.max_frames
    roles = {lora.role.partition(" ")[0] for lora in one.loras}
    for tier in one.tiers.values():
        assert set(tier.adapters) <= roles and tier.steps >= 1 and tier.guidance >= 1
        assert bool(tier.adapters) <= (tier.guidance == 1.0), "distilled LoRAs are made for no guidance"


def test_models_that_cannot_run_say_why_and_what_to_use_instead() -> None:
    gone = [one for one in models() if not one.runs]
    assert {one.name for one in gone} == {"open-sora-v2", "cogvideo-2022", "make-a-video"}
    for one in gone:
        assert one.ended and one.source
        assert any(other.name in one.instead for other in RUNNABLE)


def test_weights_are_counted_from_the_architectures_that_diffusers_builds() -> None:
    import diffusers
    import torch

    small = {"num_attention_heads": 12, "num_layers": 30, "ffn_dim": 8960}
    large = {"num_attention_heads": 48, "num_layers": 42}
    with torch.device("meta"):
        counted = {
            "wan2.1-t2v-1.3b": diffusers.WanTransformer3DModel(**small),
            "wan2.1-t2v-14b": diffusers.WanTransformer3DModel(),
            "ltx-video-0.9.5": diffusers.LTXVideoTransformer3DModel(),
            "cogvideox-2b": diffusers.CogVideoXTransformer3DModel(),
            "cogvideox-5b": diffusers.CogVideoXTransformer3DModel(**large),
            "mochi-1": diffusers.MochiTransformer3DModel(),
        }
    for name, network in counted.items():
        said = model(name)
        gb = sum(part.numel() for part in network.parameters()) * 2e-9
        assert said and said.weights_gb["network"] == pytest.approx(gb, abs=0.06)


def test_the_estimate_of_memory_grows_with_what_has_to_be_there() -> None:
    weights = {"text": 10.0, "network": 20.0, "rest": 1.0}
    need = estimated_need(weights, (832, 480), 81)
    assert need["none"] > need["model"] > need["group"]
    assert estimated_need(weights, (1280, 720), 81)["group"] > need["group"]
    assert estimated_need({**weights, "second": 20.0}, (832, 480), 81)["none"] == need["none"] + 20
    assert estimated_need({**weights, "second": 20.0}, (832, 480), 81)["model"] == need["model"]
    assert all(gb == math.ceil(gb) for gb in need.values())


ONE = {"text": 10.0, "network": 20.0, "second": 20.0, "rest": 1.0}
"""Sizes in GB of a model; a clip of 256x256x64 has 4096 tokens, which take 0.66 GB, and CUDA takes 1."""


@pytest.mark.parametrize(
    ("keeps_text", "need"),
    [
        (False, {"none": 43, "model": 22, "group": 5}),  # 20 + 20 + 1 + 1.66; 20 + 1.66; 1 + 2 + 1.66; upwards
        (True, {"none": 53, "model": 22, "group": 5}),  # ten more where all is there
    ],
)
def test_the_estimate_counts_text_encoders_where_they_stay(keeps_text: bool, need: dict[str, float]) -> None:
    assert estimated_need(ONE, (256, 256), 64, keeps_text=keeps_text) == need


def test_fewer_bits_need_less_memory_by_what_the_networks_are_smaller() -> None:
    """20 seconds of a family that keeps its text encoders: 1280x720x97 are 87300 tokens, 13.97 GB."""
    one = Model("a", "A", family="hunyuan", repo="a/a", weights_gb=ONE, max_frames=97)
    estimated = {"none": 10 + 20 + 20 + 1 + 14.97, "model": 20 + 14.97, "group": 1 + 2 + 14.97}
    one = replace(one, vram_gb={mode: math.ceil(gb) for mode, gb in estimated.items()})
    assert one.need() == {"none": 66, "model": 35, "group": 18}
    assert one.need("float8") == {"none": 46, "model": 25, "group": 17}  # networks of 10 GB each
    assert one.need("bitsandbytes-4bit") == {"none": 38, "model": 21, "group": 18 - 18 + 17.0}  # 5.7 GB each
    assert one.fits(48) == "model" and one.fits(48, quantise="float8") == "none"
    published = replace(one, vram_gb={**one.vram_gb, "none": 70})
    assert published.need("float8")["none"] == 50, "a published figure shrinks by as much as the estimate does"


def test_the_engines_table_is_made_from_the_models() -> None:
    rows = {row.model: row for row in engine_table()["local"]}
    assert list(rows) == [one.name for one in RUNNABLE]
    assert "wan2.1" not in files("vidgen.catalog").joinpath("engines.yaml").read_text(encoding="utf-8")
    wan, svd = rows["wan2.1-t2v-1.3b"], rows["svd-xt"]
    assert (wan.max_s, wan.max_short_side, wan.negative, wan.first_frame) == (5.1, 480, True, False)
    assert svd.tasks == ("image_to_video",) and svd.first_frame and not svd.negative and "no prompt" in svd.note
    assert rows["wan2.1-flf2v-14b"].last_frame and rows["wan2.1-vace-1.3b"].references == 3
    assert "pan_left" in rows["animatediff-v2"].moves and not rows["ltx-2.3"].moves and "dolly_in" in rows["ltx-2"].moves


def test_a_model_that_the_table_does_not_know_is_asked_of_the_engine(tmp_path: Path) -> None:
    from vidgen.engines.registry import Engines
    from vidgen.errors import VidgenError

    known = Engines().capabilities("local", "svd-xt")
    assert known == capabilities("local", "svd-xt")
    with pytest.raises(VidgenError, match=re.escape(str(tmp_path))):
        Engines().capabilities("local", str(tmp_path))
