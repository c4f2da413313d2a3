"""Read a script or shot list from a file: its kind by the name's ending, its encoding by its bytes."""

from __future__ import annotations

import codecs
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from vidgen.errors import InputError
from vidgen.spelling import did_you_mean
from vidgen.storyboard.writing.draft import Draft
from vidgen.storyboard.writing.finish import finish
from vidgen.storyboard.writing.screenplay import screenplay_draft
from vidgen.storyboard.writing.shot_list import shot_list_draft

LARGEST_BYTES = 2_000_000
"""A script of a long film has about 200 kB."""

SUFFIXES: Mapping[str, Callable[[str, str | None], Draft]] = {
    ".fountain": screenplay_draft,
    ".spmd": screenplay_draft,
    ".txt": screenplay_draft,
    ".csv": shot_list_draft,
    ".tsv": shot_list_draft,
}
"""What is read as what, by the end of the name."""

_INSTEAD = {
    ".fdx": "export it as Fountain (.fountain) in Final Draft or another editor",
    ".pdf": "export the script as Fountain (.fountain) or as plain text (.txt)",
    ".docx": "save it as plain text (.txt)",
    ".xlsx": "save the sheet as CSV (.csv)",
    ".xls": "save the sheet as CSV (.csv)",
    ".ods": "save the sheet as CSV (.csv)",
    ".numbers": "export the sheet as CSV (.csv)",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_JAPANESE = re.compile("[\u3001-\u3002\u300c-\u300f\u3041-\u30fe\uff01-\uff5e]|[\u4e00-\u9fff]{2}")


def read_draft(file: Path, language: str | None = None) -> Draft:
    """The finished draft of a script or shot list.

    Args:
        file: ends in one of ``SUFFIXES``.
        language: en or ja; left out, that of the text.

    Raises InputError: the file is not there, not text, too large, of another kind, or has no shots.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        hint = _INSTEAD.get(suffix, f"scripts and shot lists end in {known}{did_you_mean(suffix, list(SUFFIXES))}")
        raise InputError("new.unreadable", f"--from {file} is not of a kind that can be read", hint=hint, where=str(file))
    text, encoding = decoded(_bytes(file), file)
    try:
        draft = finish(SUFFIXES[suffix](text, language))
    except ValueError as error:
        raise _bad(file, str(error)) from error
    if encoding:
        draft.kept.insert(0, f"the file is not UTF-8 and was read as {encoding}; see that names are right")
    return draft


def _bytes(file: Path) -> bytes:
    try:
        kind = file.stat().st_mode
        if not stat.S_ISREG(kind):
            raise _bad(file, "it is a folder" if stat.S_ISDIR(kind) else "it is not a regular file")
        with file.open("rb") as stream:
            raw = stream.read(LARGEST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError("media.not_found", f"--from {file} does not exist", where=str(file)) from error
    except (OSError, ValueError) as error:
        raise _bad(file, getattr(error, "strerror", None) or str(error)) from error
    if len(raw) > LARGEST_BYTES:
        raise _bad(file, f"it is over {LARGEST_BYTES // 1_000_000} MB; divide it")
    return raw


def decoded(raw: bytes, file: Path) -> tuple[str, str]:
    """The text of a file, and the encoding if it is not a Unicode one. Raises InputError if it is not text.

    UTF-8 and UTF-16 with or without a mark at the beginning; else Shift_JIS (cp932) if that gives Japanese, else cp1252.
    """
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return _strictly(raw[len(mark) :], name, file), ""
    if b"\0" in raw:
        return _strictly(raw, "utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be", file), ""
    try:
        return raw.decode(), ""
    except UnicodeDecodeError as error:
        at = error.start
    for name, fits in (("cp932", _JAPANESE.search), ("cp1252", lambda text: True)):
        try:
            text = raw.decode(name)
        except UnicodeDecodeError:
            continue
        if fits(text):
            return text, name
    line = raw.count(b"\n", 0, at) + 1
    raise _bad(file, f"line {line} is not text; save it as UTF-8")


def _strictly(raw: bytes, name: str, file: Path) -> str:
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise _bad(file, f"it is not text in {name.upper()}; save it as UTF-8")
    return text


def _bad(file: Path, why: str) -> InputError:
    hint = "docs/writing.md tells what scripts and shot lists look like"
    return InputError("new.unreadable", f"--from {file} cannot be used: {why}", hint=hint, where=str(file))
