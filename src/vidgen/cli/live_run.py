"""The live display of a run: bars for shots in progress, and one for the film."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from vidgen.cli.screen import screen


class LiveRun:
    """Bars for shots with state, elapsed and remaining time and cost; above them a preview, if the engine sends one.

    It is called with the run's events and is shown from the first one on.
    """

    def __init__(self) -> None:
        from vidgen.cli.bars import Bars

        self._bars = Bars()
        self._spent = 0.0
        self._printed: set[str] = set()
        self._takes, self._all_made = 0, 0.0
        self._shares: dict[str, dict[int, float]] = {}
        """Shot -> take -> share done (0-1)."""
        self._candidates: dict[str, int] = {}

    def __enter__(self) -> LiveRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        screen().hide(self._bars, keep=kind is None)

    def __call__(self, event: str, /, **values: Any) -> None:
        """Handle one event."""
        bars = self._bars
        if event == "run.started":
            self._takes = values["takes"]
            bars.begin("film", values["shots"] + values["enlargements"], "making takes")
            screen().show(bars)
        elif event.startswith("take."):
            self._take(event, values)
        elif event.startswith("speech."):
            self._speech(event, values)
        elif event == "shot.started":
            self._candidates[values["shot"]] = values["takes"]
        elif event == "post.progress":
            self._post(values)
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
        elif event.startswith("output."):
            self._output(event, values)
        if self._spent:
            bars.whole(cost=f"${self._spent:.2f} spent")

    def _output(self, event: str, values: Mapping[str, Any]) -> None:
        if event == "output.started" and values["make"]:
            self._bars.whole(state="deliveries", completed=0, total=values["make"])
        elif event == "output.progress":
            for name in values["outputs"]:
                self._bars.row(name, completed=values["share"], state="encoding")
        elif event == "output.done" and values["state"] == "made":
            self._bars.close(values["output"])
            self._bars.whole(advance=1, state="done")

    def _speech(self, event: str, values: Mapping[str, Any]) -> None:
        """Lines are spoken before the run begins; a question may come after them, so the bar is gone by then."""
        done = values["number"] - (event == "speech.started")
        if done == 0:
            screen().show(self._bars)
        self._bars.row("speech", completed=done / values["total"], state=f"{values['engine']}: {values['line']}")
        if event == "speech.done":
            self._spent += values["cost_usd"] or 0.0
        if done == values["total"]:
            self._bars.close("speech")
            screen().hide(self._bars, keep=False)

    def _take(self, event: str, values: Mapping[str, Any]) -> None:
        shot = values["shot"]
        if event == "take.started":
            where = f" on {values['node']}" if "node" in values else ""
            self._bars.row(shot, state=f"take {values['take']}: {values['engine']}{where}")
            self._made(shot, values["take"], 0.0)
        elif event == "take.progress":
            self._bars.row(shot, until=0.0)
            self._made(shot, values["take"], values["share"])
        elif event == "take.waiting":
            self._bars.waits(shot, values["seconds"], f"{waits_until(values)}: {values['why']}")
        elif event == "take.preview":
            self._preview(values)
        elif event == "take.done":
            self._spent += values.get("cost_usd") or 0.0
            self._made(shot, values["take"], 1.0)
        elif event == "take.failed":
            self._bars.row(shot, state=f"take {values['take']} failed")
            self._made(shot, values["take"], 1.0)
            screen().note(f"{shot}: take {values['take']} failed: {values['message']}")

    def _made(self, shot: str, take: int, share: float) -> None:
        """Update the bar of the shot (mean of its takes) and that of the run (all takes)."""
        shares = self._shares.setdefault(shot, {})
        before = shares.get(take, 0.0)
        shares[take] = max(share, before)
        self._all_made += shares[take] - before
        self._bars.row(shot, completed=sum(shares.values()) / max(len(shares), self._candidates.get(shot, 0)))
        self._bars.whole_pace(self._all_made, max(self._takes, self._all_made))

    def _preview(self, values: Mapping[str, Any]) -> None:
        from vidgen.cli.preview import can_show, picture

        if can_show(self._bars.console):
            self._bars.picture = picture(values)

    def _post_started(self, values: Mapping[str, Any]) -> None:
        """Print the reasons for the chosen engines above the bars."""
        self._bars.whole(state="post-processing")
        self._bars.row(values["shot"], state=steps_text(values) or "grading")
        for line in values["why"]:
            if line not in self._printed:
                self._printed.add(line)
                screen().note(f"{values['shot']}: {line}")

    def _post(self, values: Mapping[str, Any]) -> None:
        rate = f" {values['frames_per_s']:.3g} frames/s" if values.get("frames_per_s") else ""
        self._bars.row(values["shot"], completed=values["share"], state=f"{values['frames']}/{values['total']}{rate}")

    def _download(self, values: Mapping[str, Any]) -> None:
        done, total = values["bytes"], values["total_bytes"]
        size = f"{done / 1e6:.0f}{f' of {total / 1e6:.0f}' if total else ''} MB"
        self._bars.row("download", completed=done / total if total else 0.0, state=f"{values['model']} {size}")
        if done == total:
            self._bars.close("download")


def steps_text(values: Mapping[str, Any]) -> str:
    """What post-processing does to a shot, in order; the names of its engines where that is all that is told."""
    return ", then ".join(values.get("steps", values["engines"]))


def waits_until(values: Mapping[str, Any], now: datetime | None = None) -> str:
    """The text of a ``take.waiting`` event: ``waits until 14:32``, with seconds if the wait is short."""
    now = now or datetime.now().astimezone()
    until = now + timedelta(seconds=values["seconds"])
    day = f"{until:%Y-%m-%d} " if values["seconds"] > 12 * 3600 else ""  # 00:10 needs no day an hour before
    return f"waits until {day}{until:{'%H:%M:%S' if values['seconds'] < 600 else '%H:%M'}}"
