"""``make bench-gpu``: a Wan 2.1 1.3B of real size and random weights on a GPU: steps, caches, batches, memory. No network.

Random weights cost the same time and memory as trained ones. They say nothing about how a cache changes the picture, and little
about how often it skips. What does not fit into the time is left out and said. ``--tiny --device cpu`` runs the same script in
seconds, as a test.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.record import write

REAL = {
    "num_attention_heads": 12, "attention_head_dim": 128, "in_channels": 16, "out_channels": 16, "text_dim": 4096,
    "freq_dim": 256, "ffn_dim": 8960, "num_layers": 30, "cross_attn_norm": True, "qk_norm": "rms_norm_across_heads",
}  # fmt: skip
TINY = {**REAL, "num_attention_heads": 2, "attention_head_dim": 12, "text_dim": 32, "ffn_dim": 64, "num_layers": 2}
CACHES: dict[str, tuple[str, dict[str, Any]]] = {
    "first-block 0.1": ("first-block", {"threshold": 0.1}),
    "first-block 0.2": ("first-block", {"threshold": 0.2}),
    "taylor": ("taylor", {"cache_interval": 3, "disable_cache_before_step": 3, "use_lite_mode": True}),
    "sea": ("sea", {}),
    "mag, flat ratios": ("mag", {"mag_ratios": [1.0] * 20}),
    "pab": ("pab", {}),
}
ATTENTIONS = ("_native_cudnn", "_native_flash", "flash", "_flash_3", "sage", "xformers")
BUDGET_S = 540.0
COMPILING_S = 120.0
"""A compilation is not begun with less time left than this."""


class Bench:
    """One model in a folder, one device, and the lines of its table."""

    def __init__(self, device: str, folder: Path, *, tiny: bool = False, compiled: bool = True) -> None:
        import torch

        self.torch, self.device, self.folder, self.compiled = torch, torch.device(device), folder, compiled
        self.name = "A tiny Wan" if tiny else "Wan 2.1 1.3B"
        self.began = time.monotonic()
        self.size = (64, 96, 9) if tiny else (480, 832, 81)
        self.steps, self.long = (3, 6) if tiny else (5, 20)
        self.cuda = self.device.type == "cuda"
        self.dtype = "bfloat16" if self.cuda else "float32"
        torch.manual_seed(0)
        self._save(TINY if tiny else REAL, {"base_dim": 8, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1} if tiny else {})
        width = (TINY if tiny else REAL)["text_dim"]
        self.words = torch.randn(1, 512, width, device=self.device, dtype=getattr(torch, self.dtype))
        self.rows: list[str] = []
        self.step_s: dict[str, float] = {}

    def _save(self, sizes: dict[str, Any], vae_sizes: dict[str, Any]) -> None:
        from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel

        from vidgen.engines.worker.loading import quiet, release

        with quiet():
            with self.torch.device(self.device):
                transformer = WanTransformer3DModel(**sizes).to(getattr(self.torch, self.dtype))
                vae = AutoencoderKLWan(**vae_sizes)
            scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
            pipe = WanPipeline(tokenizer=None, text_encoder=None, transformer=transformer, vae=vae, scheduler=scheduler)
            pipe.save_pretrained(self.folder, safe_serialization=True)
        del pipe, transformer, vae
        release()

    @contextlib.contextmanager
    def plain(self) -> Iterator[Any]:
        """The pipeline as diffusers' own guide loads it."""
        from diffusers import WanPipeline

        from vidgen.engines.worker.loading import quiet, release

        dtypes = {"vae": self.torch.float32, "default": getattr(self.torch, self.dtype)}
        with quiet():
            pipe = WanPipeline.from_pretrained(
                self.folder, local_files_only=True, dtype=dtypes, text_encoder=None, tokenizer=None
            ).to(self.device)
        pipe.set_progress_bar_config(disable=True)
        yield pipe
        del pipe
        release()

    @contextlib.contextmanager
    def loaded(self, **settings: Any) -> Iterator[Any]:
        """The pipeline as vidgen loads it. A wish that cannot be had is an error here."""
        from vidgen.engines.local.job import Load
        from vidgen.engines.worker.loading import load

        one = load(Load(self.folder, "WanPipeline", device=str(self.device), dtype=self.dtype, **settings), "picture")
        try:
            if one.notices:
                raise RuntimeError(one.notices[0][1])
            yield one
        finally:
            one.close()

    def run(self, pipe: Any, *, steps: int = 0, batch: int = 1, guidance: float = 5.0) -> tuple[float, float, Any]:
        """Seconds of a step of one take (all but the first step), peak memory in GiB, and the latents."""
        torch, marks = self.torch, []

        def mark(pipe: Any, index: int, when: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            self.wait()
            marks.append(time.perf_counter())
            return tensors

        height, width, frames = self.size
        words = self.words.repeat(batch, 1, 1)
        self.forget_peak()
        with torch.no_grad():
            latents = pipe(
                prompt_embeds=words, negative_prompt_embeds=torch.zeros_like(words), height=height, width=width,
                num_frames=frames, num_inference_steps=steps or self.steps, guidance_scale=guidance, output_type="latent",
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in range(batch)], callback_on_step_end=mark,
            ).frames  # fmt: skip
        gaps = [later - earlier for earlier, later in zip(marks, marks[1:], strict=False)]
        return statistics.mean(gaps) / batch, self.peak(), latents

    def wait(self) -> None:
        """Until the device is done."""
        if self.cuda:
            self.torch.cuda.synchronize()

    def forget_peak(self) -> None:
        """Begin to watch memory anew."""
        if self.cuda:
            self.torch.cuda.reset_peak_memory_stats()

    def peak(self) -> float:
        """GiB that were in use at most."""
        return self.torch.cuda.max_memory_allocated() / 2**30 if self.cuda else 0.0

    def left(self) -> float:
        """Seconds that are left."""
        return BUDGET_S - (time.monotonic() - self.began)

    def row(self, name: str, work: Callable[[], tuple[float, float, Any]], like: Any = None, *, needs: float = 10.0) -> Any:
        """Measure one line; what cannot run here says why. Gives the latents."""
        if self.left() < needs:
            return self.say(f"| {name} | not measured: out of time | | | |")
        try:
            took, peak, latents = work()
        except Exception as error:  # a line that fails is no reason to lose the others
            cause = " ".join(str(error).split())[:110].replace("|", "/")
            return self.say(f"| {name} | cannot: {cause} | | | |")
        self.step_s[name] = took
        base = next(iter(self.step_s.values()))
        off = "" if like is None or latents is None else f"{float((latents - like).norm() / like.norm()):.4f}"
        self.say(f"| {name} | {took:.3f} s | {took / base:.2f} | {f'{peak:.1f} GiB' if self.cuda else ''} | {off} |")
        return latents

    def say(self, line: str) -> None:
        """Keep a line of the table, and print it at once: a run that is cut short has told what it knew."""
        self.rows.append(line)
        print(line, flush=True)

    def table(self) -> str:
        """Run everything, what matters most first."""
        with self.plain() as pipe:
            self.run(pipe, steps=2)
            plain = self.row("plain diffusers, eager", lambda: self.run(pipe))
            long = self.row(f"plain, {self.long} steps", lambda: self.run(pipe, steps=self.long))
        with self.loaded() as one:
            self.row("vidgen, as it loads by itself", lambda: self.run(one.pipe), plain)
            self.row("no guidance", lambda: self.run(one.pipe, guidance=1.0))
            self.caches(one, "", long)
            for batch in (2, 3, 4):
                self.row(f"{batch} takes together, each", lambda batch=batch: self.run(one.pipe, batch=batch))
            self.row("VAE decoder, whole", lambda: self.decode(one.pipe))
            one.pipe.vae.enable_tiling()
            self.row("VAE decoder, in tiles", lambda: self.decode(one.pipe))
        self.compilation(plain, long)
        for mode in ("model", "group", "sequential") if self.cuda else ():
            self.row(f"weights wait outside: {mode}", self.with_load(steps=3, offload=mode))
        self.row("weights of 8 bits (float8)", self.with_load(quantise="float8"), plain)
        for backend in ATTENTIONS:
            self.row(f"attention {backend}", self.with_load(attention=backend), plain)
        height, width, frames = self.size
        head = (
            f"{self.name} with random weights, {width}x{height}, {frames} frames, {self.dtype}, guidance 5; VAE in 32 bits. "
            f"Caches over {self.long} steps, the rest over {self.steps}."
        )
        titles = ["| what | a step of a take | to eager | peak memory | latents off by |", "|---|---|---|---|---|"]
        return "\n".join([head, "", *titles, *self.rows, "", *self.tiers(), *self.post()])

    def with_load(self, steps: int = 0, **settings: Any) -> Callable[[], tuple[float, float, Any]]:
        """A run of a pipeline loaded in its own way, after two steps to get warm."""

        def work() -> tuple[float, float, Any]:
            with self.loaded(**settings) as one:
                self.run(one.pipe, steps=2)
                return self.run(one.pipe, steps=steps)

        return work

    def caches(self, one: Any, note: str, like: Any, *names: str) -> None:
        """Each cache, as vidgen sets it."""
        from vidgen.engines.local.job import Cache
        from vidgen.engines.worker import speed

        for name in names or CACHES:

            def work(name: str = name) -> tuple[float, float, Any]:
                with speed.cached(one.pipe, one.denoisers, Cache(*CACHES[name]), self.long):
                    if one.used.compile:
                        self.run(one.pipe, steps=self.long)  # the hooks' own ways through the blocks are compiled when met
                    return self.run(one.pipe, steps=self.long)

            self.row(f"{note}cache {name}", work, like, needs=20)

    def compilation(self, plain: Any, long: Any) -> None:
        """The repeated blocks compiled, alone and with what else there is."""
        if not self.compiled or self.left() < COMPILING_S:
            self.say(f"| compiled | not measured: {'out of time' if self.compiled else 'not asked for'} | | | |")
            return
        try:
            with self.loaded(compile=True) as one:
                began = time.perf_counter()
                self.run(one.pipe, steps=2)
                first = time.perf_counter() - began
                self.row(f"compiled (its first two steps take {first:.0f} s)", lambda: self.run(one.pipe), plain)
                self.row("compiled, no guidance", lambda: self.run(one.pipe, guidance=1.0))
                self.caches(one, "compiled, ", long, "first-block 0.2", "taylor")
        except Exception as error:
            self.say(f"| compiled | cannot: {' '.join(str(error).split())[:110]} | | | |")

    def tiers(self) -> list[str]:
        """What a whole take costs by the steps measured here, against 50 eager steps with guidance."""
        base = next(iter(self.step_s.values()), 0.0) * 50
        lines = []
        for name, steps, row in (
            ("50 steps, compiled", 50, next((row for row in self.step_s if row.startswith("compiled (")), "")),
            ("20 steps, compiled, cache first-block 0.2", 20, "compiled, cache first-block 0.2"),
            ("distilled: 4 steps, no guidance, compiled", 4, "compiled, no guidance"),
            ("distilled: 4 steps, no guidance", 4, "no guidance"),
        ):
            if base and row in self.step_s:
                lines.append(f"| {name} | {steps * self.step_s[row]:.1f} s | {steps * self.step_s[row] / base:.2f} |")
        titles = ["| a whole take, by these steps (without decoding) | time | to 50 eager steps |", "|---|---|---|"]
        return [*titles, *lines, ""] if lines else []

    def decode(self, pipe: Any) -> tuple[float, float, Any]:
        """The VAE alone, the second time."""
        height, width, frames = self.size
        latents = self.torch.randn(1, 16, (frames - 1) // 4 + 1, height // 8, width // 8, device=self.device)
        took = 0.0
        for _ in range(2):
            self.forget_peak()
            with self.torch.no_grad():
                began = time.perf_counter()
                pipe.vae.decode(latents)
                self.wait()
            took = time.perf_counter() - began
        return took, self.peak(), None

    def post(self) -> list[str]:
        """RIFE and Real-ESRGAN as vidgen runs them, from numbers to numbers, with random weights."""
        from unittest.mock import patch

        import numpy as np

        from vidgen.post.device import best_device
        from vidgen.post.esrgan.networks import Rrdb, Srvgg
        from vidgen.post.esrgan.torch_engine import TorchUpscaler
        from vidgen.post.rife import engine as rife
        from vidgen.post.rife.ifnet import IFNet
        from vidgen.post.stages import Pair

        small = not self.cuda
        here = best_device(str(self.device))
        size = (64, 96, 3) if small else (720, 1280, 3)
        rng = np.random.default_rng(0)
        pictures = [rng.integers(0, 256, size, dtype=np.uint8) for _ in range(5)]
        with patch.object(rife, "load_weights", lambda folder: IFNet().state_dict()):
            interpolator = rife.Rife(self.folder, device=str(self.device))
        pairs = [Pair(one, other, (0.5,)) for one, other in zip(pictures, pictures[1:], strict=False)]
        jobs: dict[str, tuple[int, Callable[[], Any]]] = {
            "RIFE, a new picture": (len(pairs), lambda: interpolator.between(pairs))
        }
        for name, network in (("realesr-animevideov3 x4", Srvgg()), ("RealESRGAN_x4plus", Rrdb(blocks=2 if small else 23))):
            upscaler = TorchUpscaler(network.eval().requires_grad_(False), name, here, None)
            some = pictures[: upscaler.batch]
            jobs[f"Real-ESRGAN {name}, a picture"] = (len(some), lambda one=upscaler, some=some: one.enlarge(some))
        lines = [f"| post-processing, {size[1]}x{size[0]}, {here.dtype} | pictures/s |", "|---|---|"]
        for name, (count, work) in jobs.items():
            try:
                work()
                began = time.perf_counter()
                work()
                lines.append(f"| {name} | {count / (time.perf_counter() - began):.1f} |")
            except Exception as error:
                lines.append(f"| {name} | cannot: {' '.join(str(error).split())[:110]} |")
            print(lines[-1], flush=True)
        return lines


def main(arguments: list[str]) -> int:
    """Measure and write the table into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see that the script runs; writes no document")
    parser.add_argument("--no-compile", action="store_true", help="leave compilation out")
    parser.add_argument("--out", type=Path, help="write the table there instead of into docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    import torch

    if asked.device.startswith("cuda") and not torch.cuda.is_available():
        print("no CUDA device here: nothing was measured", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory(prefix="vidgen-bench-") as folder:
        table = Bench(asked.device, Path(folder), tiny=asked.tiny, compiled=not asked.no_compile).table()
    name = torch.cuda.get_device_name(asked.device) if asked.device.startswith("cuda") else "the CPU"
    where = f"{name}, torch {torch.__version__}"
    print(table)
    if asked.out:
        asked.out.write_text(f"{table}\n\nMeasured {date.today()} on {where}.\n", encoding="utf-8")
    elif not asked.tiny:
        write("gpu", table, where)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
