"""Shots of a storyboard's text in another order, left out, or a second time.

Scenes stay what they are: where shots of a scene are no longer together, the later ones come into another scene with the same
keys and a new id, since a shot inherits the text of its scene, and with another one it would be another shot.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from vidgen.storyboard.editing.layout import Layout, Splice, checked, spliced, written
from vidgen.storyboard.forms import canonical_form
from vidgen.storyboard.reader import Path_


@dataclass(frozen=True)
class Placement:
    """A shot of the film: the id that it is to have, and the shot of the file that it is, or is a copy of."""

    id: str
    of: str

    @property
    def copied(self) -> bool:
        """Whether it is a second shot from the same entry."""
        return self.id != self.of


@dataclass(frozen=True)
class _Entry:
    """An entry of a list: which one it was, its new id if it gets one, and what is in it if that changes."""

    index: int
    id: str | None = None
    copied: bool = False
    inner: tuple[_Entry, ...] | None = None


def rearranged(text: str, order: Sequence[Placement], name: str) -> str:
    """The text with its shots in this order. Shots that are not in it are left out, with the comments right above them.

    Shots and scenes without an id get one where its number would change. Raises InputError ``import.layout`` where the layout
    does not allow it.
    """
    layout = Layout.of(text, name)
    value = layout.document.value
    scenes = canonical_form(value)["scenes"]
    wanted = [one.id for one in order]
    for pinned in (False, True):
        entries = _entries(scenes, order, value, pinned=pinned)
        expected = {**copy.deepcopy(value), _list_of(value): _data(value[_list_of(value)], entries)}
        made = canonical_form(expected)["scenes"]
        if [str(shot["id"]) for scene in made for shot in scene["shots"]] == wanted:
            break
    path: Path_ = (_list_of(value),)
    chunks = _chunks(layout, path)
    new = Splice(chunks[0][0], chunks[-1][1], _list_text(layout, path, entries))
    return checked(spliced(text, [new]), name, expected, path)


def _list_of(value: Mapping[str, Any]) -> str:
    return "scenes" if isinstance(value.get("scenes"), list) else "shots"


def _entries(
    scenes: Sequence[Mapping[str, Any]], order: Sequence[Placement], value: Mapping[str, Any], *, pinned: bool
) -> tuple[_Entry, ...]:
    """The order as entries of the file's list. ``pinned``: ids that the file leaves out are written into it."""
    places = {str(shot["id"]): (at, index) for at, scene in enumerate(scenes) for index, shot in enumerate(scene["shots"])}
    if _list_of(value) == "shots":
        return tuple(_entry(one, places[one.of][1], value["shots"], pinned) for one in order)
    ids = {str(part["id"]).lower() for scene in scenes for part in (scene, *scene["shots"])} | {one.id for one in order}
    found: list[_Entry] = []
    for one in order:
        at, index = places[one.of]
        shots = value["scenes"][at].get("shots")
        if not shots:  # the scene is the shot
            found.append(_entry(one, at, value["scenes"], pinned))
            continue
        entry = _entry(one, index, shots, pinned)
        if found and found[-1].index == at and found[-1].inner is not None:
            found[-1] = replace(found[-1], inner=(*found[-1].inner, entry))
            continue
        known = str(scenes[at]["id"])
        if any(other.index == at for other in found):
            found.append(_Entry(at, _free(known, ids), True, (entry,)))
        else:
            unnamed = value["scenes"][at].get("id") is None
            found.append(_Entry(at, known if pinned and unnamed else None, False, (entry,)))
    return tuple(found)


def _entry(one: Placement, index: int, items: Sequence[Mapping[str, Any]], pinned: bool) -> _Entry:
    unnamed = items[index].get("id") is None
    return _Entry(index, one.id if one.copied or (pinned and unnamed) else None, one.copied)


def _free(name: str, used: set[str]) -> str:
    """A new id: ``sc02_2``."""
    number = 2
    while (new := f"{name[: 31 - len(str(number))]}_{number}").lower() in used:
        number += 1
    used.add(new.lower())
    return new


def new_id(name: str, used: Sequence[str]) -> str:
    """An id for a second shot of the same kind, that no other has without regard to case."""
    return _free(name, {one.lower() for one in used})


def _data(items: Sequence[Any], entries: Sequence[_Entry]) -> list[Any]:
    """What the list says afterwards."""
    made = []
    for entry in entries:
        item = copy.deepcopy(items[entry.index])
        if entry.id:
            item["id"] = entry.id
        if entry.inner is not None:
            item["shots"] = _data(item["shots"], entry.inner)
        made.append(item)
    return made


def _list_text(layout: Layout, path: Path_, entries: Sequence[_Entry]) -> str:
    """The text of a list, from its first entry to its last one."""
    chunks = _chunks(layout, path)
    block = layout.is_block(path)
    gaps = [layout.text[before[1] : after[0]] for before, after in pairwise(chunks)]
    usual = layout.line_break if block else next((gap for gap in gaps if "#" not in gap), ", ")
    separators = _separators(gaps, {entry.index for entry in entries}, block)
    parts: list[str] = []
    for entry in entries:
        item = _item_text(layout, path, entry, chunks[entry.index])
        before = next(separators) if not entry.copied else usual
        if parts and not before:
            before = usual  # nothing stood before the first entry, which is not the first any more
        parts += [before if parts else re.sub(r"\A(,|[ ]*(\r\n|[\r\n]))+", "", before) if "#" in before else "", item]
    return "".join(parts)


def _separators(gaps: Sequence[str], kept: set[int], block: bool) -> Iterator[str]:
    """What stands before each place in the list. Comments between entries stay where entries beside them go."""
    held = ""
    for index, gap in enumerate(["", *gaps]):
        if index not in kept:
            held += gap if "#" in gap and block else gap.replace(",", "", 1) if "#" in gap else ""
            continue
        yield f"{held.rstrip()}{gap}" if held and block else held + gap
        held = ""


def _item_text(layout: Layout, path: Path_, entry: _Entry, chunk: tuple[int, int]) -> str:
    """The text of an entry, with its new id and order inside. A copy has no comments above it."""
    item = (*path, entry.index)
    start, end = chunk
    splices = []
    if entry.id:
        splices.append(_with_id(layout, item, entry.id))
    if entry.inner is not None:
        inner: Path_ = (*item, "shots")
        chunks = _chunks(layout, inner)
        splices.append(Splice(chunks[0][0], chunks[-1][1], _list_text(layout, inner, entry.inner)))
    if entry.copied and layout.is_block(path):
        start = layout.line_start(_dash(layout, item))
    return spliced(layout.text, splices, start, end)


def _with_id(layout: Layout, item: Path_, name: str) -> Splice:
    quoted = layout.quoted(item)
    if layout.has((*item, "id")):
        start, end = layout.document.spans[(*item, "id")]
        return Splice(start, end, written(name, quoted=quoted) if end > start else f" {written(name, quoted=quoted)}")
    named = f'"id": {written(name, quoted=True)}' if quoted else f"id: {written(name, quoted=False)}"
    first = next((layout.document.keys[key][0] for key in layout.keys_of(item)), layout.document.spans[item][0] + 1)
    margin = f"{layout.line_break}{' ' * layout.column(first)}"
    if layout.is_block(item):
        return Splice(first, first, f"{named}{margin}")
    return Splice(first, first, f"{named},{margin if layout.begins_line(first) else ' '}")


def _chunks(layout: Layout, path: Path_) -> list[tuple[int, int]]:
    """Start and end of each entry of a list: with brackets its own text, else whole lines with the comments that are its."""
    items = layout.keys_of(path)
    if not layout.is_block(path):
        return [layout.document.spans[item] for item in items]
    column = layout.column(layout.document.spans[path][0])
    chunks: list[tuple[int, int]] = []
    floor = layout.line_start(layout.document.spans[path][0])
    floor = _comments_above(layout, floor, column, 0)
    for item in items:
        dash = layout.line_start(_dash(layout, item))
        start = _comments_above(layout, dash, column, floor)
        end = layout.line_end(layout.content_end(item))
        while (below := _next_comment(layout, end)) and below[0] > column:
            end = below[1]  # a remark on the entry, indented like its keys
        chunks.append((start, end))
        floor = min(layout.next_line(end), len(layout.text))
    return chunks


def _dash(layout: Layout, item: Path_) -> int:
    """The index of the dash of an entry, which may be lines above its first key."""
    *path, index = item
    if index == 0:
        return layout.document.spans[tuple(path)][0]
    here = layout.line_end(layout.content_end((*path, index - 1)))  # type: ignore[operator]
    found = re.compile(r"(?m)^[ ]*-(?=\s)").search(layout.text, layout.next_line(here))
    assert found is not None  # the entry is there
    return found.end() - 1


def _comments_above(layout: Layout, line: int, column: int, floor: int) -> int:
    """The start of the comment lines right above a line, down to ``floor``, that are not indented less than ``column``."""
    while line > floor:
        above = layout.line_start(line - 1 - layout.text.startswith("\r\n", line - 2))
        words = layout.text[above:line]
        if not words.lstrip().startswith("#") or len(words) - len(words.lstrip(" ")) < column:
            break
        line = above
    return line


def _next_comment(layout: Layout, end: int) -> tuple[int, int] | None:
    """Column and end of the comment on the next line, if that is nothing else."""
    start = layout.next_line(end)
    until = layout.line_end(start)
    words = layout.text[start:until]
    return (len(words) - len(words.lstrip()), until) if words.lstrip().startswith("#") and start > end else None
