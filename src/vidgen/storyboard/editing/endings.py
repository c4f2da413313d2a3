"""Titles that stay up to the end of a shot (``until``) after the shots were rearranged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vidgen.storyboard.editing.keys import KeyEdit, with_keys
from vidgen.storyboard.editing.layout import Layout
from vidgen.storyboard.forms import canonical_form, path_in_file
from vidgen.storyboard.reader import Path_


def with_endings(text: str, before: Sequence[str], name: str) -> str:
    """The text where no title stays up to the end of a shot that is gone, or that comes before its own by now.

    Such a title ends with the last shot that is left of those that it was over; with its own where none is.

    Args:
        before: the ids of the shots in their order when the titles were written.
    """
    value = Layout.of(text, name).document.value
    scenes = canonical_form(value)["scenes"]
    now = [str(shot["id"]) for scene in scenes for shot in scene["shots"]]
    edits = []
    for at, scene in enumerate(scenes):
        for index, shot in enumerate(scene["shots"]):
            for way, until in endings(shot):
                after = _ending(str(shot["id"]), until, before, now)
                if after != until:
                    edits.append(KeyEdit(path_in_file(("scenes", at, "shots", index, *way, "until"), value), after))
    return with_keys(text, edits, name) if edits else text


def endings(shot: Mapping[str, Any]) -> Iterator[tuple[Path_, str]]:
    """The titles of a shot as it is written that say ``until``: where each is in the shot, and up to the end of which shot."""
    titles = shot.get("text")
    listed = enumerate(titles) if isinstance(titles, list) else [(None, titles)]
    for index, title in listed:
        if isinstance(title, dict) and title.get("until") is not None:
            yield ("text",) if index is None else ("text", index), str(title["until"])


def _ending(own: str, until: str, before: Sequence[str], now: Sequence[str]) -> str | None:
    first = now.index(own)
    if until not in before:  # the checks of the storyboard say what is wrong with it
        return until
    over = before[before.index(own) if own in before else 0 : before.index(until) + 1]
    return next((shot for shot in reversed(over) if shot in now[first:] and shot != own), until if until == own else None)
