"""Reads ``diffusion.yaml``: the families and models of video diffusion that run on this machine. Nothing heavy is loaded."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vidgen.media.tables import read_table


@dataclass(frozen=True)
class Tier:
    """One quality: how many steps, how strong the guidance (1: none), which cache (name and settings) and LoRAs (by role).

    ``timesteps`` (of 1000) or ``sigmas`` are the times of the steps, and ``flow_shift`` what moves them, where a model or a
    LoRA was distilled for just these.
    """

    steps: int
    guidance: float
    cache: str = ""
    adapters: tuple[str, ...] = ()
    timesteps: tuple[float, ...] = ()
    sigmas: tuple[float, ...] = ()
    flow_shift: float | None = None

    @property
    def schedule(self) -> dict[str, tuple[float, ...]]:
        """The times of the steps by the argument that takes them; empty where the scheduler spaces them."""
        return {name: times for name in ("timesteps", "sigmas") if (times := getattr(self, name))}


@dataclass(frozen=True)
class Family:
    """Models of one architecture.

    Args:
        pipelines: the diffusers class of each task.
        also: other classes of the family, by which a folder is recognised.
        frame_step, frame_plus: legal lengths are ``frame_step * n + frame_plus`` frames.
        size_multiple: width and height are multiples of this.
        fps: frames per second that it was trained at.
        max_frames: longest clip.
        size: width and height that it was trained at.
        text: whether it reads a prompt; ``negative``: whether it reads a negative one. ``keeps_text``: whether its text
            encoders stay beside the networks, since its prompts are not encoded apart.
        prompt_tokens: the most that its text encoder reads; what comes after is cut off.
        caches: cache hooks that are known to work, with their settings.
        moves: camera moves that a LoRA of the family steers, with its hub id.
        settings: the family's own parameters (default, least, most).
        shares: tasks that weights of a class can do, where they are more than the class's own.
    """

    name: str
    title: str
    pipelines: Mapping[str, str]
    fps: float
    size: tuple[int, int]
    max_frames: int
    frame_step: int = 1
    frame_plus: int = 0
    min_frames: int = 1
    size_multiple: int = 16
    also: tuple[str, ...] = ()
    text: bool = True
    negative: bool = True
    keeps_text: bool = False
    references: int = 0
    audio: bool = False
    prompt_order: str = "generic"
    prompt_tokens: int | None = None
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    caches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    moves: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    shares: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""

    def tasks_of(self, class_name: str) -> tuple[str, ...]:
        """The tasks that a folder of that class can do."""
        own = tuple(task for task, pipeline in self.pipelines.items() if pipeline == class_name)
        return self.shares.get(class_name, own)

    @property
    def prompt_chars(self) -> int | None:
        """About as many characters as ``prompt_tokens`` are in English."""
        return self.prompt_tokens and 4 * self.prompt_tokens

    @property
    def classes(self) -> frozenset[str]:
        """Every diffusers class of the family."""
        return frozenset({*self.pipelines.values(), *self.also})

    def legal_frames(self, least: int) -> int:
        """The smallest legal number of frames that is at least ``least``; it may be over ``max_frames``."""
        least = max(least, self.min_frames)
        steps = -(-(least - self.frame_plus) // self.frame_step)
        return max(steps, 0) * self.frame_step + self.frame_plus


@dataclass(frozen=True)
class LoRA:
    """A LoRA that belongs to a model: what for, its hub id and file."""

    role: str
    repo: str
    file: str
    weight: float = 1.0


@dataclass(frozen=True)
class Assembly:
    """A pipeline that no repository has whole: it is put together from several when it is pulled.

    ``index``: its ``model_index.json``, which also says which folders of ``repo`` are wanted. ``parts``: folders that come
    from another repository, whose files lie at its top. ``files``: JSON files that are written, by their place.
    """

    index: Mapping[str, Any]
    parts: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


MODES = ("none", "model", "group")
"""How weights wait, by the memory that is needed: all of them on the GPU, one part at a time, streamed to it in blocks."""
TOKEN_GB = 1.6e-4
"""Memory that 16x16 pixels of 4 frames take while a clip is made and decoded: what is left of the 8.2 GB that Wan 2.1 1.3B
needs at 832x480, and of the 40 GB of 14B at 1280x720, by their makers, without the weights."""
CLIP_S = 5.0
"""The longest shot that a storyboard gives to one clip."""
RUNTIME_GB = 1.0
"""What CUDA and torch take for themselves."""
QUANTISED_BYTES = {"float8": 1.0, "torchao-int8": 1.0, "bitsandbytes-8bit": 1.0, "bitsandbytes-4bit": 0.57, "gguf": 0.6}
"""Bytes of a number of the networks by the method of ``quantise``, with scales; 2 without one. GGUF files differ."""


@dataclass(frozen=True)
class Model:
    """One model. Numbers that are not known are None.

    Args:
        repo: its id on the hub, in diffusers layout; "" for one that cannot be had.
        revision: branch, tag or commit to pull.
        aliases: other names that it goes by.
        tasks: what it makes; a subset of its family's.
        pipelines: the diffusers class of a task where it is not the family's.
        size, fps, max_frames, size_multiple, moves: where they differ from the family's. ``fixed_size``: it makes no other.
        download_gb: size of what is downloaded, in 10^9 bytes; where it is not known, ``vidgen models pull`` asks the hub.
        weights_gb: size in memory, in 16 bits a number, counted from the architecture: ``text`` encoders, ``network``,
            ``second`` network, and the ``rest`` (VAE, encoder of pictures).
        vram_gb: memory of a GPU that it needs at its own size for ``CLIP_S`` seconds, by mode (``MODES``): as published, else
            estimated from the weights. ``published``: which of them were published.
        assembled: how its folder is put together, where no repository has it whole.
        ended: why it cannot be run; ``instead``: what to use.
    """

    name: str
    title: str
    family: str = ""
    repo: str = ""
    revision: str = "main"
    aliases: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    pipelines: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    fixed_size: bool = False
    size_multiple: int | None = None
    fps: float | None = None
    max_frames: int | None = None
    moves: Mapping[str, str] | None = None
    parameters: str = ""
    licence: str = ""
    limits: str = ""
    gated: bool = False
    download_gb: float | None = None
    weights_gb: Mapping[str, float] = field(default_factory=dict)
    vram_gb: Mapping[str, float] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    loras: tuple[LoRA, ...] = ()
    assembled: Assembly | None = None
    program: str = ""
    ended: str = ""
    instead: str = ""
    source: str = ""
    as_of: str = ""

    @property
    def runs(self) -> bool:
        """Whether the local engine can run it at all."""
        return bool(self.repo) and not self.ended

    @property
    def ram_gb(self) -> float | None:
        """Main memory that loading takes: text encoders that do not stay, and the rest, are loaded one after the other."""
        whole = sum(self.weights_gb.values())
        if not whole or families()[self.family].keeps_text:
            return whole or None
        text = self.weights_gb.get("text", 0.0)
        return max(text, whole - text)

    def need(self, quantise: str = "") -> Mapping[str, float]:
        """``vram_gb`` with networks of fewer bits: less by what is estimated to be saved. ``quantise``: as for ``Load``."""
        share = QUANTISED_BYTES.get(quantise.partition(":")[0], 2.0) / 2
        if share == 1 or not self.weights_gb:
            return self.vram_gb
        smaller = {name: gb * (share if name in ("network", "second") else 1) for name, gb in self.weights_gb.items()}
        before, after = _estimate(self, self.weights_gb), _estimate(self, smaller)
        return {mode: gb - before[mode] + after[mode] for mode, gb in self.vram_gb.items()}

    def fits(self, memory_gb: float, modes: Sequence[str] = MODES, quantise: str = "") -> str | None:
        """How it fits a GPU of that memory (``none``: whole; ``model``, ``group``: with parts waiting outside); None: not.

        Cards have a little less than they are sold as having, so half a GB is not looked at.
        """
        need = self.need(quantise)
        return next((mode for mode in modes if need.get(mode, math.inf) <= memory_gb + 0.5), None)


def estimated_need(
    weights: Mapping[str, float], size: tuple[int, int], frames: int, *, keeps_text: bool = False
) -> dict[str, float]:
    """Memory of a GPU in GB by mode for a clip of that size, rounded up, from the weights' sizes.

    The text encoders have left when the networks come, unless they stay; two networks take turns. Streamed, a tenth of a
    network is there.
    """
    work = size[0] * size[1] * frames / (16 * 16 * 4) * TOKEN_GB
    text, rest = weights.get("text", 0.0), weights.get("rest", 0.0)
    networks = [weights[name] for name in ("network", "second") if name in weights]
    need = {
        "none": text + sum(networks) + rest + work if keeps_text else max(text, sum(networks) + rest + work),
        "model": max(text, max(networks) + work, rest + work),
        "group": rest + max(networks) / 10 + work,
    }
    return {mode: float(math.ceil(gb + RUNTIME_GB)) for mode, gb in need.items()}


def _tiers(rows: Mapping[str, Any]) -> dict[str, Tier]:
    return {name: _tier(row) for name, row in rows.items()}


def _tier(row: Mapping[str, Any]) -> Tier:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Tier(**values)


@functools.cache
def _table() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = read_table("vidgen.catalog", "diffusion.yaml")
    return loaded


@functools.cache
def families() -> Mapping[str, Family]:
    """Every family by name."""
    return {name: _family(name, row) for name, row in _table()["families"].items()}


def _family(name: str, row: Mapping[str, Any]) -> Family:
    values = dict(row)
    values["tiers"] = _tiers(values.get("tiers", {}))
    values["size"] = tuple(values["size"])
    values["also"] = tuple(values.get("also", ()))
    values["shares"] = {key: tuple(tasks) for key, tasks in values.get("shares", {}).items()}
    values["settings"] = {key: tuple(three) for key, three in values.get("settings", {}).items()}
    return Family(name=name, **values)


@functools.cache
def models() -> tuple[Model, ...]:
    """Every model, in the table's order."""
    return tuple(_model(name, row) for name, row in _table()["models"].items())


def _model(name: str, row: Mapping[str, Any]) -> Model:
    values: dict[str, Any] = {"as_of": _table()["as_of"], **row}
    family = families().get(values.get("family", ""))
    values["tasks"] = tuple(values.get("tasks", family.pipelines if family else ()))
    values["aliases"] = tuple(values.get("aliases", ()))
    values["size"] = tuple(values["size"]) if "size" in values else None
    values["tiers"] = {**(family.tiers if family else {}), **_tiers(values.get("tiers", {}))}
    values["loras"] = tuple(LoRA(**lora) for lora in values.get("loras", ()))
    values["assembled"] = Assembly(**values["assembled"]) if "assembled" in values else None
    values["published"] = tuple(values.get("vram_gb", ()))
    made = Model(name=name, **values)
    return replace(made, vram_gb={**_estimate(made, made.weights_gb), **made.vram_gb}) if made.weights_gb else made


def _estimate(one: Model, weights: Mapping[str, float]) -> dict[str, float]:
    """``estimated_need`` of a model at its own size for its longest usual clip."""
    family = families()[one.family]
    longest = family.legal_frames(math.ceil(CLIP_S * (one.fps or family.fps)))
    frames = min(one.max_frames or family.max_frames, longest)
    return estimated_need(weights, one.size or family.size, frames, keeps_text=family.keeps_text)


def model(name: str) -> Model | None:
    """The model of that name or hub id; capitals do not matter. None where the table has none."""
    wanted = name.lower()
    return next((row for row in models() if wanted in (row.name.lower(), row.repo.lower(), *row.aliases)), None)


def family_of_pipeline(class_name: str) -> Family | None:
    """The family that a diffusers class belongs to; None where no family claims it."""
    return next((family for family in families().values() if class_name in family.classes), None)
