"""Tiny random-weight models, built once and kept beside the environment; a home of its own for each test."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

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
