"""What others wrote is shown as it is: never read as markup, as an emoji code or as an escape sequence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.cli.escaping import json_line, shown
from vidgen.cli.tables import doctor_table, ledger_table
from vidgen.render.commands import Commands

SOURCE = Path(__file__).parents[2] / "src" / "vidgen"
HOSTILE = ["[/red] film", "[bold]x", ":smile: pip install 'vidgen[local]'", "[link=http://x]a[/link]", "\\[x]"]


@pytest.mark.parametrize("title", HOSTILE)
def test_square_brackets_and_colons_are_letters(title: str, vidgen: Vidgen, film: Film) -> None:
    board = film("{scene: SCENE, duration: 1}", name="film.yaml")
    quoted = "'" + title.replace("'", "''") + "'"
    board.write_text(board.read_text().replace("title: Small", f"title: {quoted}").replace("SCENE", quoted))
    ran = vidgen("plan", board)
    assert ran.code == 0 and ran.out.count(title) == 2


def test_tables_show_hints_and_names_as_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    doctor_table([{"state": "warn", "name": "local", "found": "[/x]", "remedy": "pip install 'vidgen[local]'"}])
    row = {"number": 1, "shot": "[b]", "take": 1, "engine": "e", "model": "\x1b[31m", "state": "done", "job": "\x9b2J"}
    row |= {"reference": "", "estimated_usd": 1, "actual_usd": None, "created": "2026-01-01T00:00", "words": ""}
    ledger_table({"takes": [row], "spent_usd": 1.0, "unpriced": 0, "unsettled": 0, "undelivered": 0}, Commands(Path("b.yaml")))
    out = capfd.readouterr().out
    assert "pip install 'vidgen[local]'" in out and "[/x]" in out and "[b]" in out
    assert "\\x1b[31m" in out and "\\x9b2J" in out and "\x1b" not in out and "\x9b" not in out


def test_escape_sequences_reach_no_terminal(vidgen: Vidgen, film: Film) -> None:
    board = film("{scene: SCENE, duration: 1}")
    text = board.read_text().replace("title: Small", r'title: "a\e]0;owned\a\u202eb\r\x9b2J"').replace("SCENE", r'"\e[2Jsea"')
    board.write_text(text)
    plain, machine = vidgen("plan", board), vidgen("plan", board, "--json")
    assert r"a\x1b]0;owned\x07\u202eb\r\x9b2J" in plain.out and r"\x1b[2Jsea" in plain.out
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(plain.out + machine.out)
    assert machine.data["title"] == "a\x1b]0;owned\x07\u202eb\r\x9b2J", "and JSON gives it back whole"
    assert r"no\x1b[31mfile.yaml does not exist" in vidgen("plan", "no\x1b[31mfile.yaml").err
    assert r"(b\x1b[31m)" in vidgen("plan", "a", "b\x1b[31m").err


def test_unsafe_letters_are_written_out() -> None:
    assert shown("日本 🍁\u200d\t\r\n\x1b[0m\udcff") == "日本 🍁\u200d\t\n\\x1b[0m\\udcff"
    assert json_line({"a": "é🍁\x9b", "b": float("nan"), "c": [1.5]}) == '{"a": "é🍁\\u009b", "b": null, "c": [1.5]}'
    assert json_line("é🍁", ascii_only=True) == r'"\u00e9\ud83c\udf41"'


ONE_PLACE = {"cli/screen.py"}
PRINTERS = {"Console", "Live", "Text", "TextColumn", "Prompt", "Confirm", "from_markup"}
PRINTERS |= {"confirm", "prompt", "input", "echo", "secho"}


@pytest.mark.parametrize("file", sorted((SOURCE / "cli").rglob("*.py")), ids=lambda file: file.name)
def test_consoles_texts_and_questions_are_made_in_one_place(file: Path) -> None:
    if str(file.relative_to(SOURCE)) in ONE_PLACE:
        return
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            allowed = name not in PRINTERS or (file.name, name) in {("app.py", "echo"), ("preview.py", "Text")}
            assert allowed, f"{file.name}:{node.lineno}: {name} belongs into cli/screen.py"
            assert not any(word.arg == "markup" for word in node.keywords), f"{file.name}:{node.lineno}: markup"


@pytest.mark.parametrize("room", sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "cli"))
def test_other_rooms_print_nothing(room: str) -> None:
    for file in (SOURCE / room).rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "import rich" not in text and "from rich" not in text and "import typer" not in text, file
