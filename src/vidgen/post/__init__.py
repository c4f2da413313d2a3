"""Post-processing: a clip in, a clip out, in one streamed pass: interpolate, upscale, grade, grain."""

from __future__ import annotations

from vidgen.post.clip import process_clip
from vidgen.post.files import interpolate_file, upscale_file
from vidgen.post.settings import FileResult, Grade, PostResult, PostSettings

__all__ = ["FileResult", "Grade", "PostResult", "PostSettings", "interpolate_file", "process_clip", "upscale_file"]
