"""Findings for people, programs, GitHub and code scanning."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.storyboard.lint import (
    Finding,
    format_github,
    format_json,
    format_sarif,
    format_text,
    lint_board,
    rules,
)
from vidgen.storyboard.lint.registry import rules_table
from vidgen.storyboard.loader import parse_storyboard

BOARD = "vidgen: 1\nshots:\n  - {id: s01, action: 'a man plays tennis, a sign reads 100%'}\n"


@pytest.fixture
def found() -> list[tuple[Path, Finding]]:
    return [(Path("a,b.yaml"), finding) for finding in lint_board(parse_storyboard(BOARD))]


def test_text_has_place_rule_cause_and_remedy_on_one_line(found: list[tuple[Path, Finding]]) -> None:
    lines = format_text(found).splitlines()
    assert lines[0].startswith("a,b.yaml:1:1: info V602: ")
    assert lines[1].startswith('a,b.yaml:3:15: warning V201 s01: models cannot spell: "sign reads'), lines[1]
    assert "; put the words under text" in lines[1] and len(lines) == 3


def test_json_is_a_list_with_plain_values(found: list[tuple[Path, Finding]]) -> None:
    rows = json.loads(format_json(found))
    assert [row["rule"] for row in rows] == ["V602", "V201", "V202"]
    assert rows[2] | {"message": "", "remedy": ""} == {
        "file": "a,b.yaml", "rule": "V202", "severity": "warning", "message": "", "remedy": "", "shot": "s01",
        "path": "shots[0].action", "line": 3, "column": 15, "fix": None,
    }  # fmt: skip


def test_github_commands_escape_what_would_end_them(found: list[tuple[Path, Finding]]) -> None:
    lines = format_github(found).splitlines()
    assert lines[0].startswith("::notice file=a%2Cb.yaml,line=1,col=1,title=V602 No seed::")
    assert all(line.startswith("::warning file=a%2Cb.yaml,line=3,col=15,title=V20") for line in lines[1:])
    assert not any("%" in line.replace("%2C", "").replace("%25", "") for line in lines)


def test_sarif_results_point_at_their_rules_and_places(found: list[tuple[Path, Finding]]) -> None:
    log = json.loads(format_sarif(found))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    table = run["tool"]["driver"]["rules"]
    for row in table:
        assert row["id"] in rules() and row["name"].isidentifier() and row["shortDescription"]["text"]
        assert row["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert len(run["results"]) == 3
    for result in run["results"]:
        assert table[result["ruleIndex"]]["id"] == result["ruleId"] and result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "a%2Cb.yaml"
        assert place["region"]["startLine"] >= 1 and place["region"]["startColumn"] >= 1


def test_no_findings_are_an_empty_but_valid_report() -> None:
    assert format_text([]) == "" and json.loads(format_json([])) == []
    assert json.loads(format_sarif([]))["runs"][0]["results"] == []


def test_warnings_fail_only_when_asked_to_and_a_fix_mends_the_file(vidgen: Vidgen, tmp_path: Path) -> None:
    board = tmp_path / "film.yaml"
    board.write_text("vidgen: 1\nseed: 1\nshots: [{scene: Please make a video of a quiet lake}]\n", encoding="utf-8")
    relaxed = vidgen("lint", board)
    assert relaxed.code == 0 and "V401" in relaxed.out
    assert vidgen("lint", board, "--strict").code == 2
    assert vidgen("lint", board, "--fix", "--strict").code == 0
    assert "scene: A quiet lake" in board.read_text(encoding="utf-8")


def test_the_table_of_rules_has_no_place_that_a_finding_would_fill() -> None:
    assert not re.findall(r"\{\w+\}", rules_table())
