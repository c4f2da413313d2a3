"""Progress bars that adapt to the terminal: its width decides the columns, its height the number of rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from vidgen.cli.screen import screen, text
from vidgen.render.throughput import Throughput, left_text

ROOMY, NARROW = 100, 60
"""Terminal widths: from ``ROOMY`` columns on rows are complete; below ``NARROW`` they are minimal."""
_SPARE = 3
"""Columns left free at the right, so that typed characters (``^C``) do not wrap."""


class FieldColumn(ProgressColumn):
    """A field of a task as text of fixed width."""

    def __init__(self, field: str, width: int) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", min_width=width, max_width=width))
        self._field = field

    def render(self, task: Task) -> Text:
        """The text of the field; not cached, because states change often."""
        return text(task.fields[self._field], overflow="ellipsis", no_wrap=True)


def columns(tasks: Sequence[Task], width: int) -> tuple[ProgressColumn, ...]:
    """The columns for a terminal of ``width`` columns: name and state always, bar and times if there is space."""
    fields = ("shot", "status", "left", "cost")
    longest = {name: max((text(task.fields[name]).cell_len for task in tasks), default=0) for name in fields}
    names = min(longest["shot"], 20 if width >= ROOMY else 12 if width >= NARROW else 8)
    bar = BarColumn(30 if width >= ROOMY else 16 if width >= NARROW else 6)
    times: list[tuple[ProgressColumn, int]] = [(TimeElapsedColumn(), 7)] if width >= NARROW else []
    if width >= ROOMY and longest["left"]:
        times.append((FieldColumn("left", longest["left"]), longest["left"]))
    cost = [(FieldColumn("cost", longest["cost"]), longest["cost"])] if longest["cost"] else []
    taken = names + 1 + int(bar.bar_width or 0) + 1 + sum(1 + wide for _, wide in (*times, *cost))
    state = FieldColumn("status", max(4, min(longest["status"], width - _SPARE - taken)))
    return FieldColumn("shot", names), bar, state, *(column for column, _ in (*times, *cost))


class Bars(Progress):
    """A bar for each piece of work in progress, as many as fit, and below them one for the whole.

    ``Screen`` draws it. ``picture``, if set, is drawn above it.
    """

    def __init__(self) -> None:
        self.picture: Text | None = None
        self._rows: dict[str, TaskID] = {}
        self._whole: TaskID | None = None
        self._state = ""
        self._paces: dict[TaskID, Throughput] = {}
        super().__init__(console=screen().console, auto_refresh=False)

    def begin(self, name: str, total: int | None, state: str) -> None:
        """Add the bar for the whole, with ``total`` parts."""
        self._state = state
        self._whole = self._add(name, total=total, state=state)

    def whole(self, *, state: str | None = None, **changes: Any) -> None:
        """Update the bar for the whole: ``completed``, ``total``, ``cost``, and its ``state`` text."""
        if self._whole is not None and state not in (None, self._state):
            self._state = state or ""
            self._paces[self._whole] = Throughput()  # other work has another speed
        if self._whole is not None:
            self.update(self._whole, **changes)

    def whole_pace(self, done: float, total: float) -> None:
        """Set the progress from which the remaining time of the whole is estimated."""
        if self._whole is not None:
            self._paces[self._whole].speed(done, total)

    def row(self, shot: str, **changes: Any) -> None:
        """Update the bar of a shot, adding it first if needed."""
        if shot not in self._rows:
            self._rows[shot] = self._add(shot, total=1.0)
        if "completed" in changes:
            self._paces[self._rows[shot]].speed(changes["completed"], 1.0)
        if "state" in changes:
            changes.setdefault("until", 0.0)
        self.update(self._rows[shot], **changes)

    def waits(self, shot: str, seconds: float, message: str) -> None:
        """Show ``message`` instead of a shot's state for ``seconds``."""
        self.row(shot, until=time.monotonic() + seconds, instead=message)

    def close(self, shot: str) -> None:
        """Remove the bar of a shot."""
        if (row := self._rows.pop(shot, None)) is not None:
            self.remove_task(row)
            del self._paces[row]

    def _add(self, name: str, total: float | None, state: str = "") -> TaskID:
        row = self.add_task(
            "", total=total, shot=_encodable(name), state=state, status="", cost="", left="", until=0.0, instead=""
        )
        self._paces[row] = Throughput()
        return row

    def get_renderables(self) -> Iterator[RenderableType]:
        """The picture, as many bars as fit, and the bar for the whole."""
        size = screen().console.size
        rows = [task for task in self.tasks if task.id != self._whole]
        whole = [task for task in self.tasks if task.id == self._whole]
        available = max(0, size.height - 2 - len(whole))
        if self.picture is not None and (lines := len(self.picture.plain.splitlines())) < available:
            yield self.picture
            available -= lines
        shown, now = [*rows[:available], *whole], time.monotonic()
        for task in shown:
            status = task.fields["instead"] if task.fields["until"] > now else task.fields["state"]
            task.fields |= {"status": _encodable(status), "left": left_text(self._left_s(task.id))}
        for task in whole:
            parts = f"{task.completed:.0f}/{task.total:.0f}" if task.total and not task.finished else ""
            under_way = f"{parts}, {len(rows)} under way"
            task.fields["status"] = under_way if len(rows) > available else f"{parts} {self._state}".strip()
        self.columns = columns(shown, size.width)
        yield self.make_tasks_table(shown)

    def _left_s(self, row: TaskID) -> float | None:
        pace = self._paces.get(row)  # None if another thread has just closed the bar
        return pace.left_s() if pace else None


def _encodable(text: str) -> str:
    """Text with characters that the terminal's encoding lacks replaced, so that columns stay aligned."""
    encoding = screen().console.encoding
    return text.encode(encoding, "replace").decode(encoding, "replace")
