"""The terminal shows what is being made, where it can."""

from __future__ import annotations

import base64
import io

import pytest
from rich.console import Console

from vidgen.cli import progress
from vidgen.cli.preview import can_show, picture
from vidgen.cli.screen import Screen

SKY_OVER_SEA = bytes([120, 180, 250]) * 32 * 9 + bytes([10, 40, 90]) * 32 * 9
SEEN = {
    "shot": "s01",
    "takes": [1],
    "step": 3,
    "steps": 20,
    "width": 32,
    "height": 18,
    "rgb": base64.b64encode(SKY_OVER_SEA).decode(),
}


def test_a_preview_has_two_pixels_in_each_cell() -> None:
    lines = picture(SEEN).split("\n")
    assert [len(line) for line in lines[:-1]] == [32] * 9 and str(lines[-1]) == "s01: step 3 of 20, unfinished"
    middle = lines[4].spans[0].style
    assert (middle.color.name, middle.bgcolor.name) == ("#78b4fa", "#0a285a")  # type: ignore[union-attr]


def test_a_large_preview_is_made_to_fit() -> None:
    tall = {**SEEN, "width": 100, "height": 180, "rgb": base64.b64encode(bytes(100 * 180 * 3)).decode()}
    lines = picture(tall).split("\n")[:-1]
    assert len(lines) <= 14 and len(lines[0]) < 20


@pytest.mark.parametrize(
    ("system", "rows", "fits"), [("truecolor", 40, True), ("standard", 40, False), ("truecolor", 12, False)]
)
def test_terminals_without_colours_or_room_show_none(system: str, rows: int, fits: bool) -> None:
    console = Console(force_terminal=True, color_system=system, width=100, height=rows)  # type: ignore[arg-type]
    assert can_show(console) is fits


def test_the_picture_stands_above_the_bars_until_the_shot_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(force_terminal=True, color_system="truecolor", width=100, height=40, file=io.StringIO())
    monkeypatch.setattr(Screen, "console", screen)
    with progress.LiveRun() as live:
        live("run.started", shots=1, enlargements=0, takes=1, reused=0, usd=0)
        live("take.started", shot="s01", take=1, engine="local")
        live("take.preview", **SEEN)
        assert "step 3 of 20" in drawn(live)
        live("shot.picked", shot="s01", take=1, by="auto", made=1)
        assert "step 3 of 20" not in drawn(live)


def drawn(live: progress.LiveRun) -> str:
    console = Console(width=100, record=True)
    with console.capture() as shown:
        console.print(live._bars.get_renderable())
    return shown.get()
