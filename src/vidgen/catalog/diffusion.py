"""Read ``diffusion.yaml``: families and models of video diffusion that run on this machine. Loads no heavy packages."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vidgen.media.tables import read_table


@dataclass(frozen=True)
class Tier:
    """The settings of one quality tier.

    Args:
        steps: number of denoising steps.
        guidance: CFG scale; 1: no guidance.
        cache: name and settings of a cache; empty: none.
        adapters: roles of the LoRAs to use.
        timesteps, sigmas, flow_shift: fixed schedule (timesteps of 1000) of a distilled model or LoRA.
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
        """The fixed schedule as pipeline arguments; empty if the scheduler chooses it."""
        return {name: times for name in ("timesteps", "sigmas") if (times := getattr(self, name))}


@dataclass(frozen=True)
class Family:
    """Models of one architecture.

    Args:
        pipelines: the diffusers class of each task.
        also: other classes of the family, to recognise a folder.
        frame_step, frame_plus: legal lengths are ``frame_step * n + frame_plus`` frames.
        size_multiple: width and height are multiples of this.
        fps: training frame rate.
        max_frames: longest clip in frames.
        size: training width and height in pixels.
        text: whether it has a prompt. negative: whether it has a negative prompt.
        keeps_text: whether text encoders stay loaded with the networks, because prompts are not encoded separately.
        prompt_tokens: longest prompt in tokens; the rest is cut off.
        caches: cache hooks that are known to work, with their settings.
        moves: camera moves with a LoRA, by its hub id.
        settings: the family's own parameters as (default, minimum, maximum).
        shares: by class, all tasks of its weights, if there are more than the class's own.
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
        """The tasks of a model folder with that pipeline class."""
        own = tuple(task for task, pipeline in self.pipelines.items() if pipeline == class_name)
        return self.shares.get(class_name, own)

    @property
    def prompt_chars(self) -> int | None:
        """``prompt_tokens`` in characters, roughly, for English."""
        return self.prompt_tokens and 4 * self.prompt_tokens

    @property
    def classes(self) -> frozenset[str]:
        """All diffusers classes of the family."""
        return frozenset({*self.pipelines.values(), *self.also})

    def legal_frames(self, least: int) -> int:
        """The smallest legal number of frames that is at least ``least``; it may exceed ``max_frames``."""
        least = max(least, self.min_frames)
        steps = -(-(least - self.frame_plus) // self.frame_step)
        return max(steps, 0) * self.frame_step + self.frame_plus


@dataclass(frozen=True)
class LoRA:
    """A LoRA of a model: its role, hub id, file and weight."""

    role: str
    repo: str
    file: str
    weight: float = 1.0


@dataclass(frozen=True)
class Assembly:
    """A pipeline that is assembled from several repositories when it is pulled.

    Args:
        index: its ``model_index.json``; also the folders to use of the model's ``repo``.
        parts: folder -> another repository, with the files at its top.
        files: path -> content of JSON files to write.
    """

    index: Mapping[str, Any]
    parts: Mapping[str, str]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


MODES = ("none", "model", "group")
"""Offload modes, by decreasing memory: all weights on the GPU, one component at a time, streamed in blocks."""
TOKEN_GB = 1.6e-4
"""Memory in GB per 16x16 pixels of 4 frames while a clip is made and decoded. Derived from the published 8.2 GB of Wan 2.1
1.3B at 832x480 and 40 GB of 14B at 1280x720, minus the weights.
"""
CLIP_S = 5.0
"""Longest shot in seconds that one clip makes."""
RUNTIME_GB = 1.0
"""Memory in GB of CUDA and torch themselves."""
QUANTISED_BYTES = {"float8": 1.0, "torchao-int8": 1.0, "bitsandbytes-8bit": 1.0, "bitsandbytes-4bit": 0.57, "gguf": 0.6}
"""Bytes per weight by ``quantise`` method, with scales; 2 without quantisation. GGUF files differ."""


@dataclass(frozen=True)
class Model:
    """One model. Numbers that are not known are None.

    Args:
        repo: hub id, in diffusers layout; empty if it is not available.
        revision: branch, tag or commit to pull.
        aliases: other names.
        tasks: its tasks, a subset of its family's.
        pipelines: diffusers classes that differ from the family's, by task.
        size, fps, max_frames, size_multiple, moves: if different from the family's.
        fixed_size: whether it makes only that size.
        download_gb: download size in 10^9 bytes; None: ``vidgen models pull`` asks the hub.
        weights_gb: size in memory with 16 bits per weight: ``text`` encoders, ``network``, ``second`` network, and the
            ``rest`` (VAE, image encoder).
        vram_gb: GPU memory for ``CLIP_S`` seconds at its own size, by offload mode (``MODES``): published, else estimated.
        published: the modes whose ``vram_gb`` was published.
        assembled: how to assemble its folder, if no repository has all of it.
        ended: why it cannot run. instead: what to use.
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
        """Whether the local engine can run it."""
        return bool(self.repo) and not self.ended

    @property
    def ram_gb(self) -> float | None:
        """Main memory in GB for loading: text encoders that do not stay are loaded separately. None if unknown."""
        whole = sum(self.weights_gb.values())
        if not whole or families()[self.family].keeps_text:
            return whole or None
        text = self.weights_gb.get("text", 0.0)
        return max(text, whole - text)

    def need(self, quantise: str = "") -> Mapping[str, float]:
        """``vram_gb`` minus the estimated saving of a ``quantise`` method (as in ``config.yaml``)."""
        share = QUANTISED_BYTES.get(quantise.partition(":")[0], 2.0) / 2
        if share == 1 or not self.weights_gb:
            return self.vram_gb
        smaller = {name: gb * (share if name in ("network", "second") else 1) for name, gb in self.weights_gb.items()}
        before, after = _estimate(self, self.weights_gb), _estimate(self, smaller)
        return {mode: gb - before[mode] + after[mode] for mode, gb in self.vram_gb.items()}

    def fits(self, memory_gb: float, modes: Sequence[str] = MODES, quantise: str = "") -> str | None:
        """The first offload mode with which it fits a GPU of that memory; None if none does.

        Cards have a little less memory than advertised, so half a GB is tolerated.
        """
        need = self.need(quantise)
        return next((mode for mode in modes if need.get(mode, math.inf) <= memory_gb + 0.5), None)


def estimated_need(
    weights: Mapping[str, float], size: tuple[int, int], frames: int, *, keeps_text: bool = False
) -> dict[str, float]:
    """Estimated GPU memory in GB by offload mode, rounded up.

    Text encoders are unloaded before the networks are loaded, unless ``keeps_text``; two networks take turns. With ``group`` a
    tenth of a network is on the GPU.

    Args:
        weights: sizes in GB, as ``Model.weights_gb``.
        size: width and height in pixels.
        frames: length of the clip.
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
    """All families by name."""
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
    """All models, in the table's order."""
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
    """``estimated_need`` of a model at its own size for a clip of ``CLIP_S`` seconds or its longest."""
    family = families()[one.family]
    longest = family.legal_frames(math.ceil(CLIP_S * (one.fps or family.fps)))
    frames = min(one.max_frames or family.max_frames, longest)
    return estimated_need(weights, one.size or family.size, frames, keeps_text=family.keeps_text)


def model(name: str) -> Model | None:
    """The model of that name, alias or hub id, ignoring case; None if there is none."""
    key = name.lower()
    return next((row for row in models() if key in (row.name.lower(), row.repo.lower(), *row.aliases)), None)


def family_of_pipeline(class_name: str) -> Family | None:
    """The family of a diffusers class; None if there is none."""
    return next((family for family in families().values() if class_name in family.classes), None)
