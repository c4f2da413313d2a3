"""Options of every command, which may stand anywhere on its line: ``--debug``, ``-v``, ``--log-file FILE``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

LOG_FILE = "--log-file"
_VERBOSE = re.compile(r"-(v+)|--verbose")
_LOG_LINE = re.compile(rb"\d{4}-\d\d-\d\dT")

_line: list[str] = []
_verbose = 0
_log_file: str | None = None


@contextmanager
def common_options(arguments: list[str]) -> Iterator[list[str]]:
    """Take the options of every command from a line, and let them count until the command is over; yields the rest."""
    global _line, _verbose, _log_file
    _line, _verbose, _log_file = arguments, 0, None
    try:
        yield _taken(arguments)
    finally:
        for name, forget in (("vidgen.logs", "end"), ("vidgen.settings", "forget")):
            if module := sys.modules.get(name):
                getattr(module, forget)()


def _taken(arguments: list[str]) -> list[str]:
    global _verbose, _log_file
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*rest, word, *words]
        if word == "--debug":
            from vidgen.settings import choose

            choose(debug=True)
        elif found := _VERBOSE.fullmatch(word):
            _verbose += len(found[1] or "v")
        elif word == LOG_FILE or word.startswith(f"{LOG_FILE}="):
            _log_file = word.removeprefix(f"{LOG_FILE}=") if "=" in word else next(words, "")
        else:
            rest.append(word)
    return rest


def begin_logs() -> None:
    """Start the logs that the line asks for. Raises InputError where ``--log-file`` cannot be written, or is no log."""
    from vidgen import logs
    from vidgen.cli.screen import screen

    file = None if _log_file is None else _checked(_log_file)
    logs.begin(_line, verbose=_verbose, write=lambda line: screen().note(line), file=file)


def _checked(name: str) -> Path:
    """Where to append the log. A file that something else wrote is not added to."""
    from pathlib import Path

    from vidgen.errors import InputError
    from vidgen.media.places import not_written

    hint = f"{LOG_FILE} FILE, where FILE is new or an earlier log"
    if not name:
        raise InputError("usage.invalid", f"{LOG_FILE} needs a file", hint=hint)
    file = Path(name)
    try:
        if file.is_file() and not _LOG_LINE.match(_beginning(file) or b"2000-01-01T"):
            raise InputError("output.bad_name", f"{file} is there and is no log of vidgen", hint=hint, where=str(file))
        with file.open("ab"):
            pass
    except OSError as error:
        raise not_written(file, error, hint) from error
    except ValueError as error:  # a NUL in the name
        raise InputError("output.bad_name", f"{file} cannot be written: {error}", hint=hint) from error
    return file


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(16)
