from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cut.clips import HEIGHT, WIDTH, MakeShot, film_of, level, levels

from vidgen.cut.assembly import CutResult, assemble
from vidgen.cut.encode_segment import encode_segments
from vidgen.cut.segments import split
from vidgen.cut.timeline import Conform, Cue, Timeline, Transition
from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.encode import DRAFT, MASTER, EncodeProfile
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.files import sha256_file
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.media.verify import check_video


class Desk:
    """Cuts films in a folder of its own, and remembers which pieces were encoded."""

    def __init__(self, folder: Path) -> None:
        self.work, self.out = folder / "work", folder / "film.mp4"
        self.states: dict[str, str] = {}

    def cut(self, film: Timeline, **other: Any) -> CutResult:
        self.states = {}
        return assemble(film, self.work, self.out, on_event=self._hear, **other)

    def _hear(self, name: str, data: dict[str, Any]) -> None:
        if name == "cut.segment":
            self.states[data["name"]] = data["state"]

    def encoded(self) -> set[str]:
        return {name for name, state in self.states.items() if state == "encoded"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def near(found: list[float], wanted: list[float]) -> bool:
    return len(found) == len(wanted) and bool(np.max(np.abs(np.subtract(found, wanted))) < 2.5)


def test_every_frame_of_the_film_is_the_planned_frame(desk: Desk, make_shot: MakeShot) -> None:
    film = film_of(make_shot("s01", 40), make_shot("s02", 120, transition=("dissolve", 6)), make_shot("s03", 60, frames=12))
    result = desk.cut(film)
    ramp = lambda base, first, last: [float(level(base, frame)) for frame in range(first, last)]  # noqa: E731
    mixed = [level(40, 18 + k) * (1 - k / 6) + level(120, k) * k / 6 for k in range(6)]
    assert near(levels(desk.out), [*ramp(40, 0, 18), *mixed, *ramp(120, 6, 24), *ramp(60, 0, 12)])
    assert (result.frames, result.width, result.height, result.duration) == (54, WIDTH, HEIGHT, 2.25)
    assert result.notices == ()


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(60)])
def test_frame_times_stay_even_over_many_pieces_at_every_rate(desk: Desk, make_shot: MakeShot, rate: Fraction) -> None:
    first = make_shot("s01", frames=7, rate=rate)
    film = film_of(first, *(replace(first, id=f"s{n:02d}") for n in range(2, 30)), rate=rate)
    desk.cut(film)
    check_video(desk.out, frames=29 * 7, width=WIDTH, height=HEIGHT, rate=rate)


def test_clips_that_were_encoded_alike_are_copied(desk: Desk, make_shot: MakeShot) -> None:
    result = desk.cut(film_of(make_shot("s01", 40), make_shot("s02", 120)))
    assert (result.copied, result.reencoded) == (2, 0)
    assert near(levels(desk.out), [level(base, frame) for base in (40, 120) for frame in range(24)])


def test_a_clip_that_only_claims_to_be_encoded_alike_is_encoded(desk: Desk, make_shot: MakeShot) -> None:
    other = make_shot("s02", 120, profile=EncodeProfile(crf=17, preset="ultrafast"))
    result = desk.cut(film_of(make_shot("s01", 40), replace(other, encoded_as=MASTER.key())))
    assert (result.copied, result.reencoded) == (1, 1)
    assert desk.states == {"s01": "copied", "s02": "encoded"}


def test_what_shows_drafts_alone_is_encoded_as_a_draft(desk: Desk, make_shot: MakeShot) -> None:
    draft = make_shot("s01", 40, profile=DRAFT), make_shot("s02", 120, profile=DRAFT, transition=("dissolve", 6))
    assert desk.cut(film_of(*draft, make_shot("s03", 60, transition=("dissolve", 6)))).reencoded == 5
    quickly = [b"subme=1 " in piece.read_bytes() for piece in (desk.work / "segments").glob("*.mp4")]
    assert quickly.count(True) == 3, "both bodies and the blend between them"


def test_a_clip_that_brings_a_sound_begins_on_time(desk: Desk, make_shot: MakeShot, tmp_path: Path) -> None:
    shot = make_shot("s01", 40)
    loud = tmp_path / "loud.mp4"  # its sound begins before its first frame, by the priming of AAC
    sine = ["-f", "lavfi", "-i", "sine", "-shortest", "-c:v", "copy", "-c:a", "aac"]
    run_ffmpeg(["-i", str(shot.file), *sine, str(loud)], what="adding sound")
    desk.cut(film_of(replace(shot, file=loud), make_shot("s02", 120)))
    assert near(levels(desk.out), [level(base, frame) for base in (40, 120) for frame in range(24)])


def test_a_clip_longer_than_its_shot_is_cut_to_length(desk: Desk, make_shot: MakeShot) -> None:
    desk.cut(film_of(replace(make_shot("s01", 40), frames=10)))
    assert near(levels(desk.out), [level(40, frame) for frame in range(10)])


def test_nothing_runs_for_a_film_that_is_still_right(desk: Desk, make_shot: MakeShot, monkeypatch: pytest.MonkeyPatch) -> None:
    film = film_of(make_shot("s01"), make_shot("s02", transition=("dissolve", 6)))
    desk.cut(film)
    before = desk.out.stat()
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **kwargs: pytest.fail("a program was started"))
    again = desk.cut(film)
    assert (again.reencoded, again.copied, again.frames) == (0, 0, 42)
    assert desk.out.stat().st_mtime_ns == before.st_mtime_ns


def test_a_changed_shot_remakes_only_the_pieces_it_touches(desk: Desk, make_shot: MakeShot) -> None:
    shots = [make_shot(f"s{n:02d}", 40 + 20 * n, transition=("dissolve", 4)) for n in range(1, 6)]
    shots[0] = replace(shots[0], transition=Transition())
    desk.cut(film_of(*shots))
    shots[2] = replace(make_shot("s03b", 10), id="s03", transition=Transition("dissolve", 4))
    result = desk.cut(film_of(*shots))
    assert desk.encoded() == {"s02 > s03", "s03", "s03 > s04"}
    assert (result.reencoded, result.reused) == (3, 6)


def test_going_back_to_the_version_before_encodes_nothing(desk: Desk, make_shot: MakeShot) -> None:
    one, two = make_shot("s01"), make_shot("s02", 120)
    film = film_of(one, replace(two, transition=Transition("dissolve", 6)))
    first = desk.cut(film)
    desk.cut(film_of(one, replace(two, transition=Transition("wipe_left", 8))))
    again = desk.cut(film)
    assert (first.reencoded, again.reencoded, again.reused) == (3, 0, 3)


def test_pieces_of_long_gone_versions_are_removed(desk: Desk, make_shot: MakeShot) -> None:
    one, two = make_shot("s01"), make_shot("s02", 120)
    for length in range(2, 8):
        desk.cut(film_of(one, replace(two, transition=Transition("dissolve", length))))
    assert len(list((desk.work / "segments").glob("*.mp4"))) == 3 * 3


def test_a_damaged_piece_is_set_aside_and_made_again(desk: Desk, make_shot: MakeShot) -> None:
    film = film_of(make_shot("s01"), make_shot("s02", 120, transition=("dissolve", 6)))
    desk.cut(film)
    whole = sha256_file(desk.out)
    desk.out.unlink()
    piece = next((desk.work / "segments").glob("*.mp4"))
    data = bytearray(piece.read_bytes())
    data[len(data) // 2] ^= 0xFF
    piece.write_bytes(data)
    result = desk.cut(film)
    assert [notice.code for notice in result.notices] == ["cut.segment_rebuilt"]
    assert result.reencoded == 1
    assert sha256_file(desk.out) == whole
    assert (desk.work / "segments" / "quarantine" / piece.name).read_bytes() == data


def test_a_damaged_film_is_joined_again_without_encoding(desk: Desk, make_shot: MakeShot) -> None:
    film = film_of(make_shot("s01"), make_shot("s02", 120, transition=("dissolve", 6)))
    desk.cut(film)
    whole = sha256_file(desk.out)
    desk.out.write_bytes(desk.out.read_bytes()[:-100])
    result = desk.cut(film)
    assert result.reencoded == 0
    assert sha256_file(desk.out) == whole


def test_an_interrupted_cut_leaves_no_film_and_goes_on_where_it_was(desk: Desk, make_shot: MakeShot) -> None:
    film = film_of(*(make_shot(f"s{n}", 30 * n, cues=(Cue("x", 0, 5),)) for n in range(1, 5)))
    with pytest.raises(Cancelled):
        desk.cut(film, cancelled=lambda: bool(desk.states), jobs=1)
    assert not desk.out.exists()
    assert not list((desk.work / "tmp").iterdir())
    result = desk.cut(film)
    assert result.reused >= 1
    assert result.reused + result.reencoded == 4


def test_a_shot_with_too_few_frames_is_an_error_that_names_it(desk: Desk, make_shot: MakeShot) -> None:
    film = film_of(make_shot("s01"), replace(make_shot("s02", frames=10), frames=24))
    with pytest.raises(ProcessingError, match="10 frames instead of 24") as caught:
        desk.cut(film)
    assert caught.value.where == "s02"
    assert not desk.out.exists()


def test_a_damaged_clip_is_an_error_not_a_grey_frame(desk: Desk, make_shot: MakeShot) -> None:
    noise = np.random.default_rng(0)
    shot = make_shot("s01")
    with FrameWriter(shot.file, WIDTH, HEIGHT, Fraction(24), frames=24) as writer:
        for _ in range(24):
            writer.write(noise.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8))
    data = bytearray(shot.file.read_bytes())
    for position in range(len(data) // 3, len(data) // 2, 97):
        data[position] ^= 0x55
    shot.file.write_bytes(data)
    with pytest.raises(ProcessingError):
        desk.cut(film_of(replace(shot, cues=(Cue("title", 0, 24),))))
    assert not desk.out.exists()


def test_the_first_shot_fades_in_from_black(desk: Desk, make_shot: MakeShot) -> None:
    desk.cut(film_of(make_shot("s01", 200, step=0, transition=("fade_black", 8))))
    found = levels(desk.out)
    assert found[0] < 3
    assert all(later > earlier for earlier, later in zip(found[:8], found[1:9], strict=True))
    assert abs(found[9] - 200) < 3


def test_a_dip_to_black_stays_in_the_legal_range(desk: Desk, make_shot: MakeShot) -> None:
    import av

    desk.cut(film_of(make_shot("s01", 200, step=0), make_shot("s02", 230, step=0, transition=("fade_black", 12))))
    with av.open(str(desk.out)) as container:
        planes = [frame.to_ndarray()[:HEIGHT] for frame in container.decode(video=0)]
    assert min(int(plane.min()) for plane in planes) >= 15
    assert levels(desk.out)[12 + 6] < 40


def test_names_may_hold_quotes_colons_spaces_and_japanese(tmp_path: Path, make_shot: MakeShot) -> None:
    folder = tmp_path / "it's: [a] film, 京都;\\ %d"
    desk = Desk(folder)
    shot = make_shot("s01", 40, cues=(Cue("秋", 0, 24),))
    inner = folder / "clip's #1.mp4"
    folder.mkdir()
    inner.write_bytes(shot.file.read_bytes())
    desk.cut(film_of(replace(shot, file=inner), make_shot("s02", 90, transition=("dissolve", 4)), title="京都's; 'film' = 1"))
    check_video(desk.out, frames=44)


def test_the_same_clip_may_be_in_the_film_twice(desk: Desk, make_shot: MakeShot) -> None:
    shot = make_shot("s01", cues=(Cue("again", 0, 24),))
    result = desk.cut(film_of(shot, replace(shot, id="s02")))
    assert result.reencoded == 1
    assert result.frames == 48


def test_the_film_is_tagged_bt709_and_starts_to_play_before_it_is_loaded(desk: Desk, make_shot: MakeShot) -> None:
    import av

    desk.cut(film_of(make_shot("s01"), make_shot("s02", transition=("dissolve", 6)), title="Kyoto"))
    with av.open(str(desk.out)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.color_range, codec.colorspace, codec.color_primaries, codec.color_trc) == (1, 1, 1, 1)
        assert container.metadata["title"] == "Kyoto"
        assert not container.streams.audio
    data = desk.out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_body_and_its_window_come_out_as_they_would_alone(tmp_path: Path, make_shot: MakeShot) -> None:
    title = (Cue("through", 10, 24),)
    film = film_of(make_shot("s01", 40, cues=title), make_shot("s02", 120, transition=("dissolve", 6), cues=title))
    body, window, _ = split(film)
    together, alone = [tmp_path / "b.mp4", tmp_path / "w.mp4"], [tmp_path / "b1.mp4", tmp_path / "w1.mp4"]
    encode_segments([body, window], film, together, tmp_path)
    encode_segments([body], film, alone[:1], tmp_path)
    encode_segments([window], film, alone[1:], tmp_path)
    assert [sha256_file(file) for file in together] == [sha256_file(file) for file in alone]


@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_a_clip_of_any_form_is_brought_to_the_films(desk: Desk, make_shot: MakeShot, fit: str) -> None:
    """A 30 frames/s square clip in a 24 frames/s wide film: the right moments, upright, with bars or without."""
    odd = make_shot("odd", 40, 45, rate=Fraction(30), size=(64, 64))
    odd = replace(odd, frames=36, conform=Conform(fit), encoded_as=None)
    desk.cut(film_of(make_shot("s01", 200, 12, step=0), replace(odd, transition=Transition("dissolve", 6))))
    check_video(desk.out, frames=42, width=WIDTH, height=HEIGHT, rate=Fraction(24))
    frames = list(read_frames(desk.out))
    assert near([float(frame[:, 40:56].mean()) for frame in frames[12:]], [level(40, n) * 1.0 for n in moments(6, 36)])
    edge = float(frames[30][:, :8].mean())
    assert edge < 3 if fit == "pad" else edge > 90


def moments(first: int, last: int) -> list[int]:
    """The frames of a 30 frames/s clip that are nearest to frames of a 24 frames/s film; halves go up."""
    return [int(Fraction(30, 24) * frame + Fraction(1, 2)) for frame in range(first, last)]


def test_a_cut_that_is_killed_leaves_nothing_bad_behind(tmp_path: Path, make_shot: MakeShot) -> None:
    shots = [make_shot(f"s{n}", 30 * n, 12, transition=("dissolve", 4) if n > 1 else None) for n in range(1, 6)]
    film = tmp_path / "film.pickle"
    film.write_bytes(pickle.dumps(film_of(*(replace(shot, encoded_as=None) for shot in shots))))
    program = (
        "import pickle, sys; from pathlib import Path; from vidgen.cut import assemble\n"
        "assemble(pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]), Path(sys.argv[3]))"
    )
    arguments = [sys.executable, "-c", program, str(film), str(tmp_path / "work"), str(tmp_path / "film.mp4")]
    for after in (0.25, 0.35, 0.45, 0.55):
        process = subprocess.Popen(arguments)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if (tmp_path / "film.mp4").exists():
            check_video(tmp_path / "film.mp4", frames=44)
    subprocess.run(arguments, check=True)
    check_video(tmp_path / "film.mp4", frames=44, decode=True)
    assert not list((tmp_path / "work" / "segments").glob(".*.part*"))
    assert not list((tmp_path / "work" / "tmp").iterdir())


def test_a_dip_of_one_frame_is_that_colour_also_when_nothing_else_is_made(desk: Desk, make_shot: MakeShot) -> None:
    """With the first colour a body and the window are made together; with the second the window alone."""
    for kind, shade in (("fade_white", 255), ("fade_black", 0)):
        desk.cut(film_of(make_shot("s01", 90, step=0), make_shot("s02", 150, step=0, transition=(kind, 1))))
        assert min(abs(found - shade) for found in levels(desk.out)) < 3
