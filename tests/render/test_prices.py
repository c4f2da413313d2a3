"""What a plan says a film costs is what is set aside before each request, and what the journal adds up to at the end, to the
cent: for every model that has a price, at every size and kind of length that has one of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from support import Vidgen
from vidgen.app.render import ready_engines
from vidgen.catalog.capabilities import Capabilities, Price
from vidgen.catalog.engines import engine_table
from vidgen.engines.registry import Engines
from vidgen.inventory.machine import this_machine
from vidgen.media.frames import FrameWriter
from vidgen.planning.compile import Overrides, compile_plan
from vidgen.render.project import Project
from vidgen.render.shots import ShotMaker
from vidgen.storyboard.loader import load_storyboard
from vidgen.takes.journal import Journal
from vidgen.testing.providers import ProviderServer
from vidgen.testing.providers.gemini_omni import FakeGeminiOmni
from vidgen.testing.providers.kling import FakeKling
from vidgen.testing.providers.luma import FakeLuma
from vidgen.testing.providers.pika import FakePika
from vidgen.testing.providers.runway import FakeRunway
from vidgen.testing.providers.veo import FakeVeo

WIDE = {
    360: "640x360", 480: "854x480", 540: "960x540", 720: "1280x720", 768: "1364x768", 1080: "1920x1080", 1440: "2560x1440",
    2160: "3840x2160",
}  # fmt: skip
NEEDS: dict[str, str] = {
    "text_to_video": "",
    "image_to_video": "start_frame: open.png",
    "first_last_frame": "start_frame: open.png, end_frame: open.png",
    "video_to_video": "source_video: clip.mp4",
    "motion_transfer": "start_frame: open.png, motion_reference: clip.mp4",
}


def steps(price: Price) -> tuple[int, ...]:
    """The sizes (short side) from which another price holds."""
    return tuple(sorted({int(row[0]) for row in (*price.by_height, *price.by_clip)})) or (720,)


def lengths(able: Capabilities, price: Price, side: int) -> list[float]:
    """One between two legal lengths, and the shortest and the longest with a price (at one size where seconds are priced)."""
    longest = max((seconds for _, seconds, _ in price.by_clip), default=able.durations_s[-1])
    shortest = able.durations_s[0]
    ends = {shortest, longest} if price.by_clip or side == steps(price)[0] else set()
    return sorted({min(shortest + 0.5, longest), *ends})


def priced() -> Iterator[tuple[str, int, str]]:
    """Engine, size and one shot for each price in the table."""
    for able in (row for rows in engine_table().values() for row in rows):
        for task, price in ((able.tasks[0], able.price), *able.task_prices.items()):
            if able.kind != "cloud" or able.retired_on or price.of(1, 480) is None and not price.by_clip:
                continue
            for side in steps(price):
                for seconds in lengths(able, price, side):
                    model = f"engine: {able.engine}, model: {able.model}"
                    scene = f"a lighthouse {seconds:g} miles off"  # shots that ask for the same would share a take
                    yield able.engine, side, f"scene: {scene}, {model}, duration: {seconds:g}, {NEEDS[task]}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    fakes = (FakeRunway, FakeLuma, FakeKling, FakePika, FakeVeo, FakeGeminiOmni)
    with ProviderServer(*fakes, polls=0, fps=2) as playing, playing.reachable(monkeypatch):
        yield playing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "open.png"), np.full((216, 384, 3), 90, np.uint8))
    with FrameWriter(tmp_path / "clip.mp4", 96, 54, Fraction(2), frames=62) as writer:
        for shade in range(62):
            writer.write(np.full((54, 96, 3), shade, np.uint8))
    return tmp_path


@pytest.mark.parametrize("engine", sorted({engine for engine, _, _ in priced()}))
def test_planned_reserved_and_paid_are_the_same(engine: str, folder: Path, server: ProviderServer) -> None:
    for side in sorted({size for name, size, _ in priced() if name == engine}):
        shots = [shot for name, size, shot in priced() if (name, size) == (engine, side)]
        listed = "\n".join(f"  - {{id: s{number}, {shot}}}" for number, shot in enumerate(shots))
        board = folder / f"film{side}.yaml"
        # One frame a second: what a clip costs does not depend on it, and 4K pictures take their time.
        board.write_text(f"vidgen: 1\nfps: 1\nresolution: {WIDE[side]}\nshots:\n{listed}\n", encoding="utf-8")
        planned, bought, paid = buy(board)
        assert all(planned.values()), planned
        assert bought == planned
        assert paid == pytest.approx(sum(planned.values()), abs=0.001)
    assert len(server.jobs) == sum(name == engine for name, _, _ in priced())


def test_the_commands_say_the_same_of_every_provider(folder: Path, server: ProviderServer, vidgen: Vidgen) -> None:
    models = {"runway": "veo3.1", "luma": "ray-3.2", "kling": "kling-v3", "pika": "pika-v2.2", "veo": "veo-3.1-generate-001"}
    models["gemini-omni"] = "gemini-omni-1.2-flash"
    twice = {"runway": 1.6, "luma": 0.3, "kling": 0.672, "pika": 0.4, "veo": 3.2, "gemini-omni": 0.184}
    assert set(models) == {engine for engine, _, _ in priced()}
    listed = "\n".join(f"  - {{id: {name}, scene: a pier, engine: {name}, model: {model}}}" for name, model in models.items())
    board = folder / "film.yaml"
    board.write_text(f"vidgen: 1\nfps: 1\nresolution: 640x360\ndefaults: {{duration: 4, candidates: 2}}\nshots:\n{listed}\n")
    planned = {shot["id"]: shot["estimated_usd"] for shot in vidgen("plan", board, "--json").data["shots"]}
    assert planned == pytest.approx(twice)
    made = vidgen("render", board, "--yes", "--json").data
    for shot in made["shots"]:  # Runway says itself what a task cost; of the others the price list does
        basis = "provider" if shot["id"] == "runway" else "list"
        for take in shot["takes"]:
            assert (take["cost_usd"], take["cost_basis"]) == (pytest.approx(twice[shot["id"]] / 2), basis)
            sidecar = json.loads(Path(take["file"]).with_suffix(".json").read_text(encoding="utf-8"))
            rows = [(row["cost_usd"], row["cost_basis"]) for row in (sidecar, *sidecar["also"])]
            assert (take["cost_usd"], basis) in rows  # several requests may have the same pictures
    assert made["cost_usd"] == pytest.approx(made["estimated_usd"]) == pytest.approx(sum(twice.values()))
    listed_takes = vidgen("takes", "list", board, "--json").data
    by_shot = Counter[str]()
    for row in listed_takes["takes"]:
        by_shot[row["shot"]] += row["cost_usd"]
    assert dict(by_shot) == pytest.approx(twice) and listed_takes["spent_usd"] == pytest.approx(sum(twice.values()))


def buy(board: Path) -> tuple[dict[str, Any], dict[str, Any], float]:
    """By shot: the price in the plan, and what the journal set aside and says it cost; and the journal's sum."""
    overrides = Overrides(candidates=1)
    loaded = load_storyboard(board).board
    installed = Engines()
    lookup = installed.capabilities
    plan = compile_plan(loaded, board.parent, overrides=overrides, machine=this_machine(), lookup=lookup, split=False)
    engines = ready_engines(plan.shots, installed, require_diffusion=False)
    project = Project.of(board)
    with project.locked() as space:
        maker = ShotMaker(plan.shots, engines, space)
        asyncio.run(maker.make(maker.survey().estimated_usd))
    journal = Journal(project.root)
    rows = {row.shot: row for row in journal.attempts()}
    for row in rows.values():
        assert row.state == "done" and row.actual_usd in (None, row.estimated_usd), row
    return {shot.id: shot.estimated_usd for shot in plan.shots}, {n: rows[n].estimated_usd for n in rows}, journal.spent()
