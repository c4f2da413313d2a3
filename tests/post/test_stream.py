"""One stream from decoder to encoder: times, batches, order, threads, and going on with a job that was stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from post.simple_engines import Blend, Doubled, levels
from vidgen.errors import Cancelled, ProcessingError
from vidgen.media.frames import Frame, read_frames
from vidgen.media.probe import probe
from vidgen.post import Hooks, PostSettings, interpolate_file, process_clip
from vidgen.post import segments as segments_module
from vidgen.post.ahead import ahead
from vidgen.post.engines import INTERPOLATORS, UPSCALERS, Network
from vidgen.post.pictures import _enlarged
from vidgen.post.retime import retime, start_of
from vidgen.post.route import find_route
from vidgen.post.scene_changes import SceneChangeDetector
from vidgen.post.segments import folder_of, segment_folder
from vidgen.post.stages import Form

Ffmpeg = Callable[..., None]
MakeClip = Callable[..., Path]
Drifting = Callable[..., list[Frame]]
SIMPLE = Network("post.simple_engines", (), "post")


@pytest.fixture
def simple(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines ``blend`` and ``doubled`` are there."""
    monkeypatch.setitem(INTERPOLATORS, "blend", SIMPLE)  # type: ignore[arg-type]
    monkeypatch.setitem(UPSCALERS, "doubled", SIMPLE)  # type: ignore[arg-type]


def nothing(name: str) -> Path:
    """Simple engines have no weights to fetch."""
    return Path()


def clock(frames: int, rate: int = 24) -> list[Fraction]:
    return [Fraction(index, rate) for index in range(frames)]


def first_levels(pictures: Iterator[Frame]) -> list[int]:
    return [int(picture[0, 0, 0]) for picture in pictures]


def test_a_picture_engine_is_asked_for_exact_moments() -> None:
    engine = Blend()
    made = retime(levels([0, 100, 200]), clock(3), set(), engine, Fraction(60), 8)
    assert first_levels(made) == [0, 40, 80, 120, 160, 200, 200, 200]
    assert engine.asked == [[0.4, 0.8], [0.2, 0.6]]


def test_a_picture_engine_is_never_asked_across_a_cut_nor_between_equal_pictures() -> None:
    engine = Blend()
    made = retime(levels([10, 10, 200, 100]), clock(4), {2}, engine, Fraction(48), 8)
    assert first_levels(made) == [10, 10, 10, 10, 200, 150, 100, 100]
    assert engine.asked == [[0.5]]


def test_pairs_come_in_batches_and_frames_in_order() -> None:
    engine = Blend(batch=3)
    made = first_levels(retime(levels(range(0, 80, 10)), clock(8), set(), engine, Fraction(48), 16))
    assert made == [*range(0, 75, 5), 70]
    assert engine.calls == [3, 3, 1]


NTSC = Fraction(24000, 1001)


@pytest.mark.usefixtures("simple")
@pytest.mark.parametrize(
    ("source", "target"), [(24, 60), (24, 48), (25, 50), (NTSC, 60), (NTSC, Fraction(60000, 1001)), (30, 60)]
)
def test_every_pair_of_rates_is_exact_and_keeps_the_frames_that_were_there(
    ffmpeg: Ffmpeg, tmp_path: Path, source: Fraction, target: Fraction
) -> None:
    clip = tmp_path / "in.mp4"
    counter = f"color=black:s=64x48:r={source}:d=2,format=gray,geq=lum='60+10*mod(N,12)'"
    ffmpeg("-f", "lavfi", "-i", counter, "-frames:v", "48", "-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p", str(clip))
    result = interpolate_file(clip, tmp_path / "out.mp4", rate=target, engine="blend", hooks=Hooks(fetch=nothing))
    info = probe(result.output)
    assert info.frames == int(48 * target / source + Fraction(1, 2)) and info.rate == target and info.constant_rate
    given, made = ([int(np.median(frame)) for frame in read_frames(file)] for file in (clip, result.output))
    for index, level in enumerate(made):
        place = index / Fraction(target) * source
        before, after = given[min(int(place), 47)], given[min(int(place) + 1, 47)]
        want = before + (after - before) * float(place - int(place))
        assert level == pytest.approx(before if place.denominator == 1 else want, abs=3)


@pytest.mark.usefixtures("simple")
def test_a_flash_stays_at_its_time(make_clip: MakeClip, drifting: Drifting, tmp_path: Path) -> None:
    pictures = drifting(12)
    pictures[6] = np.clip(pictures[6].astype(int) + 90, 0, 255).astype(np.uint8)
    result = interpolate_file(
        make_clip("in.mp4", pictures), tmp_path / "out.mp4", rate=60, engine="blend", hooks=Hooks(fetch=nothing)
    )
    brightness = [float(frame.mean()) for frame in read_frames(result.output)]
    assert int(np.argmax(brightness)) == 15  # 6/24 s


@pytest.mark.parametrize("first", [0, 1, 2, 5, 7, 11, 19])
def test_frames_are_the_same_from_wherever_one_begins(first: int) -> None:
    times, pictures = clock(8), levels(range(0, 80, 10))
    whole = first_levels(retime(pictures, times, {4}, Blend(), Fraction(60), 20))
    start = start_of(times, Fraction(first, 60))
    assert first_levels(retime(pictures[start:], times, {4}, Blend(), Fraction(60), 20, first=first)) == whole[first:]


@pytest.mark.parametrize("start", [0, 3, 9, 14])
def test_cuts_are_seen_while_pictures_pass_from_wherever_one_begins(drifting: Drifting, start: int) -> None:
    pictures = [*drifting(6), *drifting(7, seed=9), *drifting(5, seed=4)]
    detector = SceneChangeDetector()
    seen = list(detector.watch(pictures[detector.start_for(start) :], start))
    assert len(seen) == len(pictures) - start and all(one is other for one, other in zip(seen, pictures[start:], strict=True))
    assert {cut for cut in detector.changes if cut >= start} == {cut for cut in (6, 13) if cut >= start}


def test_a_picture_that_comes_several_times_is_enlarged_once() -> None:
    one, two = levels([1, 2])
    engine = Doubled(batch=2)
    made = list(_enlarged([one, one, two, two, two, one], engine))
    assert first_levels(iter(made)) == [1, 1, 2, 2, 2, 1]
    assert engine.calls == [2, 1] and made[0].shape == (16, 16, 3)


def test_stages_run_side_by_side_and_never_more_than_their_room_ahead() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    taken = ahead(source(), 3)
    assert next(taken) == 0
    deadline = time.monotonic() + 5
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == 5  # one taken, three waiting, one in hand
    assert list(taken) == list(range(1, 20))


def test_an_error_in_a_stage_comes_out_where_its_item_would_have_come() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ProcessingError("media.bad_output", "torn")

    taken = ahead(source(), 4)
    assert next(taken) == 1
    with pytest.raises(ProcessingError, match="torn"):
        next(taken)


def test_leaving_the_last_stage_ends_the_first() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    taken = ahead(source(), 2)
    next(taken)
    taken.close()
    assert closed.wait(5)


@pytest.mark.parametrize(("enlarging", "first"), [(50.0, "upscale, then interpolate"), (0.1, "interpolate, then upscale")])
def test_the_cheaper_order_is_taken_and_said(monkeypatch: pytest.MonkeyPatch, enlarging: float, first: str) -> None:
    # 24 pictures are fewer than 60, but enlarged ones are dearer to interpolate: it depends on what each costs.
    costs = {"rife": {"cpu": 1.0, "gpu": 1.0}, "realesr-animevideov3": {"cpu": enlarging, "gpu": enlarging}}
    monkeypatch.setattr("vidgen.post.route._costs", lambda: costs)
    settings = PostSettings(1280, 720, Fraction(60), interpolate="rife", upscale="ncnn")
    route = find_route(Form(640, 360, Fraction(24)), settings, frames_in=24, frames_out=60)
    assert route.enlarge_first == first.startswith("upscale") and f"order: {first}" in route.why[-1]


@pytest.mark.usefixtures("simple")
@pytest.mark.parametrize("first", ["interpolate", "enlarge"])
def test_picture_engines_run_in_one_pass_in_either_order(
    make_clip: MakeClip, drifting: Drifting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    costs = {"blend": {"cpu": 1.0 if first == "interpolate" else 1e-3, "gpu": 1.0}, "doubled": {"cpu": 1.0, "gpu": 1.0}}
    monkeypatch.setattr("vidgen.post.route._costs", lambda: {**costs, "realesr-animevideov3": costs["doubled"]})
    source = make_clip("in.mp4", [*drifting(6), *drifting(6, seed=9)])
    settings = PostSettings(240, 160, Fraction(60), interpolate="blend", upscale="doubled")
    result = process_clip(source, tmp_path / "out.mp4", settings, hooks=Hooks(fetch=nothing))
    assert (result.interpolated_by, result.upscaled_by, result.frames) == ("blend", "doubled", 30)
    assert result.why[-1].startswith("order: upscale" if first == "enlarge" else "order: interpolate")
    made, given = list(read_frames(tmp_path / "out.mp4")), list(read_frames(source))
    assert made[0].shape == (160, 240, 3)
    small = [picture[::5, ::5].astype(int) for picture in made]  # 240 to 96 wide: every fifth pixel is every second one
    assert np.abs(small[14] - given[5][::2, ::2]).mean() < 14 < 25 < np.abs(small[14] - given[6][::2, ::2]).mean()  # held


@pytest.fixture
def checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of 5 frames, whatever a job takes."""
    monkeypatch.setattr("vidgen.post.clip.segment_frames", lambda frames, seconds: 5)


def rgb(path: Path) -> list[Frame]:
    return list(read_frames(path))


@pytest.mark.usefixtures("simple", "checkpoints")
@pytest.mark.parametrize("stop_after", [3, 5, 17, 29])
def test_a_stopped_job_goes_on_where_it_stopped_and_gives_the_same_film(
    make_clip: MakeClip, drifting: Drifting, tmp_path: Path, stop_after: int
) -> None:
    source = make_clip("in.mp4", [*drifting(6), *drifting(6, seed=9)])
    settings = PostSettings(192, 128, Fraction(60), interpolate="blend", upscale="doubled", grain=8.0)
    process_clip(source, tmp_path / "whole.mp4", settings, hooks=Hooks(fetch=nothing))
    out, seen = tmp_path / "out.mp4", [0]

    def on_frame(done: int, total: int) -> None:
        seen[0] = done
        if done == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process_clip(source, out, settings, hooks=Hooks(on_frame=on_frame, fetch=nothing))
    assert not out.exists()
    assert folder_of(out).exists() == (stop_after > 5)
    stop_after, heard = 0, []
    result = process_clip(source, out, settings, hooks=Hooks(on_frame=lambda done, total: heard.append(done), fetch=nothing))
    kept = seen[0] - seen[0] % 5 if seen[0] % 5 else seen[0] - 5
    assert heard[0] == kept + 1 and heard[-1] == 30
    assert [notice.code for notice in result.notices] == (["post.resumed"] if kept else [])
    assert not folder_of(out).exists()
    info = probe(out)
    assert (info.frames, info.constant_rate, info.rate) == (30, True, 60)
    for one, other in zip(rgb(tmp_path / "whole.mp4"), rgb(out), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.usefixtures("simple", "checkpoints")
def test_segments_of_another_job_or_damaged_ones_are_made_again(
    make_clip: MakeClip, drifting: Drifting, tmp_path: Path
) -> None:
    source, out = make_clip("in.mp4", drifting(12)), tmp_path / "out.mp4"

    def stop(done: int, total: int) -> None:
        if done == 18:
            raise Cancelled()

    def begin(settings: PostSettings) -> None:
        with pytest.raises(Cancelled):
            process_clip(source, out, settings, hooks=Hooks(on_frame=stop, fetch=nothing))

    def go_on(settings: PostSettings) -> int:
        heard: list[int] = []
        process_clip(source, out, settings, hooks=Hooks(on_frame=lambda done, total: heard.append(done), fetch=nothing))
        return heard[0]

    blended = PostSettings(96, 64, Fraction(60), interpolate="blend")
    begin(blended)
    assert go_on(PostSettings(96, 64, Fraction(60), interpolate="blend", grain=5.0)) == 1
    begin(blended)
    second = folder_of(out) / "00000005.mp4"
    second.write_bytes(second.read_bytes()[:-10])
    assert go_on(blended) == 6


@pytest.mark.usefixtures("simple", "checkpoints")
def test_two_processes_do_not_write_one_file(make_clip: MakeClip, drifting: Drifting, tmp_path: Path) -> None:
    source, out = make_clip("in.mp4", drifting(12)), tmp_path / "out.mp4"
    settings = PostSettings(96, 64, Fraction(60), interpolate="blend")
    with segment_folder(out), pytest.raises(ProcessingError, match="another process") as caught:
        process_clip(source, out, settings, hooks=Hooks(fetch=nothing))
    assert caught.value.code == "post.busy"


def test_a_segment_is_some_seconds_of_work() -> None:
    assert segments_module.segment_frames(1000, 1000 * 0.25) == 40
    assert segments_module.segment_frames(1000, 1000 * 44.0) == segments_module.SHORTEST
    assert segments_module.segment_frames(1000, 0.0) == segments_module.LONGEST


def flat(*levels: int) -> list[Frame]:
    return [np.full((90, 160, 3), level, np.uint8) for level in levels]


def cuts_in(pictures: list[Frame]) -> set[int]:
    detector = SceneChangeDetector()
    list(detector.watch(pictures, 0))
    return detector.changes


@pytest.mark.parametrize("level", [0, 1, 60, 85, 127, 170])
def test_a_flat_picture_that_changes_its_level_is_light_and_no_cut(level: int) -> None:
    assert cuts_in(flat(*[level] * 6, *[level + 85] * 6)) == set()


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_scene_that_comes_after_a_flat_picture_is_a_cut(drifting: Drifting, level: int) -> None:
    height, width = drifting(1)[0].shape[:2]
    assert cuts_in([*[np.full((height, width, 3), level, np.uint8)] * 6, *drifting(6)]) == {6}


def test_another_rounding_of_the_pictures_moves_no_cut(drifting: Drifting) -> None:
    random = np.random.default_rng(0)
    pictures = [*drifting(6), *[np.full_like(drifting(1)[0], 90)] * 6, *drifting(7, seed=9)]
    other = [
        np.clip(picture.astype(int) + random.integers(-1, 2, picture.shape), 0, 255).astype(np.uint8) for picture in pictures
    ]
    assert cuts_in(pictures) == cuts_in(other) == {6, 12}
