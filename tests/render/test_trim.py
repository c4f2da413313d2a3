"""``trim`` says which part of a take or clip is in the film. It makes and buys nothing anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from support import Film, Ran, Vidgen
from vidgen.engines.base import Job
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote, engine_added

RATE, LENGTH, STEP = 12, 30, 6
SHOT = "{id: a, scene: sea, engine: scripted, duration: 24f%s}"


def counted(out: Path, rate: int = RATE, frames: int = LENGTH) -> None:
    """A clip whose brightness is the number of the frame."""
    with FrameWriter(out, 96, 54, Fraction(rate), frames=frames) as writer:
        for number in range(frames):
            writer.write(np.full((54, 96, 3), 20 + STEP * number, np.uint8))


class Longer(ScriptedRemote):
    """Its takes are half a second longer than asked for, and their frames are counted."""

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        counted(out)
        return replace(await super().fetch(job, take, out.with_name("other.mp4")), file=out)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Longer]:
    remote = Longer(tmp_path / "provider", price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    counted(tmp_path / "mine.mp4")
    return tmp_path / "mine.mp4"


def numbers(film: Path) -> list[int]:
    """The numbers of the frames that a film shows."""
    return [round((float(frame.mean()) - 20) / STEP) for frame in read_frames(film)]


def codes(ran: Ran) -> list[str]:
    return [warning["code"] for warning in ran.envelope["warnings"]]


def test_a_trim_uses_another_part_of_the_take_that_was_bought(
    vidgen: Vidgen, film: Film, provider: Longer, tmp_path: Path
) -> None:
    assert vidgen("render", film(SHOT % ""), "--yes").code == 0
    trimmed = vidgen("render", film(SHOT % ", trim: {start: 4f}"), "--json")  # without --yes
    assert trimmed.code == 0 and provider.created == 1
    assert trimmed.data["shots"][0]["takes"][0]["window"] == {"start": 4, "frames": 24}
    assert numbers(tmp_path / "film.mp4") == list(range(4, 28))


def test_without_a_trim_what_is_left_is_on_both_sides(vidgen: Vidgen, film: Film, provider: Longer, tmp_path: Path) -> None:
    vidgen("render", film(SHOT % ""), "--yes")
    assert numbers(tmp_path / "film.mp4") == list(range(3, 27))


def test_a_trim_makes_a_shot_shorter_or_longer(vidgen: Vidgen, film: Film, provider: Longer, tmp_path: Path) -> None:
    vidgen("render", film(SHOT % ""), "--yes")
    for start, frames in ((10, 5), (0, 30), (29, 1)):
        ran = vidgen("render", film(SHOT % f", trim: {{start: {start}f, duration: {frames}f}}"), "--json")
        assert ran.code == 0 and provider.created == 1
        assert numbers(tmp_path / "film.mp4") == list(range(start, start + frames))


def test_the_last_frame_is_held_where_the_take_ends_before_the_shot(
    vidgen: Vidgen, film: Film, provider: Longer, tmp_path: Path
) -> None:
    ran = vidgen("render", film(SHOT % ", trim: 20f"), "--yes", "--json")
    assert "take.held" in codes(ran)
    assert numbers(tmp_path / "film.mp4") == [*range(20, 30), *[29] * 14]


def test_a_trim_is_forgotten_without_it(vidgen: Vidgen, film: Film, provider: Longer, tmp_path: Path) -> None:
    vidgen("render", film(SHOT % ""), "--yes")
    vidgen("render", film(SHOT % ", trim: 5f"))
    vidgen("render", film(SHOT % ""))
    assert numbers(tmp_path / "film.mp4") == list(range(3, 27)) and provider.created == 1


def test_a_shot_that_goes_on_from_a_trimmed_one_is_not_bought_again(vidgen: Vidgen, film: Film, provider: Longer) -> None:
    follows = "{id: b, scene: sea, engine: scripted, duration: 24f, continue_from: a}"
    vidgen("render", film(SHOT % "", follows), "--yes")
    ran = vidgen("render", film(SHOT % ", trim: 2f", follows), "--json")
    assert ran.code == 0 and provider.created == 2 and "plan.trim" in codes(ran)


def test_parts_of_a_split_shot_stay_joined(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film("{id: a, scene: sea, duration: 8, trim: 1}"), "--json")
    assert ran.data["total_frames"] == 96 and "plan.trim" in codes(ran)


def test_what_begins_after_the_new_end_is_left_out_and_said(vidgen: Vidgen, film: Film) -> None:
    ran = vidgen("plan", film("{id: a, scene: sea, duration: 4, trim: {duration: 2}, text: [{text: late, in: 3}]}"), "--json")
    assert ran.code == 0 and codes(ran) == ["plan.trim"]


def test_plan_tells_the_part_and_how_much_is_spare(vidgen: Vidgen, film: Film) -> None:
    shot = vidgen("plan", film("{id: a, scene: sea, duration: 4, trim: {start: 6f, duration: 3}}"), "--json").data["shots"][0]
    assert shot["trim"] == {"start_s": 0.5, "duration_s": 3.0}
    assert (shot["frames"], shot["handles_s"]) == (36, 1.0)


@pytest.mark.parametrize("written", ["trim: {start: 6f, duration: 12f}", "trim: 0.5, duration: 1"])
def test_ones_own_clip_is_trimmed(written: str, vidgen: Vidgen, film: Film, mine: Path, tmp_path: Path) -> None:
    assert vidgen("render", film(f"{{id: a, clip: mine.mp4, {written}}}")).code == 0
    assert numbers(tmp_path / "film.mp4") == list(range(6, 18))


def test_a_clip_is_used_to_its_end_where_no_length_is_given(vidgen: Vidgen, film: Film, mine: Path, tmp_path: Path) -> None:
    assert vidgen("render", film("{id: a, clip: mine.mp4, duration: auto, trim: 6f}")).code == 0
    assert numbers(tmp_path / "film.mp4") == list(range(6, 30))


def test_a_trimmed_clip_takes_post_processing_like_any_take(vidgen: Vidgen, film: Film, mine: Path, tmp_path: Path) -> None:
    shot = "{id: a, clip: mine.mp4, trim: {start: 6f, duration: 12f}, post: {colour: {contrast: 1.0001}}}"
    assert vidgen("render", film(shot)).code == 0
    assert numbers(tmp_path / "film.mp4") == list(range(6, 18))


def test_a_clip_of_another_rate_opens_at_the_time_that_is_given(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    counted(tmp_path / "fast.mp4", rate=30, frames=36)
    assert vidgen("render", film("{id: a, clip: fast.mp4, trim: {start: 0.3, duration: 6f}}")).code == 0
    shown = numbers(tmp_path / "film.mp4")
    assert [abs(number - (9 + 2.5 * index)) <= 1 for index, number in enumerate(shown)] == [True] * 6


def test_a_clip_whose_frames_come_as_they_like_opens_at_its_time(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    counted(tmp_path / "even.mp4", frames=30)
    chain = "select='not(between(n,3,11))',setpts=PTS"  # nine frames are missing: the third is seen for ten
    args = ["-i", str(tmp_path / "even.mp4"), "-vf", chain, "-fps_mode", "vfr", str(tmp_path / "uneven.mp4")]
    run_ffmpeg(args, what="a clip of uneven rate")
    assert vidgen("render", film("{id: a, clip: uneven.mp4, trim: {start: 14f, duration: 6f}}")).code == 0
    assert numbers(tmp_path / "film.mp4") == list(range(14, 20))


@pytest.mark.parametrize("written", ["trim: 9", "trim: {start: 2, duration: 2}"])
def test_a_trim_beyond_a_clip_is_refused_with_its_place(written: str, vidgen: Vidgen, film: Film, mine: Path) -> None:
    ran = vidgen("plan", film(f"{{id: a, clip: mine.mp4, {written}}}"), "--json")
    assert ran.code == 2 and "shots[0].trim" in ran.envelope["error"]["message"]


def test_a_dissolve_holds_no_frame(vidgen: Vidgen, film: Film, mine: Path, tmp_path: Path) -> None:
    second = "{id: b, clip: mine.mp4, trim: {start: 6f, duration: 24f}, transition: {type: dissolve, duration: 12f}}"
    assert vidgen("render", film("{id: a, clip: mine.mp4, duration: 24f}", second)).code == 0
    brightness = [float(frame.mean()) for frame in read_frames(tmp_path / "film.mp4")]
    assert len(brightness) == 36 and np.abs(np.diff(brightness)).min() > 1
