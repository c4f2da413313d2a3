"""``vidgen doctor``: what this machine can do, and what to do about the rest."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vidgen.catalog.engines import engine_table
from vidgen.config import config
from vidgen.engines.registry import Engines, plugin_problems
from vidgen.errors import VidgenError
from vidgen.inventory.engines import engine_state
from vidgen.inventory.extras import extras
from vidgen.media.home import lasting_home, vidgen_home
from vidgen.media.places import writable
from vidgen.post.engines import broken_plugins
from vidgen.scoring.checks import CHECKS
from vidgen.scoring.scorers import broken_scorers
from vidgen.settings import settings
from vidgen.speech.speakers import Speakers, speaker_problems

State = Literal["ok", "warn", "bad", "info"]


@dataclass(frozen=True)
class Diagnosis:
    """Checks of this machine: each with name, state (ok, warn, bad, info), what was found and what to do about it."""

    checks: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``doctor --json``."""
        return {"checks": list(self.checks), "ok": all(check["state"] != "bad" for check in self.checks)}


def diagnose() -> Diagnosis:
    """Look at this machine, its configuration and the engines. Changes nothing."""
    checks = [
        _check("ok" if sys.version_info >= (3, 11) else "bad", "python", sys.version.split()[0], "Python 3.11 or newer"),
        _ffmpeg(),
        _fonts(),
        _writable(vidgen_home()),
        _disk(Path.cwd()),
        _cpu(),
        _gpu(),
        _models(),
        _check(
            "info",
            "downloads",
            "forbidden (VIDGEN_OFFLINE)" if settings().offline else "allowed, never during plan, lint or previz",
        ),
        _config(),
    ]
    checks += [_check("info" if extra.lacks else "ok", f"extra {extra.name}", extra.state) for extra in extras()]
    checks += _content()
    installed = Engines()
    for name in engine_table():
        ready, state = engine_state(name, engine_table()[name][0], installed)
        checks.append(_check("ok" if ready else "info", f"engine {name}", state + _key_place(name, installed)))
    checks += _speech()
    for problem in (*plugin_problems(), *broken_plugins(), *broken_scorers(), *speaker_problems()):
        remedy = f"reinstall or remove {problem.package}"
        checks.append(_check("warn", f"{problem.kind} {problem.name}", problem.why, remedy))
    return Diagnosis(checks)


def _key_place(name: str, installed: Engines) -> str:
    """Where an engine's key is, for those that have one; never the key."""
    try:
        place = getattr(installed.get(name), "key_place", str)()
    except VidgenError:
        return ""
    return f" (key from the {place})" if place else ""


def _check(state: State, name: str, found: str, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "state": state, "found": found, "remedy": remedy if state in ("warn", "bad") else None}


def _ffmpeg() -> dict[str, Any]:
    from vidgen.media.ffmpeg import find_ffmpeg

    try:
        found = find_ffmpeg()
    except VidgenError as error:
        return _check("bad", "ffmpeg", error.message, error.hint)
    return _check("ok", "ffmpeg", f"{found.version.partition(' Copyright')[0]} ({found.source}: {found.path})")


def _fonts() -> dict[str, Any]:
    from vidgen.weights.fonts import font_file

    try:
        return _check("ok", "title fonts", ", ".join(font_file(kind).name for kind in ("sans", "serif")))
    except VidgenError as error:
        return _check("bad", "title fonts", error.message, error.hint)


def _writable(folder: Path) -> dict[str, Any]:
    ancestor = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    fine = writable(ancestor)
    if fine and not settings().home and lasting_home() is None:
        return _check("warn", "VIDGEN_HOME", f"{folder}, as you have no home folder", "set VIDGEN_HOME to a folder that lasts")
    return _check("ok" if fine else "bad", "VIDGEN_HOME", str(folder), f"{ancestor} is not writable; set VIDGEN_HOME")


def _disk(folder: Path) -> dict[str, Any]:
    free = shutil.disk_usage(folder).free / 1e9
    return _check("ok" if free > 5 else "warn", "disk", f"{free:.1f} GB free here", "takes and segments need room: a few GB")


def _cpu() -> dict[str, Any]:
    return _check("info", "cpu", f"{os.cpu_count()} cores")


def _gpu() -> dict[str, Any]:
    from vidgen.engines.local.devices import devices

    found = [f"{device.name}, {device.memory_gb:.0f} GB" for device in devices() if device.is_gpu]
    if found:
        return _check("ok", "gpu", "; ".join(found))
    if shutil.which("nvidia-smi"):
        return _check("warn", "gpu", "nvidia-smi is there and shows none", "check the driver: nvidia-smi")
    return _check("info", "gpu", "none found: previz and cloud engines only")


def _content() -> list[dict[str, Any]]:
    found = {code: "looked for" if check.available else f"not looked for: {check.install}" for code, check in CHECKS.items()}
    return [_check("info", f"veto {code}", state) for code, state in found.items()]


def _speech() -> list[dict[str, Any]]:
    """Each speech engine: its languages and voices, or what it needs."""
    checks = []
    speakers = Speakers()
    for name in sorted(speakers.names):
        try:
            speaker = speakers.get(name)
            missing = speaker.missing()
            voices = ", ".join(dict.fromkeys(voice for one in speaker.languages or ("en",) for voice in speaker.at_hand(one)))
        except VidgenError as error:
            checks.append(_check("info", f"speech {name}", error.message))
            continue
        tongues = ", ".join(speaker.languages) or "any language"
        found = f"{tongues}{': ' + voices if voices else ''}{'; costs money' if speaker.paid else ''}"
        checks.append(_check("info" if missing else "ok", f"speech {name}", missing or found))
    return checks


def _models() -> dict[str, Any]:
    from vidgen.inventory.video_models import summary

    try:
        return _check("info", "video models", summary())
    except VidgenError:  # the user's configuration, which another check reports
        return _check("info", "video models", "not known while the configuration is wrong")


def _config() -> dict[str, Any]:
    try:
        values = config().model_dump(exclude_unset=True, by_alias=True)
    except VidgenError as error:
        return _check("bad", "configuration", error.message, error.hint)
    return _check("info", "configuration", ", ".join(f"{key}: {value}" for key, value in values.items()) or "none")
