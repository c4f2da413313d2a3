"""The local engine has a light half, which plans, and a worker's half, which computes; they share a few types."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vidgen.engines

ENGINES = Path(vidgen.engines.__path__[0])
LIGHT = sorted((ENGINES / "local").rglob("*.py"))
WORKER = sorted((ENGINES / "worker").glob("*.py"))
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "safetensors", "peft", "numpy", "cv2", "PIL"}
SHARED = {"job", "wire", "families", "footprint", "anchor", "fit", "folder"}
"""Modules of the light half that a worker may use: types of the protocol, facts about families and model folders."""


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, also within functions; ``from a import b`` is both ``a`` and ``a.b``."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(file: Path) -> str:
    return str(file.relative_to(ENGINES))


def test_the_light_half_loads_nothing_heavy() -> None:
    modules = [f"vidgen.engines.{named(file).removesuffix('.py').replace('/', '.')}" for file in LIGHT]
    program = f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY & set(loaded)
    assert not [name for name in loaded if name.startswith("vidgen.engines.worker")]


@pytest.mark.parametrize("file", LIGHT, ids=named)
def test_the_light_half_knows_the_worker_by_name_only(file: Path) -> None:
    assert not [name for name in imports(file) if name.startswith("vidgen.engines.worker")]


@pytest.mark.parametrize("file", WORKER, ids=named)
def test_a_worker_uses_the_shared_types_only(file: Path) -> None:
    used = {name.split(".")[3] for name in imports(file) if name.startswith("vidgen.engines.local.")}
    assert used <= SHARED


def test_the_worker_that_is_started_exists() -> None:
    """The host knows its worker by strings: these have to name a module that can be run, and classes that are there."""
    from vidgen.engines.local import host

    assert (ENGINES / "worker" / "__main__.py").is_file()
    for path in (host.RUNNER, host.LEADER):
        module, _, name = path.partition(":")
        file = ENGINES / Path(*module.split(".")[2:]).with_suffix(".py")
        classes = {node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)}
        assert name in classes
