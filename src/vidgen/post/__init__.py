"""Post-processing: a clip in, a clip out, in one streamed pass: interpolate, upscale, grade, grain.

What does the work is imported when it is first used: planning reads settings and routes only, and those are light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vidgen.post.settings import FileResult, Grade, PostResult, PostSettings

if TYPE_CHECKING:
    from vidgen.post.clip import Hooks, process_clip
    from vidgen.post.files import interpolate_file, upscale_file

__all__ = ["FileResult", "Grade", "Hooks", "PostResult", "PostSettings", "interpolate_file", "process_clip", "upscale_file"]

_LATE = {"Hooks": "clip", "interpolate_file": "files", "process_clip": "clip", "upscale_file": "files"}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
