"""How much work a shot is, counted: what is drawn, what is started. Times differ from machine to machine, counts do not."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.previz.shots import shot

from vidgen.cut.copying import parameter_sets
from vidgen.engines.previz import Previz
from vidgen.engines.previz.layers import Moment
from vidgen.engines.previz.scene import Scene
from vidgen.engines.previz.sight import Extent, Sight, grid_for, plan
from vidgen.engines.previz.spec import read_request
from vidgen.media.encode import DRAFT, MASTER
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.takes.request import TakeRequest

WIDTH, HEIGHT = 640, 360
GRID = grid_for(WIDTH, HEIGHT)


def scene_of(words: str, **changes: object) -> Scene:
    """A prepared scene large enough for its layers to be looked at before they are drawn."""
    request = shot(words, width=WIDTH, height=HEIGHT, **changes)
    scene = Scene(request, read_request(request), 1)
    scene.prepare()
    return scene


def drawn_whole(scene: Scene, index: int) -> np.ndarray:
    """The same frame with every layer drawn everywhere."""
    scene._seen = lambda now: [None] * len(scene.world.layers)  # type: ignore[method-assign]
    return scene.frame(index)


@pytest.mark.parametrize("move", ["dolly_in", "roll_left", "crane_up"])
@pytest.mark.parametrize("words", ["calm lake at dawn, mist", "river in a valley", "old town at night, snow falling"])
def test_leaving_out_what_is_hidden_changes_nothing_in_the_picture(words: str, move: str) -> None:
    scene = scene_of(words, move=move)
    left_out = scene.frame(9)
    apart = np.abs(left_out.astype(int) - drawn_whole(scene, 9))
    assert apart.max() <= 3 and (apart > 1).mean() < 0.001


@pytest.mark.parametrize("words", ["mountains in autumn with mist", "open sea at golden hour", "meadow under a clear sky"])
def test_less_than_half_of_all_layers_is_drawn(words: str) -> None:
    scene = scene_of(words)
    now = Moment(scene.states[0], 0.0)
    pixels = [
        sum((part.bottom - part.top) * (part.right - part.left) for part in parts)
        for layer, parts in zip(scene.world.layers, scene._seen(now), strict=True)
        if parts is not None and layer.name != "water"
    ]
    assert len(pixels) >= 5
    assert sum(pixels) < 0.5 * len(pixels) * WIDTH * HEIGHT


def test_what_stands_behind_something_opaque_is_left_out() -> None:
    everywhere, nowhere = np.ones(GRID.shape, bool), np.zeros(GRID.shape, bool)
    left = np.zeros(GRID.shape, bool)
    left[:, :16] = True
    behind, before = plan([Sight(everywhere, nowhere), Sight(left, left)], GRID)
    edge = int(GRID.edges_x[16])
    assert behind is not None and {(part.left, part.right) for part in behind} == {(edge, WIDTH)}
    assert before is not None and [(part.left, part.right, part.opaque) for part in before] == [(0, edge, True)]


def test_a_reflection_needs_what_is_hidden_by_things_before_it() -> None:
    everywhere, nowhere = np.ones(GRID.shape, bool), np.zeros(GRID.shape, bool)
    upper = np.zeros(GRID.shape, bool)
    upper[:9] = True
    behind, _, _ = plan([Sight(everywhere, nowhere), Sight(everywhere, ~upper, upper), Sight(everywhere, everywhere)], GRID)
    assert behind is not None and [(part.top, part.bottom) for part in behind] == [(0, int(GRID.edges_y[9]))]


def test_a_sheet_is_opaque_only_where_every_pixel_that_is_looked_at_is() -> None:
    sheet = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    sheet[200, 300, 3] = 254
    draws, hides = Extent([sheet]).under(np.eye(3)[None], GRID)
    row, column = np.searchsorted(GRID.edges_y, 200, "right") - 1, np.searchsorted(GRID.edges_x, 300, "right") - 1
    assert draws.all()
    assert not hides[row, column] and hides[2, 2] and not hides[0].any()  # beyond the border there is nothing


def test_a_draft_is_encoded_with_the_parameter_sets_of_the_master_so_that_it_joins_by_copy(tmp_path: Path) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (4, 64, 112, 3), np.uint8)
    for name, profile in (("draft.mp4", DRAFT), ("master.mp4", MASTER)):
        with FrameWriter(tmp_path / name, 112, 64, Fraction(24), frames=4, profile=profile) as writer:
            for frame in frames:
                writer.write(cv2.blur(frame, (9, 9)))
    assert parameter_sets(tmp_path / "draft.mp4") == parameter_sets(tmp_path / "master.mp4")


def test_a_draft_has_the_colours_that_it_was_given(tmp_path: Path) -> None:
    frame = np.zeros((64, 112, 3), np.uint8)
    patches = {(0, 0): (235, 30, 40), (0, 56): (20, 200, 60), (32, 0): (30, 60, 220), (32, 56): (250, 250, 250)}
    for (top, left), colour in patches.items():
        frame[top : top + 32, left : left + 56] = colour
    with FrameWriter(tmp_path / "draft.mp4", 112, 64, Fraction(24), frames=1, profile=DRAFT) as writer:
        writer.write(frame)
    (shown,) = read_frames(tmp_path / "draft.mp4")
    for (top, left), colour in patches.items():
        assert np.abs(shown[top + 16, left + 28].astype(int) - colour).max() <= 3


def test_focus_is_painted_a_second_time_only_where_it_is_racked() -> None:
    def painted_twice(move: str) -> bool:
        layers = scene_of("mountains in autumn", move=move).world.layers
        return any(getattr(layer, "_second", None) is not None for layer in layers)

    assert painted_twice("rack_focus") and not painted_twice("dolly_in")


def test_what_is_seen_is_found_out_once_for_several_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    under = Extent.under
    monkeypatch.setattr(Extent, "under", lambda self, backs, grid: (asked.append(len(backs)), under(self, backs, grid))[1])
    scene = scene_of("mountains in autumn", move="dolly_in")
    for index in range(4):
        scene.frame(index)
    sheets = sum(getattr(layer, "_extent", None) is not None for layer in scene.world.layers)
    assert 0 < len(asked) <= sheets


def test_one_shot_starts_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    start = subprocess.Popen.__init__

    def counted(self: subprocess.Popen, *args: object, **options: object) -> None:  # type: ignore[type-arg]
        started.append(args)
        start(self, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    request = shot("calm sea at dawn", width=114, height=64, frames=6)
    Previz().generate(TakeRequest(request, 1, 1), tmp_path / "take.mp4")
    assert len(started) == 1
