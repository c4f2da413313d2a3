"""``vidgen import``: what an editor did to an exported cut comes back into the storyboard, and nothing else changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.interchange.test_export import LongClips, clip

from support import Film, Ran, Vidgen
from vidgen.media.frames import read_frames
from vidgen.storyboard.loader import load_storyboard
from vidgen.testing import engine_added

otio = pytest.importorskip("opentimelineio")

THREE = """\
vidgen: 1   # the version
resolution: 96x54
fps: 12
defaults: {duration: 24f, params: {slate: false}}
shots:
  # the first
  - id: a
    scene: sea     # calm
  - {id: b, scene: hill, transition: {type: dissolve, duration: 6f}}

  - id: c
    scene: "moon"
"""
PAID = """\
vidgen: 1
resolution: 96x54
fps: 12
defaults: {duration: 24f, engine: scripted}
shots:
  - {id: a, scene: sea, candidates: 2, duration: 24f}
  - {id: b, scene: hill, transition: {type: dissolve, duration: 6f}}
  - {id: c, scene: moon}
"""
Edit = Callable[[Any], None]


def times(start: float, frames: float, rate: float = 12) -> Any:
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(frames, rate))


def dissolve(before: float, after: float, rate: float = 12) -> Any:
    offsets = (otio.opentime.RationalTime(frames, rate) for frames in (before, after))
    return otio.schema.Transition("Cross Dissolve", "SMPTE_Dissolve", *offsets)


def shots_of(track: Any) -> dict[str, Any]:
    return {one.name: one for one in track if isinstance(one, otio.schema.Clip)}


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A film that was never rendered: order, lengths and transitions need no takes."""
    file = tmp_path / "film.yaml"
    file.write_text(THREE, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendered film whose takes are 30 frames longer than their shots."""
    from vidgen.app.render import RenderOptions, render_film

    folder = tmp_path_factory.mktemp("bought")
    (folder / "film.yaml").write_text(PAID, encoding="utf-8")
    with engine_added("scripted", lambda: LongClips(folder / "provider")):
        render_film(folder / "film.yaml", RenderOptions(output=folder / "film.mp4", yes=True))
    return folder


@pytest.fixture
def paid(bought: Path, tmp_path: Path) -> Iterator[Path]:
    """Its storyboard. Nothing may be bought for it again."""
    shutil.copytree(bought, tmp_path, dirs_exist_ok=True)
    remote = LongClips(tmp_path / "provider")
    before = remote.created
    with engine_added("scripted", lambda: remote):
        yield tmp_path / "film.yaml"
    assert remote.created == before


def edited(vidgen: Vidgen, board: Path, *edits: Edit, dry: bool = False) -> Ran:
    """What import says to a cut that was exported, and then edited on its track of pictures."""
    assert vidgen("export", board, "-o", "cut.otio").code == 0
    timeline = otio.adapters.read_from_file("cut.otio")
    for edit in edits:
        edit(timeline.tracks[0])
    otio.adapters.write_to_file(timeline, "edit.otio")
    return vidgen("import", "edit.otio", board, "--json", *(["--dry-run"] if dry else []))


def changes(ran: Ran) -> list[tuple[str, str, Any, Any]]:
    assert ran.code == 0, ran.envelope
    return [(row["shot"], row["key"], row["before"], row["after"]) for row in ran.data["changes"]]


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in after.splitlines() if line not in before.splitlines()]


def test_a_cut_that_nobody_edited_changes_no_byte(vidgen: Vidgen, board: Path) -> None:
    before = board.read_bytes()
    ran = edited(vidgen, board)
    assert changes(ran) == [] and ran.data["not_taken"] == [] and board.read_bytes() == before


def test_a_trim_changes_the_lines_of_its_shot_alone(vidgen: Vidgen, paid: Path) -> None:
    before = paid.read_text()
    ran = edited(vidgen, paid, lambda track: setattr(track[3], "source_range", times(31, 12)))
    assert changes(ran) == [("c", "trim", None, {"start": "31f", "duration": 1})] and ran.data["not_taken"] == []
    assert changed_lines(before, paid.read_text()) == ["  - {id: c, scene: moon, trim: {start: 31f, duration: 1}}"]
    shown = vidgen("export", paid, "-o", "again.otio", "--json")
    last = list(otio.adapters.read_from_file("again.otio").tracks[0])[-1]
    assert (last.source_range.start_time.value, last.source_range.duration.value) == (31, 12)
    assert shown.data["frames"] == 24 + 24 + 12 - 6


def test_the_next_render_is_the_editors_film_and_costs_nothing(vidgen: Vidgen, paid: Path) -> None:
    def edit(track: Any) -> None:
        shots = shots_of(track)
        shots["a"].active_media_reference_key = "take_2"
        shots["a"].source_range = times(5, 18)
        track.remove(shots["c"])
        track.insert(0, shots["c"])

    ran = edited(vidgen, paid, edit)
    assert {row[:2] for row in changes(ran)} >= {("c", "order"), ("a", "trim")} and ran.data["not_taken"] == []
    film = vidgen("render", paid, "-o", "next.mp4", "--json")
    shots = film.data["shots"]
    assert film.code == 0 and film.data["cost_usd"] == 0 and film.data["frames"] == 24 + (18 + 3) + 24 - 6
    assert [shot["id"] for shot in shots] == ["c", "a", "b"] and shots[1]["picked"] == 2
    (window,) = [take["window"] for take in shots[1]["takes"] if take["take"] == 2]
    assert window == {"start": 5, "frames": 21}


def test_another_take_is_a_pick_also_where_a_person_had_picked(vidgen: Vidgen, paid: Path) -> None:
    for take, other in ((1, 2), (2, 1)):
        assert vidgen("pick", paid, "a", take).code == 0

        def swap(track: Any, key: str = f"take_{other}") -> None:
            track[0].active_media_reference_key = key

        ran = edited(vidgen, paid, swap)
        assert ("a", "pick", other) in [(shot, key, after) for shot, key, _, after in changes(ran)]
        assert vidgen("render", paid, "--json").data["shots"][0]["picked"] == other


def test_an_editor_who_asks_for_more_than_a_take_has_orders_it(vidgen: Vidgen, paid: Path) -> None:
    ran = edited(vidgen, paid, lambda track: setattr(track[3], "source_range", times(30, 28)))
    assert changes(ran) == [
        ("c", "duration", None, "58f"),
        ("c", "trim", None, {"start": 2.5, "duration": "28f"}),
    ]
    assert vidgen("plan", paid, "--json").data["shots"][2]["frames"] == 28
    assert vidgen("render", paid, "--dry-run", "--json").data["estimated_usd"] > 0


def test_a_length_that_would_split_the_shot_is_not_ordered(vidgen: Vidgen, paid: Path) -> None:
    ran = edited(vidgen, paid, lambda track: setattr(track[3], "source_range", times(0, 80)))
    assert [row[1] for row in changes(ran)] == ["trim"] and "over 5 s would be split" in ran.data["not_taken"][0]


def test_a_shot_that_is_cut_out_goes_with_its_comments_and_no_others(vidgen: Vidgen, board: Path) -> None:
    def edit(track: Any) -> None:
        del track[0]
        del track[0]  # its dissolve

    ran = edited(vidgen, board, edit)
    assert changes(ran)[-1] == ("a", "order", 1, None)
    assert board.read_text() == THREE.replace("  # the first\n  - id: a\n    scene: sea     # calm\n", "").replace(
        "duration: 6f}}", "duration: 6f}, trim: {start: 0.25, duration: 1.75}}"
    )


def test_transitions_come_back_in_frames_of_the_film(vidgen: Vidgen, board: Path) -> None:
    def edit(track: Any) -> None:
        track.insert(3, dissolve(4, 2))
        track[1].transition_type, track[1].name = "Custom_Transition", "wipe_left"
        track.insert(0, otio.schema.Transition("fade", "SMPTE_Dissolve", *(otio.opentime.RationalTime(n, 12) for n in (0, 5))))

    ran = edited(vidgen, board, edit)
    found = {row[0]: row[3] for row in changes(ran) if row[1] == "transition"}
    assert found == {
        "a": {"type": "fade_black", "duration": "5f"},
        "b": {"type": "wipe_left", "duration": 0.5},
        "c": {"type": "dissolve", "duration": 0.5},
    }
    assert "can begin with fade_black only" in ran.data["not_taken"][0]
    plan = vidgen("plan", board, "--json").data
    assert [shot["transition_frames"] for shot in plan["shots"]] == [5, 6, 6] and plan["total_frames"] == 66


def test_a_transition_of_an_unknown_kind_dissolves_and_that_is_said(vidgen: Vidgen, board: Path) -> None:
    def edit(track: Any) -> None:
        track[1] = otio.schema.Transition(
            "Ripple Burn", "Custom_Transition", dissolve(3, 3).in_offset, dissolve(3, 3).out_offset
        )

    ran = edited(vidgen, board, edit)
    assert changes(ran) == [] and "Ripple Burn" in ran.data["not_taken"][0]


def test_the_other_sides_times_are_rounded_to_frames(vidgen: Vidgen, paid: Path) -> None:
    def edit(track: Any) -> None:
        track[3].source_range = times((31 - 1e-6) / 12 * 90_000, 12.00001 * 7500, 90_000)

    assert changes(edited(vidgen, paid, edit)) == [("c", "trim", None, {"start": "31f", "duration": 1})]


def test_a_file_whose_clock_begins_at_one_hour_is_the_same_file(vidgen: Vidgen, paid: Path) -> None:
    def edit(track: Any) -> None:
        hour = otio.opentime.RationalTime(3600 * 12, 12)
        for shot in shots_of(track).values():
            span = shot.source_range
            shot.source_range = otio.opentime.TimeRange(span.start_time + hour, span.duration)
            for reference in shot.media_references().values():
                reference.available_range = otio.opentime.TimeRange(hour, reference.available_range.duration)

    ran = edited(vidgen, paid, edit)
    assert changes(ran) == [] and ran.data["not_taken"] == []


@pytest.mark.parametrize("packed", [False, True])
def test_clips_are_known_by_their_files_where_a_program_drops_what_vidgen_wrote(
    vidgen: Vidgen, paid: Path, packed: bool
) -> None:
    assert vidgen("export", paid, "-o", "cut.otio", *(["--copy-media", "media"] if packed else [])).code == 0
    timeline = otio.adapters.read_from_file("cut.otio")
    timeline.metadata.clear()
    for shot in timeline.find_clips():
        shot.name = f"Clip {shot.name}"
        shot.metadata.clear()
        for reference in shot.media_references().values():
            reference.metadata.clear()
            reference.target_url = f"file:///C:/Project/Media/{Path(reference.target_url).name}"
    del timeline.tracks[0][3]
    otio.adapters.write_to_file(timeline, "edit.otio")
    assert changes(vidgen("import", "edit.otio", paid, "--json")) == [("c", "order", 3, None)]


def test_a_shot_used_twice_is_a_second_shot_with_the_same_takes(vidgen: Vidgen, paid: Path) -> None:
    def edit(track: Any) -> None:
        again = shots_of(track)["a"].deepcopy()
        again.source_range = times(40, 10)
        track.append(again)

    ran = edited(vidgen, paid, edit)
    assert ("a_2", "order", None, 4) in changes(ran) and ran.data["not_taken"] == []
    film = vidgen("render", paid, "--json").data
    assert film["shots"][3]["request_key"] == film["shots"][0]["request_key"]
    assert film["frames"] == 24 + 24 - 6 + 24 + 10


def test_a_clip_that_was_cut_in_two_and_left_together_is_one_shot(vidgen: Vidgen, paid: Path) -> None:
    def edit(track: Any) -> None:
        rest = track[3].deepcopy()
        span = track[3].source_range
        track[3].source_range = times(span.start_time.value, 10)
        rest.source_range = times(span.start_time.value + 10, span.duration.value - 10)
        track.append(rest)

    assert changes(edited(vidgen, paid, edit)) == []


def foreign(name: str, frames: float = 12) -> Any:
    return otio.schema.Clip(name, otio.schema.ExternalReference(f"/stock/{name}.mov", times(0, 100)), times(0, frames))


UNSAYABLE: dict[str, tuple[Edit, str]] = {
    "a foreign clip": (lambda track: track.append(foreign("logo")), "not a shot of this film"),
    "a gap": (lambda track: track.insert(3, otio.schema.Gap(source_range=times(0, 6))), "a gap of 0.5 s"),
    "a compound clip": (lambda track: track.append(otio.schema.Stack("both", children=[foreign("x")])), "compound clip"),
    "a speed": (lambda track: track[3].effects.append(otio.schema.LinearTimeWarp("slow", time_scalar=0.5)), "a speed of 0.5"),
    "a still": (lambda track: track[3].effects.append(otio.schema.FreezeFrame("hold")), "a still"),
    "an effect": (lambda track: track[3].effects.append(otio.schema.Effect("Blur", "blur")), "an effect ('Blur')"),
    "a fade-out": (lambda track: track.append(dissolve(6, 0)), "behind the last shot"),
    "a remark": (lambda track: track[3].markers.append(otio.schema.Marker("too dark", times(3, 0))), "too dark"),
    "a picture above": (
        lambda track: track.parent().append(otio.schema.Track("V2", [foreign("logo")], kind="Video")),
        "track 'V2' has pictures",
    ),
    "a new sound": (
        lambda track: track.parent().append(otio.schema.Track("A9", [foreign("song")], kind="Audio")),
        "track 'A9' has sounds",
    ),
}


@pytest.mark.parametrize("what", UNSAYABLE)
def test_what_a_storyboard_cannot_say_is_told_and_the_rest_is_taken(vidgen: Vidgen, board: Path, what: str) -> None:
    before = board.read_bytes()
    edit, words = UNSAYABLE[what]
    ran = edited(vidgen, board, edit)
    assert changes(ran) == [] and board.read_bytes() == before
    assert [words in told for told in ran.data["not_taken"]] == [True], ran.data["not_taken"]


def test_a_clip_that_is_switched_off_is_left_out(vidgen: Vidgen, board: Path) -> None:
    ran = edited(vidgen, board, lambda track: setattr(track[3], "enabled", False))
    assert changes(ran) == [("c", "order", 3, None)] and "switched off" in ran.data["not_taken"][0]


TITLED = """\
{id: a, scene: sea, duration: 24f, text: [{text: One, until: c}, Two, {text: Three, until: a}]}
{id: b, scene: hill, duration: 24f, text: {text: Four, until: d}}
{id: c, scene: moon, duration: 24f}
{id: d, scene: snow, duration: 24f}
"""


@pytest.mark.parametrize(
    ("order", "ends"),
    [
        ("abcd", {"a": ["c", None, "a"], "b": ["d"]}),
        ("abd", {"a": ["b", None, "a"], "b": ["d"]}),
        ("abc", {"a": ["c", None, "a"], "b": ["c"]}),
        ("a", {"a": [None, None, "a"]}),
        ("dcba", {"a": [None, None, "a"], "b": [None]}),
        ("cabda", {"a": ["b", None, "a"], "b": ["d"]}),
    ],
)
def test_a_title_over_cuts_ends_with_the_last_shot_that_is_left_of_them(
    vidgen: Vidgen, film: Film, order: str, ends: dict[str, list[str | None]]
) -> None:
    board = film(*TITLED.splitlines())

    def edit(track: Any) -> None:
        shots = shots_of(track)
        del track[:]
        track.extend([shots[name].deepcopy() for name in order])

    ran = edited(vidgen, board, edit)
    said = {(shot, before, after) for shot, key, before, after in changes(ran) if key == "until"}
    shots = (shot for scene in load_storyboard(board).board.scenes for shot in scene.shots)
    found = {shot.id: [one.until for one in shot.text] for shot in shots if shot.text}
    assert found == ends and ran.data["not_taken"] == []
    was = {"a": ["c", None, "a"], "b": ["d"]}
    pairs = ((shot, old, new) for shot, after in ends.items() for old, new in zip(was[shot], after, strict=True))
    assert said == {pair for pair in pairs if pair[1] != pair[2]}


def test_a_shot_that_another_goes_on_from_stays_and_comes_first(vidgen: Vidgen, film: Film) -> None:
    board = film("{id: a, scene: sea}", "{id: b, scene: hill}", "{id: c, scene: sea, continue_from: a}")
    before = board.read_bytes()
    ran = edited(vidgen, board, lambda track: track.remove(track[0]))
    assert changes(ran) == [] and ran.data["not_taken"] == ["a stays in the film: c goes on from it"]

    def backwards(track: Any) -> None:
        shots = [one.deepcopy() for one in track]
        track[:] = []
        track.extend(reversed(shots))

    ran = edited(vidgen, board, backwards)
    assert "c goes on from a" in " ".join(ran.data["not_taken"])
    assert [shot["id"] for shot in vidgen("plan", board, "--json").data["shots"]] == ["b", "a", "c"]
    assert board.read_bytes() != before


def test_the_parts_of_a_split_shot_stay_together_and_whole(vidgen: Vidgen, film: Film) -> None:
    board = film("{id: a, scene: sea}", "{id: long, scene: hill, duration: 9}", "{id: c, scene: moon}")

    def edit(track: Any) -> None:
        shots = shots_of(track)
        shots["longa"].source_range = times(4, 20)
        track.remove(shots["longb"])
        track.remove(shots["c"])
        track.insert(0, shots["c"])

    ran = edited(vidgen, board, edit)
    assert [row[:2] for row in changes(ran)] == [("c", "order")]
    assert len(ran.data["not_taken"]) == 2 and "part of long" in ran.data["not_taken"][1]


def test_a_shot_that_is_newer_than_the_cut_stays(vidgen: Vidgen, board: Path) -> None:
    assert vidgen("export", board, "-o", "cut.otio").code == 0
    board.write_text(THREE.replace("  - id: c\n", "  - {id: new, scene: rain}\n  - id: c\n"), encoding="utf-8")
    ran = vidgen("import", "cut.otio", board, "--json")
    assert changes(ran) == [] and ran.data["not_taken"] == ["new stays in the film: the cut was exported before it was written"]


def test_shots_that_leave_their_scene_keep_its_text(vidgen: Vidgen, tmp_path: Path) -> None:
    board = tmp_path / "film.yaml"
    board.write_text(
        "vidgen: 1\nresolution: 96x54\nfps: 12\ndefaults: {duration: 1}\nscenes:\n  # water\n  - id: water\n"
        "    scene: calm sea\n"
        "    shots: [{action: waves}, {action: foam}]\n  - {id: hill, scene: green hill, shots: [{action: wind}]}\n"
        "  - {scene: the moon, duration: 2}\n",
        encoding="utf-8",
    )
    prompts = {shot["id"]: shot["prompt"] for shot in vidgen("plan", board, "--json").data["shots"]}

    def edit(track: Any) -> None:
        shots = [one.deepcopy() for one in track]
        track[:] = []
        track.extend([shots[0], shots[2], shots[1], shots[3]])
        track[3].source_range = times(0, 18)

    ran = edited(vidgen, board, edit)
    plan = vidgen("plan", board, "--json").data["shots"]
    assert [(shot["id"], shot["scene"], shot["frames"]) for shot in plan] == [
        ("s01", "water", 12),
        ("s03", "hill", 12),
        ("s02", "water_2", 12),
        ("sc03", "sc03", 18),
    ]
    assert {shot["id"]: shot["prompt"] for shot in plan} == prompts and ran.data["not_taken"] == []


def test_a_json_storyboard_stays_json(vidgen: Vidgen, tmp_path: Path) -> None:
    board = tmp_path / "film.json"
    told = {
        "vidgen": 1,
        "resolution": "96x54",
        "fps": 12,
        "shots": [{"id": "a", "scene": "🍁"}, {"scene": "sea", "duration": 1}],
    }
    board.write_text(json.dumps(told, indent=2), encoding="utf-8")

    def edit(track: Any) -> None:
        shots = [one.deepcopy() for one in track]
        track[:] = []
        track.extend([shots[1], shots[0]])
        track[1].source_range = times(12, 24)

    assert edited(vidgen, board, edit).data["not_taken"] == []
    assert json.loads(board.read_text())["shots"] == [
        {"id": "s02", "scene": "sea", "duration": 1},
        {"id": "a", "scene": "🍁", "trim": {"start": 1, "duration": 2}},
    ]


def test_windows_line_ends_a_byte_order_mark_and_permissions_stay(vidgen: Vidgen, board: Path) -> None:
    board.write_bytes(b"\xef\xbb\xbf" + THREE.replace("\n", "\r\n").encode())
    board.chmod(0o640)
    assert changes(edited(vidgen, board, lambda track: track.remove(track[3])))
    assert board.read_bytes() == b"\xef\xbb\xbf" + THREE[: THREE.index("\n  - id: c")].replace("\n", "\r\n").encode()
    assert board.stat().st_mode & 0o777 == 0o640


def test_a_clip_of_ones_own_is_trimmed_within_its_file(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    clip(tmp_path / "own.mp4", 60, "30000/1001")
    board = film("{id: a, clip: own.mp4, duration: 1}", "{id: b, scene: sea}")
    rate = float(Fraction(30_000, 1001))

    def edit(track: Any) -> None:
        span = otio.opentime.RationalTime(20, rate), otio.opentime.RationalTime(6, 12)
        track[0].source_range = otio.opentime.TimeRange(*span)

    ran = edited(vidgen, board, edit)
    assert changes(ran) == [("a", "trim", None, {"start": 0.6673, "duration": 0.5})] and ran.data["not_taken"] == []
    ran = edited(vidgen, board, lambda track: setattr(track[0], "source_range", times(0, 30)))
    assert "longer than what is left of its clip" in ran.data["not_taken"][0]
    assert vidgen("plan", board, "--json").data["shots"][0]["frames"] == 24


def test_two_parts_of_one_file_stay_two_after_post_processing(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    """Their results are kept by what they are made of: the file, and where its part begins."""
    clip(tmp_path / "own.mp4", 80, 12)  # it gets brighter
    shots = [f"{{id: s{start}, clip: own.mp4, trim: {{start: {start}, duration: 0.5}}}}" for start in (1, 5)]
    board = film(*shots, top="post: {colour: {contrast: 0.9}}\n")
    assert vidgen("render", board, "-o", "out.mp4").code == 0
    light = [float(frame.mean()) for frame in read_frames(tmp_path / "out.mp4")]
    assert len(light) == 12 and light[6] > light[5] + 25


def test_a_dry_run_writes_nothing(vidgen: Vidgen, board: Path, tmp_path: Path) -> None:
    ran = edited(vidgen, board, lambda track: track.remove(track[3]), dry=True)
    assert changes(ran) == [("c", "order", 3, None)] and not ran.data["written"] and board.read_text() == THREE
    told = vidgen("import", "edit.otio", board, "--dry-run")
    assert "not in the film" in told.out and "nothing is written" in told.out
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cut.otio", "edit.otio", "film.yaml"]


BAD = {
    "no cut": b"{}",
    "no file of that kind": b"TITLE: x\n001  AX V C 00:00:00:00",
    "another thing": b'{"OTIO_SCHEMA": "Clip.2", "name": "x"}',
    "deep": b'{"a":' * 5000,
    "no text": b'{"OTIO_SCHEMA": "Timeline.1", "name": "\xff"}',
    "no time": b'{"OTIO_SCHEMA":"Timeline.1","tracks":{"OTIO_SCHEMA":"Stack.1","children":[{"OTIO_SCHEMA":"Track.1","kind":'
    b'"Video","children":[{"OTIO_SCHEMA":"Clip.2","name":"a","source_range":{"OTIO_SCHEMA":"TimeRange.1","start_time":'
    b'{"OTIO_SCHEMA":"RationalTime.1","rate":0,"value":1},"duration":{"OTIO_SCHEMA":"RationalTime.1","rate":1,"value":1}}}'
    b"]}]}}",
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_cut_is_refused(vidgen: Vidgen, board: Path, tmp_path: Path, what: str) -> None:
    (tmp_path / "bad.otio").write_bytes(BAD[what])
    ran = vidgen("import", "bad.otio", board, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "import.invalid") and board.read_text() == THREE


def test_a_cut_of_another_film_is_refused(vidgen: Vidgen, paid: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(THREE, encoding="utf-8")  # its shots have the same names
    assert vidgen("export", paid, "-o", "cut.otio").code == 0
    for missing in ("cut.otio", "nothing.otio"):
        ran = vidgen("import", missing, other, "--json")
        assert ran.code == 2 and other.read_text() == THREE
    assert ran.envelope["error"]["code"] == "import.invalid"


HOSTILE = [
    "'; x: 1",
    "a\nb: c",
    "*a",
    "!!python/object:os.system",
    "../../etc/passwd",
    "http://127.0.0.1:9/x",
    "\x1b[31m",
    "{{",
    "#",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_the_cut_never_reach_the_storyboard(vidgen: Vidgen, board: Path, text: str) -> None:
    def edit(track: Any) -> None:
        for one in track:
            one.name = text
            one.metadata["vidgen"]["notes"] = text
            if isinstance(one, otio.schema.Transition):
                one.metadata["vidgen"]["type"] = one.transition_type = text
        track[3].metadata["vidgen"]["shot"] = text
        track[3].media_reference = otio.schema.ExternalReference(text, times(0, 24))

    ran = edited(vidgen, board, edit)
    assert ran.code == 0
    assert changed_lines(THREE, board.read_text()) == []
    told = vidgen("import", "edit.otio", board)
    assert "\x1b" not in told.out


def test_a_layout_that_cannot_be_changed_alone_is_refused(vidgen: Vidgen, board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an edit of the text does wrong, the file is not replaced."""
    monkeypatch.setattr("vidgen.storyboard.editing.keys.written", lambda value, *, quoted: "{start: 99}")
    ran = edited(vidgen, board, lambda track: setattr(track[3], "source_range", times(2, 12)))
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "import.layout") and board.read_text() == THREE


def test_random_edits_come_back_without_a_lost_frame(tmp_path: Path) -> None:
    from benchmarks.round_trip import trips

    for name, made in trips(tmp_path, 6, 5):
        assert not made.lost, f"{name}: {made}"
