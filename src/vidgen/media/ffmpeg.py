"""The one place that starts ffmpeg.

Every run: an argv list, ``-nostdin``, protocol and format whitelists on each input, its own process group, a progress
watchdog, bounded stderr. An exit code of 0 proves nothing, so callers check what was written (``media.verify``).
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen.errors import Cancelled, MissingError, ProcessingError

PROTOCOLS = "file,pipe,fd"
FORMATS = (
    "mov,matroska,avi,mpegts,mpeg,flv,asf,gif,ivf,yuv4mpegpipe,wav,aiff,mp3,flac,ogg,aac,png_pipe,jpeg_pipe,webp_pipe,rawvideo"
)
"""Containers that are opened. None of them can name other files, so a disguised playlist opens nothing."""

NEEDED_FILTERS = ("xfade", "minterpolate", "ass", "ebur128", "scale", "tpad", "alimiter", "amix", "lut3d")
NEEDED_ENCODERS = ("libx264", "aac")

STALL_SECONDS = 300.0
"""A run that makes no progress for this long is killed."""


@dataclass(frozen=True)
class Ffmpeg:
    """An ffmpeg executable: where it is, its version line, and which needed features it lacks."""

    path: str
    version: str
    source: str
    lacks: tuple[str, ...]


def _listing(exe: str, flag: str) -> set[str]:
    out = subprocess.run([exe, "-hide_banner", flag], capture_output=True, text=True, check=False, timeout=30).stdout
    return {fields[1] for line in out.splitlines() if len(fields := line.split()) > 1}


def inspect(exe: str, source: str) -> Ffmpeg | None:
    """What an executable can do; None where it does not run."""
    try:
        head = subprocess.run([exe, "-hide_banner", "-version"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    filters, encoders = _listing(exe, "-filters"), _listing(exe, "-encoders")
    lacks = [name for name in NEEDED_FILTERS if name not in filters]
    lacks += [name for name in NEEDED_ENCODERS if name not in encoders]
    return Ffmpeg(exe, head.stdout.splitlines()[0], source, tuple(lacks))


def _candidates() -> list[tuple[str, str]]:
    found = []
    if configured := os.environ.get("VIDGEN_FFMPEG"):
        found.append((configured, "VIDGEN_FFMPEG"))
    elif system := shutil.which("ffmpeg"):
        found.append((system, "system"))
    try:
        import imageio_ffmpeg

        found.append((imageio_ffmpeg.get_ffmpeg_exe(), "imageio-ffmpeg"))
    except (ImportError, RuntimeError):
        pass
    return found


@functools.cache
def find_ffmpeg() -> Ffmpeg:
    """The ffmpeg to use: ``VIDGEN_FFMPEG``, else the system's if it has all we need, else imageio-ffmpeg's.

    Raises MissingError where none works; a named but unusable ``VIDGEN_FFMPEG`` is an error, not a fallback.
    """
    for exe, source in _candidates():
        found = inspect(exe, source)
        if found and not found.lacks:
            return found
        if source == "VIDGEN_FFMPEG":
            why = f"lacks {', '.join(found.lacks)}" if found else "does not run"
            raise MissingError(
                "ffmpeg.missing", f"{exe} {why}", hint="point VIDGEN_FFMPEG at a full ffmpeg, or unset it", where=exe
            )
    raise MissingError("ffmpeg.missing", "no usable ffmpeg found", hint="pip install imageio-ffmpeg")


def input_args(path: Path, *before: str) -> list[str]:
    """Arguments that open a local file safely as an input; ``before`` goes in front of ``-i``."""
    return [*before, "-protocol_whitelist", PROTOCOLS, "-format_whitelist", FORMATS, "-i", f"file:{path}"]


class Process:
    """A running ffmpeg. Use as a context manager; leaving it with an error kills the process group."""

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
        self._last = time.monotonic()
        argv = [find_ffmpeg().path, "-hide_banner", "-nostdin", "-v", "warning", "-progress", "pipe:2", "-nostats", "-y"]
        self._process = subprocess.Popen(
            [*argv, *args],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=cwd,
        )
        self._drain = threading.Thread(target=self._read_stderr, daemon=True)
        self._drain.start()

    def _read_stderr(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        for raw in iter(lambda: stream.readline(4096), b""):
            line = raw.decode("utf-8", "replace").strip()
            self._last = time.monotonic()
            if line.startswith("frame="):
                if self._on_frame and line[6:].strip().isdigit():
                    self._on_frame(int(line[6:]))
            elif "=" not in line.split(" ")[0]:
                self._tail.append(line)

    def write(self, data: bytes | memoryview) -> None:
        """Feed bytes to stdin. Raises ProcessingError with ffmpeg's own words if it has gone away."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
        except (BrokenPipeError, ValueError):
            self.finish()
            raise ProcessingError("ffmpeg.failed", f"{self.what}: ffmpeg closed its input early") from None
        self._last = time.monotonic()

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of stdout; empty at the end."""
        assert self._process.stdout is not None
        data: bytes = self._process.stdout.read(size)
        self._last = time.monotonic()
        return data

    def finish(self) -> list[str]:
        """Close stdin, wait, and return the last stderr lines.

        Raises ProcessingError on a non-zero exit or a stall, Cancelled once ``cancelled`` says so.
        """
        if self._process.stdin and not self._process.stdin.closed:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass
        while True:
            try:
                code = self._process.wait(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if self._cancelled():
                    self.kill()
                    raise Cancelled() from None
                if time.monotonic() - self._last > STALL_SECONDS:
                    self.kill()
                    raise ProcessingError("ffmpeg.stalled", f"{self.what}: ffmpeg made no progress and was stopped") from None
        self._close_pipes()
        if code != 0:
            raise ProcessingError("ffmpeg.failed", f"{self.what}: ffmpeg exit {code}: {' | '.join(list(self._tail)[-4:])}")
        return list(self._tail)

    def kill(self) -> None:
        """Stop the whole process group now."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        self._drain.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:
                pass

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()
        else:
            self.finish()


def run_ffmpeg(
    args: Sequence[str],
    *,
    what: str,
    on_frame: Callable[[int], None] | None = None,
    cwd: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Run ffmpeg to its end and return its last stderr lines. ``what`` names the job in errors, ``cwd`` is where it runs."""
    process = Process(args, what=what, on_frame=on_frame, cwd=cwd, cancelled=cancelled)
    try:
        return process.finish()
    except BaseException:
        process.kill()
        raise
