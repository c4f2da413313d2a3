"""The front door: parses, calls, prints, and holds no logic."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Entry point of the ``vidgen`` console script. Exits with the contract's codes."""
    arguments = sys.argv[1:]
    if "--debug" in arguments:
        arguments.remove("--debug")
        os.environ["VIDGEN_DEBUG"] = "1"
    signal.signal(signal.SIGTERM, _terminate)
    before, sys.unraisablehook = sys.unraisablehook, _heard_again
    from vidgen.errors import Cancelled

    try:
        _run(arguments)
    except Cancelled as error:  # it came before a command began, or after it ended
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Cancelled().exit_code)
    finally:
        sys.unraisablehook = before


def _run(arguments: list[str]) -> None:
    from vidgen.cli.app import app

    if "--json" not in arguments:
        app(arguments, prog_name="vidgen")
        return
    from typer import TyperException

    try:
        code = app(arguments, prog_name="vidgen", standalone_mode=False)
    except TyperException as error:
        code = _usage_error(error, arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _usage_error(error: Any, arguments: list[str]) -> int:
    """A wrong flag under ``--json`` still ends in one envelope."""
    from vidgen.cli.output import Output
    from vidgen.errors import InputError

    command = next((word for word in arguments if not word.startswith("-")), "vidgen")
    with Output(command, as_json=True):
        raise InputError("usage.invalid", error.format_message(), hint=f"see vidgen {command} --help")
    return 2


def _terminate(number: int, _frame: object) -> None:
    from vidgen.errors import Cancelled

    raise Cancelled(number)


def _heard_again(dropped: sys.UnraisableHookArgs) -> None:
    """A signal that came in a callback, where Python drops what is raised, comes once more, when the callback is over."""
    from vidgen.errors import Cancelled

    error = dropped.exc_value
    if not isinstance(error, KeyboardInterrupt | Cancelled):
        if os.environ.get("VIDGEN_DEBUG", "") not in ("", "0"):
            sys.__unraisablehook__(dropped)
        return
    import threading

    number = error.exit_code - 128 if isinstance(error, Cancelled) else signal.SIGINT
    again = threading.Timer(0.05, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
