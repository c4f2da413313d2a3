"""A shot list (CSV) as a draft: columns as film people name them, in English and Japanese."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vidgen.storyboard.writing.draft import Draft, DraftScene, DraftShot, Speech
from vidgen.storyboard.writing.headings import place_of
from vidgen.storyboard.writing.looks import camera_of, transition_of
from vidgen.storyboard.writing.screenplay import cue_of
from vidgen.storyboard.writing.timing import pairs_have_frames, written_length
from vidgen.storyboard.writing.words import half_width, index, language_of, plain

_DELIMITERS = (",", ";", "\t")
_HEADER_WITHIN = 30
"""Rows at the top in which the names of the columns are looked for; those above them are about the list."""

_CAMERA = ("size", "angle", "move", "lens", "focus", "speed")
_WORDS = ("subject", "action", "lighting", "style", "prompt", "notes")
_GUARD = re.compile(r"^'(?=\s*[=+＝＋@＠－-])")
"""An apostrophe that keeps a spreadsheet from taking a cell for a formula, as ``vidgen export`` writes it."""
_COUNTS_FRAMES = re.compile(r"(?i)frames?|コマ|フレーム|\bf\b")
_SCENE_NUMBER = re.compile(r"(?i)(?:s|sc|scene|シーン)?[\s.:#＃-]*([0-9０-９]{1,4}[a-z]?)(?![0-9a-z])[\s.:：-]*")
_SAID = re.compile(r"\s*([^「『:：\n]{1,40}?)\s*(?:[:：]\s*(.+)|[「『](.+?)[」』]?)\s*")


@dataclass(frozen=True)
class Row:
    """A row: the line that it begins in, and its cells by column."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Columns:
    """Names of the columns as written, and for each known key the places of its columns."""

    names: Sequence[str]
    places: Mapping[str, Sequence[int]]

    @property
    def unknown(self) -> list[int]:
        """The places of columns that no key has."""
        known = {place for places in self.places.values() for place in places}
        return [place for place in range(len(self.names)) if place not in known]

    def cells(self, row: Row, key: str) -> Iterator[tuple[str, str]]:
        """(name of the column, cell) of a key, without empty cells."""
        for place in self.places.get(key, ()):
            if place < len(row.cells) and row.cells[place].strip():
                yield self.names[place], row.cells[place].strip()

    def text(self, row: Row, key: str) -> str:
        """The cells of a key as one text; empty if there are none."""
        return "\n".join(cell for _, cell in self.cells(row, key))


def shot_list_draft(text: str, language: str | None = None) -> Draft:
    """The draft of a shot list. ``language``: en or ja; left out, that of the text.

    Raises ValueError, with a message for the user, if it is not a table with known columns.
    """
    rows = _table(text)
    at, columns = _header(rows)
    draft = Draft(1, language=language or language_of(text))
    draft.comments = [" ".join(cell for cell in row.cells if cell.strip()) for row in rows[:at]]
    body = rows[at + 1 :]
    builder = _Builder(draft, columns, body)
    for row in body:
        builder.take(row)
    draft.kept = builder.kept()
    return draft


def _table(text: str) -> list[Row]:
    """The rows that are not empty, by the delimiter that gives the most known columns; the first one in doubt."""
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if found := re.match(r"(?i)sep=(.)\n", text):
        return list(_rows(f"\n{text[found.end() :]}", found[1]))
    read: list[tuple[int, list[Row]]] = []
    failed: ValueError | None = None
    for delimiter in _DELIMITERS:
        try:
            rows = list(_rows(text, delimiter))
        except ValueError as caught:
            failed = failed or caught
            continue
        known = max((len(_known(row.cells)) for row in rows[:_HEADER_WITHIN]), default=0)
        read.append((known, rows))
    nothing: tuple[int, list[Row]] = (0, [])
    best = max(read, key=lambda one: one[0], default=nothing)
    if failed and not best[0]:
        raise failed
    return best[1]


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, [_GUARD.sub("", cell) for cell in cells])
            line = reader.line_num + 1
    except csv.Error as error:
        why = "a quoted cell is not closed" if "unexpected end" in str(error) else str(error)
        raise ValueError(f"line {line}: {why}; quotes inside a quoted cell are written twice") from None


def _known(cells: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        if key := _column(cell):
            found.setdefault(key, []).append(place)
    return found


def _column(name: str) -> str | None:
    """The key of a column by its name; what stands in brackets after it makes no difference."""
    if name.strip() in ("#", "＃", "№"):
        return "shot"
    short = re.sub(r"[(（\[［][^)）\]］]*[)）\]］]", "", name)
    for form in (name, short, *re.split(r"[/／・|\n]", short)):
        if key := index("columns").get(plain(form)):
            return key
    return None


def _header(rows: Sequence[Row]) -> tuple[int, Columns]:
    """The place of the header, and its columns. Raises ValueError if there is none."""
    counts = [len(_known(row.cells)) for row in rows[:_HEADER_WITHIN]]
    at = counts.index(max(counts)) if counts else 0
    if not counts or counts[at] < min(2, len(rows[at].cells)):
        known = "shot, scene, size, camera, duration, description, dialogue (カット, シーン, サイズ, カメラ, 尺, 内容, セリフ)"
        raise ValueError(f"no row names columns that are known, such as {known}")
    written = [" ".join(cell.split()) or f"column {place}" for place, cell in enumerate(rows[at].cells, 1)]
    widest = max(len(row.cells) for row in rows[at:])
    written += [f"column {place + 1}" for place in range(len(written), widest)]
    return at, Columns(written, _known(rows[at].cells))


class _Builder:
    def __init__(self, draft: Draft, columns: Columns, rows: Sequence[Row]) -> None:
        self.draft, self.columns = draft, columns
        self.scene_words = ""
        self.setting = ("", "", "")
        self.used: set[int] = set()
        self.minutes_doubtful = False
        self.with_frames = pairs_have_frames([cell for row in rows for _, cell in columns.cells(row, "duration")])

    def take(self, row: Row) -> None:
        scene = self._scene(row)
        columns = self.columns
        shot = DraftShot(row.line, id=half_width(columns.text(row, "shot")))
        for key in _WORDS:
            if value := columns.text(row, key):
                shot.words[key] = value
        looks = [(name, key, cell) for key in _CAMERA for name, cell in columns.cells(row, key)]
        shot.camera, doubts = camera_of(looks, self.draft.language == "ja")
        shot.decide += doubts
        self._length(row, shot)
        self._people(row, shot)
        self._transition(row, shot)
        shot.cards = [cell for _, cell in columns.cells(row, "title")]
        self._rest(row, shot)
        if shot.id or shot.words or shot.speeches or shot.cards or shot.camera:
            scene.shots.append(shot)
        else:  # a row that only names the scene
            scene.comments += shot.comments
            scene.decide += shot.decide

    def _scene(self, row: Row) -> DraftScene:
        """The scene of a row: a new one where scene, place or time change. Empty cells mean the row above."""
        words = " ".join(self.columns.text(row, "scene").split())
        here = tuple(" ".join(self.columns.text(row, key).split()) for key in ("side", "place", "time"))
        scenes = self.draft.scenes
        changed = (words and words != self.scene_words) or any(
            new and new != old for new, old in zip(here, self.setting, strict=True)
        )
        if scenes and not changed:
            return scenes[-1]
        if words and words != self.scene_words:
            self.scene_words, self.setting = words, ("", "", "")
        self.setting = tuple(new or old for new, old in zip(here, self.setting, strict=True))  # type: ignore[assignment]
        scenes.append(self._new_scene(row.line))
        return scenes[-1]

    def _new_scene(self, line: int) -> DraftScene:
        japanese = self.draft.language == "ja"
        number = _SCENE_NUMBER.match(self.scene_words)
        name = self.scene_words[number.end() :] if number else self.scene_words
        side, place, time = self.setting
        where = " - ".join(part for part in (name, place) if part)
        heading = f"{side.rstrip('.')}. {where}" if side else where
        if time:
            heading = f"{heading}（{time}）" if japanese and heading else " - ".join(part for part in (heading, time) if part)
        short = name if re.fullmatch(r"[A-Za-z0-9_-]{1,12}", name) else ""
        scene_id = half_width(number[1]) if number else short
        return DraftScene(line, id=scene_id, heading=heading, place=place_of(heading).words(japanese) if heading else "")

    def _length(self, row: Row, shot: DraftShot) -> None:
        for key in ("duration", "frames"):
            for name, cell in self.columns.cells(row, key):
                counts = key == "frames" or _COUNTS_FRAMES.search(name) is not None
                length = written_length(cell, frames=counts, pairs_have_frames=self.with_frames)
                if length is None:
                    shot.decide.append(f'{name}: "{cell}" is not a duration; an estimate stands here')
                elif not shot.length:
                    shot.length = length

    def _people(self, row: Row, shot: DraftShot) -> None:
        for _, cell in self.columns.cells(row, "people"):
            for name in re.split(r"[,、，;/／\n&＆]", cell):
                if words := half_width(name):
                    shot.cast.append(self.draft.person(words, row.line).name)
        for _, cell in self.columns.cells(row, "dialogue"):
            shot.speeches += self._speeches(cell, row.line, shot)
        if cell := self.columns.text(row, "narration"):
            told = [replace(one, seen=False, delivery="voice-over") for one in self._speeches(cell, row.line, DraftShot(0))]
            if all(one.who for one in told):
                shot.speeches += told
            else:
                shot.words["voiceover"] = cell

    def _speeches(self, cell: str, line: int, shot: DraftShot) -> Iterator[Speech]:
        """``STEEL: Beer's ready!`` and ``太郎「行こう」``, one a line; words alone are said by the only person of the row."""
        alone = shot.cast[0] if len(shot.cast) == 1 else None
        for text in re.split(r"\n+|(?<=[」』])(?=[^」』\n]{1,20}[「『])", cell):
            found = _SAID.fullmatch(text)
            if found and found[1].strip() and not re.search(r"[.!?。！？]", found[1]):
                who, seen, delivery = cue_of(found[1])
                name = self.draft.person(who, line).name
                yield Speech((found[2] or found[3]).strip(), name, delivery, seen)
            elif words := text.strip().strip("「」『』").strip():
                yield Speech(words, alone)

    def _transition(self, row: Row, shot: DraftShot) -> None:
        for _, cell in self.columns.cells(row, "transition"):
            name, doubt = transition_of(cell)
            first = not any(scene.shots for scene in self.draft.scenes)
            if name is None:
                shot.decide.append(doubt)
            elif first and name not in ("cut", "fade_black"):
                shot.decide.append(f'"{cell}" before the first shot: nothing comes before it, so it is left out')
            else:
                shot.comments += [doubt] if doubt else []
                shot.transition = "" if name == "cut" else name

    def _rest(self, row: Row, shot: DraftShot) -> None:
        """What has no key stands in comments: sound (a storyboard names files), and columns that are not known."""
        shot.comments += [f"{name}: {cell}" for name, cell in self.columns.cells(row, "sound")]
        self.used |= {place for place in self.columns.places.get("sound", ()) if row.cells[place : place + 1] not in ([], [""])}
        for place in self.columns.unknown:
            if place < len(row.cells) and row.cells[place].strip():
                shot.comments.append(f"{self.columns.names[place]}: {row.cells[place].strip()}")
                self.used.add(place)

    def kept(self) -> list[str]:
        """What stands only in comments, one line a column."""
        sound = set(self.columns.places.get("sound", ()))
        return [
            f'the column "{self.columns.names[place]}" stands in comments: '
            + ("sound needs files; see sfx and audio" if place in sound else "no key has that name")
            for place in sorted(self.used)
        ]
