"""What the engine sends to a worker and gets back: the types of the protocol, plain values only.

A ``Recipe`` is everything that decides the pictures of one shot before seeds; a ``Load`` is how a pipeline is put on a
device; a ``Batch`` is some takes of one recipe. They are made by the light half (``batch_builder.py``) and read by the worker
(``engines/worker/runner.py``), so this file imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from vidgen.media.names import expanded
from vidgen.takes.request import Task

Offload = Literal["none", "model", "group", "sequential"]
"""Where weights wait: all on the device; one component at a time there; blocks streamed to it; single layers."""


@dataclass(frozen=True)
class Adapter:
    """A LoRA: its safetensors file, its strength, what it is for (``distilled``, ``camera pan_left``), its SHA-256."""

    file: Path
    weight: float = 1.0
    role: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Cache:
    """A cache hook of diffusers by our name (``first-block``, ``taylor``, ``sea``) and its settings."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """How a pipeline is put on a device. Two equal values are one loaded pipeline.

    Args:
        folder: model folder in diffusers layout, on this machine.
        pipeline: the diffusers class to load it as, such as ``WanPipeline``.
        device: ``cpu``, ``cuda:0``, ``mps``.
        dtype: ``float32``, ``bfloat16``, ``float16``.
        attention: a back end of diffusers' ``set_attention_backend``; "" leaves its default.
        compile: regional compilation of the repeated blocks.
        quantise: "" or ``float8`` (storage only), ``bitsandbytes-4bit``, ``bitsandbytes-8bit``, ``torchao-int8``;
            or ``gguf:FILE`` (``gguf:FILE,FILE`` for two networks).
        adapters: LoRAs, in order.
        share: processes that make one clip together, each on a device of its own.
    """

    folder: Path
    pipeline: str
    device: str = "cpu"
    dtype: str = "float32"
    offload: Offload = "none"
    tiling: bool = False
    attention: str = ""
    compile: bool = False
    quantise: str = ""
    adapters: tuple[Adapter, ...] = ()
    trust: bool = False
    share: int = 1


def gguf_files(quantise: str) -> tuple[Path, ...]:
    """The files of ``gguf:FILE`` or ``gguf:FILE,FILE``; none for other methods."""
    method, _, names = quantise.partition(":")
    return tuple(expanded(name.strip()) for name in names.split(",") if name.strip()) if method == "gguf" else ()


@dataclass(frozen=True)
class Prompt:
    """A prompt and its negative as they are encoded together; ``guided``: whether the negative is used at all."""

    text: str
    negative: str = ""
    guided: bool = True


@dataclass(frozen=True)
class Rejection:
    """Early rejection: after this share of the steps, keep the ``keep`` best-looking candidates of a batch."""

    keep: int
    at: float = 0.5


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the pictures of one shot before seeds; every number legal for the model.

    ``width``, ``height``, ``frames``, ``fps`` are what the model makes. ``guidance`` 1.0 means no unguided pass. ``inputs``
    are files on this machine by what they are (``start_frame``, ``end_frame``, ``source_video``, ``tail``,
    ``reference_1``...), ``extra`` the family's own settings (``motion_bucket_id``, ``strength``, ``flow_shift``...).
    ``schedule``: the times of the steps (``timesteps`` or ``sigmas``) where they are given.

    Where the shot continues another: ``anchor`` are the colours of their chain, as ``anchor.colours`` gives them; ``skip`` is
    how many pictures the model makes before the take begins, as they repeat the end of the clip that is continued (``tail``);
    ``tail_frames`` is how many frames of that clip are in the film (None: all).
    """

    model: str
    revision: str
    family: str
    task: Task
    prompt: Prompt
    width: int
    height: int
    frames: int
    fps: float
    steps: int
    guidance: float
    tier: str = "standard"
    scheduler: str = ""
    cache: Cache | None = None
    reject: Rejection | None = None
    inputs: Mapping[str, Path] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    anchor: tuple[float, ...] = ()
    skip: int = 0
    tail_frames: int | None = None

    @property
    def rate(self) -> Fraction:
        """``fps`` as the take's file has it."""
        return Fraction(self.fps).limit_denominator(1001)


@dataclass(frozen=True)
class RequestedTake:
    """One take of a batch: its number, its seed, and the file it becomes."""

    take: int
    seed: int
    out: Path


@dataclass(frozen=True)
class Batch:
    """Takes of one recipe, made together where memory allows."""

    id: str
    load: Load
    recipe: Recipe
    takes: tuple[RequestedTake, ...]
    largest: int = 0
    """Most takes denoised at once; 0: as many as fit."""


@dataclass(frozen=True)
class MadeTake:
    """A take that a worker made, or (``rejected``) gave up on the way because it looked clearly worse than the others."""

    take: int
    file: Path | None
    manifest: Mapping[str, Any]
    notices: tuple[tuple[str, str], ...] = ()
    rejected: str = ""
