"""A storyboard for another machine: the same film, with files and engines named so that nothing depends on where it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vidgen.media.names import expanded, named_file
from vidgen.storyboard.file_checks import files_named
from vidgen.storyboard.model import Shot, Storyboard
from vidgen.storyboard.reader import Path_

Place = Callable[[Path], str]
"""Takes a file along, and says what the storyboard calls it from then on."""
_DECIDED = ("engine", "model")


def portable(board: Storyboard, folder: Path, shots: Mapping[str, Mapping[str, Any]], place: Place) -> str:
    """The storyboard as JSON.

    Args:
        folder: that of the storyboard.
        shots: of each shot, by its id in the storyboard, the keys that are decided, such as recordings of its lines. Where one
            has no engine or model among them, it has none.
        place: called for every file that the storyboard names.
    """
    values = board.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for path, name, _ in files_named(board):
        _put(values, path, place(named_file(folder, name)))
    defaults = values.get("defaults", {})
    for keys in (defaults, *(shot for scene in values["scenes"] for shot in scene.get("shots", ()))):
        _place_loras(keys, folder, place)
    for name in _DECIDED:
        defaults.pop(name, None)
    for scene in values["scenes"]:
        for shot in scene.get("shots", ()):
            for name in _DECIDED:
                shot.pop(name, None)
            shot |= _dumped(shots.get(shot["id"], {}), folder, place)
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def _put(values: Any, path: Path_, name: str) -> None:
    for key in path[:-1]:
        values = values[key]
    values[path[-1]] = name


def _dumped(keys: Mapping[str, Any], folder: Path, place: Place) -> dict[str, Any]:
    """Keys of a shot as plain values."""
    shot = Shot.model_construct(_fields_set=set(keys), id="", **keys)
    values = shot.model_dump(mode="json", by_alias=True, exclude_unset=True)
    spoken = [values["voiceover"]] if values.get("voiceover") else []
    for line in (*spoken, *(values.get("dialogue") or ())):
        if line.get("file"):
            line["file"] = place(named_file(folder, line["file"]))
    return values


def _place_loras(keys: dict[str, Any], folder: Path, place: Place) -> None:
    """``params: {lora: FILE}``, which names of the hub may stand in for."""
    params = keys.get("params") or {}
    loras = params.get("lora")
    if not loras:
        return
    each = loras if isinstance(loras, list) else [loras]
    params["lora"] = [_placed(one, folder, place) for one in each]


def _placed(lora: Any, folder: Path, place: Place) -> Any:
    if isinstance(lora, Mapping) and isinstance(lora.get("file"), str):
        return {**lora, "file": _placed(lora["file"], folder, place)}
    if not isinstance(lora, str):
        return lora
    file = named_file(folder, str(expanded(lora)))
    return place(file) if file.is_file() else lora
