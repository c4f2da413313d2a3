"""What makes the steps cheaper: cache hooks, attention back ends, regional compilation, several GPUs for one clip.

A cache changes the picture, so it is part of the recipe and lasts for one run: ``cached`` puts it on the networks and takes it
off again, after which they give the same bits as before. The others belong to the loaded pipeline.
"""

from __future__ import annotations

import importlib.util
import inspect
import shutil
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from typing import Any

from vidgen.engines.local.job import Cache
from vidgen.errors import InputError, ProcessingError

CONFIGS: Mapping[str, str] = {
    "first-block": "FirstBlockCacheConfig",
    "taylor": "TaylorSeerCacheConfig",
    "mag": "MagCacheConfig",
    "sea": "SeaCacheConfig",
    "pab": "PyramidAttentionBroadcastConfig",
}
"""Our names and the settings' class of diffusers. FasterCache is not among them: it needs both halves of the guidance in one
batch, and fails on Wan, which runs one after the other."""
OURS = frozenset({"num_inference_steps", "calibrate", "current_timestep_callback", "raw_vision_callback"})
"""Settings that follow from the run and cannot be given."""
RECOMPILATIONS = 64
"""How many variants of a block (sizes, batches, caches on or off) are kept compiled; torch's own 8 are used up by a film."""


def why_not(pipe: Any, networks: Sequence[Any], cache: Cache) -> str:
    """Why a cache would do nothing, or harm, with this pipeline; "" where it works. It depends on the pipeline's code alone.

    Args:
        pipe: a loaded pipeline.
        networks: its networks that take the steps, one or two.
    """
    name = type(pipe).__name__
    if not networks or not all(hasattr(network, "enable_cache") for network in networks):
        kinds = ", ".join(sorted({type(network).__name__ for network in networks})) or "no network"
        return f"{kinds} of {name} takes no cache hooks"
    if cache.kind == "sea" and not {"step_index", "sigma"} <= _names_in(type(pipe).__call__):
        return f"{name} does not tell a cache how much noise is left, without which sea skips nothing"
    if cache.kind == "mag" and len(networks) > 1:
        return "mag counts the steps of one network, and this model has two"
    return ""


@contextmanager
def cached(pipe: Any, networks: Sequence[Any], cache: Cache | None, steps: int) -> Iterator[None]:
    """Run something with a cache on the networks; afterwards they are as before, bit for bit, whatever happened.

    Args:
        pipe: a loaded pipeline.
        networks: its networks that take the steps.
        cache: which, with the catalogue's settings; None for none.
        steps: how many steps will be taken, which ``mag`` needs to know.

    Raises InputError: ``engine.cannot`` where it does not work with this pipeline (``why_not``), ``request.bad_value`` for an
    unknown cache or setting.
    """
    if cache is None:
        yield
        return
    setup = _setup(pipe, cache, steps)
    if why := why_not(pipe, networks, cache):
        raise InputError("engine.cannot", f"cache {cache.kind}: {why}", hint="leave params.cache out")
    with ExitStack() as stack:
        for network in networks:
            stack.callback(_off, network)
            network.enable_cache(setup())
            if "cache_context" not in _names_in(type(pipe).__call__):
                stack.enter_context(_pass_contexts(network))
        yield


def forget(networks: Sequence[Any]) -> None:
    """Let caches forget what they remember: needed where the batch gets smaller on the way, since that has the old size."""
    for network in networks:
        if getattr(network, "is_cache_enabled", False):
            network._reset_stateful_cache()


@contextmanager
def _pass_contexts(network: Any) -> Iterator[None]:
    """Set a cache's context to the pass of the step (guided, unguided), for a pipeline that does not: a pass is of the
    same step as the last one where its time is the same.
    """
    time, number, context = None, 0, ExitStack()

    def before(module: Any, given: Any, named: Mapping[str, Any]) -> None:
        nonlocal time, number
        now = named["timestep"].flatten()[0].item()
        time, number = now, number + 1 if now == time else 0
        context.enter_context(module.cache_context(f"pass {number}"))

    def after(module: Any, given: Any, made: Any) -> None:
        context.close()

    with context, network.register_forward_pre_hook(before, with_kwargs=True), network.register_forward_hook(after):
        yield


def _off(network: Any) -> None:
    if network.is_cache_enabled:
        network.disable_cache()


def _setup(pipe: Any, cache: Cache, steps: int) -> Callable[[], Any]:
    """What makes the settings' object of diffusers; made once here, so that wrong settings are found before any hook is set."""
    if cache.kind not in CONFIGS:
        why = " (it fails on models that run guidance as a pass of its own)" if cache.kind.startswith("faster") else ""
        known = ", ".join(CONFIGS)
        raise InputError("request.bad_value", f"params.cache: {cache.kind!r} is not offered{why}", hint=f"known: {known}")
    import diffusers

    kind = getattr(diffusers, CONFIGS[cache.kind])
    defaults = {field.name: field.default for field in fields(kind) if field.name not in OURS}
    for name, value in cache.settings.items():
        if name not in defaults or not _fits(value, defaults[name]):
            known = ", ".join(defaults)
            text = f"params.cache: {cache.kind} has no setting {name}: {value!r}"
            raise InputError("request.bad_value", text, hint=f"it has: {known}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in cache.settings.items()}
    if cache.kind == "mag":
        if "mag_ratios" not in values:
            text = "params.cache: mag needs mag_ratios, which differ from model to model"
            raise InputError("request.bad_value", text, hint="give them, or take first-block")
        values |= {"mag_ratios": list(values["mag_ratios"]), "num_inference_steps": steps}
    if cache.kind == "pab":
        blocks = {f"{part}_attention_block_identifiers": ("blocks", "layers") for part in ("spatial", "cross")}
        skips = {"spatial_attention_block_skip_range": 2}
        values = {**blocks, **skips, **values, "current_timestep_callback": lambda: int(pipe._current_timestep)}
    try:
        kind(**values)
    except (ValueError, TypeError) as error:
        text = f"params.cache: {cache.kind}: {error}"
        raise InputError("request.bad_value", text, hint="change it or leave it out") from error
    return lambda: kind(**values)


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    return isinstance(value, int | float) if isinstance(default, int | float) else not isinstance(value, Mapping)


def _names_in(call: Any) -> set[str]:
    """Names and strings in the code of a function."""
    code: types.CodeType = inspect.unwrap(call).__code__
    found = {*code.co_names, *code.co_varnames}
    for constant in code.co_consts:
        found |= {constant} if isinstance(constant, str) else set()
        found |= {word for word in constant if isinstance(word, str)} if isinstance(constant, tuple) else set()
    return found


def set_attention(networks: Sequence[Any], name: str, device: Any, dtype: Any) -> str:
    """Use an attention back end of diffusers where it runs here; why not, where it does not ("" where it does).

    It is tried on a few numbers, so that a missing package or a GPU too old for it is known now and not in the first step. The
    back ends of the hub are never used: they download code.
    """
    import torch
    from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend, dispatch_attention_fn

    if name.endswith("_hub"):
        return "it would download code"
    if name.lower() not in {one.value for one in AttentionBackendName}:
        return "diffusers has no back end of that name"
    if not all(
        any(hasattr(getattr(part, "processor", None), "_attention_backend") for part in one.modules()) for one in networks
    ):
        return "this model has its own attention"
    few = torch.ones(1, 8, 2, 64, device=device, dtype=dtype)
    masks = any({"encoder_attention_mask", "attention_mask"} & _names_in(type(network).forward) for network in networks)
    mask = torch.ones(1, 1, 8, 8, device=device, dtype=torch.bool) if masks else None
    try:
        with torch.no_grad(), attention_backend("native"):  # diffusers would make it the default of every model
            for network in networks:
                network.set_attention_backend(name)
            dispatch_attention_fn(few, few, few, attn_mask=mask, backend=name)
    except Exception as error:  # whatever a kernel of somebody else's raises
        for network in networks:
            network.reset_attention_backend()
        return " ".join(str(error).split())[:160] or type(error).__name__
    return ""


def compile_blocks(networks: Sequence[Any], device: Any) -> str:
    """Compile the blocks that a network repeats, which takes the first step a minute; why not, where that cannot be ("" else).

    Graphs may be broken: cache hooks and weights that wait outside the device decide in Python.
    """
    import torch

    if device.type == "mps":
        return "torch does not compile for this GPU well enough"
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    if device.type == "cpu" and not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        return "there is no C++ compiler"
    if not all(getattr(network, "_repeated_blocks", None) for network in networks):
        return "this model names no repeated blocks"
    limits: Any = torch._dynamo.config
    limits.recompile_limit = max(limits.recompile_limit, RECOMPILATIONS)
    for network in networks:
        network.compile_repeated_blocks(fullgraph=False)
    return ""


def share_over_gpus(networks: Sequence[Any]) -> int:
    """Split the tokens of each step over the processes of a group (Ulysses: each has some heads of all tokens); how many.

    It needs what ``group.Leader`` sets up: one process a GPU, each with ``torch.distributed`` initialised and
    ``torch.cuda.set_device`` done, each with the whole pipeline loaded, and all of them making the same batch with the same
    seeds; one of them delivers. The number of attention heads has to be divisible by the number of processes.

    Raises ProcessingError ``generation.failed`` where there is no such group, InputError ``engine.cannot`` where the model
    cannot be split so.
    """
    import torch

    group = torch.distributed
    if not (group.is_available() and group.is_initialized()):
        text = "sharing one clip over several GPUs needs a process for each of them, started together"
        raise ProcessingError("generation.failed", text, hint="leave it out, and each GPU makes a shot of its own")
    count = int(group.get_world_size())
    if count < 2:
        return count
    from diffusers import ContextParallelConfig

    for network in networks:
        heads = getattr(getattr(network, "config", None), "num_attention_heads", 0)
        if getattr(network, "_cp_plan", None) is None or not isinstance(heads, int) or heads % count:
            text = f"{type(network).__name__} cannot be split over {count} GPUs"
            raise InputError("engine.cannot", text, hint="use a number of GPUs that divides its attention heads")
        with _countable():
            network.enable_parallelism(config=ContextParallelConfig(ulysses_degree=count))
    return count


@contextmanager
def _countable() -> Iterator[None]:
    """diffusers divides by the number of GPUs even where it shares over CPUs, as tests do: there is one, then."""
    import torch

    before = torch.accelerator.device_count
    if not before():
        torch.accelerator.device_count = lambda: 1
    try:
        yield
    finally:
        torch.accelerator.device_count = before
