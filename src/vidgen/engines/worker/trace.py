"""What happens to shapes on the way from a prompt to a clip: the stages of one model, measured by running it with two steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen.engines.local.fit import fit_size
from vidgen.engines.local.folder import ModelFolder
from vidgen.engines.local.job import Batch, Load, Prompt, Recipe, RequestedTake
from vidgen.errors import InputError


def trace(folder: ModelFolder, *, prompt: str = "a calm sea at dawn, slow dolly in") -> list[dict[str, Any]]:
    """The stages of a small text-to-video run on this machine: each a name, what it does, shapes in and out.

    Raises InputError where the model makes nothing from words.
    """
    if "text_to_video" not in folder.tasks:
        raise InputError("engine.cannot", f"{folder.name} makes nothing from words alone", hint="trace a text-to-video model")
    from vidgen.engines.worker import prompts
    from vidgen.engines.worker.loading import load, quiet
    from vidgen.engines.worker.runner import Runner

    family = folder.family
    width, height = fit_size(96, 64, family.size, family.size_multiple)
    frames = family.legal_frames(max(9, family.min_frames))
    request = Load(folder.path.absolute(), family.pipelines["text_to_video"])
    recipe = Recipe(
        model=folder.name, revision="trace", family=family.name, task="text_to_video", prompt=Prompt(prompt, "", True),
        width=width, height=height, frames=frames, fps=family.fps, steps=2, guidance=5.0,
    )  # fmt: skip
    batch = Batch("trace", request, recipe, (RequestedTake(1, 1, Path("unused.mp4")),))
    found: list[dict[str, Any]] = []
    text = load(request, "text" if prompts.can_encode(family.name) else "whole")
    tokens = text.pipe.tokenizer(prompt).input_ids
    found.append(_stage("tokenizer", f"words become {len(tokens)} numbers", [], [[1, len(tokens)]]))
    with ExitStack() as stack:
        stack.enter_context(_watched(text.pipe.text_encoder, "text encoder", "numbers become meaning", found))
        with quiet():
            prompts._encoded(text.pipe, request, family.name, recipe.prompt)
    text.close()
    runner = Runner()
    runner.prepare(request, family.name, "trace", [recipe.prompt])
    pipe = runner._ready(request, recipe).pipe
    network = getattr(pipe, "transformer", None) or pipe.unet
    with ExitStack() as stack:
        for name, part, does in _parts(network):
            stack.enter_context(_watched(part, name, does, found))
        decode = "latents become pictures"
        stack.enter_context(_watched(getattr(pipe.vae, "decoder", pipe.vae), "VAE decoder", decode, found))
        clips, _ = runner._denoise(replace(batch), lambda step: None, lambda: False, output="pt")
    found.append(_stage("clip", f"{frames} frames of {width}x{height} at {family.fps:g}/s", [], [list(clips.frames.shape)]))
    runner.close()
    return found


def _parts(network: Any) -> list[tuple[str, Any, str]]:
    """The parts of a denoiser that are worth a line."""
    kind = "space-time transformer" if hasattr(network, "transformer_blocks") or hasattr(network, "blocks") else "UNet"
    found: list[tuple[str, Any, str]] = []
    for name in ("patch_embedding", "patch_embed", "proj_in", "conv_in"):
        if (part := getattr(network, name, None)) is not None:
            found.append(("patches", part, "latents become tokens of space and time"))
            break
    for name in ("blocks", "transformer_blocks"):
        if blocks := getattr(network, name, None):
            found.append((f"block 1 of {len(blocks)}", blocks[0], "tokens look at each other and at the words"))
            break
    return [*found, (kind, network, "one step: noisy latents in, what to take away out")]


@contextmanager
def _watched(part: Any, name: str, does: str, found: list[dict[str, Any]]) -> Iterator[None]:
    """Note the shapes of a module's first call."""
    seen = False

    def hook(module: Any, given: Any, named: Any, made: Any) -> None:
        nonlocal seen
        if not seen:
            seen = True
            found.append(_stage(name, does, [*_shapes(given), *_shapes(tuple(named.values()))][:2], _shapes(made)[:1]))

    handle = part.register_forward_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _stage(name: str, does: str, given: list[list[int]], made: list[list[int]]) -> dict[str, Any]:
    return {"stage": name, "does": does, "in": given, "out": made}


def _shapes(value: Any) -> list[list[int]]:
    import torch

    if isinstance(value, torch.Tensor):
        return [list(value.shape)] if value.ndim > 1 else []
    if hasattr(value, "to_tuple"):
        value = value.to_tuple()
    if isinstance(value, tuple | list):
        return [shape for part in value[:3] for shape in _shapes(part)][:3]
    return []
