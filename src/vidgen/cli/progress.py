"""Progress on stderr: a live display on a terminal, plain lines a few times a minute elsewhere, events with --json."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidgen.cli.live_run import LiveRun, steps_text, waits_until
from vidgen.cli.output import Output
from vidgen.cli.screen import screen
from vidgen.media.wording import counted

PLAIN_EVERY_S = 15.0
JSON_EVERY_S = 1.0


@contextmanager
def watching(out: Output) -> Iterator[Callable[..., None]]:
    """A listener for a run's events that shows them in the form that suits stderr."""
    if out.as_json:
        yield out.event
    elif screen().animated:
        with LiveRun() as live:
            yield live
    else:
        yield PlainRun(out)


class PlainRun:
    """Prints a line when a shot is done or fails, and a progress line at most every 15 s."""

    def __init__(self, out: Output) -> None:
        self._out, self._start, self._last = out, time.monotonic(), time.monotonic()
        self._done, self._total = 0, 0
        self._printed: set[str] = set()
        self._nodes: dict[str, str] = {}

    def __call__(self, event: str, /, **values: Any) -> None:
        """Handle one event."""
        now = time.monotonic()
        if event == "run.started":
            self._total = values["shots"] + values["enlargements"]
            shots, takes = counted(values["shots"], "shot"), counted(values["takes"], "take")
            self._out.note(f"{shots}, {takes} to make, {values['reused']} at hand")
        elif event == "speech.started" and (values["number"] == 1 or now - self._last > PLAIN_EVERY_S):
            self._last = now
            self._out.note(f"speaking line {values['number']} of {values['total']}: {values['engine']}")
        elif event == "shot.picked":
            self._done += 1
            if values.get("made"):
                node = self._nodes.get(values["shot"])
                where = f", on {node}" if node else ""
                so_far = f"{self._done}/{self._total}, {now - self._start:.0f} s{where}"
                self._out.note(f"{values['shot']}: take {values['take']} ({so_far})")
                self._last = now
            else:
                self._now_and_then(f"{values['shot']}: take {values['take']}, at hand, {self._done}/{self._total}")
        elif event == "takes.gathered":
            self._now_and_then(f"{counted(values['takes'], 'take')} that other machines made, so far")
        elif event == "cut.segment":
            self._now_and_then(f"cut: {values['done']} of {counted(values['total'], 'segment')}")
        elif event == "take.started" and "node" in values:
            self._nodes[values["shot"]] = values["node"]
        elif event == "node.joined":
            self._out.note(f"{values['node']} joined the cluster")
        elif event == "take.failed":
            self._out.note(f"{values['shot']}: take {values['take']} failed: {values['message']}")
        elif event == "take.waiting" and values["why"] not in self._printed:
            self._printed.add(values["why"])
            self._out.note(f"{values['shot']}: take {values['take']} {waits_until(values)}: {values['why']}")
        elif event == "post.started" and (steps := steps_text(values)):
            self._out.note(f"{values['shot']}: {steps}, {counted(values['frames'], 'frame')}")
            for line in values["why"]:
                if line not in self._printed:
                    self._printed.add(line)
                    self._out.note(f"  {line}")
        elif event == "model.download" and values["model"] not in self._printed:
            self._printed.add(values["model"])
            size = f", {values['total_bytes'] / 1e6:.0f} MB" if values["total_bytes"] else ""
            self._out.note(f"downloading {values['model']}{size}")
        elif event == "cut.done":
            self._out.note(f"cut: {segments_text(values)}")
        elif event == "output.done" and values["state"] == "made":
            self._out.note(f"{values['output']}: made ({values['why']}, {now - self._start:.0f} s)")
            self._last = now
        elif event.endswith(".progress") and now - self._last > PLAIN_EVERY_S:
            self._last = now
            from vidgen.render.throughput import Speed

            speed = Speed(values.get("frames_per_s"), values.get("remaining_s")).text()
            so_far = f"{now - self._start:.0f} s{', ' + speed if speed else ''}"
            what = values.get("shot") or ", ".join(values["outputs"])
            self._out.note(f"{what}: {100 * values['share']:.0f} % ({so_far})")

    def _now_and_then(self, text: str) -> None:
        """A line that a person or a farm's log only needs where nothing was said for a while."""
        now = time.monotonic()
        if now - self._last > PLAIN_EVERY_S:
            self._last = now
            self._out.note(f"{text} ({now - self._start:.0f} s)")


def segments_text(counts: Mapping[str, Any]) -> str:
    """How many pieces of a film were encoded, copied from their shots as they are, and kept from an earlier run."""
    encoded, copied, kept = (counts.get(state, 0) for state in ("encoded", "copied", "kept"))
    if not (encoded or copied or kept):
        return "the film is there already, and nothing in it changed"
    return f"{counted(encoded, 'segment')} encoded, {copied} copied, {kept} kept"


@contextmanager
def frames_done(out: Output, what: str) -> Iterator[Callable[[int, int], None]]:
    """A callback ``(frames done, total frames)`` for commands that work on one file."""
    if not out.as_json and screen().animated:
        with FrameBar(what) as bar:
            yield bar
    else:
        yield FrameLines(out, what)


class FrameBar:
    """A bar on the terminal, with frames per second and remaining time."""

    def __init__(self, what: str) -> None:
        from vidgen.cli.bars import Bars
        from vidgen.render.throughput import Throughput

        self._pace, self._begun = Throughput(), False
        self._bars = Bars()
        self._bars.begin(what, None, "getting ready")

    def __enter__(self) -> FrameBar:
        screen().show(self._bars)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        screen().hide(self._bars, keep=kind is None)

    def __call__(self, done: int, total: int) -> None:
        """Report the frames done."""
        if not self._begun and done > 1:
            screen().note(f"continuing after {done - 1} frames of an earlier run")
        self._begun = True
        state = self._pace.speed(done, total).text() if done < total else "finishing"
        self._bars.whole(completed=done, total=total, state=state)


class FrameLines:
    """A line on stderr every 15 s; with --json a ``progress`` event at the first frame, each second, and at the last."""

    def __init__(self, out: Output, what: str) -> None:
        from vidgen.render.throughput import Throughput

        self._out, self._what, self._pace = out, what, Throughput()
        self._last: float | None = None

    def __call__(self, done: int, total: int) -> None:
        """Report the frames done."""
        speed, now = self._pace.speed(done, total), time.monotonic()
        first, self._last = self._last is None, now if self._last is None else self._last
        if first and done > 1 and not self._out.as_json:
            self._out.note(f"{self._what}: continuing after {done - 1} frames of an earlier run")
        due = now - self._last >= (JSON_EVERY_S if self._out.as_json else PLAIN_EVERY_S)
        if self._out.as_json and (due or first or done == total):
            self._last = now
            self._out.event("progress", done=done, total=total, **speed.as_dict())
        elif due and speed.text():
            self._last = now
            self._out.note(f"{self._what}: {done}/{total} frames, {speed.text()}")


def fetching(out: Output) -> Callable[[str], Path]:
    """``weights.store.pull`` with progress, for the ``fetch`` argument of ``upscale_file``, ``interpolate_file`` and
    ``process_clip``.
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
    """A callback ``(bytes done, total bytes)``: a bar on a terminal, plain lines elsewhere, events with --json."""
    if out.as_json or not screen().animated:
        yield DownloadLines(out, name)
        return
    with DownloadBar(name) as bar:
        yield bar


class DownloadLines:
    """A download as lines on stderr or ``model.download`` events: one at the start, then one every few seconds."""

    def __init__(self, out: Output, name: str) -> None:
        self._out, self._name = out, name
        self._last: float | None = None
        self._whole = False

    def __call__(self, done: int, total: int | None) -> None:
        """Report the bytes done."""
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
    """A download as a bar on stderr. It appears with the first bytes, so not at all if nothing is downloaded."""

    def __init__(self, name: str) -> None:
        from vidgen.cli.bars import Bars
        from vidgen.render.throughput import Throughput

        self._name, self._bars, self._pace, self._begun = name, Bars(), Throughput(), False

    def __enter__(self) -> DownloadBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        screen().hide(self._bars, keep=kind is None)

    def __call__(self, done: int, total: int | None) -> None:
        """Report the bytes done."""
        if not self._begun:
            self._begun = True
            self._bars.begin(self._name, total, "")
            screen().show(self._bars)
        from vidgen.render.throughput import left_text

        speed = self._pace.speed(done, total or done)
        pace = f", {speed.frames_per_s / 1e6:.3g} MB/s" if speed.frames_per_s else ""
        left = f", {left_text(speed.remaining_s)}" if total and left_text(speed.remaining_s) else ""
        self._bars.whole(completed=done, total=total, state=f"{megabytes(done, total)}{pace}{left}")


def megabytes(done: int, total: int | None) -> str:
    """Bytes as text: ``1.5 of 12.0 MB``."""
    return f"{done / 1e6:.1f}{f' of {total / 1e6:.1f}' if total else ''} MB"
