"""Tables in terminals of every width, and in a pipe: all of it can be read, and each row of a pipe is one line."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from support import Film, Vidgen

SHOTS = (
    '{id: opening-titles, scene: "夜明けの山の湖、水面に霧が立ちこめて小舟がゆっくりと進む", duration: 2, camera: crane_up}',
    '{id: s02, scene: "two detectives talk in a car while rain runs down the windows of the old town", duration: 1}',
)
COMMANDS = ["plan film.yaml", "engines", "engines recommend", "models list", "presets", "doctor"]


@pytest.fixture
def board(film: Film) -> None:
    film(*SHOTS)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_is_wider_than_the_terminal_or_cut_off(
    command: str, columns: int, board: None, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = vidgen(*command.split()).out
    assert max(map(cell_len, shown.splitlines())) <= columns and "…" not in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_in_a_pipe_every_row_is_one_line(command: str, board: None, vidgen: Vidgen) -> None:
    lines = vidgen(*command.split()).out.splitlines()
    assert not [line for line in lines if line.startswith("     ")][1:], "no cell goes on below"  # doctor's first name is empty


def test_a_plan_at_40_columns_tells_all_that_a_wide_one_does(
    board: None, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    told = " ".join(vidgen("plan", "film.yaml").out.split())
    assert "opening-titles at 0:00.00, length 2.00 s, frames 24, camera crane_up, engine previz, takes 1, cost free" in told
    assert "s02 at 0:02.00, length 1.00 s" in told and "prompt: two detectives talk in a car while rain" in told


def test_columns_stay_aligned_beside_kanji(board: None, vidgen: Vidgen) -> None:
    names, _, *rows = vidgen("plan", "film.yaml").out.splitlines()[1:5]
    at = [cell_len(row[: row.index("previz")]) for row in rows]
    assert at[0] == at[1] == cell_len(names[: names.index("engine")])
