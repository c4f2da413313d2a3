"""LoRAs of a shot: those of its quality, the user's own files, and that of its camera move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vidgen.catalog.diffusion import LoRA, Tier
from vidgen.engines.local.folder import ModelFolder, check_safetensors
from vidgen.engines.local.job import Adapter
from vidgen.errors import InputError
from vidgen.media.answers import content_of
from vidgen.media.names import expanded
from vidgen.takes.request import ShotRequest
from vidgen.weights import hub


def adapters_of(
    request: ShotRequest, folder: ModelFolder, tier: Tier
) -> tuple[tuple[Adapter, ...], tuple[tuple[str, str], ...]]:
    """The shot's LoRAs in the order in which they are loaded, and a notice where that of its camera move is not here.

    Raises InputError: ``request.bad_value``, ``media.not_found``, ``models.damaged``.
    """
    camera, notices = _of_camera(request, folder)
    return (*_of_quality(folder, tier), *_of_user(request), *camera), notices


def adapters_are_here(folder: ModelFolder, tier: Tier) -> bool:
    """Whether all LoRAs that a quality needs are on this machine."""
    return all(hub.pulled(hub.place_of(lora.repo, lora.file)) is not None for lora in _named_by(tier, folder))


def _named_by(tier: Tier, folder: ModelFolder) -> list[LoRA]:
    """The LoRAs of the table that belong to a quality."""
    return [lora for lora in (folder.model.loras if folder.model else ()) if lora.role.partition(" ")[0] in tier.adapters]


def _of_quality(folder: ModelFolder, tier: Tier) -> Iterator[Adapter]:
    for lora in _named_by(tier, folder):
        if pulled := hub.pulled(hub.place_of(lora.repo, lora.file)):
            file = pulled.path / lora.file
            yield Adapter(file, lora.weight, lora.role, pulled.files[lora.file][1] or content_of(file))


def _of_user(request: ShotRequest) -> Iterator[Adapter]:
    requested = request.params.get("lora", [])
    for entry in requested if isinstance(requested, list | tuple) else [requested]:
        yield _from_file(request, entry)


def _from_file(request: ShotRequest, entry: Any) -> Adapter:
    given = dict(entry) if isinstance(entry, Mapping) else {"file": entry}
    weight = given.get("weight", 1.0)
    if not isinstance(given.get("file"), str) or not isinstance(weight, int | float):
        text = f"params.lora: {entry!r} is neither a file nor {{file: PATH, weight: 0.8}}"
        hint = "name a safetensors file, or several in a list"
        raise InputError("request.bad_value", text, hint=hint, where=request.shot)
    file = expanded(given["file"])
    if not file.is_file():
        raise InputError("media.not_found", f"params.lora: {file} does not exist", hint="check the path", where=request.shot)
    check_safetensors(file)
    return Adapter(file.absolute(), float(weight), "lora", content_of(file))


def _of_camera(request: ShotRequest, folder: ModelFolder) -> tuple[tuple[Adapter, ...], tuple[tuple[str, str], ...]]:
    moves = folder.family.moves if folder.model is None or folder.model.moves is None else folder.model.moves
    move = request.camera.move
    if move not in moves:
        return (), ()
    if pulled := hub.pulled(moves[move]):
        file = next(pulled.path.glob("*.safetensors"))
        return (Adapter(file, 1.0, f"camera {move}", content_of(file)),), ()
    text = f"camera: the LoRA for {move} is not here, so it is said in the prompt alone; vidgen models pull {moves[move]}"
    return (), (("engine.wish_approximated", text),)
