"""Progress on stderr: a live Rich display on a terminal, plain lines a few times a minute elsewhere, events with --json."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidgen.cli.output import Output
from vidgen.cli.screen import screen
from vidgen.media.wording import counted

PLAIN_EVERY_S = 15.0
JSON_EVERY_S = 1.0
_PLAIN_EVENTS = ("run.started", "take.failed", "shot.picked", "cut.started", "cut.done")


@contextmanager
def watching(out: Output) -> Iterator[Callable[..., None]]:
    """A listener for a run's events, shown as fits where stderr goes."""
    if out.as_json:
        yield out.event
    elif screen().animated:
        with LiveRun() as live:
            yield live
    else:
        yield PlainRun(out)


class PlainRun:
    """A line when a shot is done or something failed, and at most one progress line every 15 s."""

    def __init__(self, out: Output) -> None:
        self._out, self._start, self._last = out, time.monotonic(), time.monotonic()
        self._done, self._total = 0, 0
        self._said: set[str] = set()

    def __call__(self, event: str, /, **values: Any) -> None:
        """Hear one event."""
        now = time.monotonic()
        if event == "run.started":
            self._total = values["shots"] + values["enlargements"]
            shots, takes = counted(values["shots"], "shot"), counted(values["takes"], "take")
            self._out.note(f"{shots}, {takes} to make, {values['reused']} at hand")
        elif event == "shot.picked":
            self._done += 1
            if values.get("made"):
                self._out.note(
                    f"{values['shot']}: take {values['take']} ({self._done}/{self._total}, {now - self._start:.0f} s)"
                )
                self._last = now
        elif event == "take.failed":
            self._out.note(f"{values['shot']}: take {values['take']} failed: {values['message']}")
        elif event == "post.started" and values["engines"]:
            self._out.note(f"{values['shot']}: {', then '.join(values['engines'])}, {counted(values['frames'], 'frame')}")
            for line in values["why"]:
                if line not in self._said:
                    self._said.add(line)
                    self._out.note(f"  {line}")
        elif event == "model.download" and values["model"] not in self._said:
            self._said.add(values["model"])
            size = f", {values['total_bytes'] / 1e6:.0f} MB" if values["total_bytes"] else ""
            self._out.note(f"downloading {values['model']}{size}")
        elif event == "cut.done":
            self._out.note(f"cut: {counted(values['encoded'], 'segment')} encoded, {values['kept']} kept")
        elif event.endswith(".progress") and now - self._last > PLAIN_EVERY_S:
            self._last = now
            from vidgen.render.pace import time_text

            speed = ""
            if values.get("frames_per_s") and values["remaining_s"] is not None:
                speed = f", {values['frames_per_s']:.3g} frames/s, {time_text(values['remaining_s'])} left"
            self._out.note(f"{values['shot']}: {100 * values['share']:.0f} % ({now - self._start:.0f} s{speed})")


class LiveRun:
    """Bars for shots with state, elapsed and remaining time, and what was spent; above them the picture that is being made,
    where an engine shows it. Drawn from the first event on.
    """

    def __init__(self) -> None:
        from vidgen.cli.bars import Bars

        self._bars = Bars()
        self._spent = 0.0
        self._said: set[str] = set()

    def __enter__(self) -> LiveRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        screen().hide(self._bars, keep=kind is None)

    def __call__(self, event: str, /, **values: Any) -> None:
        """Hear one event."""
        bars = self._bars
        if event == "run.started":
            bars.begin("film", values["shots"] + values["enlargements"], "making takes")
            screen().show(bars)
        elif event == "take.started":
            bars.row(values["shot"], completed=0.0, state=f"take {values['take']}: {values['engine']}")
        elif event == "take.preview":
            self._preview(values)
        elif event == "post.progress":
            self._post(values)
        elif event.endswith(".progress"):
            bars.row(values["shot"], completed=values["share"])
        elif event == "take.done":
            self._spent += values.get("cost_usd") or 0.0
        elif event == "take.failed":
            bars.row(values["shot"], state=f"take {values['take']} failed")
            screen().note(f"{values['shot']}: take {values['take']} failed: {values['message']}")
        elif event == "post.started":
            self._post_started(values)
        elif event == "post.done":
            bars.close(values["shot"])
        elif event == "model.download":
            self._download(values)
        elif event == "shot.picked":
            bars.picture = None
            bars.close(values["shot"])
            bars.whole(advance=1)
        elif event == "cut.started":
            bars.whole(state="cutting", completed=0, total=values["segments"])
        elif event == "cut.segment":
            bars.whole(advance=1)
        elif event == "cut.done":
            bars.whole(state="done", completed=1, total=1)
        if self._spent:
            bars.whole(cost=f"${self._spent:.2f} spent")

    def _preview(self, values: Mapping[str, Any]) -> None:
        from vidgen.cli.preview import can_show, picture

        if can_show(self._bars.console):
            self._bars.picture = picture(values)

    def _post_started(self, values: Mapping[str, Any]) -> None:
        """Why engines were chosen stays above the bars."""
        self._bars.whole(state="post-processing")
        self._bars.row(values["shot"], completed=0.0, state=", then ".join(values["engines"]) or "grading")
        for line in values["why"]:
            if line not in self._said:
                self._said.add(line)
                screen().note(f"{values['shot']}: {line}")

    def _post(self, values: Mapping[str, Any]) -> None:
        if not values.get("frames_per_s"):  # the first frame of this run: what was there is not speed
            self._bars.restart(values["shot"], values["share"])
        rate = f" {values['frames_per_s']:.3g} frames/s" if values.get("frames_per_s") else ""
        self._bars.row(values["shot"], completed=values["share"], state=f"{values['frames']}/{values['total']}{rate}")

    def _download(self, values: Mapping[str, Any]) -> None:
        done, total = values["bytes"], values["total_bytes"]
        size = f"{done / 1e6:.0f}{f' of {total / 1e6:.0f}' if total else ''} MB"
        self._bars.row("download", completed=done / total if total else 0.0, state=f"{values['model']} {size}")
        if done == total:
            self._bars.close("download")


@contextmanager
def frames_done(out: Output, what: str) -> Iterator[Callable[[int, int], None]]:
    """A callback ``(frames done, frames in all)`` for the commands that work on one file."""
    if not out.as_json and screen().animated:
        with FrameBar(what) as bar:
            yield bar
    else:
        yield FrameLines(out, what)


class FrameBar:
    """A bar on the terminal, with frames a second and the time that is left."""

    def __init__(self, what: str) -> None:
        from vidgen.cli.bars import Bars
        from vidgen.render.pace import Pace

        self._pace, self._begun = Pace(), False
        self._bars = Bars()
        self._bars.begin(what, None, "getting ready")

    def __enter__(self) -> FrameBar:
        screen().show(self._bars)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        screen().hide(self._bars, keep=kind is None)

    def __call__(self, done: int, total: int) -> None:
        """Hear of one more frame."""
        if not self._begun and done > 1:
            screen().note(f"going on after {done - 1} frames of an earlier run")
        self._begun = True
        self._bars.whole(completed=done, total=total, state=self._pace.speed(done, total).text())


class FrameLines:
    """A line on stderr every 15 s; with --json a ``progress`` event at the first frame, every second, and at the last."""

    def __init__(self, out: Output, what: str) -> None:
        from vidgen.render.pace import Pace

        self._out, self._what, self._pace = out, what, Pace()
        self._last: float | None = None

    def __call__(self, done: int, total: int) -> None:
        """Hear of one more frame."""
        speed, now = self._pace.speed(done, total), time.monotonic()
        first, self._last = self._last is None, now if self._last is None else self._last
        if first and done > 1 and not self._out.as_json:
            self._out.note(f"{self._what}: going on after {done - 1} frames of an earlier run")
        due = now - self._last >= (JSON_EVERY_S if self._out.as_json else PLAIN_EVERY_S)
        if self._out.as_json and (due or first or done == total):
            self._last = now
            self._out.event("progress", done=done, total=total, **speed.as_dict())
        elif due and speed.text():
            self._last = now
            self._out.note(f"{self._what}: {done}/{total} frames, {speed.text()}")


def fetching(out: Output) -> Callable[[str], Path]:
    """``weights.store.pull`` that shows its download as fits.

    What it returns is what ``upscale_file``, ``interpolate_file`` and ``process_clip`` take as ``fetch``.
    """
    from vidgen.weights.registry import model
    from vidgen.weights.store import pull

    def fetch(name: str) -> Path:
        row = model(name)
        with downloading(out, row.name) as on_bytes:
            return pull(row.name, on_bytes=on_bytes)

    return fetch


@contextmanager
def downloading(out: Output, name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A callback ``(bytes here, bytes in all)``: a bar on a terminal, plain lines elsewhere, events with --json."""
    if out.as_json or not screen().animated:
        yield DownloadLines(out, name)
        return
    with DownloadBar(name) as bar:
        yield bar


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
            self._out.note(f"{self._name}: {'downloading' if start else 'downloaded'} {megabytes(done, total)}")


class DownloadBar:
    """A download as a bar on stderr that starts with its first bytes, so that nothing is drawn where nothing is fetched."""

    def __init__(self, name: str) -> None:
        from vidgen.cli.bars import Bars
        from vidgen.render.pace import Pace

        self._name, self._bars, self._pace, self._begun = name, Bars(), Pace(), False

    def __enter__(self) -> DownloadBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        screen().hide(self._bars, keep=kind is None)

    def __call__(self, done: int, total: int | None) -> None:
        """Hear how many bytes are here, of how many."""
        if not self._begun:
            self._begun = True
            self._bars.begin(self._name, total, "")
            screen().show(self._bars)
        speed = self._pace.speed(done, total or done)
        pace = f", {speed.frames_per_s / 1e6:.3g} MB/s" if speed.frames_per_s else ""
        self._bars.whole(completed=done, total=total, state=f"{megabytes(done, total)}{pace}")


def megabytes(done: int, total: int | None) -> str:
    """``1.5 of 12.0 MB``."""
    return f"{done / 1e6:.1f}{f' of {total / 1e6:.1f}' if total else ''} MB"
