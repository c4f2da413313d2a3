"""The runner: the same pictures as the pipeline itself, whatever the batch; every task of every family; one load a run."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from local.support import batch

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from vidgen.engines.local.job import Adapter, Cache, Load, Prompt, Rejection  # noqa: E402
from vidgen.engines.worker import loading  # noqa: E402
from vidgen.engines.worker.calls import call_arguments  # noqa: E402
from vidgen.engines.worker.inputs import read_inputs  # noqa: E402
from vidgen.engines.worker.runner import Runner  # noqa: E402
from vidgen.engines.worker.watch import Step  # noqa: E402
from vidgen.errors import Cancelled, InputError, ProcessingError  # noqa: E402
from vidgen.media.probe import probe_video  # noqa: E402
from vidgen.media.stills import write_image  # noqa: E402

Tiny = Callable[[str], Path]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "opening.png"
    ramp = np.linspace(0, 255, 120, dtype=np.uint8)
    write_image(file, np.stack([np.tile(ramp, (80, 1))] * 3, axis=-1))
    return file


@pytest.fixture
def clip(tmp_path: Path, tiny: Tiny) -> Path:
    job = batch(tiny("wan-t2v"), tmp_path / "clips")
    (made,) = Runner().make(job)
    assert made.file is not None
    return made.file


def directly(folder: Path, **settings: object) -> object:
    """What diffusers itself gives for the same settings."""
    with loading.quiet():
        pipe = diffusers.WanPipeline.from_pretrained(folder, local_files_only=True)
        pipe.set_progress_bar_config(disable=True)
        return pipe(
            prompt="a calm sea at dawn", negative_prompt="blur", width=96, height=64, num_frames=9, num_inference_steps=3,
            guidance_scale=5.0, generator=torch.Generator("cpu").manual_seed(11), output_type="latent", **settings,
        ).frames  # fmt: skip


def test_latents_are_those_of_the_pipeline_bit_for_bit(tiny: Tiny, tmp_path: Path) -> None:
    ours = Runner().latents(batch(tiny("wan-t2v"), tmp_path))
    assert torch.equal(ours, directly(tiny("wan-t2v")))


def test_the_same_request_gives_the_same_latents_again(tiny: Tiny, tmp_path: Path) -> None:
    runner, job = Runner(), batch(tiny("wan-t2v"), tmp_path)
    assert torch.equal(runner.latents(job), runner.latents(job))


def test_a_candidate_is_the_same_alone_and_in_a_batch(tiny: Tiny, tmp_path: Path) -> None:
    runner = Runner()
    together = runner.latents(batch(tiny("wan-t2v"), tmp_path, takes=3))
    job = batch(tiny("wan-t2v"), tmp_path, takes=3)
    for index, take in enumerate(job.takes):
        alone = runner.latents(replace(job, takes=(take,)))
        assert (together[index] - alone[0]).abs().max() < 1e-4


def test_prompts_are_encoded_once_and_the_big_part_is_loaded_once_for_a_film(tiny: Tiny, tmp_path: Path) -> None:
    loading.loads.clear()
    runner = Runner()
    prompts = [Prompt(f"shot {number}", "blur") for number in range(4)]
    first = batch(tiny("wan-t2v"), tmp_path)
    runner.prepare(first.load, "wan", first.recipe.revision, prompts)
    for prompt in prompts:
        runner.make(replace(first, recipe=replace(first.recipe, prompt=prompt)))
    folder = str(tiny("wan-t2v"))
    assert dict(loading.loads) == {(folder, "text"): 1, (folder, "picture"): 1}


def test_embeddings_are_kept_for_the_next_run(tiny: Tiny, tmp_path: Path) -> None:
    job = batch(tiny("wan-t2v"), tmp_path)
    before = Runner().latents(job)
    loading.loads.clear()
    assert torch.equal(Runner().latents(job), before)
    assert (str(tiny("wan-t2v")), "text") not in loading.loads


@pytest.mark.parametrize(
    ("kind", "pipeline", "length"), [("wan-ti2v", "WanImageToVideoPipeline", 512), ("ltx", "LTXConditionPipeline", 256)]
)
def test_prompts_that_one_worker_encoded_serve_all_workers_and_tasks(
    kind: str, pipeline: str, length: int, tiny: Tiny, tmp_path: Path, picture: Path
) -> None:
    """None is cut shorter than the task's own pipeline would."""
    loading.loads.clear()
    words, opens = (batch(tiny(kind), tmp_path, kind=kind, **wishes) for wishes in (
        {}, {"pipeline": pipeline, "task": "image_to_video", "inputs": {"start_frame": picture}},
    ))  # fmt: skip
    Runner().prepare(words.load, words.recipe.family, words.recipe.revision, [words.recipe.prompt])
    other = Runner()
    other.latents(opens)
    assert loading.loads[str(tiny(kind)), "text"] == 1
    (embeddings,) = other._embeddings.values()
    assert embeddings["prompt_embeds"].shape[1] == length


def test_a_film_of_words_and_pictures_loads_its_model_once(tiny: Tiny, tmp_path: Path, picture: Path) -> None:
    """As another pipeline of the same networks, which gives what it gives when it is loaded for itself."""
    opening = {"task": "image_to_video", "inputs": {"start_frame": picture}}
    for kind, pipeline in (("wan-ti2v", "WanImageToVideoPipeline"), ("ltx", "LTXConditionPipeline")):
        words = batch(tiny(kind), tmp_path, kind=kind)
        opens = batch(tiny(kind), tmp_path, kind=kind, pipeline=pipeline, **opening)
        alone = [Runner().latents(job) for job in (words, opens)]
        loading.loads.clear()
        runner = Runner()
        for job, expected in zip((words, opens, words, opens), alone * 2, strict=True):
            assert torch.equal(runner.latents(job), expected)
        assert loading.loads[str(tiny(kind)), "picture"] == 1


TASKS = [
    ("wan-t2v", "WanPipeline", "text_to_video", ()),
    ("wan-t2v", "WanVideoToVideoPipeline", "video_to_video", ("source_video",)),
    ("wan-i2v", "WanImageToVideoPipeline", "image_to_video", ("start_frame",)),
    ("wan-flf2v", "WanImageToVideoPipeline", "first_last_frame", ("start_frame", "end_frame")),
    ("wan-ti2v", "WanImageToVideoPipeline", "image_to_video", ("start_frame",)),
    ("wan-moe", "WanPipeline", "text_to_video", ()),
    ("wan-vace", "WanVACEPipeline", "text_to_video", ("reference_1",)),
    ("wan-vace", "WanVACEPipeline", "first_last_frame", ("start_frame", "end_frame")),
    ("wan-vace", "WanVACEPipeline", "video_to_video", ("source_video",)),
    ("ltx", "LTXPipeline", "text_to_video", ()),
    ("ltx", "LTXConditionPipeline", "image_to_video", ("start_frame",)),
    ("ltx", "LTXConditionPipeline", "first_last_frame", ("start_frame", "end_frame")),
    ("ltx", "LTXConditionPipeline", "video_to_video", ("source_video",)),
    ("cogvideox", "CogVideoXPipeline", "text_to_video", ()),
    ("cogvideox", "CogVideoXVideoToVideoPipeline", "video_to_video", ("source_video",)),
    ("cogvideox-i2v", "CogVideoXImageToVideoPipeline", "image_to_video", ("start_frame",)),
    ("svd", "StableVideoDiffusionPipeline", "image_to_video", ("start_frame",)),
    ("animatediff", "AnimateDiffPipeline", "text_to_video", ()),
    ("animatediff", "AnimateDiffVideoToVideoPipeline", "video_to_video", ("source_video",)),
]


@pytest.mark.parametrize(("kind", "pipeline", "task", "inputs"), TASKS, ids=[f"{row[0]}-{row[2]}" for row in TASKS])
def test_every_task_makes_the_clip_that_was_asked_for(
    kind: str, pipeline: str, task: str, inputs: tuple[str, ...], tiny: Tiny, tmp_path: Path, picture: Path, clip: Path
) -> None:
    files = {name: clip if name == "source_video" else picture for name in inputs}
    frames = {"svd": 14, "animatediff": 8}.get(kind, 9)
    width = 128 if kind == "svd" else 96
    extra = {"strength": 0.7} if task == "video_to_video" and kind not in ("wan-vace",) else {}
    job = batch(
        tiny(kind), tmp_path, kind=kind, pipeline=pipeline, task=task, inputs=files, frames=frames, width=width, extra=extra
    )
    heard: list[Step] = []
    (made,) = Runner().make(job, heard.append)
    assert made.file is not None
    info = probe_video(made.file)
    assert (info.frames, info.width, info.height) == (frames, width, 64)
    assert {"model", "revision", "scheduler", "steps", "seed", "guidance", "dtype", "versions"} <= set(made.manifest)
    seen = heard[0].preview
    assert (seen is None) == (kind == "ltx") and (seen is None or seen.shape[1] / seen.shape[0] == width / 64)


def test_the_opening_picture_reaches_the_model(tiny: Tiny, tmp_path: Path, picture: Path) -> None:
    other = tmp_path / "other.png"
    write_image(other, np.zeros((64, 96, 3), np.uint8))
    runner = Runner()
    found = [
        runner.latents(batch(tiny("wan-i2v"), tmp_path, kind="wan-i2v", task="image_to_video", inputs={"start_frame": file}))
        for file in (picture, other)
    ]
    assert not torch.equal(*found)


@pytest.mark.parametrize(
    "cache",
    [
        Cache("first-block", {"threshold": 0.2}),
        Cache("taylor", {"cache_interval": 3, "disable_cache_before_step": 3, "use_lite_mode": True}),
        Cache("sea"),
    ],
    ids=lambda cache: cache.kind,
)
def test_a_cache_leaves_nothing_behind(cache: Cache, tiny: Tiny, tmp_path: Path) -> None:
    runner, job = Runner(), batch(tiny("wan-t2v"), tmp_path, steps=6)
    before = runner.latents(job)
    runner.latents(replace(job, recipe=replace(job.recipe, cache=cache)))
    assert torch.equal(runner.latents(job), before)


def test_rejection_keeps_the_best_and_does_not_change_them(tiny: Tiny, tmp_path: Path) -> None:
    job = batch(tiny("wan-t2v"), tmp_path, takes=4, steps=6, reject=Rejection(2, 0.5))
    runner = Runner()
    made = runner.make(job)
    kept = [one for one in made if one.file]
    assert len(kept) == 2
    assert all("worse" in one.rejected for one in made if not one.file)
    plain = replace(job, recipe=replace(job.recipe, reject=None))
    made, watch = runner._denoise(job, lambda step: None, lambda: False, output="latent")
    full = runner.latents(plain)
    for position, index in enumerate(watch.kept):
        assert (made.frames[position] - full[index]).abs().max() < 1e-4


@pytest.mark.parametrize("scheduler", ["UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler"])
def test_what_a_step_predicts_has_come_true_at_the_last(scheduler: str, tiny: Tiny, tmp_path: Path) -> None:
    job = batch(tiny("wan-t2v"), tmp_path, takes=3, steps=4, scheduler=scheduler, reject=Rejection(2, 0.5))
    runner = Runner()
    runner.prepare(job.load, job.recipe.family, job.recipe.revision, [job.recipe.prompt])
    made, watch = runner._denoise(job, lambda step: None, lambda: False, output="latent")
    assert runner._loaded and len(watch.kept) == 2 and watch.notices == []
    assert (watch.prediction.clean(runner._loaded.pipe) - made.frames).abs().max() < 1e-3


def test_a_scheduler_that_does_not_tell_is_named_and_all_are_made(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = type("SilentScheduler", (diffusers.FlowMatchEulerDiscreteScheduler,), {})  # of a kind that is not known
    monkeypatch.setattr(diffusers, "SilentScheduler", silent, raising=False)
    job = batch(tiny("wan-t2v"), tmp_path, takes=3, steps=4, scheduler="SilentScheduler", reject=Rejection(1, 0.5))
    made = Runner().make(job)
    assert all(one.file for one in made)
    assert any(code == "local.reject_unused" and "SilentScheduler" in words for code, words in made[0].notices)


def test_steps_are_told_with_a_rough_picture(tiny: Tiny, tmp_path: Path) -> None:
    heard: list[Step] = []
    Runner().make(batch(tiny("wan-t2v"), tmp_path), heard.append)
    *steps, end = heard
    assert [(step.step, step.steps) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert steps[-1].preview is not None and steps[-1].preview.shape[2] == 3
    assert [take.file for take in end.made] == [tmp_path / "1.mp4"], "a finished take is told as soon as it is there"


def test_cancel_stops_between_two_steps_and_the_next_batch_works(tiny: Tiny, tmp_path: Path) -> None:
    heard: list[Step] = []
    runner, job = Runner(), batch(tiny("wan-t2v"), tmp_path, steps=20)
    with pytest.raises(Cancelled):
        runner.make(job, heard.append, lambda: len(heard) == 2)
    assert len(heard) == 2
    assert not (tmp_path / "1.mp4").exists()
    assert runner.make(batch(tiny("wan-t2v"), tmp_path))[0].file


def test_a_pipeline_that_tells_nobody_of_its_steps_is_heard_and_cancelled_too(tiny: Tiny, tmp_path: Path) -> None:
    """HunyuanVideo 1.5's call takes no callback."""
    heard: list[Step] = []
    runner = Runner()
    before = runner.latents(batch(tiny("hunyuan15"), tmp_path, kind="hunyuan15"))
    runner.make(batch(tiny("hunyuan15"), tmp_path, kind="hunyuan15"), heard.append)
    assert [step.step for step in heard if not step.made] == [1, 2, 3]
    assert heard[-2].preview is not None
    with pytest.raises(Cancelled):
        runner.make(batch(tiny("hunyuan15"), tmp_path, steps=20, kind="hunyuan15"), heard.append, lambda: len(heard) == 6)
    assert len(heard) == 6
    assert torch.equal(runner.latents(batch(tiny("hunyuan15"), tmp_path, kind="hunyuan15")), before)


def test_out_of_memory_lowers_the_plan_and_says_so(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch of four does not fit, nor do two; one at a time does."""
    real = Runner._denoise

    def short_of_memory(self, job, *rest, **named):  # type: ignore[no-untyped-def]
        if len(job.takes) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return real(self, job, *rest, **named)

    monkeypatch.setattr(Runner, "_denoise", short_of_memory)
    made = Runner().make(batch(tiny("wan-t2v"), tmp_path, takes=4, largest=4))
    assert all(one.file for one in made)
    assert made[0].notices == (("local.weaker_plan", "memory ran out; 1 at a time"),)


def test_memory_that_ran_out_costs_one_more_load_for_the_whole_film(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A smaller batch needs no new load; tiles do, and the next shots begin with them."""
    real, tried = Runner._denoise, []

    def short_of_memory(self, job, *rest, **named):  # type: ignore[no-untyped-def]
        tried.append((len(job.takes), job.load.tiling))
        if len(job.takes) > 1 or not job.load.tiling:
            self._ready(job.load, job.recipe)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return real(self, job, *rest, **named)

    monkeypatch.setattr(Runner, "_denoise", short_of_memory)
    loading.loads.clear()
    runner, job = Runner(), batch(tiny("wan-t2v"), tmp_path, takes=2, largest=2)
    runner.make(job)
    runner.make(replace(job, largest=1))
    assert tried == [(2, False), (1, False), (1, True), (1, True), (1, True), (1, True)]
    assert loading.loads[str(tiny("wan-t2v")), "picture"] == 2


def test_no_memory_at_all_is_one_clear_error(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self, job, *rest, **named):  # type: ignore[no-untyped-def]
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Runner, "_denoise", never)
    with pytest.raises(ProcessingError, match="needs more memory") as caught:
        Runner().make(batch(tiny("wan-t2v"), tmp_path))
    assert caught.value.code == "local.out_of_memory"


def test_another_scheduler_and_shift_are_used_for_one_recipe_only(tiny: Tiny, tmp_path: Path) -> None:
    runner, job = Runner(), batch(tiny("wan-t2v"), tmp_path)
    before = runner.latents(job)
    shifted = replace(job, recipe=replace(job.recipe, extra={"flow_shift": 8.0}))
    assert not torch.equal(runner.latents(shifted), before)
    assert torch.equal(runner.latents(job), before)


def test_weights_that_are_cut_short_are_named(tiny: Tiny, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(tiny("wan-t2v"), folder)
    file = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(InputError) as caught:
        loading.load(Load(folder, "WanPipeline"), "picture")
    assert caught.value.code == "models.damaged"


def test_what_is_not_named_for_a_call_is_not_sent(tiny: Tiny, tmp_path: Path) -> None:
    job = batch(tiny("wan-t2v"), tmp_path)
    assert "image" not in call_arguments(job.recipe, read_inputs(job.recipe))


def test_a_lora_that_fits_nothing_leaves_no_half_changed_pipeline(
    tiny: Tiny, lora: Callable[[str, int], Path], tmp_path: Path
) -> None:
    """The next shot with the LoRA of before looks as before."""
    runner, job = Runner(), batch(tiny("wan-t2v"), tmp_path)
    good, bad = (
        replace(job, load=replace(job.load, adapters=(Adapter(file),)))
        for file in (lora("wan-t2v", 1), tmp_path / "nowhere.safetensors")
    )
    before = runner.latents(good)
    with pytest.raises(InputError):
        runner.latents(bad)
    assert torch.equal(runner.latents(good), before)


def test_a_plan_that_failed_has_let_its_networks_go_when_memory_is_given_back(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def networks() -> int:
        gc.collect()
        return sum(type(one).__name__ == "WanTransformer3DModel" for one in gc.get_objects())

    def short_of_memory(self, *given, **named):  # type: ignore[no-untyped-def]
        raise torch.OutOfMemoryError("CUDA out of memory")

    left: list[int] = []
    before = networks()
    monkeypatch.setattr(diffusers.WanTransformer3DModel, "forward", short_of_memory)
    monkeypatch.setattr("vidgen.engines.worker.runner.release", lambda: left.append(networks()))
    with pytest.raises(ProcessingError, match="needs more memory"):
        Runner().make(batch(tiny("wan-t2v"), tmp_path))
    assert len(left) > 1 and set(left) == {before}


@pytest.mark.parametrize("shift", [{}, {"flow_shift": 7.0}])
def test_a_scheduler_of_flow_matching_keeps_the_models_shift(shift: dict[str, float], tiny: Tiny, tmp_path: Path) -> None:
    runner = Runner()
    job = batch(tiny("wan-t2v"), tmp_path, scheduler="FlowMatchEulerDiscreteScheduler", extra=shift)
    runner.latents(job)
    assert runner._loaded
    expected = shift.get("flow_shift", runner._loaded.pipe._vidgen_scheduler.config.flow_shift)
    assert runner._loaded.pipe.scheduler.config.shift == expected


def test_skyreels_makes_its_longest_clip_in_one_piece(tiny: Tiny, tmp_path: Path) -> None:
    job = batch(tiny("skyreels-df"), tmp_path, kind="skyreels-df", frames=121, width=32, height=32, steps=1)
    assert Runner().latents(job).shape[2] == 31
