"""From a shot to legal numbers: every difference is said, every wrong wish refused with what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from local.support import shot, takes_of
from support import opened

pytest.importorskip("diffusers")

from vidgen.catalog.diffusion import Family, families, family_of_pipeline, model, models
from vidgen.engines.local import Local
from vidgen.engines.local.batch_builder import BuiltBatch, build_batch, order_of
from vidgen.engines.local.devices import Device
from vidgen.engines.local.fit import fit
from vidgen.engines.local.folder import open_folder
from vidgen.engines.local.job import Load
from vidgen.engines.local.settings import Settings, settings
from vidgen.engines.worker.calls import default_of
from vidgen.errors import InputError
from vidgen.storyboard.model import Motion
from vidgen.takes.request import Inputs, Order

Tiny = Callable[[str], Path]
CPU = Device("cpu", 0, "a processor", 24)


def asked(folder: Path, tmp_path: Path, takes: int = 1, device: Device = CPU, **wishes: Any) -> BuiltBatch:
    outs = [tmp_path / f"{number}.mp4" for number in range(takes)]
    return build_batch(takes_of(shot(folder, **wishes), takes), open_folder(folder), device, outs, Settings())


FAMILIES = list(families().values())


@given(
    some.sampled_from(FAMILIES), some.integers(1, 240), some.sampled_from([Fraction(24), Fraction(24000, 1001), Fraction(60)]),
    some.integers(32, 4096).map(lambda value: value * 2), some.integers(32, 2160).map(lambda value: value * 2),
)  # fmt: skip
def test_whatever_is_asked_the_model_gets_legal_numbers_or_a_refusal(
    family: Family, frames: int, rate: Fraction, width: int, height: int
) -> None:
    try:
        made = fit(family, None, width=width, height=height, frames=frames, rate=rate)
    except InputError as error:
        assert error.code == "engine.cannot"
        return
    assert (made.frames - family.frame_plus) % family.frame_step == 0 or made.frames == family.max_frames
    assert family.min_frames <= made.frames <= max(family.max_frames, family.min_frames)
    assert made.width % family.size_multiple == 0 == made.height % family.size_multiple
    assert (made.frames - 1) / made.fps >= float((frames - 1) / rate) - 1e-6, "the last moment asked for is covered"
    if made.frames < family.max_frames:
        assert made.frames / made.rate >= frames / rate, "the film has pictures to its end"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_of_the_table_is_one_that_diffusers_has(family: Family) -> None:
    import inspect

    import diffusers

    read = {default_of(getattr(diffusers, class_name), "max_sequence_length") for class_name in family.classes} - {None}
    assert not read or family.prompt_tokens == max(read)
    for class_name in family.classes:
        call = inspect.signature(getattr(diffusers, class_name).__call__).parameters
        assert "num_inference_steps" in call
        assert family_of_pipeline(class_name) == family
    assert {"draft", "standard", "final"} <= set(family.tiers)
    assert {tier.cache for tier in family.tiers.values()} <= {"", *family.caches}


def test_every_model_that_runs_has_a_licence_and_a_place() -> None:
    for one in models():
        if one.runs:
            assert one.repo.count("/") == 1 and one.licence and one.vram_gb and one.source, one.name
            assert set(one.tasks) <= set(families()[one.family].pipelines)
        else:
            assert one.ended and one.instead, one.name


def test_names_and_hub_ids_find_the_same_model() -> None:
    assert model("Wan2.1-T2V-1.3B") == model("Wan-AI/Wan2.1-T2V-1.3B-Diffusers") == model("wan2.1-t2v-1.3b")


def test_another_rate_and_length_are_said(tiny: Tiny, tmp_path: Path) -> None:
    found = asked(tiny("wan-t2v"), tmp_path)
    assert (found.batch.recipe.frames, found.batch.recipe.fps) == (17, 16)
    assert ("engine.wish_approximated", "fps: wan-t2v makes 16 frames a second; the film retimes them to 24") in found.notices


def order(folder: Path, seconds: float = 1.0, **wishes: Any) -> Order:
    """What would be ordered for a shot of that length."""
    rate = wishes.setdefault("fps", Fraction(24))
    return order_of(shot(folder, frames=round(seconds * rate), **wishes), open_folder(folder))


def test_what_is_ordered_is_what_the_model_makes(tiny: Tiny) -> None:
    assert order(tiny("wan-t2v"), 1.0) == Order(17 / 16, "96x64", "16")
    assert order(tiny("ltx"), 1.0) == Order(25 / 25, "96x64", "25")


@pytest.mark.parametrize(
    "change", [{"fps": Fraction(30)}, {"fps": Fraction(12)}, {"seconds": 0.75}, {"seconds": 1.0, "height": 62}], ids=str
)
@pytest.mark.parametrize("kind", ["wan-t2v", "animatediff", "ltx"])
def test_another_rate_a_shorter_shot_and_a_size_of_the_same_pictures_need_no_new_take(
    kind: str, change: dict[str, Any], tiny: Tiny
) -> None:
    at_hand, now = order(tiny(kind)), order(tiny(kind), **change)
    assert at_hand.covers(now, has_s=at_hand.seconds, needs_s=change.get("seconds", 1.0))


def test_a_longer_shot_within_the_same_clip_needs_no_new_take_and_one_beyond_it_does(tiny: Tiny) -> None:
    at_hand = order(tiny("wan-t2v"), 25 / 24)
    for seconds, does in ((26 / 24, False), (25.4 / 24, True)):
        now = order(tiny("wan-t2v"), seconds, fps=Fraction(240))
        assert at_hand.covers(now, has_s=at_hand.seconds, needs_s=seconds) is does


def test_sizes_that_the_model_makes_alike_are_one_order_and_others_are_not(tiny: Tiny) -> None:
    large = order(tiny("wan-t2v"), width=1280, height=720)
    assert large == order(tiny("wan-t2v"), width=1280, height=718) == order(tiny("wan-t2v"), width=1920, height=1080)
    assert large.size == "848x480" != order(tiny("wan-t2v"), width=720, height=720).size


def test_a_shot_that_is_spread_over_the_longest_clip_is_ordered_at_the_slower_rate(tiny: Tiny) -> None:
    slow = order(tiny("wan-t2v"), 6.0)
    assert Fraction(slow.rate) < 16 and slow.seconds == pytest.approx(81 / float(Fraction(slow.rate)))


def test_an_order_opens_no_picture_and_counts_no_lead(tiny: Tiny, tmp_path: Path) -> None:
    inputs = Inputs(continues=tmp_path / "not there.mp4")
    led = order(tiny("wan-vace"), inputs=inputs, params={"tail": 5})
    assert led == order(tiny("wan-vace"))


@pytest.mark.parametrize("wishes", [{"params": {"tail": "long"}}, {"seconds": 60.0}], ids=str)
def test_what_cannot_be_made_cannot_be_ordered(wishes: dict[str, Any], tiny: Tiny) -> None:
    with pytest.raises(InputError, match=r"tail|longer than"):
        order(tiny("wan-vace"), **wishes)


def test_large_sizes_are_made_at_the_models_own_and_said(tiny: Tiny, tmp_path: Path) -> None:
    found = asked(tiny("wan-t2v"), tmp_path, width=1920, height=1080)
    assert (found.batch.recipe.width, found.batch.recipe.height) == (848, 480)
    assert ("engine.wish_approximated", "resolution: wan-t2v makes 848x480; the film brings it to 1920x1080") in found.notices


def test_quality_decides_steps_and_params_have_the_last_word(tiny: Tiny, tmp_path: Path) -> None:
    draft = asked(tiny("wan-t2v"), tmp_path, params={"quality": "draft"}).batch.recipe
    assert (draft.steps, draft.cache and draft.cache.kind) == (20, "first-block")
    own = asked(tiny("wan-t2v"), tmp_path, params={"quality": "draft", "steps": 7, "cache": "none"}).batch.recipe
    assert (own.steps, own.cache) == (7, None)


def test_guidance_of_one_leaves_the_negative_run_out(tiny: Tiny, tmp_path: Path) -> None:
    assert asked(tiny("wan-t2v"), tmp_path, params={"guidance": 1}).batch.recipe.prompt.guided is False


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"stpes": 3}, "params.stpes is not known"),
        ({"steps": 0}, "params.steps: 0 is not a number from 1"),
        ({"steps": "many"}, "not a number"),
        ({"quality": "best"}, "params.quality: 'best'"),
        ({"cache": "faster"}, "params.cache: 'faster' is not known to work with Wan"),
        ({"retime": "magic"}, "params.retime"),
        ({"flow_shift": 100}, "params.flow_shift: 100 is not a number from 0.5 to 20"),
        ({"reject": {"keep": 0}}, "params.reject"),
        ({"reject": 3}, "params.reject"),
        ({"lora": "nowhere.safetensors"}, "params.lora: nowhere.safetensors does not exist"),
    ],
    ids=str,
)
def test_wrong_parameters_are_refused_by_name(params: dict[str, Any], says: str, tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says.replace("[", r"\[")):
        asked(tiny("wan-t2v"), tmp_path, params=params)


def test_a_model_for_pictures_refuses_words_alone(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a start_frame") as caught:
        asked(tiny("wan-i2v"), tmp_path)
    assert "wan2.1-t2v-1.3b" in caught.value.hint


def test_a_model_for_words_refuses_a_clip_and_names_one_that_can(tiny: Tiny, tmp_path: Path) -> None:
    inputs = Inputs(start_frame=tmp_path / "a.png")
    with pytest.raises(InputError, match="does not do image to video") as caught:
        asked(tiny("wan-t2v"), tmp_path, task="image_to_video", inputs=inputs)
    assert "wan2.1-i2v" in caught.value.hint


def test_a_model_of_two_pictures_is_not_given_one(tiny: Tiny, tmp_path: Path) -> None:
    both = Inputs(start_frame=tmp_path / "a.png", end_frame=tmp_path / "b.png")
    assert asked(tiny("wan-flf2v"), tmp_path, task="first_last_frame", inputs=both).batch.recipe.task == "first_last_frame"
    for one in (replace(both, end_frame=None), replace(both, start_frame=None)):
        with pytest.raises(InputError, match="needs") as caught:
            asked(tiny("wan-flf2v"), tmp_path, task="image_to_video", inputs=one)
        assert caught.value.code == "engine.cannot"


def test_a_last_picture_alone_is_refused_where_the_pipeline_wants_the_first_too(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="end_frame.*start_frame") as caught:
        asked(tiny("skyreels-df"), tmp_path, task="first_last_frame", inputs=Inputs(end_frame=tmp_path / "b.png"))
    assert (caught.value.code, caught.value.where) == ("engine.cannot", "one")


@pytest.mark.parametrize("kind", ["ltx", "ltx2", "wan-vace"])
def test_a_last_picture_alone_is_taken_where_it_is_a_condition(kind: str, tiny: Tiny, tmp_path: Path) -> None:
    found = asked(tiny(kind), tmp_path, task="first_last_frame", inputs=Inputs(end_frame=tmp_path / "b.png"))
    assert found.batch.recipe.task == "first_last_frame"


def test_guidance_of_a_second_network_is_for_models_that_have_one(tiny: Tiny, tmp_path: Path) -> None:
    two = asked(tiny("wan-moe"), tmp_path, params={"guidance_2": 3.0}).batch.recipe
    assert two.extra["guidance_2"] == 3.0
    with pytest.raises(InputError, match="guidance_2.*one network") as caught:
        asked(tiny("wan-t2v"), tmp_path, params={"guidance_2": 3.0})
    assert caught.value.code == "request.bad_value"


def test_the_strength_of_a_clip_that_is_remade_is_that_of_the_table_unless_given(tiny: Tiny, tmp_path: Path) -> None:
    """So that the take's record names it."""
    inputs = Inputs(source_video=tmp_path / "a.mp4")
    plain = asked(tiny("wan-t2v"), tmp_path, task="video_to_video", inputs=inputs, params={}).batch.recipe
    assert plain.extra["strength"] == 0.7
    given = asked(tiny("wan-t2v"), tmp_path, task="video_to_video", inputs=inputs, params={"strength": 0.4}).batch.recipe
    assert given.extra["strength"] == 0.4
    assert "strength" not in asked(tiny("wan-t2v"), tmp_path, params={}).batch.recipe.extra


def test_the_amount_of_motion_reaches_svd(tiny: Tiny, tmp_path: Path) -> None:
    inputs = Inputs(start_frame=tmp_path / "a.png")
    found = asked(tiny("svd"), tmp_path, task="image_to_video", inputs=inputs, motion=Motion(type="natural", amount=10))
    assert found.batch.recipe.extra["motion_bucket_id"] == 254


def test_rejection_only_counts_where_there_are_more_takes_than_it_keeps(tiny: Tiny, tmp_path: Path) -> None:
    params = {"reject": {"keep": 2}}
    assert asked(tiny("wan-t2v"), tmp_path, takes=2, params=params).batch.recipe.reject is None
    assert asked(tiny("wan-t2v"), tmp_path, takes=3, params=params).batch.recipe.reject is not None


def test_the_gpus_memory_decides_how_weights_wait(tiny: Tiny, tmp_path: Path) -> None:
    row = model("wan2.1-t2v-14b")
    folder = replace(open_folder(tiny("wan-t2v")), model=row)

    def load(memory: float) -> Load:
        card = Device("cuda", 0, "a card", memory)
        return build_batch(takes_of(shot(params={})), folder, card, [tmp_path / "a.mp4"], Settings()).batch.load

    found = {memory: load(memory) for memory in (80, 35, 16)}
    assert [found[memory].offload for memory in (80, 35, 16)] == ["none", "model", "group"]
    assert {load.dtype for load in found.values()} == {"bfloat16"}


def test_the_users_settings_are_read_and_wrong_ones_are_named(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "config.yaml").write_text("engine: local\nlocal: {offload: group, batch: 2, devices: [cuda:1]}\n")
    assert settings() == Settings(offload="group", batch=2, devices=("cuda:1",))
    (home / "config.yaml").write_text("local: {offload: everything}\n")
    with pytest.raises(InputError, match="local.offload: 'everything'"):
        settings()


def test_a_model_whose_batches_stay_whole_says_that_none_is_rejected(tiny: Tiny, tmp_path: Path) -> None:
    found = asked(tiny("ltx"), tmp_path, takes=3, params={"reject": {"keep": 2}})
    assert found.batch.recipe.reject is None
    assert any(code == "local.reject_unused" for code, _ in found.notices)


def test_a_model_that_is_refused_is_looked_at_once_too(tmp_path: Path) -> None:
    """However many shots ask for it: what is wrong with a folder does not change while a run looks."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "model_index.json").write_text('{"_class_name": "NoSuchPipeline"}')
    engine = Local()
    with opened() as names:
        for number in range(5):
            with pytest.raises(InputError, match="NoSuchPipeline"):
                engine.check(shot(str(model), prompt=f"sea number {number}"))
    assert names["model/model_index.json"] == 1
