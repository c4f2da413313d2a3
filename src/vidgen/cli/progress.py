"""Progress on stderr: a live Rich display on a terminal, plain lines a few times a minute elsewhere, events with --json."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.cli.output import Output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

PLAIN_EVERY_S = 15.0
_PLAIN_EVENTS = ("run.started", "take.failed", "shot.picked", "cut.started", "cut.done")


@functools.cache
def _stderr() -> Console:
    """The one console on stderr, so that a download's bar can stand under the bar of the work that waits for it."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def watching(out: Output) -> Iterator[Callable[..., None]]:
    """A listener for a run's events, shown as fits where stderr goes."""
    if out.as_json:
        yield out.event
    elif sys.stderr.isatty():
        with LiveRun() as live:
            yield live
    else:
        yield PlainRun(out)


class PlainRun:
    """A line when a shot is done or something failed, and at most one progress line every 15 s."""

    def __init__(self, out: Output) -> None:
        self._out, self._start, self._last = out, time.monotonic(), time.monotonic()
        self._done, self._total = 0, 0

    def __call__(self, event: str, /, **values: Any) -> None:
        """Hear one event."""
        now = time.monotonic()
        if event == "run.started":
            self._total = values["shots"]
            self._out.note(f"{values['shots']} shots, {values['takes']} takes to make, {values['reused']} at hand")
        elif event == "shot.picked":
            self._done += 1
            if values.get("made"):
                self._out.note(
                    f"{values['shot']}: take {values['take']} ({self._done}/{self._total}, {now - self._start:.0f} s)"
                )
                self._last = now
        elif event == "take.failed":
            self._out.note(f"{values['shot']}: take {values['take']} failed: {values['message']}")
        elif event == "cut.done":
            self._out.note(f"cut: {values['encoded']} segments encoded, {values['kept']} kept")
        elif event.endswith(".progress") and now - self._last > PLAIN_EVERY_S:
            self._last = now
            self._out.note(f"{values['shot']}: {100 * values['share']:.0f} % ({now - self._start:.0f} s)")


class LiveRun:
    """Per-shot bars with state, elapsed and remaining time, and what was spent."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._progress: Progress = Progress(
            TextColumn("{task.fields[shot]:>10}"),
            BarColumn(30),
            TextColumn("{task.fields[state]:<28}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[cost]}"),
            console=_stderr(),
            transient=False,
        )
        self._tasks: dict[str, Any] = {}
        self._film: Any = None
        self._spent = 0.0

    def __enter__(self) -> LiveRun:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: str, /, **values: Any) -> None:
        """Hear one event."""
        if event == "run.started":
            self._film = self._progress.add_task("", total=values["shots"], shot="film", state="making takes", cost="")
        elif event == "take.started":
            self._row(values["shot"], completed=0.0, state=f"take {values['take']}: {values['engine']}")
        elif event.endswith(".progress"):
            self._row(values["shot"], completed=values["share"])
        elif event == "take.done":
            self._spent += values.get("cost_usd") or 0.0
        elif event == "take.failed":
            self._row(values["shot"], state=f"take {values['take']} failed")
        elif event == "post.started":
            self._row(values["shot"], completed=0.0, state="post-processing")
        elif event == "shot.picked":
            self._close(values["shot"])
            self._progress.advance(self._film)
        elif event == "cut.started":
            self._progress.update(self._film, state="cutting", completed=0, total=values["segments"])
        elif event == "cut.segment":
            self._progress.advance(self._film)
        elif event == "cut.done":
            self._progress.update(self._film, state="done", completed=1, total=1)
        if self._film is not None and self._spent:
            self._progress.update(self._film, cost=f"${self._spent:.2f} spent")

    def _row(self, shot: str, **changes: Any) -> None:
        if shot not in self._tasks:
            self._tasks[shot] = self._progress.add_task("", total=1.0, shot=shot, state="", cost="")
        self._progress.update(self._tasks[shot], **changes)

    def _close(self, shot: str) -> None:
        if (task := self._tasks.pop(shot, None)) is not None:
            self._progress.remove_task(task)


def confirm_spending(out: Output) -> Callable[[float | None, int], bool] | None:
    """How a person is asked before money is spent; None where nobody can answer (a pipe, or ``--json``)."""
    if out.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(usd: float | None, takes: int) -> bool:
        import typer

        price = "an unknown price" if usd is None else f"about ${usd:.2f}"
        return typer.confirm(f"{takes} takes will cost {price}. Go on?", err=True)

    return ask


@contextmanager
def frames_done(out: Output, what: str) -> Iterator[Callable[[int, int], None]]:
    """A callback ``(frames done, frames in all)`` for the commands that work on one file."""
    start = time.monotonic()
    last = start
    bar: Progress | None = None
    task: Any = None
    if not out.as_json and sys.stderr.isatty():
        from rich.progress import Progress

        bar = Progress(console=_stderr())
        bar.start()
        task = bar.add_task(what, total=None)

    def on_frame(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        rate = done / max(now - start, 1e-6)
        if bar:
            bar.update(task, completed=done, total=total, description=f"{what} {rate:.1f} frames/s")
        elif now - last > PLAIN_EVERY_S:
            last = now
            left = (total - done) / max(rate, 1e-6)
            out.event("progress", done=done, total=total, frames_per_s=round(rate, 2), remaining_s=round(left, 1))
            if not out.as_json:
                out.note(f"{what}: {done}/{total} frames, {rate:.1f} frames/s, {left:.0f} s left")

    try:
        yield on_frame
    finally:
        if bar:
            bar.stop()


def fetching(out: Output) -> Callable[[str], Path]:
    """``weights.store.pull`` that shows its download as fits: a bar on a terminal, plain lines elsewhere, events with --json.

    What it returns is what ``upscale_file``, ``interpolate_file`` and ``process_clip`` take as ``fetch``.
    """
    from vidgen.weights.registry import model
    from vidgen.weights.store import pull

    def fetch(name: str) -> Path:
        row = model(name)
        with ExitStack() as shown:
            on_bytes = DownloadBar(row.name, shown) if not out.as_json and sys.stderr.isatty() else DownloadLines(out, row.name)
            return pull(row.name, on_bytes=on_bytes)

    return fetch


class DownloadLines:
    """A download as lines on stderr, or as ``model.download`` events: one when it starts, then one every few seconds."""

    def __init__(self, out: Output, name: str) -> None:
        self._out, self._name = out, name
        self._last: float | None = None
        self._whole = False

    def __call__(self, done: int, total: int | None) -> None:
        """Hear how many bytes are here, of how many."""
        now = time.monotonic()
        every = 1.0 if self._out.as_json else PLAIN_EVERY_S
        early = self._last is not None and now - self._last < every
        if (early and done != total) or (done == total and self._whole):
            return
        start, self._last, self._whole = self._last is None, now, done == total
        self._out.event("model.download", model=self._name, bytes=done, total_bytes=total)
        if not self._out.as_json:
            size = f" of {total / 1e6:.1f}" if total else ""
            self._out.note(f"{self._name}: {'downloading' if start else 'downloaded'} {done / 1e6:.1f}{size} MB")


class DownloadBar:
    """A download as a bar on stderr that starts with its first bytes, so that nothing is drawn where nothing is fetched."""

    def __init__(self, name: str, shown: ExitStack) -> None:
        self._name, self._shown = name, shown
        self._bar: Progress | None = None
        self._task: Any = None

    def __call__(self, done: int, total: int | None) -> None:
        """Hear how many bytes are here, of how many."""
        if self._bar is None:
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(30),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=_stderr(),
            )
            self._task = self._bar.add_task(self._name, total=total)
            self._shown.enter_context(self._bar)
        self._bar.update(self._task, completed=done, total=total)
