"""``vidgen import``: an editor's cut comes back into the storyboard. Offline: nothing is made or bought.

The storyboard is changed, read again and planned until its cut is the editor's, or does not come nearer to it. So what is told
as taken over is what the next render does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.app.plan import plan_loaded
from vidgen.engines.registry import Engines
from vidgen.errors import InputError, Notice, StoryboardError
from vidgen.interchange.cut import Cut, CutShot
from vidgen.interchange.placing import Listed, moved, placements
from vidgen.interchange.reading import LARGEST_BYTES, read_cut
from vidgen.interchange.returned import SeenCut
from vidgen.interchange.wanted import WantedCut, wanted_cut
from vidgen.interchange.wishes import Rates, Standing, Wish, wishes
from vidgen.media.files import replace_text
from vidgen.media.places import check_output_file
from vidgen.planning.compile import Overrides
from vidgen.planning.plan import FilmShot, GeneratedShot, Plan
from vidgen.render.at_hand import shots_at_hand
from vidgen.render.editorial import editorial_cut
from vidgen.render.project import Project, Workspace
from vidgen.speech.voices import FilmVoices
from vidgen.storyboard.editing import KeyEdit, Placement, endings, rearranged, with_endings, with_keys, with_shots
from vidgen.storyboard.forms import canonical_form
from vidgen.storyboard.loader import LoadedBoard, load_storyboard, parse_storyboard
from vidgen.storyboard.reader import parse_document, read_document
from vidgen.takes.lockfile import Pick

KEYS = ("duration", "trim", "transition", "pick")
HEARD_ONCE = ("dialogue", "voiceover", "sfx", "text", "notes")
"""Keys that a second shot of the same does not get."""
MOST_PASSES = 6


@dataclass(frozen=True)
class Change:
    """A key of a shot that changed. ``order``: its place among the shots, from 1; None: it is not in the film."""

    shot: str
    key: str
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Any]:
        """One of ``changes``."""
        return {"shot": self.shot, "key": self.key, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Imported:
    """What changed, or would."""

    changes: tuple[Change, ...]
    not_taken: tuple[str, ...]
    written: bool
    notices: tuple[Notice, ...] = ()
    """What there is to say of the new plan that was not to be said of the old one."""

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``import --json``."""
        return {
            "changes": [one.as_dict() for one in self.changes],
            "not_taken": list(self.not_taken),
            "written": self.written,
        }


def import_cut(
    file: Path, board: Path, *, overrides: Overrides = Overrides(), work: Path | None = None, dry_run: bool = False
) -> Imported:
    """Bring a cut back. ``dry_run``: only tell.

    Raises InputError for a file that is no cut, or not one of this storyboard, and where the storyboard's layout does not allow
    a change; nothing is changed then.
    """
    seen = read_cut(_bytes_of(file), str(file))
    loaded = load_storyboard(board)
    project = Project.of(board, work)
    with project.reading() as space:
        work_ = _Import(board, seen, overrides, Engines(), space, loaded.text)
        work_.run()
    changes = work_.changes()
    writes = not dry_run and (work_.text != loaded.text or bool(work_.pinned))
    if writes:
        check_output_file(board, [file])
        _refuse_changed(board, loaded)
        if work_.text != loaded.text:
            replace_text(board, work_.text)
        if work_.pinned:
            project.change_picks(lambda before: {**before, **work_.pinned})
    return Imported(tuple(changes), tuple(dict.fromkeys(work_.not_taken)), writes, work_.new_notices)


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        text = f"{file} {why}"
        raise InputError("import.invalid", text, hint="name the .otio of your program", where=str(file)) from error


def _refuse_changed(board: Path, loaded: LoadedBoard) -> None:
    if read_document(board).text != loaded.text:
        text = f"{board} was changed by somebody else meanwhile"
        raise InputError("import.layout", text, hint="run it again; nothing was changed", where=str(board))


@dataclass(frozen=True)
class _Film:
    """The film of a storyboard's text."""

    loaded: LoadedBoard
    plan: Plan
    cut: Cut

    @property
    def by_id(self) -> Mapping[str, tuple[FilmShot, CutShot]]:
        return {planned.id: (planned, shot) for planned, shot in zip(self.plan.shots, self.cut.shots, strict=True)}


@dataclass
class _Import:
    board: Path
    seen: SeenCut
    overrides: Overrides
    engines: Engines
    space: Workspace
    text: str
    pinned: dict[str, Pick] = field(default_factory=dict)
    not_taken: list[str] = field(default_factory=list)
    new_notices: tuple[Notice, ...] = ()

    def run(self) -> None:
        """Bring ``text`` and ``pinned`` as near to the cut as they go."""
        self.original = self.text
        self.first = film = self._film()
        wanted = wanted_cut(film.cut, self.seen, self.board.name)
        order, words = placements(self._listed(film), wanted)
        self.not_taken = [*wanted.not_taken, *words]
        if [one.id for one in order] != _ids(self.text):
            self.text = rearranged(self.text, order, str(self.board))
            self.text = with_endings(self.text, _ids(self.original), str(self.board))
            self._quieten(film, order)
        self._adjust(wanted)

    def _film(self) -> _Film:
        loaded = self._parsed(self.text)
        voices = FilmVoices.of(loaded.board, self.board.parent, self.space.root)
        plan = plan_loaded(loaded, self.overrides, self.engines, voices)
        space = replace(self.space, picks={**self.space.picks, **self.pinned})
        shots, _ = shots_at_hand(plan, space, self.engines)
        cut, _ = editorial_cut(plan, self.board, shots)
        return _Film(loaded, plan, cut)

    def _parsed(self, text: str) -> LoadedBoard:
        try:
            return parse_storyboard(text, self.board)
        except StoryboardError as error:  # its lines are those of a text that nobody has seen
            said = error.problems[0]
            words = f"the changed storyboard would not be valid: {said.path}: {said.message}"
            raise InputError("import.layout", words, hint="nothing was changed", where=str(self.board)) from error

    def _listed(self, film: _Film) -> list[Listed]:
        parts: dict[str, list[str]] = {}
        for planned in film.plan.shots:
            parts.setdefault(planned.parent, []).append(planned.id)
        known = None if self.seen.shots is None else set(self.seen.shots)
        return [
            Listed(
                shot.id,
                tuple(parts[shot.id]),
                shot.continue_from,
                newer=known is not None and not known & {*parts[shot.id], shot.id},
            )
            for scene in film.loaded.board.scenes
            for shot in scene.shots
        ]

    def _quieten(self, film: _Film, order: Sequence[Placement]) -> None:
        """Second shots of the same are as long as the first, and say nothing again."""
        copies = [one for one in order if one.copied]
        paths = _paths(self._parsed(self.text))
        values = _values(self.text)
        edits = []
        for one in copies:
            edits += [KeyEdit((*paths[one.id], key), None) for key in HEARD_ONCE if key in values[one.id]]
            planned = film.by_id[one.of][0]
            if isinstance(planned, GeneratedShot) and values[one.id].get("duration") in ("auto", "自動"):
                rates = Rates(film.plan.fps, film.plan.source_fps)
                length = rates.time(planned.request.frames, rates.board)
                edits.append(KeyEdit((*paths[one.id], "duration"), length))
        if edits:
            self.text = with_keys(self.text, edits, str(self.board))

    def _adjust(self, wanted: WantedCut) -> None:
        """Change keys until the film is as wanted, or a pass changes nothing."""
        by_id = {one.id: one for one in wanted.shots}
        for _ in range(MOST_PASSES):
            film = self._film()
            before = (self.text, dict(self.pinned))
            edits: list[tuple[str, Wish]] = []
            for name, now in self._standing(film).items():
                for wish in wishes(by_id[name], now, Rates(film.plan.fps, film.plan.source_fps)) if name in by_id else ():
                    if isinstance(wish, str):
                        self.not_taken.append(wish)
                    else:
                        edits.append((name, wish))
            self._apply(film, edits)
            if before == (self.text, self.pinned):
                break
        if self.text != self.original:
            self._hold(film)
        self.new_notices = tuple(notice for notice in film.plan.notices if notice not in self.first.plan.notices)
        self.not_taken += [f"{name}: {wish.key} cannot be as in the cut" for name, wish in edits]

    def _standing(self, film: _Film) -> dict[str, Standing]:
        continued = {shot.continues: shot.id for shot in film.plan.shots if shot.continues}
        found = {}
        for planned, shot in film.by_id.values():
            made = isinstance(planned, GeneratedShot)
            ordered = Fraction(planned.request.frames) / planned.request.fps if isinstance(planned, GeneratedShot) else None
            natural = ordered * film.plan.fps if ordered else None
            found[planned.id] = Standing(
                shot,
                ordered,
                int(natural) if made and natural is not None and natural.denominator == 1 else None,
                planned.parent if planned.parent != planned.id else None,
                continued.get(planned.id),
            )
        return found

    def _apply(self, film: _Film, edits: Sequence[tuple[str, Wish]]) -> None:
        keys: dict[tuple[str, str], Any] = {}
        for name, wish in edits:
            planned, shot = film.by_id[name]
            if wish.key == "pick":
                keys |= self._picked(film, planned, shot, wish.value)
            elif wish.key == "transition" and wish.value is None and film.loaded.board.defaults.transition:
                keys[planned.parent, "transition"] = "cut"
            else:
                keys[planned.parent, wish.key] = wish.value
        if not keys:
            return
        bare = [path for path in map(_paths(film.loaded).__getitem__, {name for name, _ in keys}) if path[0] == "scenes"]
        self.text = self._opened([path for path in bare if len(path) == 2])
        paths = _paths(self._parsed(self.text))
        made = [KeyEdit((*paths[name], key), value) for (name, key), value in keys.items()]
        self.text = with_keys(self.text, made, str(self.board))

    def _opened(self, scenes: Sequence[tuple[str | int, ...]]) -> str:
        """The text where scenes that are one shot have a list of shots. Shots without an id, whose number would change by that,
        get the one that they have.
        """
        text = with_shots(self.text, scenes, str(self.board))
        names = {new: old for old, new in zip(_ids(self.text), _ids(text), strict=True) if old != new}
        if not names:
            return text
        paths = _paths(self._parsed(text))
        return with_keys(text, [KeyEdit((*paths[new], "id"), old) for new, old in names.items()], str(self.board))

    def _picked(self, film: _Film, planned: FilmShot, shot: CutShot, take: int) -> dict[tuple[str, str], Any]:
        """Another take: in the storyboard where it can say it, and in the lock file where a person's pick would win."""
        media = next(one for one in shot.media if one.metadata.get("take") == take)
        recorded = self.space.picks.get(planned.id)
        most = planned.shot.candidates
        sayable = planned.parent == planned.id and (most is None or take <= most)
        by_person = recorded is not None and recorded.by == "person" and recorded.take != take
        key = recorded.request_key if recorded else media.metadata.get("request_key")
        if (by_person or not sayable) and isinstance(key, str):
            self.pinned[planned.id] = Pick(key, take, "person", media.sha256)
        return {(planned.id, "pick"): take} if sayable else {}

    def _hold(self, film: _Film) -> None:
        """Takes that an editor left in an edited cut are a person's picks: the judge may like a part less than all of a take,
        or another one better beside new neighbours.
        """
        for name, (planned, shot) in film.by_id.items():
            if shot.chosen is None or len(shot.media) < 2 or planned.shot.pick or name in self.pinned:
                continue
            take, key = shot.chosen.metadata.get("take"), shot.chosen.metadata.get("request_key")
            recorded = self.space.picks.get(name)
            if recorded and recorded.take == take:
                self.pinned |= {name: replace(recorded, by="person")} if recorded.by != "person" else {}
            elif isinstance(take, int) and isinstance(key, str):
                self.pinned[name] = Pick(recorded.request_key if recorded else key, take, "person", shot.chosen.sha256)

    def changes(self) -> Iterator[Change]:
        """What is other than it was, shot by shot."""
        before, after = _values(self.original), _values(self.text)
        was, now = list(before), list(after)
        moves = moved(was, now)
        for name in dict.fromkeys([*now, *was]):
            places = [ids.index(name) + 1 if name in ids else None for ids in (was, now)]
            if None in places or name in moves:
                yield Change(name, "order", *places)
            if name in before and name in after:
                for key in KEYS:
                    if before[name].get(key) != after[name].get(key):
                        yield Change(name, key, before[name].get(key), after[name].get(key))
                yield from _changed_endings(name, before[name], after[name])
            earlier = self.space.picks.get(name)
            if name in self.pinned and "pick" not in after.get(name, {}) and earlier and earlier.take != self.pinned[name].take:
                yield Change(name, "pick", earlier.take, self.pinned[name].take)


def _changed_endings(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    now = dict(endings(after))
    yield from (Change(name, "until", until, now.get(way)) for way, until in endings(before) if now.get(way) != until)


def _ids(text: str) -> list[str]:
    return list(_values(text))


def _values(text: str) -> dict[str, dict[str, Any]]:
    """The shots of a text as they are written, by their ids."""
    value = parse_document(text.encode("utf-8", "surrogatepass"), "").value
    return {str(shot["id"]): shot for scene in canonical_form(value)["scenes"] for shot in scene["shots"]}


def _paths(loaded: LoadedBoard) -> dict[str, tuple[str | int, ...]]:
    """Where each shot is in the file."""
    return {
        shot.id: loaded.shot_path(at, index)
        for at, scene in enumerate(loaded.board.scenes)
        for index, shot in enumerate(scene.shots)
    }
