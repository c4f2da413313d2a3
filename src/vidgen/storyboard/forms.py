"""The canonical form that the types expect: scenes with shots, each with an id. Files may leave all of that out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from vidgen.storyboard.reader import Path_

AUTO_SCENE = "sc01"
Found = Iterator[tuple[Path_, str]]


def shape_problems(data: Mapping[str, Any]) -> Found:
    """Problems with the version of a storyboard and with its lists of shots or scenes."""
    if "vidgen" not in data:
        yield (), "the key vidgen is missing; a storyboard begins with vidgen: 1"
    elif type(data["vidgen"]) is not int or data["vidgen"] != 1:
        yield ("vidgen",), f"version {data['vidgen']!r} is not known; this vidgen reads version 1"
    both = [key for key in ("shots", "scenes") if key in data]
    if len(both) != 1:
        where: Path_ = ("shots",) if both else ()
        yield where, "a storyboard has either shots: or scenes:, " + ("not both" if both else "and this one has neither")
    for key in both:
        if not isinstance(data[key], list) or not data[key]:
            yield (key,), f"must be a list of at least one {key[:-1]}"
        else:
            yield from (((key, index), "must be a mapping of keys") for index, entry in _not_mappings(data[key]))
    for index, scene in enumerate(_list(data.get("scenes"))):
        if isinstance(scene, dict):
            yield from _scene_problems(scene, ("scenes", index))


def _scene_problems(scene: Mapping[str, Any], path: Path_) -> Found:
    shots = scene.get("shots")
    if shots is not None and not isinstance(shots, list):
        yield (*path, "shots"), "must be a list of shots"
        return
    yield from (((*path, "shots", index), "must be a mapping of keys") for index, entry in _not_mappings(shots or []))
    if not shots and not scene.get("scene"):
        yield path, "a scene has shots:, or scene: text to make a shot of"
    if shots and scene.get("duration") is not None:
        yield (*path, "duration"), "a scene with shots is as long as they are; give the shots durations"


def _not_mappings(entries: list[Any]) -> Iterator[tuple[int, Any]]:
    return ((index, entry) for index, entry in enumerate(entries) if not isinstance(entry, dict))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def canonical_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """The plain data in canonical form. What ``shape_problems`` reports is left out or replaced.

    A scene without shots gets one, with the scene's id and duration.
    """
    board = {key: value for key, value in data.items() if key not in ("shots", "scenes")}
    board["vidgen"] = 1
    if isinstance(data.get("scenes"), list):
        scenes = [dict(scene) if isinstance(scene, dict) else {} for scene in data["scenes"]]
    else:
        scenes = [{"id": AUTO_SCENE, "shots": data.get("shots")}]
    for scene in scenes:
        scene["shots"] = [dict(shot) if isinstance(shot, dict) else {} for shot in _list(scene.get("shots"))]
    _number(scenes)
    for scene in scenes:
        duration = scene.pop("duration", None)
        if not scene["shots"]:
            scene["shots"] = [{"id": scene["id"], **({} if duration is None else {"duration": duration})}]
    board["scenes"] = scenes
    return board


def _number(scenes: list[dict[str, Any]]) -> None:
    """Give an id to each scene and shot without one: sc01, s01, ... by position, or the next free number."""
    parts = [part for scene in scenes for part in (scene, *scene["shots"])]
    used = {str(part["id"]).lower() for part in parts if part.get("id") is not None}
    count = 0
    for index, scene in enumerate(scenes):
        if scene.get("id") is None:
            scene["id"] = _free("sc", index + 1, used)
        for shot in scene["shots"]:
            count += 1
            if shot.get("id") is None:
                shot["id"] = _free("s", count, used)


def _free(prefix: str, number: int, used: set[str]) -> str:
    while (name := f"{prefix}{number:02d}") in used:
        number += 1
    used.add(name)
    return name


def path_in_file(path: Path_, data: Mapping[str, Any]) -> Path_:
    """The path in the file of a path in the canonical form."""
    if path[:1] != ("scenes",):
        return path
    if not isinstance(data.get("scenes"), list):
        return path[2:] or ("shots",)
    if len(path) >= 4 and path[2] == "shots":
        scene = data["scenes"][path[1]]
        if not isinstance(scene, dict) or not scene.get("shots"):
            return (*path[:2], *path[4:])
    return path


def without(data: Any, paths: Iterable[Path_]) -> Any:
    """A copy of plain data without the values at the paths. List entries move up; see ``original_path``."""
    heads: dict[str | int, list[Path_]] = {}
    for path in paths:
        if path:
            heads.setdefault(path[0], []).append(path[1:])
    if not heads or not isinstance(data, dict | list):
        return data
    gone = {head for head, tails in heads.items() if () in tails}
    if isinstance(data, dict):
        return {key: without(value, heads.get(key, ())) for key, value in data.items() if key not in gone}
    return [without(value, heads.get(index, ())) for index, value in enumerate(data) if index not in gone]


def original_path(path: Path_, dropped: Collection[Path_]) -> Path_:
    """The path before ``without`` removed the values at ``dropped``, after which list entries moved up."""
    found: Path_ = ()
    for part in path:
        if isinstance(part, int):
            for index in sorted(gone[-1] for gone in dropped if gone[:-1] == found and isinstance(gone[-1], int)):
                part += index <= part
        found = (*found, part)
    return found
