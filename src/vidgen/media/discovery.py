"""Find an ffmpeg with the filters and encoders that are needed."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import MissingError
from vidgen.media.files import write_text
from vidgen.media.home import vidgen_home
from vidgen.media.names import expanded
from vidgen.media.once import once
from vidgen.programs import run_program
from vidgen.settings import settings

_PICTURES = ("xfade", "minterpolate", "ass", "scale", "tpad", "lut3d", "bwdif", "colorspace")
NEEDED_FILTERS = (*_PICTURES, "ebur128", "alimiter", "amix")
NEEDED_ENCODERS = ("libx264", "libx265", "aac")


LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ffmpeg:
    """An ffmpeg executable: path, version line, where it was found, and the needed features that it lacks."""

    path: str
    version: str
    source: str
    lacks: tuple[str, ...]


def find_ffmpeg() -> Ffmpeg:
    """The ffmpeg to use: ``VIDGEN_FFMPEG``, else the system's if it has all features, else imageio-ffmpeg's.

    Raises MissingError if none works, and also if ``VIDGEN_FFMPEG`` is set but unusable.
    """
    return _find(settings().ffmpeg, tuple(os.get_exec_path()))


@once
def _find(configured: str, _path: tuple[str, ...]) -> Ffmpeg:
    found = _chosen(configured)
    LOG.info("ffmpeg: %s (%s, %s)", found.path, found.source, found.version)
    return found


def _chosen(configured: str) -> Ffmpeg:
    if configured:
        found = inspect(str(Path(shutil.which(configured) or expanded(configured)).absolute()), "VIDGEN_FFMPEG")
        if found and not found.lacks:
            return found
        why = f"lacks {', '.join(found.lacks)}" if found else "does not run"
        hint = "point VIDGEN_FFMPEG at a full ffmpeg, or unset it"
        raise MissingError("ffmpeg.missing", f"{configured} {why}", hint=hint, where=configured)
    reasons = []
    for exe, source in _candidates():
        found = inspect(exe, source)
        if found and not found.lacks:
            return found
        reasons.append(f"{exe} lacks {', '.join(found.lacks)}" if found else f"{exe} does not run")
    message = f"no usable ffmpeg found{': ' if reasons else ''}{'; '.join(reasons)}"
    raise MissingError("ffmpeg.missing", message, hint="pip install imageio-ffmpeg")


def _candidates() -> Iterator[tuple[str, str]]:
    if system := shutil.which("ffmpeg"):
        yield str(Path(system).absolute()), "system"  # absolute: ffmpeg runs in other working folders
    try:
        import imageio_ffmpeg

        yield imageio_ffmpeg.get_ffmpeg_exe(), "imageio-ffmpeg"
    except (ImportError, RuntimeError):
        pass


def inspect(exe: str, source: str) -> Ffmpeg | None:
    """The features of an executable; None if it does not run. Cached on disk until the file changes."""
    try:
        state = Path(exe).stat()
    except OSError:
        return None
    key = f"{exe}|{state.st_mtime_ns}|{state.st_size}|{','.join((*NEEDED_FILTERS, *NEEDED_ENCODERS))}"
    memo = vidgen_home() / "cache" / "ffmpeg.json"
    known = _read_memo(memo)
    if key not in known:
        features = _query(exe)
        if features is None:
            return None
        known = {**dict(list(known.items())[-7:]), key: features}
        try:
            write_text(memo, json.dumps(known))
        except OSError:
            pass  # without the cache each start costs three more processes
    return Ffmpeg(exe, known[key]["version"], source, tuple(known[key]["lacks"]))


def check_encoders(names: Iterable[str], what: str) -> None:
    """Raise MissingError unless the ffmpeg in use has these encoders. ``what``: what needs them, for the message."""
    found = find_ffmpeg()
    lacking = [name for name in dict.fromkeys(names) if name not in NEEDED_ENCODERS and name not in _encoders(found.path)]
    if lacking:
        text = f"{what} needs the encoder {' and '.join(lacking)}, which {found.path} lacks"
        hint = "choose another codec, or a fuller ffmpeg: pip install imageio-ffmpeg, and VIDGEN_FFMPEG names it"
        raise MissingError("ffmpeg.missing", text, hint=hint, where=found.path)


@once
def _encoders(exe: str) -> frozenset[str]:
    return frozenset(_listing(exe, "-encoders"))


def _read_memo(memo: Path) -> dict[str, Any]:
    try:
        found = json.loads(memo.read_text(encoding="utf-8"))
        return {key: row for key, row in found.items() if isinstance(row["version"], str) and isinstance(row["lacks"], list)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _query(exe: str) -> dict[str, Any] | None:
    try:
        done = run_program(LOG, [exe, "-hide_banner", "-version"], **_QUIET, check=True)
        filters, encoders = _listing(exe, "-filters"), _listing(exe, "-encoders")
    except (OSError, subprocess.SubprocessError):
        return None
    lacks = [name for name in NEEDED_FILTERS if name not in filters]
    lacks += [name for name in NEEDED_ENCODERS if name not in encoders]
    return {"version": (done.stdout.splitlines() or ["ffmpeg"])[0], "lacks": lacks}


_QUIET: dict[str, Any] = {"capture_output": True, "text": True, "errors": "replace", "stdin": subprocess.DEVNULL, "timeout": 30}


def _listing(exe: str, flag: str) -> set[str]:
    out: str = run_program(LOG, [exe, "-hide_banner", flag], **_QUIET, check=False).stdout
    return {fields[1] for line in out.splitlines() if len(fields := line.split()) > 1}
