"""The one place that starts ffmpeg.

Every run: an argv list, ``-nostdin``, protocol and format whitelists on each input, its own process group, a progress
watchdog, bounded stderr. An exit code of 0 proves nothing, so callers check what was written (``media.verify``).
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.discovery import Ffmpeg, find_ffmpeg
from vidgen.media.patience import Patience
from vidgen.programs import log_program, start_program
from vidgen.settings import for_children

__all__ = ["FORMATS", "PROTOCOLS", "Ffmpeg", "Process", "find_ffmpeg", "input_args", "run_ffmpeg", "stop_all"]

LOG = logging.getLogger(__name__)
PROTOCOLS = "file,pipe,fd"
FORMATS = ",".join(
    (
        "mov,matroska,avi,mpegts,mpeg,flv,asf,mxf,nut,wtv,rm,dv,gxf,gif,ivf,yuv4mpegpipe,png_pipe,jpeg_pipe,webp_pipe,rawvideo",
        "wav,w64,aiff,caf,au,flac,ogg,mp3,aac,loas,ac3,eac3,ac4,dts,dtshd,truehd,mlp,amr,amrnb,amrwb,ape,wv,tta,tak,dsf,iff",
        "mpc,mpc8,oma,aea,voc,sox,nistsphere,ircam,pvf,paf,avr,mmf,gsm,qcp,shn,xwma,rso,adx,alp,osq,wavarc,bonk,rka,lc3,sbc",
        "aptx,aptx_hd,g722,wve,hcom,dss",
    )
)
"""Containers that may be opened. None of them can refer to other files, so a disguised playlist opens nothing."""

NO_FONTS = Path(__file__).with_name("no_fonts.conf")
"""Where libass looks for letters that no font of the title has: nowhere, so that a title is the same on every machine."""

_TOO_LARGE = getattr(signal, "SIGXFSZ", 0)
"""The signal for a file beyond the limit of ``ulimit -f``; 0 where there is none."""

STALL_SECONDS = 300.0
"""A run without progress for this many seconds is killed."""


def input_args(path: Path, *before: str) -> list[str]:
    """Arguments that open a local file safely as an input. ``before``: options to put in front of ``-i``."""
    return [*before, "-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS, "-i", f"file:{path}"]


class Process:
    """A running ffmpeg. Use it as a context manager: an error inside kills the process group.

    Args:
        args: everything after the common options, as an argv list.
        what: name of the job, for errors.
        stdin, stdout: whether the caller uses ``write``, ``read``.
        on_frame: called from another thread with the number of frames done.
        cwd: working folder.
        cancelled: polled several times a second; once true the process is killed and ``Cancelled`` is raised.

    While the caller waits in ``write``, ``read`` or ``finish``, a watchdog kills ffmpeg after ``STALL_SECONDS`` without
    progress. Time that the caller spends elsewhere does not count.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        what: str,
        stdin: bool = False,
        stdout: bool = False,
        on_frame: Callable[[int], None] | None = None,
        cwd: Path | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.what = what
        self._on_frame = on_frame
        self._cancelled = cancelled
        self._tail: deque[str] = deque(maxlen=40)
        self._progress: dict[str, str] = {}
        self._patience = Patience()
        self._waiting = False
        self._verdict: BaseException | None = None
        self._over = threading.Event()
        argv = [find_ffmpeg().path, "-hide_banner", "-nostdin", "-v", "warning", "-progress", "pipe:2", "-nostats", "-y"]
        self._argv, self._began = [*argv, *args], time.monotonic()
        self._process = start_program(
            self._argv,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=cwd,
            env=for_children({"FONTCONFIG_FILE": str(NO_FONTS)}),
        )
        _LIVE.add(self)
        self._drain = threading.Thread(target=self._read_stderr, daemon=True)
        self._drain.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _read_stderr(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        for raw in iter(lambda: stream.readline(4096), b""):
            line = raw.decode("utf-8", "replace").strip()
            key, equals, value = line.partition("=")
            if not equals or " " in key:
                self._tail.append(line)
            elif key in _PROGRESS and self._progress.get(key) != value:
                self._progress[key] = value
                self._patience.renew()
                if key == "frame":
                    self._report_frame(value.strip())
        stream.close()

    def _report_frame(self, value: str) -> None:
        if self._on_frame and value.isdigit():
            try:
                self._on_frame(int(value))
            except Exception as error:  # stderr must be drained whatever the callback does
                self._stop(error)

    def _watch(self) -> None:
        """Kill the process if it stalls or ``cancelled`` is true. Runs in a thread of its own, as the caller may be blocked."""
        while self._process.poll() is None and not self._over.is_set():
            waited = self._patience.waited()
            if self._cancelled():
                self._stop(Cancelled())
            elif self._waiting and waited > STALL_SECONDS:
                self._stop(ProcessingError("ffmpeg.stalled", f"{self.what}: ffmpeg made no progress and was stopped"))
            self._over.wait(0.1)

    def _stop(self, verdict: BaseException) -> None:
        self._verdict = self._verdict or verdict
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    @contextmanager
    def _blocked(self) -> Iterator[None]:
        self._patience.renew()
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    def write(self, data: bytes | memoryview) -> None:
        """Write bytes to stdin. Raises ProcessingError with ffmpeg's message if it has ended."""
        assert self._process.stdin is not None
        try:
            with self._blocked():
                self._process.stdin.write(data)
        except (BrokenPipeError, ValueError):
            self.finish()
            raise ProcessingError("ffmpeg.failed", f"{self.what}: ffmpeg closed its input early") from None

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes of stdout; fewer only at the end. Call ``finish`` afterwards to check that it succeeded."""
        assert self._process.stdout is not None
        with self._blocked():
            data: bytes = self._process.stdout.read(size)
        if len(data) < size and self._verdict:
            raise self._verdict
        return data

    def finish(self) -> list[str]:
        """Close stdin, wait for the end, and return the last stderr lines.

        Raises ProcessingError on a non-zero exit or a stall, Cancelled if it was cancelled.
        """
        try:
            with self._blocked():
                self._close_stdin()
                code = self._process.wait()
        finally:
            if self._process.poll() is not None:
                self._release()
        if self._verdict:
            raise self._verdict
        if code != 0:
            raise self._failure(code)
        return list(self._tail)

    def _failure(self, code: int) -> ProcessingError:
        message = " | ".join(list(self._tail)[-4:]) or "no message"
        if "No space left on device" in message:
            hint = "free some space, then run the same command again; what is done is kept"
            return ProcessingError("file.disk_full", f"{self.what}: the disk is full", hint=hint)
        if "File too large" in message or code == -_TOO_LARGE:
            hint = "raise the limit (ulimit -f), then run the same command again; what is done is kept"
            text = f"{self.what}: a file would be larger than files may be here"
            return ProcessingError("file.disk_full", text, hint=hint)
        if code < 0:
            hint = "too little memory may be the reason; run the same command again; what is done is kept"
            text = f"{self.what}: ffmpeg was stopped by signal {-code} of another program or the system: {message}"
            return ProcessingError("ffmpeg.failed", text, hint=hint)
        return ProcessingError("ffmpeg.failed", f"{self.what}: ffmpeg exit {code}: {message}")

    def _close_stdin(self) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            try:
                self._process.stdin.close()
            except (BrokenPipeError, OSError):
                pass

    def _release(self) -> None:
        """Close pipes and threads after the process has ended."""
        if not self._over.is_set():
            log_program(LOG, self._argv, self._process.returncode, time.monotonic() - self._began)
        self._over.set()
        _LIVE.discard(self)
        self._close_stdin()
        self._drain.join(timeout=5)
        if self._process.stdout:
            self._process.stdout.close()

    def kill(self) -> None:
        """Kill the whole process group now."""
        if self._process.poll() is None:
            self._signal_group(signal.SIGKILL)
        self._process.wait()
        self._release()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()
        else:
            self.finish()


_PROGRESS = frozenset({"frame", "out_time_us", "out_time_ms", "total_size"})
_LIVE: set[Process] = set()


@atexit.register
def stop_all() -> None:
    """Kill every running ffmpeg. Called at exit; safe in a signal handler."""
    for process in list(_LIVE):
        process._stop(Cancelled())


def suspend_all(stop: bool) -> None:
    """Suspend (``stop``) or resume every ffmpeg. They have process groups of their own, which Ctrl-Z does not reach."""
    for process in list(_LIVE):
        process._signal_group(signal.SIGSTOP if stop else signal.SIGCONT)


def run_ffmpeg(
    args: Sequence[str],
    *,
    what: str,
    on_frame: Callable[[int], None] | None = None,
    cwd: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Run ffmpeg to its end and return its last stderr lines. Arguments and errors as for ``Process``."""
    process = Process(args, what=what, on_frame=on_frame, cwd=cwd, cancelled=cancelled)
    try:
        return process.finish()
    except BaseException:
        process.kill()
        raise
