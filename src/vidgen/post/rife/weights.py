"""RIFE's weights: from the release's pickle to safetensors, once, and never from a file that is not known."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vidgen.errors import MissingError
from vidgen.media.files import atomic, sha256_file
from vidgen.post.rife.ifnet import BLOCKS
from vidgen.weights.registry import model

MODEL = "rife-4.0"


def load_weights(folder: Path) -> dict[str, Tensor]:
    """The blocks' tensors, by name as in ``IFNet``, from a folder that holds the release's ``flownet.pkl``.

    The pickle is read once, with ``weights_only`` (no code in it can run), and kept beside it as safetensors. That file is
    named by the pickle's SHA-256 and carries its own, so that neither can be changed without being noticed.

    Raises MissingError (``models.missing``, ``models.damaged``) where the pickle is absent or is not what the registry pins.
    """
    pin = model(MODEL).files[0]
    source = folder / pin.name
    if not source.is_file():
        raise MissingError("models.missing", f"{source} does not exist", hint=f"vidgen models pull {MODEL}", where=str(source))
    found = sha256_file(source)
    if found != pin.sha256:
        raise MissingError(
            "models.damaged",
            f"{source.name} has SHA-256 {found} instead of {pin.sha256}; it was not loaded",
            hint=f"vidgen models pull {MODEL}",
            where=str(source),
        )
    converted = folder / f"ifnet-{pin.sha256[:16]}.safetensors"
    if (tensors := _read(converted)) is not None:
        return tensors
    tensors = _from_pickle(source)
    try:
        _write(converted, tensors)
    except OSError:  # a folder that cannot be written costs a second at each start, nothing else
        pass
    return tensors


def _from_pickle(source: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise MissingError("models.damaged", f"{source} cannot be read: {error}", where=str(source)) from error
    named = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    return {name: tensor.float().contiguous() for name, tensor in named.items() if name.split(".")[0] in BLOCKS}


def _write(converted: Path, tensors: dict[str, Tensor]) -> None:
    with atomic(converted) as part:
        save_file(tensors, part, metadata={"format": "pt", "tensors": _digest(tensors)})


def _read(converted: Path) -> dict[str, Tensor] | None:
    """The tensors of a converted file; None where it is absent, damaged or changed, so that it is made again."""
    try:
        with safe_open(converted, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            stamp = (file.metadata() or {}).get("tensors")
    except (OSError, SafetensorError):
        return None
    return tensors if stamp == _digest(tensors) else None


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names, shapes and numbers."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.contiguous().numpy().tobytes())
    return total.hexdigest()
