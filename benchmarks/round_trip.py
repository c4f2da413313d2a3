"""Random edits of exported cuts: export, edit, import, render, and export again. No frame may be lost, and nothing bought.

Every frame of every take says in its picture which one it is. So the finished film itself tells what is in it.
``python -m benchmarks.round_trip --count 300 --seed 1`` prints what was lost; it ends with 1 where anything was.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import opentimelineio as otio

from vidgen.app.export import export_cut
from vidgen.app.import_cut import import_cut
from vidgen.app.render import RenderOptions, render_film
from vidgen.engines.base import Job
from vidgen.interchange.cut import Cut
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.media.rate import parse_rate
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote, engine_added

SIZE = (96, 64)
BITS, CELL = 8, 8
TYPES = ("dissolve", "wipe_left", "fade_black", "slide_up")
Frame = npt.NDArray[np.uint8]

FLAT = """\
vidgen: 1
resolution: 96x64
fps: 24
defaults: {duration: 1, engine: scripted}
shots:
  # the first one
  - id: s01
    scene: sea 0       # calm
    candidates: 3
  - {id: s02, scene: hill 1, candidates: 2, transition: {type: dissolve, duration: 6f}}

  - scene: "moon 2"
    candidates: 2
    notes: |
      look at the sky
  - {id: s04, scene: lake 3, duration: 30f, transition: {type: wipe_left, duration: 5f}}
  - id: s05
    scene: fire 4
    trim:
      start: 3f   # not the match
  - {id: s06, scene: snow 5}
"""
SCENES = """\
vidgen: 1
resolution: 96x64
fps: 23.976
defaults: {duration: 1, engine: scripted, candidates: 2, transition: {type: dissolve, duration: 4f}}
scenes:
  # by the water
  - id: water
    scene: sea 0
    shots:
      - {id: a, transition: cut}
      - id: b
        scene: lake 1
  - scene: hill 2
    shots:
      - {subject: a tree}
      - {scene: moon 3}
  - {id: fire, scene: fire 4, duration: 26f}
  - id: snow
    scene: snow 5
    shots: [{id: c}, {id: d, scene: ice 6}]
"""
JSON = """\
{
  "vidgen": 1, "resolution": "96x64", "fps": 25,
  "defaults": {"duration": 1, "engine": "scripted", "candidates": 2},
  "shots": [
    {"id": "a", "scene": "sea 0"},
    {"id": "b", "scene": "hill 1", "transition": "dissolve"},
    {
      "scene": "moon 2"
    },
    {"scene": "lake 3", "duration": "1s"}
  ]
}
"""
BOARDS = (("film.yaml", FLAT, Fraction(24)), ("scenes.yaml", SCENES, Fraction(30)), ("film.json", JSON, Fraction(25)))
"""Name and text of a storyboard, and the rate of its takes."""


class Numbered(ScriptedRemote):
    """Its clips are 18 frames longer than ordered, at a rate of their own, and each frame says whose it is, and its number."""

    def __init__(self, folder: Path, rate: Fraction) -> None:
        super().__init__(folder, polls=1)
        self.rate = rate

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        made = await super().fetch(job, take, out.with_name("scripted.mp4"))
        frames = round(Fraction(take.request.frames) / take.request.fps * self.rate) + 18
        code = int(take.request.prompt.split()[-1].rstrip(".")) if take.request.prompt[-1:].isdigit() else 7
        with FrameWriter(out, *SIZE, self.rate, frames=frames) as writer:
            for number in range(frames):
                writer.write(picture(code * 4 + take.take, number))
        return replace(made, file=out)


def picture(code: int, number: int) -> Frame:
    """A frame with two bytes in it, in black and white cells."""
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for row, value in enumerate((code, number)):
        for bit in range(BITS):
            if value >> bit & 1:
                frame[8 + row * 24 : 24 + row * 24, 8 + bit * 10 : 16 + bit * 10] = 255
    return frame


def told(frame: Frame) -> tuple[int, int] | None:
    """Whose frame it is, and its number; None for a mixed one."""
    cells = [
        float(frame[12 + row * 24 : 20 + row * 24, 10 + bit * 10 : 14 + bit * 10].mean())
        for row in (0, 1)
        for bit in range(BITS)
    ]
    if any(60 < cell < 195 for cell in cells):
        return None
    bits = [cell > 128 for cell in cells]
    code, number = (sum(bit << place for place, bit in enumerate(bits[row * BITS : (row + 1) * BITS])) for row in (0, 1))
    return code, number


@dataclass(frozen=True)
class Piece:
    """A shot of an edited cut: its clip, the take, second of the file and frames of the film, and how it comes in."""

    clip: Any
    key: str
    opens: Fraction
    frames: int
    kind: str = "cut"
    before: int = 0
    after: int = 0

    @property
    def overlap(self) -> int:
        """Frames of the incoming transition."""
        return self.before + self.after

    @property
    def media(self) -> Any:
        """Its file."""
        return self.clip.media_references()[self.key]

    @property
    def rate(self) -> Fraction:
        """Of its file."""
        return parse_rate(self.media.available_range.duration.rate)

    @property
    def has(self) -> Fraction:
        """Seconds of its file."""
        return Fraction(round(self.media.available_range.duration.value)) / self.rate


def pieces(timeline: Any, rate: Fraction) -> list[Piece]:
    """The shots of an exported cut."""
    found: list[Piece] = []
    into = None
    for item in timeline.tracks[0]:
        if isinstance(item, otio.schema.Transition):
            into = item
            continue
        before, after = (round(into.in_offset.value), round(into.out_offset.value)) if into else (0, 0)
        if found and into:
            found[-1] = replace(found[-1], frames=found[-1].frames + after)
        span = item.source_range
        own = parse_rate(span.start_time.rate)
        opens = Fraction(round((Fraction(span.start_time.value) / own - before / rate) * own)) / own
        frames = round(span.duration.value) + before
        key = item.active_media_reference_key
        found.append(Piece(item, key, opens, frames, into.name if into else "cut", before, after))
        into = None
    return found


def legal(cut: list[Piece], rate: Fraction) -> list[Piece]:
    """The cut with what no program would allow put right: every shot within its file, no frame in two transitions."""
    made: list[Piece] = []
    for place, one in enumerate(cut):
        if place == 0:
            one = (
                replace(one, kind="fade_black", before=0)
                if one.kind == "fade_black"
                else replace(one, kind="cut", before=0, after=0)
            )
        most = int((one.has - one.opens) * rate)
        one = replace(one, frames=max(2, min(one.frames, most)))
        room = min(one.frames - 1, made[-1].frames - made[-1].overlap if made else one.frames - 1)
        if one.overlap > room:
            before = min(one.before, max(0, room) // 2)
            one = replace(one, before=before, after=max(0, min(one.after, room - before)))
        if one.overlap == 0:
            one = replace(one, kind="cut")
        made.append(one)
    return made


def edited(cut: list[Piece], rate: Fraction, rng: random.Random) -> list[Piece]:
    """The cut after one random edit."""
    cut, place = list(cut), rng.randrange(len(cut))
    one = cut[place]
    what = rng.choice(("trim", "trim", "swap", "reorder", "delete", "transition", "blade"))
    if what == "trim":
        last = int(one.has * one.rate) - 6
        opens = Fraction(rng.randint(0, max(0, last))) / one.rate
        cut[place] = replace(one, opens=opens, frames=rng.randint(3, max(3, int((one.has - opens) * rate))))
    elif what == "swap":
        cut[place] = replace(one, key=rng.choice(list(one.clip.media_references())))
    elif what == "reorder":
        cut.insert(rng.randrange(len(cut)), cut.pop(place))
    elif what == "delete" and len({id(piece.clip) for piece in cut}) > 2:
        del cut[place]
    elif what == "transition":
        total = rng.randint(0, 10)
        before = rng.choice((total // 2, rng.randint(0, total)))
        cut[place] = replace(one, kind=rng.choice(TYPES), before=before, after=total - before)
    elif what == "blade" and one.frames > 8:
        at = rng.randint(3, one.frames - 3)
        own = Fraction(round((one.opens + at / rate) * one.rate)) / one.rate
        gap = Fraction(rng.randint(0, 3)) / one.rate + 2 / one.rate
        if own + gap + 4 / one.rate < one.has:
            rest = replace(one, opens=own + gap, frames=one.frames - at, kind="cut", before=0, after=0)
            cut[place : place + 1] = [replace(one, frames=at), rest]
    return legal(cut, rate)


def write(timeline: Any, cut: Sequence[Piece], rate: Fraction, file: Path, rng: random.Random) -> None:
    """The edited cut as a program would write it: times at its own rate, with the noise of floating point."""
    track = timeline.tracks[0]
    del track[:]
    noise = rng.choice((0.0, 0.0, 1e-5, -1e-5))
    other = rng.choice((None, None, 90_000.0, 120.0))

    def at(seconds: Fraction, own: Fraction) -> Any:
        told_rate = Fraction(other) if other and (seconds * Fraction(other)).denominator == 1 else own
        return otio.opentime.RationalTime(float(seconds * told_rate) + noise, float(told_rate))

    for place, one in enumerate(cut):
        after = cut[place + 1].after if place + 1 < len(cut) else 0
        if one.overlap:
            kind = "SMPTE_Dissolve" if one.kind == "dissolve" else "Custom_Transition"
            offsets = (at(frames / rate, rate) for frames in (one.before, one.after))
            track.append(otio.schema.Transition(one.kind, kind, *offsets))
        clip = one.clip.deepcopy()
        clip.set_media_references(clip.media_references(), one.key)
        frames = one.frames - one.before - after
        clip.source_range = otio.opentime.TimeRange(at(one.opens + one.before / rate, one.rate), at(frames / rate, rate))
        track.append(clip)
    otio.adapters.write_to_file(timeline, str(file), "otio_json")


Contribution = tuple[str, Fraction]


def film_of(cut: Sequence[tuple[str, Fraction, int, int]], rate: Fraction) -> list[list[Contribution]]:
    """What each frame of a film shows: checksum and second of the file. ``cut``: file, opening, frames and overlap of shots."""
    film: list[list[Contribution]] = []
    for place, (digest, opens, frames, overlap) in enumerate(cut):
        begin = len(film) - (overlap if place else 0)
        film += [[] for _ in range(begin + frames - len(film))]
        for number in range(frames):
            film[begin + number].append((digest, opens + number / rate))
    return film


def shown_by(cut: Cut) -> list[tuple[str, Fraction, int, int]]:
    return [
        (
            shot.chosen.sha256 if shot.chosen else "",
            shot.start / (shot.chosen.rate if shot.chosen else 1),
            shot.frames,
            shot.overlap,
        )
        for shot in cut.shots
    ]


def differences(wanted: list[list[Contribution]], got: list[list[Contribution]], nearest: Fraction) -> int:
    """Frames that are not what they should be. ``nearest``: half a frame of a file, to which times in it are rounded."""
    wrong = abs(len(wanted) - len(got))
    for one, other in zip(wanted, got, strict=False):
        same = len(one) == len(other) and all(
            a[0] == b[0] and abs(a[1] - b[1]) <= nearest for a, b in zip(one, other, strict=True)
        )
        wrong += not same
    return wrong


@dataclass
class Project:
    """A rendered storyboard in a folder, which every edit begins from."""

    folder: Path
    board: Path
    provider: Numbered
    text: str
    lock: str

    @classmethod
    def made(cls, folder: Path, name: str, text: str, rate: Fraction) -> Project:
        folder.mkdir(parents=True)
        board = folder / name
        board.write_text(text, encoding="utf-8")
        provider = Numbered(folder / "provider", rate)
        project = cls(folder, board, provider, text, "")
        with engine_added("scripted", lambda: provider):
            project.render()
        project.lock = project.lock_file.read_text(encoding="utf-8")
        return project

    @property
    def lock_file(self) -> Path:
        return self.board.with_suffix(".lock.yaml")

    def render(self) -> Path:
        output = self.folder / "film.mp4"
        render_film(self.board, RenderOptions(output=output, yes=True))
        return output

    def reset(self) -> None:
        self.board.write_text(self.text, encoding="utf-8")
        self.lock_file.write_text(self.lock, encoding="utf-8")


@dataclass(frozen=True)
class Trip:
    """What came of one edit: frames of the cut, and how many of them were lost on paper and in the rendered film."""

    frames: int
    wrong: int
    wrong_in_film: int
    bought: int
    not_taken: tuple[str, ...]

    @property
    def lost(self) -> bool:
        return bool(self.wrong or self.wrong_in_film or self.bought or self.not_taken)


def trip(project: Project, rng: random.Random, *, rendered: bool = True) -> Trip:
    """One edit, there and back."""
    project.reset()
    with engine_added("scripted", lambda: project.provider):
        bought = project.provider.created
        exported = export_cut(project.board, output=project.folder / "cut.otio")
        rate = exported.cut.rate
        timeline = otio.adapters.read_from_file(str(exported.output), "otio_json")
        cut = pieces(timeline, rate)
        digests = {media.file.name: media.sha256 for _, media in exported.cut.media()}
        for _ in range(rng.randint(1, 5)):
            cut = edited(cut, rate, rng)
        edit = project.folder / "edit.otio"
        write(timeline, cut, rate, edit, rng)
        wanted = [(digests[one.media.target_url.rsplit("/", 1)[-1]], one.opens, one.frames, one.overlap) for one in cut]
        done = import_cut(edit, project.board)
        again = export_cut(project.board, output=project.folder / "again.otio").cut
        nearest = max(Fraction(1, 2) / one.rate for one in cut) + Fraction(1, 10**6)
        film = film_of(wanted, rate)
        wrong = differences(film, film_of(shown_by(again), rate), nearest)
        in_film = _rendered(project, film, digests, again) if rendered else 0
        return Trip(len(film), wrong, in_film, project.provider.created - bought, done.not_taken)


def _rendered(project: Project, film: list[list[Contribution]], digests: Any, cut: Cut) -> int:
    """Frames of the rendered film that do not show what they should."""
    codes: dict[str, tuple[int, Fraction]] = {}
    for _, media in cut.media():
        first = next(iter(read_frames(media.file)))
        code = told(np.asarray(first))
        codes[media.sha256] = (code[0] if code else -1, media.rate)
    frames = [told(np.asarray(frame)) for frame in read_frames(project.render())]
    wrong, fades_in = abs(len(frames) - len(film)), cut.shots[0].transition_frames
    for place, (frame, shows) in enumerate(zip(frames, film, strict=False)):
        if len(shows) != 1 or place < fades_in:
            continue
        code, rate = codes[shows[0][0]]
        number = float(shows[0][1] * rate)
        wrong += frame is None or frame[0] != code or abs(frame[1] - number) > (0.01 if rate == cut.rate else 1.0)
    return wrong


def trips(folder: Path, count: int, seed: int, *, rendered: bool = True) -> Iterator[tuple[str, Trip]]:
    """So many edits, of each storyboard in turn. The name says how to repeat one."""
    projects = [Project.made(folder / str(place), *one) for place, one in enumerate(BOARDS)]
    for number in range(count):
        project = projects[number % len(projects)]
        yield f"{project.board.name} {seed}-{number}", trip(project, random.Random(f"{seed}-{number}"), rendered=rendered)


def main() -> None:
    """Run the edits, and tell of each that lost something."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--no-render", action="store_true", help="compare the exported cuts only")
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="round-trip-"))
    lost, frames, begin = 0, 0, time.perf_counter()
    try:
        for number, (name, made) in enumerate(trips(folder, given.count, given.seed, rendered=not given.no_render), 1):
            frames += made.frames
            if made.lost:
                lost += 1
                print(f"{name}: {made}", flush=True)
            if number % 25 == 0:
                print(f"{number} edits, {frames} frames, {lost} with losses, {time.perf_counter() - begin:.0f} s", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{given.count} edits of {frames} frames: {lost} lost something")
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
