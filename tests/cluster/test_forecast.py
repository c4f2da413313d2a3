"""``plan --nodes --gpu``: an estimate from what takes have measured, and none where nothing is measured."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from support import Film, Vidgen
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest
from vidgen.takes.store import TakeStore

MANIFEST = {
    "model": "wan2.1-t2v-1.3b",
    "device": "NVIDIA H200",
    "steps": 20,
    "batch": 2,
    "seconds": 80.0,
    "made": {"width": 832, "height": 480, "frames": 81, "fps": 16},
}


def keep_a_measured_take(root: Path) -> None:
    """A take in a work folder, as the engine ``local`` would have made it on an H200."""
    request = ShotRequest("s01", "local", "text_to_video", "sea", 49, Fraction(12), 96, 54, 7, model="wan2.1-t2v-1.3b")
    store, take = TakeStore(root), TakeRequest(request, 1, 7)
    part = store.part_for("k" * 64)
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc=size=96x54:rate=12:duration=1", str(part)], what="clip")
    store.put(part, take, Generated(part, MANIFEST, True), request_key="r" * 64, order=Order(1.0, "96x54"))


def test_without_a_measured_take_it_is_said_which_model_lacks_figures(film: Film, vidgen: Vidgen) -> None:
    board = film("{scene: sea, duration: 4s, engine: local, model: wan2.1-t2v-1.3b}")
    ran = vidgen("plan", board, "--nodes", 8, "--gpu", "H200", "--json")
    assert ran.code == 0
    assert ran.data["cluster"]["missing"] == ["wan2.1-t2v-1.3b"] and ran.data["cluster"]["seconds"] is None


def test_wall_time_and_price_come_from_measured_seconds_per_step(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    shots = [f"{{scene: sea {number}, duration: 4s, engine: local, model: wan2.1-t2v-1.3b}}" for number in range(8)]
    board = film(*shots)
    keep_a_measured_take(tmp_path / "work")
    asked = ("--work", tmp_path / "work", "--gpu", "h200", "--usd-per-hour", 3, "--json")
    one, eight = (vidgen("plan", board, "--nodes", nodes, *asked).data["cluster"] for nodes in (1, 8))
    assert one["measured"] == {"wan2.1-t2v-1.3b": 1}
    work = one["gpu_hours"] * 3600
    assert work <= one["seconds"] <= work + 61  # one model is loaded once
    assert one["seconds"] / 8 - 1 < eight["seconds"] < one["seconds"] / 8 + 61
    assert eight["usd"] == round(eight["seconds"] / 3600 * 8 * 3, 2)


def test_a_gpu_without_nodes_is_refused(film: Film, vidgen: Vidgen) -> None:
    ran = vidgen("plan", film("{scene: sea}"), "--gpu", "H200", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "usage.invalid")
