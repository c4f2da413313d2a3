"""What the review server knows and does: the film as it stands, a person's decisions, and who is told of changes."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.app.more import more_takes
from vidgen.app.pick import pin, reject, trim, unpin
from vidgen.app.review import Dailies, dailies, with_shots_anew
from vidgen.errors import InputError, Notice, VidgenError
from vidgen.render.project import Project
from vidgen.render.stopping import Stop
from vidgen.review.changes import Seen, changed_shots
from vidgen.review.cutting import Renders
from vidgen.review.media import FOLDER, ShownShot, shown_film
from vidgen.review.page import review_page, shot_part
from vidgen.review.writing import review_folder
from vidgen.takes.remarks import Note, update_remarks

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.7
Event = tuple[str, dict[str, Any]]
Warn = Callable[[Iterable[Notice]], None]


@dataclass
class Desk:
    """One film under review. Any thread may call it. ``folder``: where small copies go; None: in the work folder.

    Decisions are on disk before they are answered; what is kept here is only what the page shows.
    """

    board: Path
    work: Path | None = None
    folder: Path | None = None
    warn: Warn = lambda notices: None
    film: Dailies = field(init=False)
    shown: dict[str, ShownShot] = field(init=False)
    ended: threading.Event = field(default_factory=threading.Event)
    _turn: threading.RLock = field(default_factory=threading.RLock)
    _windows: set[queue.SimpleQueue[Event]] = field(default_factory=set)
    _stops: set[Stop] = field(default_factory=set)
    _renders: Renders = field(init=False)

    def __post_init__(self) -> None:
        """Look at the film. Raises InputError as planning does."""
        self._renders = Renders(self.board, self.work, self._rendered)
        now = Seen.of(Project.of(self.board, self.work))
        self.film, self.shown = self._look()
        self.warn([*self.film.notices, *(one for shot in self.shown.values() for one in shot.troubles)])
        self._remember(now)

    @property
    def media(self) -> Path:
        """Where the small copies are."""
        return (self.folder or review_folder(self.film)) / FOLDER

    def page(self) -> str:
        """The page, as it is now."""
        with self._turn:
            return review_page(self.film, self.shown, mode="served")

    def part(self, shot: str) -> str:
        """The page's part about one shot. Raises InputError where there is none."""
        with self._turn:
            self._known(shot)
            return shot_part(self.film, shot, self.shown)

    def state(self) -> dict[str, Any]:
        """``GET /api/state``."""
        with self._turn:
            return {**self.film.as_dict(), "run": self._renders.state}

    def pick(self, shot: str, take: int) -> dict[str, Any]:
        """Pin a take, as ``vidgen pick`` does; returns the new state of the shot."""
        pin(self.board, shot, take, work=self.work)
        return self._after(shot)

    def unpick(self, shot: str) -> dict[str, Any]:
        """Take a pin back."""
        unpin(self.board, shot, work=self.work)
        return self._after(shot)

    def reject(self, shot: str, take: int, reason: str) -> dict[str, Any]:
        """Note that a take is not wanted."""
        reject(self.board, shot, take, reason, work=self.work)
        return self._after(shot)

    def trim(self, shot: str, start_frame: int | None) -> dict[str, Any]:
        """Let a shot open with a frame of its picked take; None: where it would by itself."""
        trim(self.board, shot, start_frame, work=self.work)
        return self._after(shot)

    def note(self, shot: str, text: str, take: int | None, at_s: float | None) -> dict[str, Any]:
        """Write a note down."""
        found = self._known(shot)
        if take is not None and take not in {one["take"] for one in found["takes"]}:
            raise InputError("pick.unknown", f"shot {shot} has no take {take}")
        note = Note(shot, text, take, at_s)
        with self._turn:
            root = self.film.project.root
        update_remarks(root, lambda before: before.with_note(note))
        return self._after(shot)

    def more(self, shot: str, candidates: int, confirm_usd: float | None) -> dict[str, Any]:
        """Make more takes; returns when they are there."""

        def heard(event: str, /, **values: Any) -> None:
            if event in ("take.started", "take.progress", "take.done") and values.get("shot") == shot:
                self._tell("progress", {"shot": shot, "take": values.get("take"), "share": values.get("share")})

        stops: list[Stop] = []

        def started(stop: Stop) -> None:
            stops.append(stop)
            self._stops.add(stop)
            if self.ended.is_set():
                stop.event.set()

        self._known(shot)
        try:
            more_takes(self.board, shot, candidates, confirm_usd=confirm_usd, work=self.work, listener=heard, started=started)
        finally:
            self._stops.difference_update(stops)
        return self._after(shot)

    def render(self, confirm_usd: float | None) -> Mapping[str, Any]:
        """Start the usual render of the film; windows are told how it goes."""
        return self._renders.start(confirm_usd)

    def _rendered(self, state: Mapping[str, Any]) -> None:
        if state["state"] != "running":  # whoever hears of the end finds its takes
            self._renew_quietly()
        self._tell("run", dict(state))

    @contextmanager
    def window(self) -> Iterator[queue.SimpleQueue[Event]]:
        """What an open page is told: (event, values) as they come."""
        told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with self._turn:
            if run := self._renders.state:
                told.put(("run", dict(run)))
            self._windows.add(told)
        try:
            yield told
        finally:
            with self._turn:
                self._windows.discard(told)

    def close(self) -> None:
        """End: work that is going on stops in good order, pages are let go."""
        self.ended.set()
        for stop in list(self._stops):
            stop.event.set()
        self._tell("end", {})
        self._renders.close()

    def watch(self) -> None:
        """See what others do to the film, such as ``vidgen pick`` or a render in another window, until ``close``."""
        while not self.ended.wait(LOOK_SECONDS):
            self._renew_quietly()

    def _renew_quietly(self) -> None:
        try:
            self._renew_changed()
        except (VidgenError, OSError) as error:  # a storyboard in the middle of an edit: the page stays as it is
            LOG.info("the film cannot be looked at just now: %s", error)

    def _renew_changed(self) -> None:
        """Look again at what changed, while the page is answered from what is known."""
        now, before = Seen.of(self.film.project), self._seen
        if now == before:
            return
        names = changed_shots(self.film, self._picks, before, now)
        if names is None:
            self._renew_all(now)
            return
        found = self._look_at(names)
        with self._turn:
            if self._seen == before:
                self._show(*found, now)

    def _renew_all(self, now: Seen) -> None:
        film, shown = self._look()
        with self._turn:
            if Seen.of(film.project) != now:  # it changed meanwhile: next time
                return
            before = {shot["id"]: shot for shot in self.state()["shots"]}
            self.film, self.shown = film, shown
            self._remember(now)
            after = {shot["id"]: shot for shot in self.state()["shots"]}
        if list(before) != list(after):
            self._tell("film", {})
            return
        for name in after:
            if after[name] != before[name]:
                self._tell("shot", {"id": name})

    def _look(self) -> tuple[Dailies, dict[str, ShownShot]]:
        film = dailies(self.board, work=self.work)
        return film, shown_film(film, (self.folder or review_folder(film)) / FOLDER)

    def _after(self, shot: str) -> dict[str, Any]:
        """Look at a shot again, and at those that continue it, and tell all windows."""
        with self._turn:
            now, before = Seen.of(self.film.project), self._seen
            others = changed_shots(self.film, self._picks, before, now)
            self._show(*self._look_at({shot, *(others or ())}), before if others is None else now)
            return self._known(shot)

    def _look_at(self, shots: Collection[str]) -> tuple[Dailies, dict[str, ShownShot]]:
        """Some shots, and those that continue them, as they are now."""
        names = self._with_followers(shots)
        film = with_shots_anew(self.film, names)
        return film, shown_film(film, self.media, only=names)

    def _show(self, film: Dailies, anew: Mapping[str, ShownShot], seen: Seen) -> None:
        """Show some shots anew, and tell all windows. ``seen``: the files as they were before the look."""
        self.film, self.shown = film, {**self.shown, **anew}
        self._remember(seen)
        for name in anew:
            self._tell("shot", {"id": name})

    def _remember(self, seen: Seen) -> None:
        self._seen, self._picks = seen, self.film.project.picks()

    def _with_followers(self, shots: Collection[str]) -> list[str]:
        names = set(shots)
        for one in self.film.plan.shots:
            if one.continues in names:
                names.add(one.id)
        return [one.id for one in self.film.plan.shots if one.id in names]

    def _known(self, shot: str) -> dict[str, Any]:
        found = self.film.shot(shot)
        if found is None:
            raise InputError("shot.unknown", f"there is no shot {shot!r}", where=str(self.board))
        return self.film.shot_dict(found)

    def _tell(self, event: str, values: dict[str, Any]) -> None:
        with self._turn:
            for told in self._windows:
                told.put((event, values))
