"""``post.colour.match``: the shots of a scene in one light, told, kept, and handed over as a table."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.post.test_matching import cast, scene

from support import Vidgen
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.post.matching import difference, light_of

BOARD = """\
vidgen: 1
resolution: 160x90
fps: 12
seed: 1
post: {colour: {match: true%s}}
shots:
  - {id: a, clip: a.mp4}
  - {id: b, clip: b.mp4}
"""


def clips(folder: Path) -> None:
    """The same scene twice, the second time too dark and too warm."""
    for name, wrong in (("a", (0, 0, 0)), ("b", (-0.8, 0.25, -0.4))):
        with FrameWriter(folder / f"{name}.mp4", 160, 90, 12, frames=12) as writer:
            for index in range(12):
                writer.write(np.roll(cast(scene(), *wrong), index, axis=1))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    clips(tmp_path)
    file = tmp_path / "film.yaml"
    file.write_text(BOARD % "")
    return file


def seen(film: Path) -> float:
    """How different the two shots look in the film."""
    frames = list(read_frames(film.with_suffix(".mp4")))
    one, other = light_of(frames[:12:4]), light_of(frames[12::4])
    assert one and other
    return difference(one, other)


def test_the_second_shot_comes_to_the_light_of_the_first(vidgen: Vidgen, film: Path) -> None:
    plain = film.read_text()
    film.write_text(plain.replace("match: true", "match: false"))
    assert vidgen("render", film, "--json").data["colour"] == []
    before = seen(film)
    film.write_text(plain)
    (told,) = vidgen("render", film, "--json").data["colour"]
    assert (told["shot"], told["reference"]) == ("b", "a") and told["stops"] > 0.4 and told["red"] < 0 < told["blue"]
    assert told["delta_e_after"] < told["delta_e_before"] / 2 and seen(film) < before / 2
    assert Path(told["table"]).read_text().startswith("LUT_3D_SIZE 33")


def test_nothing_is_made_again_where_nothing_changed(vidgen: Vidgen, film: Path) -> None:
    vidgen("render", film)
    assert all(one["state"] in ("keep", "copy") for one in vidgen("render", film, "--dry-run", "--json").data["segments"])
    assert vidgen("render", film, "--json").data["cut"]["encoded"] == 0


def test_strength_none_leaves_the_colours(vidgen: Vidgen, film: Path) -> None:
    film.write_text(BOARD % ", strength: 0")
    (told,) = vidgen("render", film, "--json").data["colour"]
    assert told["stops"] == 0 and told["table"] is None and told["left_alone"] == "strength: 0"


def test_a_shot_may_be_named_as_the_reference(vidgen: Vidgen, film: Path) -> None:
    film.write_text(BOARD % ", reference: b")
    (told,) = vidgen("render", film, "--json").data["colour"]
    assert (told["shot"], told["reference"]) == ("a", "b") and told["stops"] < -0.4


def test_a_reference_that_is_not_there_is_told(vidgen: Vidgen, film: Path) -> None:
    film.write_text(BOARD % ", reference: z")
    ran = vidgen("render", film, "--json")
    assert ran.code == 0 and "colour.no_reference" in [one["code"] for one in ran.envelope["warnings"]]


def test_a_reference_that_cannot_be_followed_has_its_line_in_lint_and_plan(vidgen: Vidgen, film: Path) -> None:
    film.write_text(CHAIN % ("b", "z"))
    (found,) = (one for one in vidgen("lint", film, "--json").data["findings"] if one["rule"] == "V209")
    assert (found["shot"], found["line"], found["path"]) == ("c", 9, "shots[2].post.colour.reference")
    film.write_text(CHAIN.replace("match: true, reference", "reference").replace("match: true", "match: false") % ("a", "a"))
    lines = [one["line"] for one in vidgen("plan", film, "--json").data["lint"] if one["rule"] == "V107"]
    assert lines == [8, 9], "a reference is nothing without match: true"
    film.write_text(
        BOARD.replace("match: true", "reference: a").replace("clip: b.mp4", "clip: b.mp4, post: {colour: {match: true}}") % ""
    )
    assert not [one for one in vidgen("lint", film, "--json").data["findings"] if one["rule"] in ("V107", "V209")]


def test_a_shot_that_is_left_alone_is_in_the_report_with_the_reason(vidgen: Vidgen, film: Path, tmp_path: Path) -> None:
    black = tmp_path / "black.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "color=black:s=160x90:r=12:d=1", "-pix_fmt", "yuv420p", str(black)], what="a black clip")
    film.write_text(
        CHAIN.replace("clip: b.mp4, post: {colour: {match: true, reference: %s}}", "clip: %s") % ("black.mp4", "a.mp4")
    )
    ran = vidgen("render", film, "--contact-sheet", "--json")
    dark, alike = ran.data["colour"]
    assert (dark["left_alone"], dark["delta_e_before"], dark["delta_e_after"]) == ("black, white or one colour", None, None)
    assert alike["left_alone"] == "looks like a already" and alike["delta_e_before"] == alike["delta_e_after"] < 1
    record = json.loads(film.with_suffix(".provenance.json").read_text())
    reasons = [shot.get("left_alone") for shot in record["shots"]]
    assert reasons == [None, "black, white or one colour", "looks like a already"]
    assert "b: colours left alone: black, white or one colour" in vidgen("render", film).out
    height = cv2.imread(ran.data["contact_sheet"]).shape[0]
    assert height > 2 * 225, "both are on the contact sheet, below the shots"


def test_a_part_of_the_film_keeps_the_colours_that_it_has_in_the_whole(vidgen: Vidgen, film: Path) -> None:
    """Where the reference is not in the part, there is nothing to match to, which is told."""
    ran = vidgen("render", film, "--shot", "b", "--json")
    assert ran.code == 0 and ran.data["colour"] == []


def test_the_plan_tells_which_shot_is_brought_to_which(vidgen: Vidgen, film: Path) -> None:
    ran = vidgen("plan", film, "--json")
    assert [shot["post"] and shot["post"]["match"] for shot in ran.data["shots"]] == [None, "a"]
    assert "post-processing of b: match to a" in vidgen("plan", film).out
    film.write_text(BOARD % ", strength: 0")
    assert [shot["post"] for shot in vidgen("plan", film, "--json").data["shots"]] == [None, None]
    film.write_text(BOARD % ", reference: z")
    assert "colour.no_reference" in [one["code"] for one in vidgen("plan", film, "--json").envelope["warnings"]]


def test_the_films_record_says_which_shots_were_brought_to_anothers_light(vidgen: Vidgen, film: Path) -> None:
    def done() -> list[list[str]]:
        assert vidgen("render", film).code == 0
        return [shot["post"] for shot in json.loads(film.with_suffix(".provenance.json").read_text())["shots"]]

    assert done() == [[], ["match to a"]]
    film.write_text(BOARD.replace("b.mp4", "a.mp4") % "")
    assert done() == [[], []], "the two are alike: nothing was done"


def test_the_contact_sheet_shows_the_shots_before_and_after(vidgen: Vidgen, film: Path) -> None:
    sheet = Path(vidgen("render", film, "--contact-sheet", "--json").data["contact_sheet"])
    gap, wide, high = 20, 400, 225
    page = cv2.imread(str(sheet))
    top = gap + high + 3 * gap + 3 * gap
    assert page.shape == (top + high + 3 * gap, gap + 2 * (wide + gap), 3)
    reference, before, after = (
        page[y : y + high, x : x + wide].mean() for y, x in ((gap, gap), (top, gap), (top, 2 * gap + wide))
    )
    assert before < reference - 10 and abs(after - reference) < (reference - before) / 2


CHAIN = """\
vidgen: 1
resolution: 160x90
fps: 12
seed: 1
post: {colour: {match: true}}
shots:
  - {id: a, clip: a.mp4}
  - {id: b, clip: b.mp4, post: {colour: {match: true, reference: %s}}}
  - {id: c, clip: b.mp4, post: {colour: {match: true, reference: %s}}}
"""


def test_a_reference_that_is_matched_itself_stands_for_its_own(vidgen: Vidgen, film: Path) -> None:
    film.write_text(CHAIN % ("a", "b"))
    told = vidgen("render", film, "--json").data["colour"]
    assert [(one["shot"], one["reference"]) for one in told] == [("b", "a"), ("c", "a")]


def test_shots_that_refer_to_each_other_are_left_and_told(vidgen: Vidgen, film: Path) -> None:
    film.write_text(CHAIN % ("c", "b"))
    ran = vidgen("render", film, "--json")
    said = [one["message"] for one in ran.envelope["warnings"] if one["code"] == "colour.no_reference"]
    assert ran.code == 0 and ran.data["colour"] == [] and len(said) == 2 and "b, c refer to each other" in said[0]


def test_without_scenes_only_shots_of_one_place_are_brought_together(vidgen: Vidgen, tmp_path: Path) -> None:
    file = tmp_path / "film.yaml"
    shots = ("calm sea", "city at night", "calm sea")
    rows = "".join(f"  - {{id: s{number}, scene: {scene}, engine: previz}}\n" for number, scene in enumerate(shots))
    file.write_text(f"vidgen: 1\nseed: 1\npost: {{colour: {{match: true}}}}\nshots:\n{rows}")
    found = vidgen("plan", file, "--json").data["shots"]
    assert [shot["post"] and shot["post"]["match"] for shot in found] == [None, None, "s0"]
