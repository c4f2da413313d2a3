"""What to do when memory runs out: weaker and weaker plans, each of which gives the same pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vidgen.engines.local.job import Load

_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


@dataclass(frozen=True)
class Plan:
    """How a batch is run: on what load, and at most so many takes at once; ``why`` says what was given up."""

    load: Load
    at_once: int
    why: str = ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error tells of memory, of a device or of the machine."""
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in _WORDS)


def ladder(load: Load, at_once: int) -> Iterator[Plan]:
    """The plan as wished, then smaller batches, then VAE tiles, then weights that wait outside the device."""
    yield Plan(load, at_once)
    while at_once > 1:
        at_once //= 2
        yield Plan(load, at_once, f"{at_once} at a time")
    if not load.tiling:
        load = replace(load, tiling=True)
        yield Plan(load, 1, "the picture is decoded in tiles")
    if load.device == "cpu":
        return
    modes = ("none", "model", "group", "sequential")
    for mode in modes[modes.index(load.offload) + 1 :]:
        load = replace(load, offload=mode)  # type: ignore[arg-type]
        yield Plan(load, 1, f"weights wait outside the GPU ({mode})")


def batch_that_fits(load: Load, free_bytes: int, width: int, height: int, frames: int, wanted: int) -> int:
    """How many takes at once are worth trying: by what one take's activations need, roughly; 1 on a CPU.

    The rule: a latent of 8 x 8 x 4 pixels is a token of 64 kB of activations in 16 bits; the ladder mends what is too much.
    """
    if load.device == "cpu":
        return 1
    tokens = width * height * frames / (16 * 16 * 4)
    one = tokens * 64 * 1024
    return max(1, min(wanted, int(free_bytes * 0.8 / one)))
