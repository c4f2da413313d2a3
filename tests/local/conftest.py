"""Tiny random-weight models, built once and kept beside the environment; a home of its own for each test."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.warm import Nursery
from vidgen.testing import tiny as tiny_models

KEPT = Path(__file__).parents[2] / ".venv" / "tiny-models" / f"v{tiny_models.VERSION}"


@pytest.fixture(scope="session")
def tiny() -> Callable[[str], Path]:
    """``tiny("wan-t2v")``: the folder of that tiny model."""

    def folder(kind: str) -> Path:
        final = KEPT / kind
        KEPT.mkdir(parents=True, exist_ok=True)
        with (KEPT / f".{kind}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not final.is_dir():
                part = KEPT / f".{kind}.part"
                shutil.rmtree(part, ignore_errors=True)
                tiny_models.build(kind, part)
                part.rename(final)
        return final

    return folder


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty VIDGEN_HOME, so that no test finds another's embeddings or the user's configuration."""
    folder = tmp_path_factory.mktemp("user") / "home"
    monkeypatch.setenv("VIDGEN_HOME", str(folder))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return folder


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture
def warm_workers(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of this test start at once; for tests of what they do, not of how they start."""
    monkeypatch.setattr("vidgen.engines.local.host.start_program", nursery.start)


@pytest.fixture(scope="session")
def lora(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """``lora("wan-t2v", 1)``: a LoRA of random numbers for that tiny model, in a file as trainers write it."""

    def made(kind: str, seed: int) -> Path:
        import peft
        import torch

        from local.support import LORA_OF
        from vidgen.engines.local.job import Load
        from vidgen.engines.worker.loading import load

        file = tmp_path_factory.getbasetemp() / f"{kind}-{seed}.safetensors"
        if not file.exists():
            one = load(Load(tiny(kind), LORA_OF[kind]), "picture")
            (network, *_) = one.denoisers
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network.add_adapter(
                    peft.LoraConfig(r=2, lora_alpha=2, init_lora_weights=False, target_modules=["to_q", "to_v"])
                )
            name = "transformer" if hasattr(one.pipe, "transformer") else "unet"
            layers = {f"{name}_lora_layers": peft.get_peft_model_state_dict(network)}
            type(one.pipe).save_lora_weights(file.parent, weight_name=file.name, **layers)
        return file

    return made
