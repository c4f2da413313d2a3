"""Keys that are set, changed or removed in a storyboard's text."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vidgen.storyboard.editing.layout import Layout, Splice, checked, spliced, written
from vidgen.storyboard.forms import canonical_form
from vidgen.storyboard.reader import Path_


@dataclass(frozen=True)
class KeyEdit:
    """A key that gets a value: a number, a name, a time, or a mapping of them; None: it is removed.

    Sub-keys that stay as they are are not touched.
    """

    path: Path_
    value: Any


def with_keys(text: str, edits: Sequence[KeyEdit], name: str) -> str:
    """The text with some keys of its mappings changed, each at most once, and nothing else.

    Raises InputError ``import.layout`` where the layout does not allow it.
    """
    layout = Layout.of(text, name)
    expected = copy.deepcopy(layout.document.value)
    for edit in edits:
        _put(expected, edit)
    leaves = [leaf for edit in edits for leaf in _leaves(layout, edit)]
    given = (leaf for leaf in leaves if leaf.value is not None)
    values = sorted(given, key=lambda leaf: (not layout.has(leaf.path), -len(leaf.path)))
    text = spliced(
        text, [_set(layout, leaf) for leaf in values]
    )  # new keys come behind the values that they follow, inner ones first
    gone = [leaf.path for leaf in leaves if leaf.value is None]
    while gone:
        owners: dict[Path_, Path_] = {}
        for path in gone:
            owners.setdefault(path[:-1], path)  # two neighbours at once would share a comma
        layout = Layout.of(text, name)
        text = spliced(text, [_removed(layout, path) for path in owners.values()])
        gone = [path for path in gone if path not in owners.values()]
    return checked(text, name, expected, edits[0].path if len(edits) == 1 else ())


def _put(data: Any, edit: KeyEdit) -> None:
    *way, key = edit.path
    for part in way:
        data = data[part]
    if edit.value is None:
        data.pop(key, None)
    else:
        data[key] = edit.value


def _leaves(layout: Layout, edit: KeyEdit) -> Iterator[KeyEdit]:
    """The smallest edits that do the same."""
    before, after = layout.value(edit.path), edit.value
    if isinstance(before, dict) and before and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _leaves(layout, KeyEdit((*edit.path, key), after.get(key)))
    elif after is not None and (before != after or not layout.has(edit.path)) or after is None and layout.has(edit.path):
        yield edit


def _set(layout: Layout, edit: KeyEdit) -> Splice:
    path, owner = edit.path, edit.path[:-1]
    if not layout.has(path):
        return _added(layout, owner, str(path[-1]), edit.value)
    text = written(edit.value, quoted=layout.quoted(owner))
    start, end = layout.document.spans[path]
    if layout.is_block(path) or layout.is_text_block(path):
        key_end = layout.document.keys[path][1]
        return Splice(key_end, layout.content_end(path), f": {text}")
    return Splice(start, end, text if end > start else f" {text}")


def _added(layout: Layout, owner: Path_, key: str, value: Any) -> Splice:
    """A new last key of a mapping: on a line of its own where its neighbour has one."""
    quoted = layout.quoted(owner)
    entry = f'"{key}": {written(value, quoted=True)}' if quoted else f"{key}: {written(value, quoted=False)}"
    inner = layout.keys_of(owner)
    if not inner:
        return Splice(layout.document.spans[owner][0] + 1, layout.document.spans[owner][0] + 1, entry)
    last = layout.document.keys[inner[-1]][0]
    margin = layout.line_break + " " * layout.column(layout.document.keys[inner[0]][0])
    end = layout.content_end(inner[-1])
    if not layout.is_block(owner):
        own_line = len(inner) > 1 and layout.begins_line(last)
        here = f"{layout.line_break}{' ' * layout.column(last)}" if own_line else " "
        return Splice(end, end, f",{here}{entry}")
    if layout.keeps(_last_leaf(layout, inner[-1])):
        return Splice(last, last, f"{entry}{margin}")  # behind such a text a line would be one of its own
    end = layout.line_end(end)
    return Splice(end, end, f"{margin}{entry}")


def _last_leaf(layout: Layout, path: Path_) -> Path_:
    while layout.is_block(path):
        path = layout.keys_of(path)[-1]
    return path


def _removed(layout: Layout, path: Path_) -> Splice:
    owner = path[:-1]
    inner = layout.keys_of(owner)
    place = inner.index(path)
    start, end = layout.document.keys[path][0], layout.content_end(path)
    if len(inner) == 1:
        return Splice(start, end, "{}" if layout.is_block(owner) else "")
    if not layout.is_block(owner):
        if place:
            return Splice(layout.content_end(inner[place - 1]), end, "")
        return Splice(start, layout.document.keys[inner[1]][0], "")
    if layout.begins_line(start):
        return Splice(layout.line_start(start), layout.next_line(end), "")
    return Splice(start, layout.document.keys[inner[place + 1]][0], "")  # it stands behind the dash


def with_shots(text: str, scenes: Sequence[Path_], name: str) -> str:
    """The text with scenes that are one shot as scenes that have it in a list, so that it can have keys of its own."""
    layout = Layout.of(text, name)
    edits = []
    for path in scenes:
        scene = layout.value(path)
        place = path[-1]
        own = canonical_form(layout.document.value)["scenes"][place]["shots"][0]
        edits += [KeyEdit((*path, "shots"), [own])]
        edits += [KeyEdit((*path, "duration"), None)] if "duration" in scene else []
    return with_keys(text, edits, name) if edits else text
