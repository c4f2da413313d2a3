"""The command line: parses arguments, calls ``app``, prints results. It has no logic of its own."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # nothing is imported before Ctrl-C is handled
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main"]


def main() -> None:
    """Entry point of the ``vidgen`` console script. Ends with the exit codes of the contract."""
    try:
        code = _main(sys.argv[1:])
    except KeyboardInterrupt:  # before a command began, or after it ended
        signals = sys.modules.get("vidgen.cli.signals")
        code = getattr(signals, "exit_code", lambda: 130)()
    sys.exit(code)


def _main(arguments: list[str]) -> int:
    from vidgen.cli.common import common_options
    from vidgen.cli.signals import handle_signals
    from vidgen.cli.streams import guarded

    with common_options(arguments) as arguments, guarded() as streams:
        with handle_signals():
            code = _outcome(arguments)
        sys.stdout.flush()
        return _final_code(code, streams.lost())


def _outcome(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        return _run(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except Exception as error:
        return _print_error(arguments, error)


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
    """Print Typer's error for a wrong flag, with ``--json`` as an envelope."""
    from vidgen.errors import InputError

    if "--json" in arguments:
        command = _command(arguments)
        return _print_error(arguments, InputError("usage.invalid", error.format_message(), hint=f"see vidgen {command} --help"))
    import io

    from vidgen.cli.screen import screen

    buffer = io.StringIO()
    error.show(file=buffer)
    screen().note(buffer.getvalue().rstrip())
    return int(error.exit_code)


def _print_error(arguments: list[str], error: Exception) -> int:
    """Print an error that was raised outside a command; returns its exit code."""
    from vidgen.cli.output import Output

    try:
        with Output(_command(arguments), as_json="--json" in arguments):
            raise error
    except SystemExit as ended:
        return int(ended.code or 0)


def _command(arguments: list[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "vidgen")


def _final_code(code: int, lost: OSError | None) -> int:
    """The final exit code. ``lost``: why stdout did not accept the result; None if it did."""
    if lost is None:
        return code
    from vidgen.cli.streams import READER_LEFT
    from vidgen.errors import ProcessingError

    if isinstance(lost, BrokenPipeError):
        return code or READER_LEFT
    print(f"error: the result could not be written to stdout: {lost.strerror or 'it is closed'}", file=sys.stderr)
    return code or ProcessingError.exit_code
