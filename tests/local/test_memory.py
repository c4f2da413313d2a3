"""Memory: what tells of too little of it, what a model needs by its files, and what is given up in which order."""

from __future__ import annotations

import errno
import json
import os
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from vidgen.engines.local import footprint  # noqa: E402
from vidgen.engines.local.job import Load, Offload  # noqa: E402
from vidgen.engines.worker import memory  # noqa: E402
from vidgen.engines.worker.loading import load  # noqa: E402
from vidgen.errors import InputError, ProcessingError  # noqa: E402

Tiny = Callable[[str], Path]
GPU = Load(Path("nowhere"), "WanPipeline", device="cuda:0", dtype="bfloat16")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        torch.OutOfMemoryError(),
        RuntimeError("MPS backend out of memory (MPS allocated: 17.5 GB, max allowed: 18.1 GB)"),
        RuntimeError("Invalid buffer size: 36.00 GB"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        MemoryError(),
        ProcessingError("local.out_of_memory", "wan does not fit the memory of this machine"),
    ],
    ids=lambda error: f"{type(error).__name__} {error}"[:40],
)
def test_these_tell_of_too_little_memory(error: BaseException) -> None:
    assert memory.is_out_of_memory(error)


def test_what_torch_itself_says_on_a_cpu() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert memory.is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ValueError("height and width have to be divisible by 16"),
        InputError("models.damaged", "a file named out of memory.safetensors is cut short"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_these_tell_of_something_else(error: BaseException) -> None:
    assert not memory.is_out_of_memory(error)


def plans(wanted: Load, at_once: int) -> list[tuple[int, bool, str]]:
    return [(plan.at_once, plan.load.tiling, plan.load.offload) for plan in memory.memory_fallbacks(wanted, at_once)]


def test_smaller_batches_come_before_tiles_and_those_before_weights_outside() -> None:
    assert plans(GPU, 5) == [
        (5, False, "none"),
        (2, False, "none"),
        (1, False, "none"),
        (1, True, "none"),
        (1, True, "model"),
        (1, True, "group"),
        (1, True, "sequential"),
    ]


def test_what_is_given_up_already_is_not_given_up_again() -> None:
    assert plans(replace(GPU, tiling=True, offload="group"), 1) == [(1, True, "group"), (1, True, "sequential")]


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_weights_cannot_wait_outside_of_the_only_memory_there_is(device: str) -> None:
    assert plans(replace(GPU, device=device), 2) == [(2, False, "none"), (1, False, "none"), (1, True, "none")]


def test_weights_of_four_bits_are_not_taken_apart() -> None:
    assert plans(replace(GPU, quantise="bitsandbytes-4bit", tiling=True), 1)[-1] == (1, True, "group")


def test_only_the_first_plan_gives_nothing_up() -> None:
    first, *others = memory.memory_fallbacks(GPU, 4)
    assert first.why == ""
    assert all(plan.why for plan in others)
    assert len({plan.why for plan in others}) == len(others)


@pytest.mark.parametrize("kind", ["wan-t2v", "wan-moe", "ltx", "animatediff"])
def test_weights_are_known_from_the_headers_of_files(kind: str, tiny: Tiny) -> None:
    pipeline = {"ltx": "LTXPipeline", "animatediff": "AnimateDiffPipeline"}.get(kind, "WanPipeline")
    wanted = Load(tiny(kind), pipeline)
    told = footprint.weights(wanted)
    pipe = load(wanted, "whole").pipe
    for name in ("text_encoder", "vae", "transformer"):
        if name in told:
            held = sum(part.numel() * part.element_size() for part in getattr(pipe, name).parameters())
            assert told[name] == pytest.approx(held, rel=0.12), name  # tied weights and buffers
    assert {name: size // 2 for name, size in told.items()} == dict(footprint.weights(replace(wanted, dtype="float16")))


def test_fewer_bits_are_for_the_network_of_the_steps_alone(tiny: Tiny) -> None:
    full = footprint.weights(Load(tiny("wan-t2v"), "WanPipeline", dtype="bfloat16"))
    less = footprint.weights(Load(tiny("wan-t2v"), "WanPipeline", dtype="bfloat16", quantise="float8"))
    assert less["transformer"] * 2 == full["transformer"]
    assert less["vae"] == full["vae"]


def of_sizes(folder: Path, **numbers: int) -> Path:
    """A model folder whose parts have so many numbers, by the headers of their files; the numbers themselves are not there."""
    for part, count in numbers.items():
        header = json.dumps({"weight": {"dtype": "BF16", "shape": [count], "data_offsets": [0, 2 * count]}}).encode()
        (folder / part).mkdir()
        (folder / part / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    return folder


SIZES = {"text_encoder": 500, "transformer": 800, "transformer_2": 800, "vae": 100}


@pytest.mark.parametrize(
    ("pipeline", "offload", "quantise", "there"),
    [
        ("WanPipeline", "none", "", 1600 + 1600 + 200),  # two bytes a number; the text encoder has left
        ("HunyuanVideoPipeline", "none", "", 1000 + 1600 + 1600 + 200),  # here it stays
        ("HunyuanVideoPipeline", "model", "", 1600),  # one network at a time, the rest outside
        ("HunyuanVideoPipeline", "group", "", 200 + 1600 // 8),  # the VAE, and an eighth of a network
        ("HunyuanVideoPipeline", "sequential", "", 1600 // 32),
        ("HunyuanVideoPipeline", "none", "float8", 1000 + 800 + 800 + 200),  # one byte a number of the networks
        ("WanPipeline", "none", "bitsandbytes-4bit", 456 + 456 + 200),  # 0.57
        ("AFolderOfSomeoneElse", "none", "", 1000 + 1600 + 1600 + 200),
    ],
)
def test_what_is_on_the_device_while_the_steps_run(
    pipeline: str, offload: Offload, quantise: str, there: int, tmp_path: Path
) -> None:
    folder = of_sizes(tmp_path, **SIZES)
    wanted = Load(folder, pipeline, dtype="bfloat16", offload=offload, quantise=quantise)
    assert footprint.resident(wanted) == there


def test_gguf_files_are_as_large_as_they_are(tmp_path: Path) -> None:
    folder = of_sizes(tmp_path, **SIZES)
    for name, size in (("high.gguf", 700), ("low.gguf", 600)):
        (tmp_path / name).write_bytes(b"x" * size)
    both = f"gguf:{tmp_path / 'high.gguf'},{tmp_path / 'low.gguf'}"
    told = footprint.weights(Load(folder, "WanPipeline", dtype="bfloat16", quantise=both))
    assert told == {"text_encoder": 1000, "transformer": 700, "transformer_2": 600, "vae": 200}


def test_files_that_cannot_be_read_count_nothing(tmp_path: Path) -> None:
    (tmp_path / "transformer").mkdir()
    (tmp_path / "transformer" / "model.safetensors").write_bytes(b"no header")
    assert footprint.weights(Load(tmp_path, "WanPipeline")) == {"transformer": 0}


def test_a_batch_is_as_large_as_memory_allows_and_never_larger_than_wanted() -> None:
    one = memory.tokens(832, 480, 81) * memory.TOKEN_BYTES / memory.MARGIN
    sizes = [memory.batch_that_fits(GPU, int(one * takes), 832, 480, 81, 4) for takes in (0, 0.5, 1.1, 2.1, 3.9, 100)]
    assert sizes == [1, 1, 1, 2, 3, 4]
    assert memory.batch_that_fits(replace(GPU, device="cpu"), 10**12, 832, 480, 81, 4) == 1


def test_weights_that_are_still_to_come_need_room_too(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_measured", {})
    wanted = replace(GPU, folder=tiny("wan-t2v"))
    memory.remember(wanted, 100)
    room = int(2.1 * memory.tokens(96, 64, 9) * 100 / memory.MARGIN)
    assert memory.batch_that_fits(wanted, room, 96, 64, 9, 4) == 1
    assert memory.batch_that_fits(wanted, room + footprint.resident(wanted), 96, 64, 9, 4) == 2


def test_a_measured_step_counts_more_than_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_measured", {})
    room = int(1.1 * memory.tokens(832, 480, 81) * memory.TOKEN_BYTES / memory.MARGIN)
    assert memory.batch_that_fits(GPU, room, 832, 480, 81, 4) == 1
    memory.remember(GPU, memory.TOKEN_BYTES / 4)
    assert memory.batch_that_fits(GPU, room, 832, 480, 81, 9) == 4
    assert memory.batch_that_fits(replace(GPU, dtype="float32"), room, 832, 480, 81, 4) == 1
    memory.remember(GPU, 0)
    assert memory.batch_that_fits(GPU, room, 832, 480, 81, 9) == 4


def test_a_meter_of_the_cpu_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_measured", {})
    memory.Meter(replace(GPU, device="cpu"), 96, 64, 9, 1).step()
    assert memory._measured == {}


def test_free_memory_of_the_machine() -> None:
    free = memory.free_bytes("cpu")
    assert 0 < free <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
