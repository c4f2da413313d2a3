"""The front door: parses, calls, prints, and holds no logic."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # nothing is imported before Ctrl-C is looked after
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main"]


def main() -> None:
    """Entry point of the ``vidgen`` console script. Exits with the contract's codes."""
    try:
        code = _main(sys.argv[1:])
    except KeyboardInterrupt:  # it came before a command began, or after it ended
        signals = sys.modules.get("vidgen.cli.signals")
        code = getattr(signals, "exit_code", lambda: 130)()
    sys.exit(code)


def _main(arguments: list[str]) -> int:
    from vidgen.cli.common import common_options
    from vidgen.cli.signals import heard
    from vidgen.cli.streams import guarded

    with common_options(arguments) as arguments, guarded() as streams:
        with heard():
            code = _outcome(arguments)
        sys.stdout.flush()
        return _delivered(code, streams.lost())


def _outcome(arguments: list[str]) -> int:
    """Run the command; returns its exit code."""
    try:
        return _run(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except Exception as error:
        return _said(arguments, error)


def _run(arguments: list[str]) -> int:
    from typer import Abort, TyperException

    from vidgen.cli.app import app
    from vidgen.cli.signals import exit_code

    try:
        code = app(arguments, prog_name="vidgen", standalone_mode=False)
    except TyperException as error:
        return _usage_error(error, arguments)
    except Abort:
        return exit_code()
    if code == 130:  # what Typer makes of every interrupt
        return exit_code()
    return code if isinstance(code, int) else 0


def _usage_error(error: Any, arguments: list[str]) -> int:
    """A wrong flag: Typer's words; under ``--json`` in one envelope."""
    from vidgen.errors import InputError

    if "--json" in arguments:
        command = _command(arguments)
        return _said(arguments, InputError("usage.invalid", error.format_message(), hint=f"see vidgen {command} --help"))
    import io

    from vidgen.cli.screen import screen

    words = io.StringIO()
    error.show(file=words)
    screen().note(words.getvalue().rstrip())
    return int(error.exit_code)


def _said(arguments: list[str], error: Exception) -> int:
    """Tell of an error that no command told of; returns its exit code."""
    from vidgen.cli.output import Output

    try:
        with Output(_command(arguments), as_json="--json" in arguments):
            raise error
    except SystemExit as ended:
        return int(ended.code or 0)


def _command(arguments: list[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "vidgen")


def _delivered(code: int, lost: OSError | None) -> int:
    """The exit code, given whether stdout took the result."""
    if lost is None:
        return code
    from vidgen.cli.streams import READER_LEFT
    from vidgen.errors import ProcessingError

    if isinstance(lost, BrokenPipeError):
        return code or READER_LEFT
    print(f"error: the result could not be written to stdout: {lost.strerror or 'it is closed'}", file=sys.stderr)
    return code or ProcessingError.exit_code
