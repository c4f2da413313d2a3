"""Takes are camera originals: what was bought is kept byte for byte, and used again wherever it covers what the film needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from support import Film, Ran, Vidgen
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.media.probe import probe_video
from vidgen.media.verify import pts_grid
from vidgen.takes.request import Order, nearest_frames
from vidgen.testing import ScriptedRemote, engine_added
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.pika import FakePika

Render = Callable[..., Ran]
SHOT = "{id: s01, scene: calm sea, engine: pika, duration: 4, params: {retime: nearest}}"


@pytest.fixture
def pika(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    with ProviderServer(FakePika, polls=0) as server, server.reachable(monkeypatch):
        yield server


@pytest.fixture
def render(vidgen: Vidgen, tmp_path: Path) -> Render:
    """Renders a storyboard of such shots; ``top`` are its other lines."""

    def run(*shots: str, top: str = "resolution: 180p", more: tuple[str, ...] = ("--yes",)) -> Ran:
        lines = "".join(f"  - {shot}\n" for shot in shots or (SHOT,))
        (tmp_path / "film.yaml").write_text(f"vidgen: 1\n{top}\nshots:\n{lines}")
        return vidgen("render", "film.yaml", "--json", *more)

    return run


def test_a_bought_clip_is_stored_byte_for_byte_with_the_second_that_the_shot_does_not_need(
    render: Render, pika: ProviderServer
) -> None:
    (take,) = render().data["shots"][0]["takes"]
    (job,) = pika.jobs
    served = pika.download(f"/output/{job.id}/0.mp4").content
    assert served is not None
    stored = Path(take["file"])
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == hashlib.sha256(served).hexdigest() == stored.stem
    assert (take["frames"], take["fps"]) == (120, 24), "it makes 5 s"
    assert take["window"] == {"start": 12, "frames": 96}
    record = json.loads(stored.with_suffix(".json").read_text())
    assert (record["original"]["frames"], record["original"]["fps"]) == (120, "24")
    assert pts_grid(stored.parents[4] / "film.mp4")[0] == 96


@pytest.mark.parametrize(
    ("shot", "top", "frames"),
    [
        (SHOT, "resolution: 180p\nfps: 25", 100),
        (SHOT, "resolution: 180p\nfps: 60", 240),
        (SHOT.replace("duration: 4", "duration: 3"), "resolution: 180p", 72),
        (SHOT.replace("duration: 4", "duration: 4.5"), "resolution: 180p", 108),
        (SHOT, "resolution: 320x178", 96),
        (SHOT, "resolution: 180p\npost: {interpolate: {fps: 48, engine: nearest}}", 192),
    ],
    ids=["25 fps", "60 fps", "shorter", "longer within the clip", "another size of the same tier", "interpolated"],
)
def test_what_the_bought_clip_covers_buys_nothing(
    shot: str, top: str, frames: int, render: Render, pika: ProviderServer, tmp_path: Path
) -> None:
    render()
    again = render(shot, top=top)
    assert again.code == 0 and pika.created == 1, again.envelope
    assert again.data["cost_usd"] == 0 and again.data["shots"][0]["reused"]
    assert again.data["frames"] == frames
    made = probe_video(tmp_path / "film.mp4")
    assert made.frames == frames and (made.width, made.height) == (again.data["width"], again.data["height"])


def test_what_it_does_not_cover_is_said_with_the_reason_before_anything_is_bought(
    render: Render, vidgen: Vidgen, pika: ProviderServer
) -> None:
    render()
    dry = render(top="resolution: 1080p", more=("--dry-run",))
    for ran in (dry, vidgen("plan", "film.yaml", "--json")):
        (said,) = [row["message"] for row in ran.envelope["warnings"] if row["code"] == "take.not_covering"]
        assert said.startswith("a take is at hand, but it was ordered at ") and "is needed" in said
    assert pika.created == 1


def test_a_shot_that_continues_opens_with_the_last_frame_in_the_film_not_the_last_of_the_file(
    render: Render, pika: ProviderServer
) -> None:
    follows = "{id: s02, scene: more sea, engine: pika, duration: 4, continue_from: s01, params: {retime: nearest}}"
    first = render(SHOT, follows).data["shots"][1]["request_key"]
    assert pika.created == 2
    again = render(SHOT, follows)
    assert pika.created == 2 and again.data["shots"][1]["request_key"] == first
    cut = render(SHOT.replace("duration: 4", "duration: 3"), follows, more=("--dry-run",))
    assert cut.data["shots"][1]["request_key"] != first, "it would open with another frame"


def test_a_shot_that_continues_a_users_clip_opens_where_the_film_leaves_it(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    with FrameWriter(tmp_path / "mine.mp4", 96, 54, Fraction(12), frames=24) as writer:
        for index in range(24):
            writer.write(np.full((54, 96, 3), 10 * index, np.uint8))
    board = film("{id: a, clip: mine.mp4, duration: 8f}", "{id: b, scene: fog, continue_from: a, duration: 4f}")
    assert vidgen("render", board).code == 0
    frames = list(read_frames(tmp_path / "film.mp4"))
    assert abs(frames[7].mean() - 70) < 4 and abs(frames[8].mean() - 70) < 12, "the clip's last frame is 230"


def test_a_take_of_another_rate_is_interpolated_and_not_bought_again(
    vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))  # no weights of RIFE are here
    remote = ScriptedRemote(tmp_path / "provider", price=0.1)
    shot = "{id: s01, scene: sea, engine: scripted, duration: 1}"
    with engine_added("scripted", lambda: remote):
        board = film(shot)
        assert vidgen("render", board, "--yes").code == 0
        before = probe_video(tmp_path / "film.mp4").rate
        board.write_text(board.read_text().replace(f"fps: {before}", f"fps: {2 * before}"))
        ran = vidgen("render", board, "--json")
    assert ran.code == 0 and remote.created == 1
    assert any(line.get("event") == "post.started" and "minterpolate" in str(line["engines"]) for line in ran.lines)
    assert probe_video(tmp_path / "film.mp4").rate == 2 * before


@pytest.mark.parametrize(("seconds", "frames"), [("2.002", 48), ("3.52", 84), ("1/24", 1), ("1/1000", 1)])
def test_a_window_has_the_nearest_number_of_frames(seconds: str, frames: int) -> None:
    assert nearest_frames(Fraction(seconds), Fraction(24)) == frames


def test_another_film_rate_buys_no_shot_of_a_chain(render: Render, pika: ProviderServer) -> None:
    follows = SHOT.replace("s01", "s02").replace("calm", "more").replace("pika,", "pika, continue_from: s01,")
    render(SHOT, follows)
    again = render(SHOT, follows, top="resolution: 180p\nfps: 24000/1001", more=("--dry-run",))
    assert again.code == 0 and again.data["estimated_usd"] == 0 and pika.created == 2


def test_a_take_is_not_at_fault_for_the_form_in_which_it_was_ordered(render: Render, pika: ProviderServer) -> None:
    ran = render(SHOT, top="resolution: 180p\nfps: 25")
    vetoes = {veto["code"] for veto in ran.data["shots"][0]["takes"][0]["vetoes"]}
    assert not vetoes & {"wrong_length", "wrong_rate", "wrong_size"}


@pytest.mark.parametrize(
    ("have", "need", "has_s", "needs_s", "covers"),
    [
        (Order(5, "720p"), Order(5, "720p"), 4.9, 5.0, True),  # what would be ordered is what is there
        (Order(5, "720p"), Order(4, "720p"), 5.0, 4.0, True),
        (Order(4, "720p"), Order(6, "720p"), 4.0, 4.5, False),
        (Order(4, "720p"), Order(6, "720p"), 5.0, 4.5, True),  # it came longer than it was ordered
        (Order(5, "720p"), Order(5, "1080p"), 5.0, 5.0, False),
        (Order(5, "720p", "24"), Order(5, "720p", "30"), 5.0, 5.0, False),
        (Order(5, "720p", sound=True), Order(5, "720p"), 5.0, 5.0, True),
        (Order(5, "720p"), Order(5, "720p", sound=True), 5.0, 5.0, False),
        (Order(5, "720p", "24", exact=True), Order(4, "720p", "24", exact=True), 5.0, 4.0, False),
    ],
)
def test_orders_cover_others(have: Order, need: Order, has_s: float, needs_s: float, covers: bool) -> None:
    assert have.covers(need, has_s=has_s, needs_s=needs_s) is covers


def test_a_take_of_the_layout_before_is_found_by_its_old_key(render: Render, pika: ProviderServer) -> None:
    from vidgen.takes.keys import earlier_key, seeded_key

    made = render(SHOT)
    (take,) = made.data["shots"][0]["takes"]
    sidecar = Path(take["file"]).with_suffix(".json")
    record = json.loads(sidecar.read_text())
    request = request_of(sidecar.parents[4] / "film.yaml")
    key = earlier_key(request)
    for name in ("order", "original"):
        del record[name]
    sidecar.write_text(json.dumps(record | {"request_key": key, "take_key": seeded_key(key, request.seed_of(1))}))
    again = render(SHOT)
    assert again.code == 0 and pika.created == 1
    assert again.data["shots"][0]["takes"][0]["frames"] == 120


def request_of(board: Path):  # type: ignore[no-untyped-def]
    from vidgen.app.plan import plan_loaded
    from vidgen.engines.registry import Engines
    from vidgen.planning.compile import Overrides
    from vidgen.storyboard.loader import load_storyboard

    (planned,) = plan_loaded(load_storyboard(board), Overrides(), Engines()).shots
    assert planned.request is not None and planned.request.fps == Fraction(24)
    return planned.request
