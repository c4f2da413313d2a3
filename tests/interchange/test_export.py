"""``vidgen export``, as a user runs it on a rendered film, or on one that is not rendered yet."""

from __future__ import annotations

import csv
import shutil
import sys
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from support import Film, Ran, Vidgen
from vidgen.engines.base import Job
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.files import sha256_file
from vidgen.media.frames import FrameWriter
from vidgen.media.rate import parse_rate
from vidgen.takes.lockfile import read_lock, write_lock
from vidgen.takes.request import Generated, TakeRequest
from vidgen.testing import ScriptedRemote, engine_added

otio = pytest.importorskip("opentimelineio")

PAID = "{id: a, scene: sea, engine: scripted, candidates: 2, duration: 24f, notes: check hands}"
NEXT = "{id: b, scene: hill, engine: scripted, duration: 24f, transition: {type: dissolve, duration: 6f}}"
PAIR = 24 + 24 - 6


class LongClips(ScriptedRemote):
    """Its clips have 30 frames more than was asked for."""

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        longer = replace(take, request=replace(take.request, frames=take.request.frames + 30))
        made = await super().fetch(job, take, out.with_name("short.mp4"))
        clip(out, longer.request.frames, float(take.request.fps), (take.request.width, take.request.height))
        return replace(made, file=out)


def clip(file: Path, frames: int, rate: float | str, size: tuple[int, int] = (96, 54)) -> Path:
    with FrameWriter(file, *size, parse_rate(rate), frames=frames) as writer:
        for index in range(frames):
            writer.write(np.full((size[1], size[0], 3), 40 + index % 150, np.uint8))
    return file


def tone(file: Path, seconds: float) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(48_000)
        out.writeframes((np.sin(np.arange(int(seconds * 48_000)) / 20) * 8000).astype("<i2").tobytes())


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ScriptedRemote]:
    remote = ScriptedRemote(tmp_path / "provider", price=0.1)
    with engine_added("scripted", lambda: remote):
        yield remote


@pytest.fixture
def paid(vidgen: Vidgen, film: Film, provider: ScriptedRemote) -> Path:
    """A film of two bought shots; of the first a person has pinned the second take."""
    board = film(PAID, NEXT)
    assert vidgen("render", board, "--yes").code == 0
    assert vidgen("pick", board, "a", 2).code == 0
    return board


def exported(vidgen: Vidgen, board: Path, *more: object) -> tuple[Ran, Any]:
    """What the command said, and the timeline that it wrote."""
    ran = vidgen("export", board, "--json", *more)
    assert ran.code == 0, ran.envelope
    return ran, otio.adapters.read_from_file(ran.data["output"], "otio_json")


def codes(ran: Ran) -> list[tuple[str, str | None]]:
    return [(row["code"], row["shot"]) for row in ran.envelope["warnings"]]


def file_of(reference: Any, folder: Path) -> Path:
    return folder / unquote(reference.target_url)


def test_an_editor_gets_every_take_and_what_is_known_of_it(
    vidgen: Vidgen, paid: Path, provider: ScriptedRemote, tmp_path: Path
) -> None:
    bought = provider.created
    ran, timeline = exported(vidgen, paid, "-o", "out/cut.otio")
    assert codes(ran) == [] and provider.created == bought == 3
    assert ran.data["frames"] == timeline.duration().value == PAIR
    first, second = timeline.find_clips()
    known = first.metadata["vidgen"]
    rendered = vidgen("render", paid, "--json").data["shots"][0]
    take = rendered["takes"][1]
    assert [known[key] for key in ("take", "seed", "engine", "prompt", "picked_by")] == [
        2,
        take["seed"],
        "scripted",
        "sea",
        "person",
    ]
    assert (known["cost_usd"], known["cost_basis"]) == (take["cost_usd"], take["cost_basis"])
    assert (known["request_key"], known["score"]) == (rendered["request_key"], take["score"])
    assert list(known["vetoes"]) == take["vetoes"] and known["sha256"] == sha256_file(Path(take["file"]))
    assert first.active_media_reference_key == "take_2" and len(first.media_references()) == 2
    assert [mark.metadata["vidgen"]["text"] for mark in first.markers] == ["check hands"]
    for clip_ in (first, second):
        for reference in clip_.media_references().values():
            assert sha256_file(file_of(reference, tmp_path / "out")) == reference.metadata["vidgen"]["sha256"]
            assert not reference.target_url.startswith(("/", "file:"))


@pytest.mark.parametrize(("name", "ending"), [("otio", "otio"), ("edl", "edl"), ("fcp7xml", "xml"), ("csv", "csv")])
def test_each_format_is_written_where_the_command_says(
    vidgen: Vidgen, film: Film, name: str, ending: str, tmp_path: Path
) -> None:
    board = film("{id: a, scene: sea}")
    board.write_text(board.read_text().replace("fps: 12", "fps: 24"))
    ran = vidgen("export", board, "--format", name, "--json")
    assert (ran.code, ran.data["output"], ran.data["format"]) == (0, f"film.{ending}", name)
    assert (tmp_path / f"film.{ending}").stat().st_size > 100
    by_name = vidgen("export", board, "-o", f"x/other.{ending}", "--json")
    assert by_name.data["format"] == name


def test_a_film_that_was_never_rendered_has_its_shots_but_no_files(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    board = film("{id: a, scene: sea}", "{id: b, scene: hill, transition: {type: dissolve, duration: 6f}}")
    ran, timeline = exported(vidgen, board)
    assert ran.data["missing"] == ["a", "b"] and codes(ran) == [("export.no_take", "a"), ("export.no_take", "b")]
    assert timeline.duration().value == ran.data["frames"] == 66
    assert all(isinstance(one.media_reference, otio.schema.MissingReference) for one in timeline.find_clips())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["film.otio", "film.yaml"]  # nothing else is written


def test_a_changed_prompt_exports_the_film_of_the_last_render_and_says_so(
    vidgen: Vidgen, paid: Path, provider: ScriptedRemote
) -> None:
    paid.write_text(paid.read_text().replace("scene: sea", "scene: lake"))
    ran, timeline = exported(vidgen, paid)
    assert codes(ran) == [("export.earlier_take", "a")] and provider.created == 3
    assert [clip_.metadata["vidgen"]["take"] for clip_ in timeline.find_clips()] == [2, 1]
    assert next(iter(timeline.find_clips())).metadata["vidgen"]["prompt"] == "sea"


def test_more_candidates_than_are_made_change_nothing(vidgen: Vidgen, paid: Path) -> None:
    paid.write_text(paid.read_text().replace("candidates: 2", "candidates: 5"))
    ran, timeline = exported(vidgen, paid)
    assert codes(ran) == []
    assert next(iter(timeline.find_clips())).metadata["vidgen"]["take"] == 2


def test_the_lock_file_and_the_store_are_enough(vidgen: Vidgen, paid: Path, tmp_path: Path) -> None:
    """Without the engine: another machine, no key, a package that is not installed any more."""
    with engine_added("other", lambda: ScriptedRemote(tmp_path / "other", name="other")):
        pass
    paid.write_text(paid.read_text().replace("engine: scripted", "engine: gone"))
    ran, timeline = exported(vidgen, paid)
    assert codes(ran) == [] and [one.metadata["vidgen"]["take"] for one in timeline.find_clips()] == [2, 1]


def test_without_a_lock_file_the_judge_chooses_as_a_render_would(vidgen: Vidgen, paid: Path) -> None:
    paid.with_suffix(".lock.yaml").unlink()
    _, timeline = exported(vidgen, paid)
    chosen = next(iter(timeline.find_clips())).metadata["vidgen"]["take"]
    assert chosen == vidgen("render", paid, "--yes", "--json").data["shots"][0]["picked"]


def test_a_damaged_take_is_left_out_and_left_alone(vidgen: Vidgen, paid: Path) -> None:
    lost = Path(vidgen("render", paid, "--json").data["shots"][1]["takes"][0]["file"])
    raw = bytearray(lost.read_bytes())
    raw[len(raw) // 2] ^= 1
    lost.write_bytes(raw)
    ran, timeline = exported(vidgen, paid)
    assert ran.data["missing"] == ["b"] and codes(ran) == [("export.no_take", "b")]
    assert "checksum" in ran.envelope["warnings"][0]["message"]
    assert timeline.duration().value == PAIR and lost.read_bytes() == raw


def test_a_pinned_take_that_is_lost_gives_way_and_that_is_said(vidgen: Vidgen, paid: Path) -> None:
    (lost,) = [one for one in vidgen("render", paid, "--json").data["shots"][0]["takes"] if one["take"] == 2]
    Path(lost["file"]).unlink()
    ran, timeline = exported(vidgen, paid)
    assert ("pick.missing", "a") in codes(ran) and ran.data["missing"] == []
    assert next(iter(timeline.find_clips())).metadata["vidgen"]["take"] == 1


def test_the_part_that_was_chosen_is_the_part_that_is_exported(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    with engine_added("scripted", lambda: LongClips(tmp_path / "provider")):
        board = film(PAID.replace("candidates: 2, ", ""), NEXT)
        assert vidgen("render", board, "--yes").code == 0
        lock = board.with_suffix(".lock.yaml")
        picks = read_lock(lock)
        write_lock(lock, {**picks, "a": replace(picks["a"], start=11, by="person"), "b": replace(picks["b"], start=7)})
        windows = [shot["takes"][0]["window"] for shot in vidgen("render", board, "--json").data["shots"]]
        _, timeline = exported(vidgen, board)
    first, second = timeline.find_clips()
    assert [window["start"] for window in windows] == [11, 7]
    assert (first.source_range.start_time.value, first.source_range.duration.value) == (11, 24 - 3)
    assert (second.source_range.start_time.value, second.source_range.duration.value) == (7 + 3, 24 - 3)
    assert first.available_range().duration.value == 54
    assert first.metadata["vidgen"]["window"] == windows[0]


def test_own_clips_split_shots_and_sounds_are_in_the_cut(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    silent = clip(tmp_path / "own clip 50%.mp4", 60, "30000/1001")
    tone(tmp_path / "音楽.wav", 2)
    tone(tmp_path / "bang.wav", 0.25)
    board = film(
        "{id: a, clip: own clip 50%.mp4, duration: 2}",
        "{id: b, scene: forest, duration: 9, notes: slower, sfx: [{file: bang.wav, at: 1}]}",
        top="audio: {music: {file: 音楽.wav}}\n",
    )
    ran, timeline = exported(vidgen, board, "-o", "out/cut.otio")
    picture, music, effects = timeline.tracks
    assert [one.name for one in picture] == ["a", "ba", "bb"] and ran.data["frames"] == 11 * 12
    assert file_of(picture[0].media_reference, tmp_path / "out").samefile(silent)
    assert picture[0].available_range().duration.value == 60 and picture[0].available_range().duration.rate == float(
        parse_rate("30000/1001")
    )
    assert {one.metadata["vidgen"]["parent"] for one in picture[1:]} == {"b"}
    assert [len(one.markers) for one in picture] == [0, 1, 0]  # its note, once
    assert (music.name, effects.name) == ("music", "sfx")
    assert all(file_of(one.media_reference, tmp_path / "out").is_file() for one in music)
    assert music[1].range_in_parent().start_time.value == pytest.approx(24)  # it is looped
    assert effects[1].range_in_parent().start_time.value == pytest.approx(3 * 12)


def test_a_clips_own_sound_has_a_track(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    from vidgen.media.dubbing import dub

    tone(tmp_path / "voice.wav", 4)
    dub(clip(tmp_path / "own.mp4", 48, 24), tmp_path / "voice.wav", begins=parse_rate(24) * 0, seconds=parse_rate(2))
    ran, timeline = exported(
        vidgen, film("{id: a, clip: own.mp4, duration: 2}", "{id: b, clip: own.mp4, own_sound: false, duration: 1}")
    )
    assert codes(ran) == []
    _, heard = timeline.tracks
    assert heard.name == "own sound" and [type(one).__name__ for one in heard] == ["Clip", "Gap"]


def test_a_package_has_everything_and_refers_to_itself(vidgen: Vidgen, paid: Path, tmp_path: Path) -> None:
    ran, timeline = exported(vidgen, paid, "-o", "pack/cut.otio", "--copy-media", "pack/media")
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "pack", moved)
    assert len(ran.data["copied"]) == 3
    for one in timeline.find_clips():
        for reference in one.media_references().values():
            file = file_of(reference, moved)
            assert file.name.startswith(f"{one.name}_take{reference.metadata['vidgen']['take']}_")
            assert sha256_file(file) == reference.metadata["vidgen"]["sha256"]


def test_places_with_odd_names_are_found_again(vidgen: Vidgen, tmp_path: Path) -> None:
    folder = tmp_path / "夜 100% #1?&;x"
    folder.mkdir()
    board = folder / "映画 a:b.yaml"
    board.write_text("vidgen: 1\nresolution: 96x54\nfps: 24\nshots: [{id: a, scene: 海, duration: 1}]\n", encoding="utf-8")
    assert vidgen("render", board, "-o", "film.mp4").code == 0
    for out in (tmp_path / "cut.otio", folder / "cut.otio"):
        _, timeline = exported(vidgen, board, "-o", out)
        (one,) = timeline.find_clips()
        assert file_of(one.media_reference, out.parent).is_file() and timeline.name == "映画 a:b"


def test_what_a_format_cannot_say_is_said(vidgen: Vidgen, paid: Path) -> None:
    text = paid.read_text().replace("type: dissolve", "type: wipe_left").replace("fps: 12", "fps: 24")
    paid.write_text(text)
    told = {
        name: " ".join(row["message"] for row in vidgen("export", paid, "--format", name, "--json").envelope["warnings"])
        for name in ("otio", "edl", "fcp7xml", "csv")
    }
    assert "wipe_left" in told["edl"] and "takes that are not picked" in told["edl"]
    assert "wipe_left" in told["fcp7xml"] and "wipe_left" not in told["otio"] + told["csv"]


def test_the_shot_list_tells_cost_and_take(vidgen: Vidgen, paid: Path, tmp_path: Path) -> None:
    assert vidgen("export", paid, "-o", "shots.csv").code == 0
    with (tmp_path / "shots.csv").open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert [first[key] for key in ("shot", "take", "engine", "cost", "prompt")] == ["a", "2", "scripted", "0.2", "sea"]
    assert (second["in"], second["out"]) == ("00:00:01:06", "00:00:03:06")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--format", "aaf"), "usage.invalid"),
        (("-o", "film.yaml"), "output.bad_name"),
        (("-o", "."), "output.bad_name"),
        (("-o", "film.yaml/cut.otio"), "output.bad_name"),
        (("--format", "edl"), "export.bad_rate"),
        (("--copy-media", "film.yaml"), "file.wrong_place"),
    ],
)
def test_bad_requests_exit_2_and_write_nothing(
    vidgen: Vidgen, film: Film, arguments: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    clip(tmp_path / "own.mp4", 12, 12)
    board = film("{id: a, clip: own.mp4, duration: 1}")
    before = board.read_text()
    ran = vidgen("export", board, *arguments, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, code), ran.envelope["error"]
    assert board.read_text() == before and sorted(file.name for file in tmp_path.iterdir()) == ["film.yaml", "own.mp4"]


def test_a_cut_is_never_written_over_its_own_takes(vidgen: Vidgen, paid: Path) -> None:
    file = Path(vidgen("render", paid, "--json").data["shots"][0]["takes"][0]["file"])
    digest = sha256_file(file)
    ran = vidgen("export", paid, "--format", "otio", "-o", file, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "output.bad_name") and sha256_file(file) == digest


def test_the_shot_list_needs_no_further_package(vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    board = film("{id: a, scene: sea}")
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    assert vidgen("export", board, "--format", "csv").code == 0
    ran = vidgen("export", board, "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "export.missing")
    assert "pip install 'vidgen[edit]'" in ran.envelope["error"]["hint"]


def test_trims_and_sound_cuts_are_in_the_cut(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    for name in ("one", "two"):
        clip(tmp_path / f"{name}.mp4", 60, 12)
        tone(tmp_path / f"{name}.wav", 5)
        args = ["-i", f"{tmp_path}/{name}.mp4", "-i", f"{tmp_path}/{name}.wav", "-c:v", "copy", "-c:a", "aac"]
        run_ffmpeg([*args, f"{tmp_path}/{name}.mov"], what="a clip with sound")
    board = film(
        "{id: a, clip: one.mov, trim: {start: 12f, duration: 24f}}",
        "{id: b, clip: two.mov, trim: {start: 12f, duration: 24f}, transition: {type: j_cut, duration: 6f}}",
    )
    _, timeline = exported(vidgen, board)
    picture, sound = timeline.tracks
    ranges = [
        [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in track] for track in timeline.tracks
    ]
    assert (picture.name, sound.name) == ("picture", "own sound")
    assert ranges == [[(12, 24), (12, 24)], [(12, 21), (9, 27)]]
