"""What the local engine costs over calling the pipeline directly: the same model, settings and machine, turn by turn."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 9
CANDIDATES = 5
SIZE = (160, 96)
FRAMES = 17
STEPS = 30
PROMPT, NEGATIVE = "a calm sea at dawn, slow dolly in", "blur"


def model(folder: Path) -> Path:
    """A Wan of random weights whose steps, not its overhead, take the time: 6 layers of 256 channels."""
    import torch

    from vidgen.engines.worker.loading import quiet
    from vidgen.testing.tiny import wan

    with quiet():
        torch.manual_seed(1)
        from diffusers import WanPipeline

        transformer = wan._transformer(num_attention_heads=4, attention_head_dim=64, ffn_dim=1024, num_layers=6)
        pipe = WanPipeline(transformer=transformer, **wan._shared())
        pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def direct(folder: Path) -> Any:
    """The pipeline as diffusers loads it."""
    import diffusers

    from vidgen.engines.worker.loading import quiet

    with quiet():
        pipe = diffusers.WanPipeline.from_pretrained(folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def call(pipe: Any, seed: int, output: str, **words: Any) -> Any:
    """One run of the pipeline."""
    import torch

    with torch.no_grad():
        return pipe(
            width=SIZE[0], height=SIZE[1], num_frames=FRAMES, num_inference_steps=STEPS, guidance_scale=5.0,
            generator=torch.Generator("cpu").manual_seed(seed), output_type=output, **words,
        ).frames  # fmt: skip


def batch(folder: Path, out: Path, takes: int) -> Any:
    """The same as a batch of the engine."""
    from vidgen.engines.local.job import Batch, Load, Prompt, Recipe, RequestedTake

    recipe = Recipe(
        model="bench", revision=str(folder), family="wan", task="text_to_video", prompt=Prompt(PROMPT, NEGATIVE),
        width=SIZE[0], height=SIZE[1], frames=FRAMES, fps=16, steps=STEPS, guidance=5.0,
    )  # fmt: skip
    wanted = tuple(RequestedTake(number, number, out / f"{number}.mp4") for number in range(1, takes + 1))
    return Batch("bench", Load(folder, "WanPipeline"), recipe, wanted)


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _both(times: list[float]) -> str:
    return f"{min(times):.2f} s ({statistics.median(times):.2f})"


def table() -> str:
    """Both comparisons as Markdown."""
    import torch

    from vidgen.engines.worker.runner import Runner

    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        os.environ["VIDGEN_HOME"] = str(root / "home")
        folder = model(root / "model")
        pipe, runner = direct(folder), Runner()
        job = batch(folder, root, 1)
        equal = torch.equal(runner.latents(job), call(pipe, 1, "latent", prompt=PROMPT, negative_prompt=NEGATIVE))
        with torch.no_grad():
            words = pipe.encode_prompt(PROMPT, NEGATIVE, max_sequence_length=512)
        embeds = {"prompt_embeds": words[0], "negative_prompt_embeds": words[1]}
        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(seconds(lambda: call(pipe, 1, "latent", **embeds)))
            ours.append(seconds(lambda: runner.latents(job)))
        runner.close()

        def film_bare() -> None:
            loaded = direct(folder)
            with torch.no_grad():
                made = loaded.encode_prompt(PROMPT, NEGATIVE, max_sequence_length=512)
            for seed in range(1, CANDIDATES + 1):
                call(loaded, seed, "np", prompt_embeds=made[0], negative_prompt_embeds=made[1])

        def film_ours() -> None:
            for kept in (root / "home").rglob("*.safetensors"):
                kept.unlink()
            Runner().make(batch(folder, root, CANDIDATES))

        film: dict[Any, list[float]] = {film_bare: [], film_ours: []}
        for one in (film_bare, film_ours, film_ours, film_bare) * 2:  # a machine that slows down weighs on both alike
            film[one].append(seconds(one))
    rows = [
        ("one denoising run, pipeline loaded, prompt encoded", bare, ours, 1.03),
        (f"load, encode the prompt, {CANDIDATES} candidates decoded (vidgen: finished files)", *film.values(), 1.05),
    ]
    return "\n".join(
        [
            f"A random Wan of 6 layers and 256 channels, {SIZE[0]}x{SIZE[1]}, {FRAMES} frames, {STEPS} steps with guidance, "
            f"on the CPU. Fastest of {ROUNDS} and of {len(film[film_bare])} turns, as what else a machine does only ever adds; "
            f"medians in brackets. Latents bit-equal to the pipeline's own: {'yes' if equal else 'NO'}.",
            "",
            "| what | pipeline itself | vidgen | ratio | bar |",
            "|---|---|---|---|---|",
            *(f"| {what} | {_both(a)} | {_both(b)} | {min(b) / min(a):.3f} | {bar} |" for what, a, b, bar in rows),
        ]
    )
