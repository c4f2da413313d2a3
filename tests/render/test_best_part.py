"""A take that is longer than its shot gives the best part of it to the film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.scoring.faulty_clips import HEIGHT, RATE, WIDTH, scene, shaken

from support import Film, Ran, Vidgen
from vidgen.engines.base import Job
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.takes.lockfile import Pick, read_lock, write_lock
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote, engine_added

Board = Callable[..., Path]
FRAMES, BAD = 60, 12
NEEDED = 48
SHOT = "{id: a, scene: sea, engine: scripted, duration: 48f}"
FOLLOWS = "{id: b, scene: sea, engine: scripted, duration: 48f, continue_from: a}"


class ShakyAtFirst(ScriptedRemote):
    """Its clips are longer than asked for, and shake for half a second."""

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        pictures = scene(frames=FRAMES)
        with FrameWriter(out, WIDTH, HEIGHT, RATE, frames=FRAMES) as writer:
            for picture in shaken(pictures[:BAD], 2.0) + pictures[BAD:]:
                writer.write(picture)
        return replace(await super().fetch(job, take, out.with_name("other.mp4")), file=out, diffusion=True)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ShakyAtFirst]:
    remote = ShakyAtFirst(tmp_path / "provider", price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


@pytest.fixture
def board(film: Film) -> Callable[..., Path]:
    """A film at the size and rate of those clips."""

    def write(*shots: str) -> Path:
        file = film(*shots)
        file.write_text(file.read_text().replace("96x54", f"{WIDTH}x{HEIGHT}").replace("fps: 12", f"fps: {RATE}"))
        return file

    return write


def take_of(ran: Ran, shot: int = 0) -> dict[str, object]:
    assert ran.code == 0, ran.envelope
    return ran.data["shots"][shot]["takes"][0]


def start_of(ran: Ran, shot: int = 0) -> int:
    window = take_of(ran, shot)["window"]
    assert isinstance(window, dict) and window["frames"] == NEEDED
    return int(window["start"])


def test_the_film_has_the_part_without_the_fault(vidgen: Vidgen, board: Board, provider: ShakyAtFirst, tmp_path: Path) -> None:
    ran = vidgen("render", board(SHOT), "--yes", "--json")
    start = start_of(ran)
    assert BAD - 1 <= start <= FRAMES - NEEDED
    opens = next(iter(read_frames(tmp_path / "film.mp4"))).astype(float)
    original = list(read_frames(Path(str(take_of(ran)["file"]))))
    nearest = min(range(FRAMES), key=lambda index: np.abs(original[index] - opens).mean())
    assert nearest == start


def test_the_part_stays_with_the_pick(vidgen: Vidgen, board: Board, provider: ShakyAtFirst) -> None:
    file = board(SHOT)
    start = start_of(vidgen("render", file, "--yes", "--json"))
    lock = file.with_suffix(".lock.yaml")
    (pick,) = read_lock(lock).values()
    assert pick.start == start
    write_lock(lock, {"a": replace(pick, start=start - 3)})  # as a judge of another version might have chosen
    again = vidgen("render", file, "--json")
    assert start_of(again) == start - 3 and again.data["shots"][0]["reused"] and provider.created == 1


@pytest.mark.parametrize(("start", "used"), [(10_000, FRAMES - NEEDED), (5, 5)])
def test_a_start_beyond_the_take_is_the_last_that_fits(
    start: int, used: int, vidgen: Vidgen, board: Board, provider: ShakyAtFirst
) -> None:
    file = board(SHOT)
    vidgen("render", file, "--yes")
    lock = file.with_suffix(".lock.yaml")
    (pick,) = read_lock(lock).values()
    write_lock(lock, {"a": Pick(pick.request_key, pick.take, "person", pick.sha256, start)})
    assert start_of(vidgen("render", file, "--json")) == used


def test_a_take_that_another_goes_on_from_and_one_that_goes_on_begin_as_they_were_made(
    vidgen: Vidgen, board: Board, provider: ShakyAtFirst
) -> None:
    ran = vidgen("render", board(SHOT, FOLLOWS), "--yes", "--json")
    assert (start_of(ran, 0), start_of(ran, 1)) == (0, 0)
