"""Where Open-Sora is on this machine and how it is run: the ``open-sora:`` part of the user's ``config.yaml``."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from vidgen.config import config
from vidgen.errors import MissingError
from vidgen.media.names import expanded
from vidgen.settings import settings

SCRIPT, CONFIGS = "scripts/diffusion/inference.py", "configs/diffusion/inference"
WEIGHTS, PICTURE_WEIGHTS = "ckpts/Open_Sora_v2.safetensors", "ckpts/flux1-dev.safetensors"
_CLONE = "a clone of github.com/hpcaitech/Open-Sora"
_IN_CONFIG = "open-sora: {{{}: PATH}} in config.yaml"


@dataclass(frozen=True)
class Setup:
    """How the program is run here.

    ``folder``: the program's own (``VIDGEN_OPEN_SORA`` wins). ``torchrun``: of its environment. ``gpus``: for 768px.
    ``offload``: the picture model waits in main memory. ``silence_s``: seconds without a word after which it is ended; it says
    nothing while it takes its steps, which on one H100 at 768px is half an hour.
    """

    folder: Path
    torchrun: str
    gpus: int = 1
    offload: bool = False
    silence_s: float = 7200.0


def setup() -> Setup:
    """The program on this machine.

    Raises MissingError ``engine.not_ready`` with what to set or get, InputError ``config.invalid``.
    """
    told = config().open_sora
    folder = settings().open_sora or told.folder
    if not folder:
        raise _not_ready("its folder is not known", f"set VIDGEN_OPEN_SORA to {_CLONE}, or {_IN_CONFIG.format('folder')}")
    home = expanded(folder).absolute()
    if not (home / SCRIPT).is_file():
        raise _not_ready(f"{home} has no {SCRIPT}", f"set VIDGEN_OPEN_SORA to {_CLONE}")
    if not (home / WEIGHTS).is_file():
        remedy = f"in {home}: huggingface-cli download hpcai-tech/Open-Sora-v2 --local-dir ckpts"
        raise _not_ready(f"{home} has no {WEIGHTS}", remedy)
    return Setup(home, _torchrun(home, told.torchrun or ""), told.gpus, told.offload, told.silence_s)


def _torchrun(home: Path, wanted: str) -> str:
    """The launcher: the configured one, that of an environment in the program's folder, or the one on the path."""
    beside = [home / name / "bin" / "torchrun" for name in (".venv", "venv")]
    named = [expanded(wanted)] if wanted else beside
    found = next((str(path) for path in named if os.access(path, os.X_OK)), None)
    if found is None and (not wanted or os.sep not in wanted):
        found = shutil.which(wanted or "torchrun")
    if found is None:
        remedy = f"say where the one of its environment is: {_IN_CONFIG.format('torchrun')}"
        raise _not_ready(f"{wanted or 'torchrun'} was not found", remedy)
    return found


def _not_ready(what: str, hint: str) -> MissingError:
    return MissingError("engine.not_ready", f"open-sora: {what}", hint=hint)


def revision(folder: Path) -> str:
    """The commit of a clone, 12 digits of it; ``unknown`` where the folder is none."""
    try:
        head = (folder / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if head.startswith("ref: "):
            name = head.removeprefix("ref: ")
            file = folder / ".git" / name
            packed = folder / ".git" / "packed-refs"
            rows = [file.read_text(encoding="utf-8")] if file.is_file() else packed.read_text(encoding="utf-8").splitlines()
            head = next((row.split()[0] for row in rows if file.is_file() or row.endswith(f" {name}")), "")
    except (OSError, UnicodeDecodeError):
        return "unknown"
    return head[:12] if re.fullmatch("[0-9a-f]{40,64}", head) else "unknown"
