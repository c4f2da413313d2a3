"""Tiny video diffusion models with random weights, saved to disk in diffusers layout, for tests without a GPU or a download.

``build(kind, folder)`` makes one and returns its folder, which loads like any other model: ``vidgen shot "..." --engine local
--model FOLDER --resolution 96x64``. Their pictures are noise; everything else is real. Needs the extra ``local``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidgen.errors import InputError, MissingError

VERSION = 2
"""Raised when a builder changes, so that kept folders are made anew."""


def _builders() -> dict[str, Callable[[], Any]]:
    """Each kind's builder, from the ``KINDS`` of every module here."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {kind: build for module in modules for kind, build in getattr(module, "KINDS", {}).items()}


_BUILDERS = _builders()
KINDS = tuple(_BUILDERS)
"""What can be built."""


def build(kind: str, folder: Path) -> Path:
    """Build a tiny model of that kind into ``folder`` and return it; the same weights every time.

    Raises InputError for an unknown kind.
    """
    if kind not in KINDS:
        raise InputError("models.unknown", f"no tiny model is called {kind!r}", hint=f"kinds: {', '.join(KINDS)}")
    import torch

    from vidgen.engines.worker.loading import quiet

    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        pipeline = _BUILDERS[kind]()
        for part in pipeline.components.values():
            if isinstance(part, torch.nn.Module):
                part.eval()
        pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def traced(wanted: str) -> list[dict[str, Any]]:
    """``engines.worker.trace`` of a tiny kind (built for it), or of a model by name, hub id or folder.

    Raises MissingError where the extra ``local`` is not installed.
    """
    import tempfile

    from vidgen.engines.local import Local
    from vidgen.engines.local.folder import find_model, open_folder
    from vidgen.engines.worker.trace import trace

    if lacks := Local().available():
        raise MissingError("engine.not_ready", f"local: {lacks}", hint="pip install 'vidgen[local]'")
    if wanted not in KINDS:
        return trace(find_model(wanted))
    with tempfile.TemporaryDirectory() as scratch:
        return trace(open_folder(build(wanted, Path(scratch) / wanted)))
