"""Logs of what a command decided, asked and ran: on stderr (``-v``), in a file (``--log-file``), and in each project's folder.

Modules log under their own names, ``vidgen.media.ffmpeg``. Every line is one record: text from elsewhere is escaped, keys and
the queries of addresses are left out. A log that cannot be written never stops a command.

Levels: INFO has decisions, DEBUG also requests, external programs and events.
"""

from __future__ import annotations

import logging
import os
import shlex
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from pathlib import Path

from vidgen import __version__
from vidgen.errors import Notice
from vidgen.escapes import bare_addresses, one_line, without_secrets

RENDER_LOG = "render.log"
"""In a project's work folder."""
MOST_BYTES = 4 << 20
"""A project's log that is longer is set aside as ``render.log.1``, in place of the one before."""
_MOST_EARLY, _MOST_LETTERS = 2000, 20_000
_REPORTED = "reported"

_vidgen = logging.getLogger("vidgen")
_null = logging.NullHandler()
_vidgen.addHandler(_null)
_secrets: set[str] = set()
_troubles: dict[str, str] = {}


def hide(*secrets: str) -> None:
    """Keep these values out of every log of this process."""
    _secrets.update(filter(None, secrets))


def reported(level: int, text: str) -> None:
    """Log what is printed anyway, so that ``-v`` does not repeat it."""
    logging.getLogger("vidgen.cli").log(level, "%s", text, extra={_REPORTED: True})


class _Line(logging.Formatter):
    """``2026-05-04T10:00:00.123+09:00 INFO vidgen.planning: ...``, always one line."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        return f"{when} {record.levelname} {record.name}: {self.message(record)}"

    def message(self, record: logging.LogRecord) -> str:
        """What a record says, safe to show and to keep."""
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return one_line(bare_addresses(without_secrets(text[:_MOST_LETTERS], _secrets)))


_LINE = _Line()


def safe_text(record: logging.LogRecord) -> str:
    """What a record says, as one line without secrets: for a log that another process keeps."""
    return _LINE.message(record)


class _Early(logging.Handler):
    """Keeps what is logged before it is known where the project's folder is."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: deque[logging.LogRecord] = deque(maxlen=_MOST_EARLY)
        self.header: logging.LogRecord | None = None

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args = record.getMessage(), None  # what it speaks of may change until it is written
        if self.header is None:
            self.header = record
        else:
            self.records.append(record)


class _Screen(logging.Handler):
    """Lines above the progress on stderr."""

    def __init__(self, level: int, write: Callable[[str], None]) -> None:
        super().__init__(level)
        self._write = write
        self.addFilter(lambda record: not hasattr(record, _REPORTED))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(f"{record.name.removeprefix('vidgen.')}: {_LINE.message(record)}")
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _Parent(logging.Handler):
    """Passes on what the program that uses vidgen as a library wants to have, while vidgen itself logs more than that. Secrets
    and unsafe characters stay behind.
    """

    def emit(self, record: logging.LogRecord) -> None:
        root = logging.getLogger()
        if root.handlers and record.levelno >= root.level:
            safe = copy(record)
            safe.msg, safe.args, safe.exc_info = _LINE.message(record), None, None
            root.handle(safe)


def _file_handler(file: Path, most_bytes: int = 0) -> logging.Handler:
    """Appends to a file. The first failure is kept for ``end``; from then on nothing is written to it."""
    from logging.handlers import RotatingFileHandler

    class Quiet(RotatingFileHandler):
        def handleError(self, record: logging.LogRecord) -> None:
            import sys

            error = sys.exc_info()[1]
            _troubles.setdefault(str(file), getattr(error, "strerror", None) or str(error))
            self.setLevel(logging.CRITICAL + 1)

        def close(self) -> None:
            try:
                super().close()
            except OSError:  # the same failure once more, of what is still in the buffer
                pass

    handler = Quiet(file, maxBytes=most_bytes, backupCount=1, delay=True, encoding="utf-8", errors="backslashreplace")
    handler.setLevel(logging.DEBUG)
    handler.setFormatter(_LINE)
    return handler


_parent = _Parent(logging.DEBUG)
_early: _Early | None = None
_own: list[logging.Handler] = []
_opened: set[logging.Handler] = set()


def begin(words: Sequence[str], *, verbose: int = 0, write: Callable[[str], None] = print, file: Path | None = None) -> None:
    """A command begins.

    Args:
        words: its command line, for the first line of each log.
        verbose: 0 writes nothing to the screen, 1 decisions, 2 everything.
        write: how a line comes to the screen.
        file: where to append everything, if anywhere.
    """
    import platform

    global _early
    end()
    _early = _Early()
    _own.append(_early)
    if verbose:
        _own.append(_Screen(logging.INFO if verbose == 1 else logging.DEBUG, write))
    if file:
        _own.append(_file_handler(file))
    _open(*_own)
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    line = shlex.join(["vidgen", *words])
    reported(logging.INFO, f"==== {line} (vidgen {__version__}, {system}, process {os.getpid()})")


def end() -> list[Notice]:
    """A command is over: its handlers go. Returns a notice for each log that could not be written."""
    global _early
    _close(*_own)
    _own.clear()
    _early = None
    return troubles()


def _open(*handlers: logging.Handler) -> None:
    """Let everything come to handlers, and no more than before to those of others."""
    _opened.update(handlers)
    for handler in (*handlers, _parent):
        _vidgen.addHandler(handler)
    _vidgen.setLevel(logging.DEBUG)
    _vidgen.propagate = False


def _close(*handlers: logging.Handler) -> None:
    for handler in handlers:
        _vidgen.removeHandler(handler)
        handler.close()
    _opened.difference_update(handlers)
    if not _opened:  # others may have handlers of their own here
        _vidgen.removeHandler(_parent)
        _vidgen.setLevel(logging.NOTSET)
        _vidgen.propagate = True


def troubles() -> list[Notice]:
    """A notice for each log that could not be written since this was last asked."""
    texts = [f"{file} could not be written: {why}; the run went on without it" for file, why in _troubles.items()]
    _troubles.clear()
    return [Notice("log.not_written", text) for text in texts]


@contextmanager
def work_log(folder: Path) -> Iterator[None]:
    """Within it all that is logged, and what this command logged before, is appended to the log in a project's folder."""
    handler = _file_handler(folder / RENDER_LOG, MOST_BYTES)
    for record in (_early.header, *_early.records) if _early else ():
        if record:
            handler.handle(record)
    _open(handler)
    try:
        yield
    except BaseException as error:
        reported(logging.ERROR, f"the run ended with {getattr(error, 'code', type(error).__name__)}: {error}")
        raise
    else:
        reported(logging.INFO, "the run is done")
    finally:
        _close(handler)
