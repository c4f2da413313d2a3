"""``vidgen new``: a starter storyboard."""

from __future__ import annotations

from pathlib import Path

from vidgen.errors import InputError
from vidgen.media.files import write_text
from vidgen.media.places import check_output_file
from vidgen.storyboard.starter import starter_text


def write_starter(file: Path, title: str, language: str) -> None:
    """Write a starter storyboard; refuses to overwrite."""
    if file.exists():
        raise InputError("new.exists", f"{file} exists and is not overwritten", hint="choose another name", where=str(file))
    if language not in ("en", "ja"):
        raise InputError("usage.invalid", f"--language {language} is not known", hint="en or ja")
    check_output_file(file)
    write_text(file, starter_text(language, title, file.name))
