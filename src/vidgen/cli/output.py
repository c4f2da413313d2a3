"""The output of a command: results on stdout, progress and diagnostics on stderr; with ``--json`` events and an envelope."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from vidgen import __version__
from vidgen.cli.escaping import json_line, json_shown, shown
from vidgen.cli.screen import screen
from vidgen.cli.signals import exit_code
from vidgen.cli.streams import is_utf8
from vidgen.errors import Cancelled, Notice, StoryboardError, VidgenError
from vidgen.media.os_errors import explained

SCHEMA = "vidgen.result.v1"


class Output:
    """The output of one command. Use it as a context manager around the work: errors become messages and exit codes.

    Args:
        command: name of the command, for the envelope.
        as_json: whether stdout is NDJSON.
    """

    def __init__(self, command: str, as_json: bool = False) -> None:
        self.command, self.as_json = command, as_json
        self.warnings: dict[Notice, None] = {}
        self.data: Mapping[str, Any] | None = None
        self._lock = threading.Lock()

    def event(self, name: str, /, **values: Any) -> None:
        """Print one NDJSON event line; nothing without ``--json``."""
        if self.as_json:
            self._line({"type": "event", "event": name, **values})

    def warn(self, notices: Iterable[Notice]) -> None:
        """Add warnings to the result and, without ``--json``, print them on stderr (each once)."""
        for notice in notices:
            if notice in self.warnings:
                continue
            self.warnings[notice] = None
            _log("WARNING", f"{notice.shot or 'run'}: {notice.code}: {notice.message}")
            if not self.as_json:
                self.note(f"warning: {notice.shot + ': ' if notice.shot else ''}{notice.message} [{notice.code}]")

    def note(self, text: str) -> None:
        """Print one line of diagnostics on stderr."""
        screen().note(text)

    def say(self, text: str) -> None:
        """Print one line of the result on stdout; nothing with ``--json``."""
        if not self.as_json:
            screen().result(shown(text))

    def say_json(self, text: str) -> None:
        """Print a result that is JSON itself, in any encoding of stdout; nothing with ``--json``, which has the envelope."""
        if not self.as_json:
            screen().result(json_shown(text, ascii_only=not is_utf8(sys.stdout)))

    def result(self, data: Mapping[str, Any], exit_error: VidgenError | None = None) -> None:
        """Set the command's result. ``exit_error``: raised although the result is complete (``--strict``)."""
        self.data = data
        if exit_error:
            raise exit_error

    def _line(self, value: Mapping[str, Any]) -> None:
        line = json_line(value, ascii_only=not is_utf8(sys.stdout)) + "\n"
        with self._lock:
            sys.stdout.write(line)
            sys.stdout.flush()

    def _envelope(self, error: VidgenError | None, code: int, details: Mapping[str, Any] | None = None) -> None:
        self._line(
            {
                "type": "result",
                "schema": SCHEMA,
                "command": self.command,
                "version": __version__,
                "ok": code == 0,
                "exit_code": code,
                "data": self.data or {},
                "warnings": [notice.as_dict() for notice in self.warnings],
                "error": details if details else error.as_dict() if error else None,
            }
        )

    def __enter__(self) -> Output:
        from vidgen.cli.common import begin_logs
        from vidgen.settings import settings

        try:
            settings()
            begin_logs()
        except VidgenError as error:  # a bad variable, or place for the log, ends every command before it begins
            self.__exit__(type(error), error, error.__traceback__)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        from vidgen.logs import troubles

        self.warn(troubles())
        if error is None:
            if self.as_json:
                self._envelope(None, 0)
            return
        from vidgen.settings import debugging

        if debugging() and not isinstance(error, SystemExit):
            import traceback

            traceback.print_exception(error, file=sys.stderr)
        if isinstance(error, KeyboardInterrupt | Cancelled):
            error = _interrupted(error)
        if isinstance(error, VidgenError):
            self._fail(error)
        if isinstance(error, Exception) and not _is_typer(error):
            if known := explained(error):
                self._fail(known)
            self._internal(error)

    def _fail(self, error: VidgenError) -> None:
        _log("ERROR", f"exit {error.exit_code}: {error.code}: {error.where or ''}: {error.message}")
        if self.as_json:
            self._envelope(error, error.exit_code)
        else:
            placed = isinstance(error, StoryboardError) or "\n" in error.message
            where = f"{error.where}: " if error.where and error.where not in error.message else ""
            self.note(error.message if placed else f"error: {where}{error.message}")
            if error.hint:
                self.note(f"  hint: {error.hint}")
        raise SystemExit(error.exit_code)

    def _internal(self, error: Exception) -> None:
        import logging

        logging.getLogger("vidgen.cli").error("internal error", exc_info=error)
        message = f"internal error: {type(error).__name__}: {error}"
        hint = "run again with --debug for a traceback, and report it"
        if self.as_json:
            self._envelope(None, 1, {"code": "internal", "message": message, "hint": hint, "where": None})
        else:
            self.note(message)
            self.note(f"  hint: {hint}")
        raise SystemExit(1)


def _log(level: str, text: str) -> None:
    """Log what is told to the person. Nothing is imported for it before a command runs."""
    import logging

    from vidgen.logs import reported

    reported(getattr(logging, level), text)


def _interrupted(error: KeyboardInterrupt | Cancelled) -> Cancelled:
    """The error for an interrupt, with the interrupted work's notes on what is kept as the hint."""
    stopped = error if isinstance(error, Cancelled) else Cancelled(exit_code() - 128)
    stopped.hint = "; ".join(getattr(error, "__notes__", ())) or stopped.hint
    return stopped


def _is_typer(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ("typer", "click")
