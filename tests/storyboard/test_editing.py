"""Edits of a storyboard's text: what is meant changes, and no other byte."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen.errors import InputError
from vidgen.storyboard.editing import KeyEdit, Placement, new_id, rearranged, with_keys, with_shots
from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.reader import parse_document

BOARD = """\
vidgen: 1   # one
title: "x"
shots:
# about a
- id: a   # first
  prompt: |
    hello
    # inside

-
  id: b
  scene: q
  seed:
- {id: c, scene: q, seed: , style: 'old'}   # see

# --- act two

- id: d
  notes: |+
    keep


- id: e
  trim:
    start: 0.3  # from here
    duration: 3
  notes: >-
    long
    text
  # of e too
# end
style: x
"""
SHOTS = ("a", "b", "c", "d", "e")


def order(*ids: str | tuple[str, str]) -> list[Placement]:
    return [Placement(*(one if isinstance(one, tuple) else (one, one))) for one in ids]


def lines(before: str, after: str) -> list[str]:
    """The lines that went (-) and came (+)."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:1] in "+-"]


def ids(text: str) -> list[str]:
    return [shot.id for scene in parse_storyboard(text).board.scenes for shot in scene.shots]


@pytest.mark.parametrize(
    ("path", "value", "changed"),
    [
        (("shots", 0, "trim"), {"start": 0.5, "duration": "8f"}, ["+   trim: {start: 0.5, duration: 8f}"]),
        (("shots", 1, "seed"), 7, ["-   seed:", "+   seed: 7"]),
        (
            ("shots", 4, "trim"),
            {"start": 0.5, "duration": 3},
            ["-     start: 0.3  # from here", "+     start: 0.5  # from here"],
        ),
        (("shots", 4, "trim"), {"start": 0.3}, ["-     duration: 3"]),
        (("shots", 3, "pick"), 2, ["+   pick: 2"]),
        (("shots", 3, "notes"), None, ["-   notes: |+", "-     keep", "- ", "- "]),
        (("shots", 1, "id"), None, ["-   id: b"]),
        (("title",), "true", ['- title: "x"', '+ title: "true"']),
    ],
)
def test_a_key_changes_its_own_lines(path: tuple[Any, ...], value: object, changed: list[str]) -> None:
    after = with_keys(BOARD, [KeyEdit(path, value)], "film.yaml")
    told = [line for line in lines(BOARD, after) if line != "?"]
    assert sorted(told) == sorted(changed)


def test_keys_inside_braces_stay_on_their_line() -> None:
    edits = [KeyEdit(("shots", 2, "trim"), {"start": 1}), KeyEdit(("shots", 2, "style"), None)]
    after = with_keys(BOARD, edits, "film.yaml")
    assert "- {id: c, scene: q, seed: , trim: {start: 1}}   # see" in after.splitlines()


def test_an_order_moves_shots_with_their_comments_and_leaves_the_rest_where_it_is() -> None:
    assert rearranged(BOARD, order(*SHOTS), "film.yaml") == BOARD
    after = rearranged(BOARD, order("b", "a", "c", "e", "d"), "film.yaml")
    assert ids(after) == ["b", "a", "c", "e", "d"]
    assert sorted(after.splitlines()) == sorted(BOARD.splitlines())
    assert after.index("# about a\n- id: a") < after.index("# --- act two") < after.index("- id: e") < after.index("# of e too")


def test_comments_between_shots_outlive_them() -> None:
    after = rearranged(BOARD, order("e"), "film.yaml")
    assert "# --- act two" in after and "# about a" not in after and after.endswith("# of e too\n# end\nstyle: x\n")


def test_shots_without_ids_keep_the_ones_that_they_have_by_their_place() -> None:
    board = "vidgen: 1\nshots:\n  - scene: a\n  - {scene: b}\n  - scene: c\n"
    after = rearranged(board, order("s03", "s02", ("s02_2", "s02"), "s01"), "film.yaml")
    assert after == (
        "vidgen: 1\nshots:\n  - id: s03\n    scene: c\n  - {id: s02, scene: b}\n  - {id: s02_2, scene: b}\n"
        "  - id: s01\n    scene: a\n"
    )
    assert rearranged(board, order("s01", "s02"), "film.yaml") == board[: board.index("  - scene: c")]


@pytest.mark.parametrize("text", ["vidgen: 1\nshots: [{id: a}, {id: b}]\n", "vidgen: 1\nshots:\n  - {id: a}\n  - {id: b}\n"])
def test_a_copy_may_stand_before_the_first_shot(text: str) -> None:
    order = [Placement("b_2", "b"), Placement("a", "a"), Placement("b", "b")]
    shots = parse_document(rearranged(text, order, "film.yaml").encode(), "film.yaml").value["shots"]
    assert [shot["id"] for shot in shots] == ["b_2", "a", "b"]


def test_scenes_come_apart_with_their_keys() -> None:
    board = (
        "vidgen: 1\nscenes:\n  # sea\n  - id: sea\n    scene: calm sea\n    shots: [{id: a}, {id: b}]\n    heading: EXT. SEA\n"
        "  - {id: hill, scene: hill, shots: [{id: c}]}\n"
    )
    after = rearranged(board, order("a", "c", "b"), "film.yaml")
    assert after == (
        "vidgen: 1\nscenes:\n  # sea\n  - id: sea\n    scene: calm sea\n    shots: [{id: a}]\n    heading: EXT. SEA\n"
        "  - {id: hill, scene: hill, shots: [{id: c}]}\n"
        "  - id: sea_2\n    scene: calm sea\n    shots: [{id: b}]\n    heading: EXT. SEA\n"
    )
    assert rearranged(board, order("c"), "film.yaml") == ("vidgen: 1\nscenes:\n  - {id: hill, scene: hill, shots: [{id: c}]}\n")


def test_a_scene_that_is_a_shot_gets_a_list_for_its_keys() -> None:
    board = "vidgen: 1\nscenes:\n  - id: sea   # blue\n    scene: calm sea\n    duration: 4s\n"
    after = with_shots(board, [("scenes", 0)], "film.yaml")
    assert after == 'vidgen: 1\nscenes:\n  - id: sea   # blue\n    scene: calm sea\n    shots: [{id: sea, duration: "4s"}]\n'
    assert ids(after) == ids(board) == ["sea"]


@pytest.mark.parametrize("indent", [None, 2])
def test_json_stays_json(indent: int | None) -> None:
    data = {"vidgen": 1, "shots": [{"id": "a", "scene": "🍁"}, {"scene": "b", "trim": {"start": 1}}, {"id": "c", "scene": "c"}]}
    board = json.dumps(data, indent=indent)
    after = rearranged(board, order("c", "s02", "a", ("a_2", "a")), "film.json")
    edits = [KeyEdit(("shots", 1, "trim"), {"start": 2, "duration": "5f"}), KeyEdit(("shots", 2, "pick"), 2)]
    told = json.loads(with_keys(after, edits, "film.json"))["shots"]
    assert [shot.get("id") for shot in told] == ["c", None, "a", "a_2"]
    assert told[1]["trim"] == {"start": 2, "duration": "5f"} and told[2] == {"id": "a", "scene": "🍁", "pick": 2}


def test_new_ids_are_short_and_free() -> None:
    assert new_id("s01", ["s01", "S01_2"]) == "s01_3"
    assert len(new_id("x" * 32, ["x" * 32])) == 32


PIECES = {
    "block": "- id: {id}  # of {id}\n  scene: q{id}\n",
    "dash alone": "-\n  scene: q\n  # inside {id}\n  id: {id}\n",
    "braces": "- {{id: {id}, scene: 'q, {id}'}}  # end {id}\n",
    "braces on lines": "- {{\n    id: {id},\n    scene: q  # of {id}\n  }}\n",
    "text": "- id: {id}\n  notes: |\n    # no comment\n    - id: none\n",
    "kept text": "- notes: |+\n    {id}\n\n  id: {id}\n",
    "folded": "- scene: >\n    one\n    two {id}\n\n  id: {id}\n\n",
    "long plain": "- scene: one\n    two {id}\n  id: {id}\n",
    "with a comment above": "\n# above {id}\n- id: {id}\n  scene: q\n",
    "after a headline": "\n# act {id}\n\n- id: {id}\n  scene: q\n",
    "null": "- id: {id}\n  seed:\n",
}


@given(
    kinds=st.lists(st.sampled_from(sorted(PIECES)), min_size=2, max_size=6),
    data=st.data(),
    indent=st.sampled_from(["", "  "]),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.sampled_from(["", "\n", "# end\n", "style: x\n"]),
)
def test_any_layout_says_the_same_in_any_order(kinds: list[str], data: st.DataObject, indent: str, end: str, last: str) -> None:
    """Whatever the layout: the shots are the same ones, as written, in the new order; or it is refused."""
    pieces = [PIECES[kind].format(id=f"s{place}") for place, kind in enumerate(kinds)]
    body = "".join(indent + line if line.strip() else line for piece in pieces for line in piece.splitlines(keepends=True))
    board = ("vidgen: 1\nshots:\n" + body + last).replace("\n", end)
    shots = parse_document(board.encode(), "x").value["shots"]
    names = [f"s{place}" for place in range(len(kinds))]
    chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    twice = data.draw(st.booleans())
    wanted = [*order(*chosen), *(order((f"{chosen[0]}_2", chosen[0])) if twice else [])]
    after = rearranged(board, wanted, "film.yaml")
    told = parse_document(after.encode(), "x").value
    assert told["shots"] == [{**shots[names.index(one.of)], "id": one.id} for one in wanted]
    edits = [KeyEdit(("shots", place, "trim"), {"start": place / 8}) for place in range(len(wanted))]
    trimmed = with_keys(after, edits, "film.yaml")
    assert parse_document(trimmed.encode(), "x").value["shots"][-1]["trim"] == {"start": (len(wanted) - 1) / 8}
    assert with_keys(trimmed, [KeyEdit((*edit.path,), None) for edit in edits], "film.yaml") == after or "{" in after
    if chosen == names and not twice:
        assert after == board


def test_an_edit_that_would_say_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidgen.storyboard.editing.keys.written", lambda value, *, quoted: "else")
    with pytest.raises(InputError) as caught:
        with_keys(BOARD, [KeyEdit(("shots", 0, "pick"), 2)], "film.yaml")
    assert caught.value.code == "import.layout" and "shots[0].pick" in caught.value.message


def test_a_new_key_inside_the_last_value_stays_inside_it() -> None:
    text = "vidgen: 1\nshots:\n  - id: a\n    trim:\n      start: 1   # here\n"
    edits = [KeyEdit(("shots", 0, "transition"), "cut"), KeyEdit(("shots", 0, "trim"), {"start": 1, "duration": 2})]
    assert with_keys(text, edits, "film.yaml") == (
        "vidgen: 1\nshots:\n  - id: a\n    trim:\n      start: 1   # here\n      duration: 2\n    transition: cut\n"
    )
