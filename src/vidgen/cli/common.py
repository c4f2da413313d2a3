"""Options of every command, which may stand anywhere on its line: ``--debug``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def common_options(arguments: list[str]) -> Iterator[list[str]]:
    """Take the options of every command from a line, and let them count until the command is over; yields the rest."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    rest = [word for word in arguments[:end] if word != "--debug"] + arguments[end:]
    try:
        if len(rest) < len(arguments):
            from vidgen.settings import choose

            choose(debug=True)
        yield rest
    finally:
        if settings := sys.modules.get("vidgen.settings"):
            settings.forget()
