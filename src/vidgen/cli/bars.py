"""Bars that fit the terminal: its width decides what a row tells, its height how many rows there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from vidgen.cli.screen import screen, text

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
    longest = {name: max((text(task.fields[name]).cell_len for task in tasks), default=0) for name in ("shot", "state", "cost")}
    names = min(longest["shot"], 20 if width >= ROOMY else 12 if width >= NARROW else 8)
    bar = BarColumn(30 if width >= ROOMY else 16 if width >= NARROW else 6)
    times: list[tuple[ProgressColumn, int]] = [(TimeElapsedColumn(), 7)] if width >= NARROW else []
    if width >= ROOMY:
        times.append((TimeRemainingColumn(compact=True), 5))
    cost = [(Words("cost", longest["cost"]), longest["cost"])] if longest["cost"] else []
    taken = names + 1 + int(bar.bar_width or 0) + 1 + sum(1 + wide for _, wide in (*times, *cost))
    state = Words("state", max(4, min(longest["state"], width - _SPARE - taken)))
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
        super().__init__(console=screen().console, auto_refresh=False)

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
        size = screen().console.size
        rows = [task for task in self.tasks if task.id != self._whole]
        whole = [task for task in self.tasks if task.id == self._whole]
        room = max(0, size.height - 2 - len(whole))
        if self.picture is not None and (lines := len(self.picture.plain.splitlines())) < room:
            yield self.picture
            room -= lines
        for task in whole:
            parts = f"{task.completed:.0f}/{task.total:.0f}" if task.total and not task.finished else ""
            words = f"{parts}, {len(rows)} under way" if len(rows) > room else f"{parts} {self._state}".strip()
            task.fields["state"] = words
        shown = [*rows[:room], *whole]
        self.columns = columns(shown, size.width)
        yield self.make_tasks_table(shown)
