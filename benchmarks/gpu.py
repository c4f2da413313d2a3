"""``make bench-gpu``: a Wan 2.1 1.3B of real size and random weights on a GPU: steps, caches, batches, memory. No network.

Random weights cost the same time and memory as trained ones; they say nothing about how a cache changes the picture.
One call takes under ten minutes. ``--tiny --device cpu`` runs the same script in seconds, as a test.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks.md"
REAL = {
    "num_attention_heads": 12, "attention_head_dim": 128, "in_channels": 16, "out_channels": 16, "text_dim": 4096,
    "freq_dim": 256, "ffn_dim": 8960, "num_layers": 30, "cross_attn_norm": True, "qk_norm": "rms_norm_across_heads",
}  # fmt: skip
TINY = {**REAL, "num_attention_heads": 2, "attention_head_dim": 12, "text_dim": 32, "ffn_dim": 64, "num_layers": 2}
BUDGET_S = 540.0


class Bench:
    """One model on one device, and the lines of its table."""

    def __init__(self, device: str, tiny: bool) -> None:
        import torch
        from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel

        self.torch, self.device = torch, torch.device(device)
        self.began = time.monotonic()
        self.size = (64, 96, 9) if tiny else (480, 832, 81)
        self.steps = 4 if tiny else 6
        self.dtype = torch.float32 if device == "cpu" else torch.bfloat16
        torch.manual_seed(0)
        with torch.device(self.device):
            transformer = WanTransformer3DModel(**(TINY if tiny else REAL)).to(self.dtype).eval()
            vae = AutoencoderKLWan(**({"base_dim": 8, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1} if tiny else {})).eval()
        scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
        self.pipe = WanPipeline(tokenizer=None, text_encoder=None, transformer=transformer, vae=vae, scheduler=scheduler)
        self.pipe.set_progress_bar_config(disable=True)
        width = (TINY if tiny else REAL)["text_dim"]
        self.words = torch.randn(1, 512, width, device=self.device, dtype=self.dtype)
        self.rows: list[str] = []
        self.base_s = 0.0

    def run(self, batch: int = 1, guidance: float = 5.0) -> tuple[float, float, Any]:
        """Seconds of a middle step for each take, peak memory in GiB, and the latents."""
        torch, marks = self.torch, []

        def mark(pipe: Any, index: int, when: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            self.wait()
            marks.append(time.perf_counter())
            return tensors

        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        height, width, frames = self.size
        words = self.words.repeat(batch, 1, 1)
        with torch.no_grad():
            latents = self.pipe(
                prompt_embeds=words, negative_prompt_embeds=torch.zeros_like(words), height=height, width=width,
                num_frames=frames, num_inference_steps=self.steps, guidance_scale=guidance, output_type="latent",
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in range(batch)], callback_on_step_end=mark,
            ).frames  # fmt: skip
        gaps = [later - earlier for earlier, later in zip(marks, marks[1:], strict=False)]
        return statistics.mean(gaps) / batch, self.peak(), latents

    def wait(self) -> None:
        """Until the device is done."""
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()

    def peak(self) -> float:
        """GiB that were in use at most."""
        return self.torch.cuda.max_memory_allocated() / 2**30 if self.device.type == "cuda" else 0.0

    def row(self, name: str, work: Callable[[], tuple[float, float, Any]], reference: Any = None) -> Any:
        """Measure one line; what cannot run here says why."""
        if time.monotonic() - self.began > BUDGET_S:
            self.rows.append(f"| {name} | not measured: out of time | | | |")
            return None
        try:
            took, peak, latents = work()
        except Exception as error:
            cause = " ".join(str(error).split())[:80]
            self.rows.append(f"| {name} | cannot: {type(error).__name__}: {cause} | | | |")
            return None
        self.base_s = self.base_s or took
        off = "" if reference is None else f"{float((latents - reference).norm() / reference.norm()):.4f}"
        self.rows.append(f"| {name} | {took:.3f} s | {took / self.base_s:.2f} | {peak:.1f} GiB | {off} |")
        print(self.rows[-1], flush=True)
        return latents

    def table(self) -> str:
        """Run everything."""
        height, width, frames = self.size
        self.run()
        plain = self.row("plain diffusers, eager", self.run)
        self.row("without guidance", lambda: self.run(guidance=1.0))
        for batch in (2, 4):
            self.row(f"{batch} takes together, each", lambda batch=batch: self.run(batch))
        for name, config in caches().items():
            with self.cached(config):
                self.row(f"cache {name}", self.run, plain)
        for backend in ("_native_cudnn", "_native_flash", "flash", "_flash_3", "sage"):
            with self.attention(backend):
                self.row(f"attention {backend}", self.run, plain)
        self.row("VAE decoder, whole", self.decode)
        self.pipe.vae.enable_tiling()
        self.row("VAE decoder, in tiles", self.decode)
        self.pipe.transformer.compile_repeated_blocks(fullgraph=True)
        with contextlib.suppress(Exception):
            self.run()
        self.row("regional compile", self.run, plain)
        with self.cached(caches()["first-block 0.2"]):
            self.row("regional compile, cache first-block 0.2", self.run, plain)
        head = f"Wan 2.1 1.3B with random weights, {width}x{height}, {frames} frames, {self.dtype}; a step with guidance 5."
        titles = ["| what | a step of a take | to eager | peak memory | latents off by |", "|---|---|---|---|---|"]
        return "\n".join([head, "", *titles, *self.rows])

    def decode(self) -> tuple[float, float, Any]:
        """The VAE alone."""
        torch = self.torch
        height, width, frames = self.size
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        latents = torch.randn(1, 16, (frames - 1) // 4 + 1, height // 8, width // 8, device=self.device)
        with torch.no_grad():
            began = time.perf_counter()
            self.pipe.vae.decode(latents)
            self.wait()
        return time.perf_counter() - began, self.peak(), latents

    @contextlib.contextmanager
    def cached(self, config: Any) -> Iterator[None]:
        """With a cache hook."""
        self.pipe.transformer.enable_cache(config)
        try:
            yield
        finally:
            self.pipe.transformer.disable_cache()

    @contextlib.contextmanager
    def attention(self, backend: str) -> Iterator[None]:
        """With another attention; one that cannot be set leaves the default, and its row says so by the exception."""
        try:
            self.pipe.transformer.set_attention_backend(backend)
        except Exception as error:
            cause = " ".join(str(error).split())[:80]
            self.row(f"attention {backend} (setting it)", lambda cause=cause: (_ for _ in ()).throw(RuntimeError(cause)))
            with contextlib.suppress(Exception):
                self.pipe.transformer.set_attention_backend("native")
            yield
            return
        try:
            yield
        finally:
            self.pipe.transformer.set_attention_backend("native")


def caches() -> dict[str, Any]:
    """Cache hooks that run on Wan."""
    import diffusers

    return {
        "first-block 0.1": diffusers.FirstBlockCacheConfig(threshold=0.1),
        "first-block 0.2": diffusers.FirstBlockCacheConfig(threshold=0.2),
        "taylor": diffusers.TaylorSeerCacheConfig(cache_interval=3, disable_cache_before_step=3, use_lite_mode=True),
    }


def main(arguments: list[str]) -> int:
    """Measure and write the table into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see that the script runs")
    parser.add_argument("--print", action="store_true", help="print the table and leave the document alone")
    asked = parser.parse_args(arguments)
    import torch

    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        print("no CUDA device here: nothing was measured", file=sys.stderr)
        return 3
    table = Bench(asked.device, asked.tiny).table()
    name = torch.cuda.get_device_name(asked.device) if asked.device.startswith("cuda") else asked.device
    print(table)
    if not asked.tiny and not asked.print:
        block = f"<!-- gpu -->\n{table}\n\nMeasured {date.today()} on {name}, torch {torch.__version__}.\n<!-- /gpu -->"
        text = DOCS.read_text(encoding="utf-8")
        DOCS.write_text(re.sub(r"<!-- gpu -->.*?<!-- /gpu -->", lambda _: block, text, flags=re.S), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
