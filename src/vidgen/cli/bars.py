"""Bars that fit the terminal: its width decides what a row tells, its height how many rows there are."""

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
"""From ``ROOMY`` columns on a row tells everything; below ``NARROW`` it tells the least."""
_SPARE = 3
"""Columns left free at the right: what is typed there (``^C``) must not begin a new line."""


class Words(ProgressColumn):
    """A field of the row as text, at most so many columns wide."""

    def __init__(self, field: str, width: int) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", min_width=width, max_width=width))
        self._field = field

    def render(self, task: Task) -> Text:
        """Anew each time, since states change often."""
        return text(task.fields[self._field], overflow="ellipsis", no_wrap=True)


def columns(tasks: Sequence[Task], width: int) -> tuple[ProgressColumn, ...]:
    """What rows show in a terminal of so many columns: name and state always, bar and times as there is room."""
    fields = ("shot", "told", "left", "cost")
    longest = {name: max((text(task.fields[name]).cell_len for task in tasks), default=0) for name in fields}
    names = min(longest["shot"], 20 if width >= ROOMY else 12 if width >= NARROW else 8)
    bar = BarColumn(30 if width >= ROOMY else 16 if width >= NARROW else 6)
    times: list[tuple[ProgressColumn, int]] = [(TimeElapsedColumn(), 7)] if width >= NARROW else []
    if width >= ROOMY and longest["left"]:
        times.append((Words("left", longest["left"]), longest["left"]))
    cost = [(Words("cost", longest["cost"]), longest["cost"])] if longest["cost"] else []
    taken = names + 1 + int(bar.bar_width or 0) + 1 + sum(1 + wide for _, wide in (*times, *cost))
    state = Words("told", max(4, min(longest["told"], width - _SPARE - taken)))
    return Words("shot", names), bar, state, *(column for column, _ in (*times, *cost))


class Bars(Progress):
    """A row for each piece of work under way, as many as the terminal has lines for, and below them one for the whole, which
    tells how many there are where some have no row. It is drawn by ``Screen``; above it stands ``picture`` if there is one.
    """

    def __init__(self) -> None:
        self.picture: Text | None = None
        self._rows: dict[str, TaskID] = {}
        self._whole: TaskID | None = None
        self._state = ""
        self._paces: dict[TaskID, Throughput] = {}
        super().__init__(console=screen().console, auto_refresh=False)

    def begin(self, name: str, total: int | None, state: str) -> None:
        """Add the row for the whole, of ``total`` parts."""
        self._state = state
        self._whole = self._add(name, total=total, state=state)

    def whole(self, *, state: str | None = None, **changes: Any) -> None:
        """Change the row for the whole: ``completed``, ``total``, ``cost``, and the words before its counts."""
        if self._whole is not None and state not in (None, self._state):
            self._state = state or ""
            self._paces[self._whole] = Throughput()  # other work, of another speed
        if self._whole is not None:
            self.update(self._whole, **changes)

    def whole_pace(self, done: float, total: float) -> None:
        """How much of what takes the time is done: from it comes the time that is left."""
        if self._whole is not None:
            self._paces[self._whole].speed(done, total)

    def row(self, shot: str, **changes: Any) -> None:
        """Change the row of a shot; the first change adds it."""
        if shot not in self._rows:
            self._rows[shot] = self._add(shot, total=1.0)
        if "completed" in changes:
            self._paces[self._rows[shot]].speed(changes["completed"], 1.0)
        if "state" in changes:
            changes.setdefault("until", 0.0)
        self.update(self._rows[shot], **changes)

    def waits(self, shot: str, seconds: float, words: str) -> None:
        """Instead of its state the row of a shot says ``words`` for so long."""
        self.row(shot, until=time.monotonic() + seconds, instead=words)

    def close(self, shot: str) -> None:
        """Its work is done: the row goes."""
        if (row := self._rows.pop(shot, None)) is not None:
            self.remove_task(row)
            del self._paces[row]

    def _add(self, name: str, total: float | None, state: str = "") -> TaskID:
        row = self.add_task("", total=total, shot=_sayable(name), state=state, told="", cost="", left="", until=0.0, instead="")
        self._paces[row] = Throughput()
        return row

    def get_renderables(self) -> Iterator[RenderableType]:
        """The picture, rows as far as there is room, and the whole."""
        size = screen().console.size
        rows = [task for task in self.tasks if task.id != self._whole]
        whole = [task for task in self.tasks if task.id == self._whole]
        room = max(0, size.height - 2 - len(whole))
        if self.picture is not None and (lines := len(self.picture.plain.splitlines())) < room:
            yield self.picture
            room -= lines
        shown, now = [*rows[:room], *whole], time.monotonic()
        for task in shown:
            told = task.fields["instead"] if task.fields["until"] > now else task.fields["state"]
            task.fields |= {"told": _sayable(told), "left": left_text(self._left_s(task.id))}
        for task in whole:
            parts = f"{task.completed:.0f}/{task.total:.0f}" if task.total and not task.finished else ""
            under_way = f"{parts}, {len(rows)} under way"
            task.fields["told"] = under_way if len(rows) > room else f"{parts} {self._state}".strip()
        self.columns = columns(shown, size.width)
        yield self.make_tasks_table(shown)

    def _left_s(self, row: TaskID) -> float | None:
        pace = self._paces.get(row)  # a row that another thread has just closed has none
        return pace.left_s() if pace else None


def _sayable(words: str) -> str:
    """Words in the letters that the terminal has, so that columns stay aligned where it is not UTF-8."""
    encoding = screen().console.encoding
    return words.encode(encoding, "replace").decode(encoding, "replace")
