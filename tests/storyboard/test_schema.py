"""The JSON Schema that editors use."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from vidgen.storyboard.reader import read_document
from vidgen.storyboard.schema import storyboard_schema

BOARDS = Path(__file__).parents[2] / "storyboards"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = storyboard_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("file", sorted(BOARDS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_sample_storyboards_fit_it(file: Path, validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(read_document(file).value)] == []
    assert file.read_text().startswith("# yaml-language-server: $schema=storyboard.schema.json\n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"vidgen": 1},
        {"vidgen": 1, "shots": [{"scen": "a"}]},
        {"vidgen": 1, "shots": [{"candidates": 0}]},
        {"vidgen": 1, "shots": [{"duration": "4x"}]},
        {"vidgen": 1, "aspect": "wide", "shots": [{"scene": "a"}]},
    ],
)
def test_mistakes_do_not(wrong: object, validator: jsonschema.Draft202012Validator) -> None:
    assert list(validator.iter_errors(wrong))


def test_it_completes_names_in_both_languages() -> None:
    text = json.dumps(storyboard_schema(), ensure_ascii=False)
    assert '"dolly_in"' in text and '"ドリーイン"' in text


def test_the_file_beside_the_sample_storyboards_is_current() -> None:
    written = json.loads((BOARDS / "storyboard.schema.json").read_text(encoding="utf-8"))
    assert written == storyboard_schema(), "run: vidgen schema > storyboards/storyboard.schema.json"
