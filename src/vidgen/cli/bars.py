"""Bars that fit the terminal: its width decides what a row tells, its height how many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from vidgen.cli.screen import screen, text

ROOMY, NARROW = 100, 60
"""From ``ROOMY`` columns on a row tells everything; below ``NARROW`` it tells the least."""


class Words(ProgressColumn):
    """A field of the row as text, cut off where there is no room."""

    def __init__(self, field: str, width: int | None = None, **options: Any) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", max_width=width, **options))
        self._field = field

    def render(self, task: Task) -> Text:
        """Anew each time, since states change often."""
        return text(task.fields.get(self._field, ""), overflow="ellipsis", no_wrap=True)


def columns(width: int) -> tuple[ProgressColumn, ...]:
    """What a row shows: name and state always; bar and times as there is room."""
    if width >= ROOMY:
        return Words("shot", 20, min_width=10, justify="right"), BarColumn(30), Words("state"), TimeElapsedColumn(), \
            TimeRemainingColumn(compact=True), Words("cost")  # fmt: skip
    if width >= NARROW:
        return Words("shot", 12, justify="right"), BarColumn(16), Words("state"), TimeElapsedColumn(), Words("cost")
    return Words("shot", 8), BarColumn(8), Words("state"), Words("cost")


class Bars(Progress):
    """A row for each piece of work under way, as many as the terminal has lines for, and below them one for the whole, which
    tells how many there are where some have no row. It is drawn by ``Screen``; above it stands ``picture`` if there is one.
    """

    def __init__(self) -> None:
        super().__init__(console=screen().console, auto_refresh=False)
        self.picture: Text | None = None
        self._rows: dict[str, TaskID] = {}
        self._whole: TaskID | None = None
        self._state = ""

    def begin(self, name: str, total: int | None, state: str) -> None:
        """Add the row for the whole, of ``total`` parts."""
        self._state = state
        self._whole = self.add_task("", total=total, shot=name, state=state, cost="")

    def whole(self, *, state: str | None = None, **changes: Any) -> None:
        """Change the row for the whole: ``completed``, ``total``, ``cost``, and the words before its counts."""
        self._state = self._state if state is None else state
        if self._whole is not None:
            self.update(self._whole, **changes)

    def row(self, shot: str, **changes: Any) -> None:
        """Change the row of a shot; the first change adds it."""
        if shot not in self._rows:
            self._rows[shot] = self.add_task("", total=1.0, shot=shot, state="", cost="")
        self.update(self._rows[shot], **changes)

    def restart(self, shot: str, share: float) -> None:
        """What was done up to here says nothing of the speed."""
        if shot in self._rows:
            self.reset(self._rows[shot])
            self.update(self._rows[shot], completed=share)

    def close(self, shot: str) -> None:
        """Its work is done: the row goes."""
        if (row := self._rows.pop(shot, None)) is not None:
            self.remove_task(row)

    def get_renderables(self) -> Iterator[RenderableType]:
        """The picture, rows as far as there is room, and the whole."""
        size = self.console.size
        rows = [task for task in self.tasks if task.id != self._whole]
        whole = [task for task in self.tasks if task.id == self._whole]
        room = max(0, size.height - 2 - len(whole))
        if self.picture is not None and (lines := len(self.picture.plain.splitlines())) < room:
            yield self.picture
            room -= lines
        for task in whole:
            parts = f"{task.completed:.0f}/{task.total:.0f} " if task.total else ""
            task.fields["state"] = f"{parts}{self._state}{f', {len(rows)} under way' if len(rows) > room else ''}"
        self.columns = columns(size.width)
        yield self.make_tasks_table([*rows[:room], *whole])
