"""``film.lock.yaml``: shot -> request key -> pick. It is committed with the storyboard, so its text is stable and ordered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vidgen.errors import InputError
from vidgen.media.files import beside, write_text
from vidgen.media.plain_yaml import read_yaml
from vidgen.takes.exclusive import folder_lock

VERSION = 1
ENDING = ".lock.yaml"
_TRIM = ("trim", "trim_over")

HEADER = """\
# Which take of each shot is in the film. Written by vidgen; commit it with the storyboard.
# A pick by a person stays until the shot's request changes. Change it with: vidgen pick
"""


@dataclass(frozen=True)
class Pick:
    """The take (from 1) chosen for a request. ``by``: a person, or ``auto`` by its score. ``sha256``: that of the clip.
    ``start``: number of the frame that the shot opens with; None where there is nothing to choose, or nobody has chosen yet.
    ``trim``: the same where a person said it; it holds as long as the storyboard's own trim opens the shot where it did then,
    at ``trim_over`` (seconds as a fraction; None: it said nothing).
    """

    request_key: str
    take: int
    by: Literal["auto", "person"] = "auto"
    sha256: str | None = None
    start: int | None = None
    trim: int | None = None
    trim_over: str | None = None


Picks = Mapping[str, Pick]
"""Shot id -> its pick."""


def lock_path(board: Path) -> Path:
    """``film.lock.yaml`` beside ``film.yaml``."""
    return beside(board, ENDING)


def lock_owner(path: Path) -> str | None:
    """File name of the storyboard of a lock file: as written in it, else ``film.yaml``; None if there is no lock file.

    ``film.yaml``, ``film.yml`` and ``film.json`` share one lock file.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    line = re.search(rb"^storyboard: .*$", raw, re.M)
    try:
        named = read_yaml(line[0])["storyboard"] if line else None
    except ValueError:
        named = None
    return named if isinstance(named, str) else _usual_owner(path)


def _usual_owner(path: Path) -> str:
    return path.name.removesuffix(ENDING) + ".yaml"


def read_lock(path: Path) -> dict[str, Pick]:
    """The picks of a lock file; empty if there is no file.

    Raises InputError ``lock.newer`` for an unknown version, ``lock.invalid`` for invalid content.
    """
    try:
        data = _load(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise _invalid(path, str(error)) from None
    if not isinstance(data, dict) or not isinstance(data.get("shots"), dict):
        raise _invalid(path, "it has no list of shots")
    if data.get("version") != VERSION:
        raise InputError(
            "lock.newer",
            f"{path} has version {data.get('version')!r}; this vidgen knows version {VERSION}",
            hint="upgrade vidgen",
            where=str(path),
        )
    return {str(shot): _pick(path, str(shot), row) for shot, row in data["shots"].items()}


def write_lock(path: Path, picks: Picks, owner: str | None = None) -> None:
    """Write a lock file, ordered by shot id, if it changes. The same picks give the same bytes.

    ``owner``: the storyboard's file name, written only if it is not the default; None: unchanged.
    """
    owner = owner or lock_owner(path)
    text = _text(picks, None if owner == _usual_owner(path) else owner)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def update_lock(path: Path, change: Callable[[dict[str, Pick]], Picks], owner: str | None = None) -> dict[str, Pick]:
    """Read, change and write a lock file under a lock; returns the new picks. ``owner`` as in ``write_lock``."""
    with folder_lock(path.parent):
        picks = dict(change(read_lock(path)))
        write_lock(path, picks, owner)
    return picks


def person_pick(picks: Picks, shot: str, request_key: str) -> Pick | None:
    """The pick of a person for this request of a shot; None if there is none or the request has changed since."""
    pick = picks.get(shot)
    return pick if pick and pick.by == "person" and pick.request_key == request_key else None


def with_pick(picks: Picks, shot: str, pick: Pick) -> dict[str, Pick]:
    """The picks with one added. An automatic pick does not replace a person's for the same request."""
    if pick.by == "auto" and person_pick(picks, shot, pick.request_key):
        return dict(picks)
    return {**picks, shot: pick}


def _text(picks: Picks, owner: str | None) -> str:
    import yaml

    def row(pick: Pick) -> dict[str, Any]:
        sha256 = {"sha256": pick.sha256} if pick.sha256 else {}
        start = {} if pick.start is None else {"start": pick.start}
        trim = {name: value for name in _TRIM if (value := getattr(pick, name)) is not None}
        return {"request_key": pick.request_key, "pick": pick.take, "by": pick.by, **sha256, **start, **trim}

    named = {"storyboard": owner} if owner else {}
    data = {"version": VERSION, **named, "shots": {shot: row(picks[shot]) for shot in sorted(picks)}}
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(data, None, dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1000)
    return HEADER + text


def _load(raw: bytes) -> Any:
    if re.search(rb"^(<{7}|={7}|>{7})", raw, re.M):
        raise ValueError("it has unresolved merge conflicts")
    return read_yaml(raw)


def _pick(path: Path, shot: str, row: Any) -> Pick:
    if not isinstance(row, dict) or set(row) - {"request_key", "pick", "by", "sha256", "start", *_TRIM}:
        raise _invalid(path, f"shot {shot} is not a pick")
    key, take, by, sha256, start = (row.get(name) for name in ("request_key", "pick", "by", "sha256", "start"))
    if not isinstance(key, str) or not re.fullmatch(r"[0-9a-f]{64}", key):
        raise _invalid(path, f"shot {shot}: request_key is not a key")
    if isinstance(take, bool) or not isinstance(take, int) or take < 1:
        raise _invalid(path, f"shot {shot}: pick is not a take number")
    if by not in ("auto", "person"):
        raise _invalid(path, f"shot {shot}: by is neither auto nor person")
    if sha256 is not None and not (isinstance(sha256, str) and re.fullmatch(r"[0-9a-f]{64}", sha256)):
        raise _invalid(path, f"shot {shot}: sha256 is not one")
    for name in ("start", "trim"):
        if row.get(name) is not None and (type(row[name]) is not int or row[name] < 0):
            raise _invalid(path, f"shot {shot}: {name} is not a frame number")
    trim, over = (row.get(name) for name in _TRIM)
    if over is not None and not (isinstance(over, str) and re.fullmatch(r"\d{1,12}(/[1-9]\d{0,11})?", over)):
        raise _invalid(path, f"shot {shot}: trim_over is not a time")
    return Pick(key, take, by, sha256, start, trim, over)


def _invalid(path: Path, why: str) -> InputError:
    return InputError(
        "lock.invalid",
        f"{path} is damaged: {why}",
        hint="restore it from version control, or delete it: takes stay, picks are made again",
        where=str(path),
    )
