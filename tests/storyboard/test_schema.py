"""The JSON Schema that editors use."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from vidgen.storyboard.loader import parse_storyboard
from vidgen.storyboard.reader import parse_document, read_document
from vidgen.storyboard.schema import help_by_type, storyboard_schema

BOARDS = Path(__file__).parents[2] / "storyboards"
SAMPLES = sorted(set(BOARDS.glob("*.yaml")) - set(BOARDS.glob("*.lock.yaml")))
"""Lock files lie beside the samples once they were rendered."""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = storyboard_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_the_sample_storyboards_fit_it(file: Path, validator: jsonschema.Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(read_document(file).value)] == []
    assert file.read_text().startswith("# yaml-language-server: $schema=storyboard.schema.json\n")


SHORT_FORMS = """
    camera: dolly_in
    camera: ドリーイン
    camera: pan-left
    camera: Pan left
    camera: {move: 空撮, size: Close-up, angle: bird's eye, speed: ゆっくり, focus: bokeh, lens: 85}
    motion: 自然
    transition: cross dissolve
    transition: {type: wipe, duration: 12f}
    duration: auto
    duration: 4
    duration: 4s
    duration: 4秒
    text: Hello
    text: [Hello, {text: Bye, in: 1, out: 2s, role: 字幕, position: 下}]
    text: {text: Hello}
    voiceover: It begins.
    voiceover: {text: It begins., voice: ann}
    dialogue: Hello
    dialogue: [{who: Aki, line: Hello, at: 1}]
    characters: []
    model: ~
    camera: ~
    text: ~
    lint: {ignore: V301}
    params: {cfg: 7.5, anything: [1, {a: b}]}
    post: {interpolate: 60, upscale: 2, grain: 5}
    post: {interpolate: {fps: 60, engine: rife}, upscale: {scale: 4, engine: lanczos}}
    post: {upscale: {height: 2160, model: RealESRGAN_x4plus, engine: ncnn}}
    post: {interpolate: ~, upscale: ~}
    post: {interpolate: {fps: 60000/1001}, upscale: {height: 2160}, colour: {match: true, temperature: -10}}
""".strip().splitlines()


@pytest.mark.parametrize("keys", [line.strip() for line in SHORT_FORMS])
def test_what_the_loader_reads_the_schema_takes(keys: str, validator: jsonschema.Draft202012Validator) -> None:
    text = f"vidgen: 1\nshots:\n  - {keys}\n"
    parse_storyboard(text)
    document = parse_document(text.encode(), "film.yaml")
    assert [error.message for error in validator.iter_errors(document.value)] == []


@pytest.mark.parametrize(
    "keys",
    [
        "budget: 5",
        "budget: {max_cost: 5.00, mode: 上限}",
        "audio: {loudness: web}",
        "audio: {loudness: {i: -16}}",
        "score: {weights: {motion: 2, 破綻: 0}, veto: [freeze]}",
        "characters: {aki: a woman, bo: {description: a man}}",
        "text: {title: {colour: '#ffffff', box: true}, my_style: {size: 9}}",
        "fps: 23.976",
        "fps: 24000/1001",
        "resolution: 1920x1080",
        "aspect: 2.39:1",
        "defaults: {camera: パン左, candidates: 3}",
    ],
)
def test_also_at_the_top(keys: str, validator: jsonschema.Draft202012Validator) -> None:
    text = f"vidgen: 1\n{keys}\nshots: [{{scene: a}}]\n"
    parse_storyboard(text)
    document = parse_document(text.encode(), "film.yaml")
    assert [error.message for error in validator.iter_errors(document.value)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"vidgen": 1},
        {"vidgen": 1, "shots": [{"scen": "a"}]},
        {"vidgen": 1, "shots": [{"candidates": 0}]},
        {"vidgen": 1, "shots": [{"duration": "4x"}]},
        {"vidgen": 1, "shots": [{"camera": "doly_in"}]},
        {"vidgen": 1, "shots": [{"camera": {"move": "ドリイン"}}]},
        {"vidgen": 1, "shots": [{"transition": {"type": "disolve"}}]},
        {"vidgen": 1, "shots": [{"text": [{"txt": "a"}]}]},
        {"vidgen": 1, "aspect": "wide", "shots": [{"scene": "a"}]},
        {"vidgen": 1, "audio": {"loudness": "lowd"}, "shots": [{"scene": "a"}]},
        {"vidgen": 1, "post": {"interpolate": {"fps": 60, "engine": "rif"}}, "shots": [{"scene": "a"}]},
        {"vidgen": 1, "post": {"upscale": {"scale": 2, "engine": "vulkan"}}, "shots": [{"scene": "a"}]},
        {"vidgen": 1, "post": {"upscale": {"scale": 2, "model": "x4plus"}}, "shots": [{"scene": "a"}]},
        {"vidgen": 1, "score": {"weights": {"temporl": 1}}, "shots": [{"scene": "a"}]},
    ],
)
def test_mistakes_do_not(wrong: object, validator: jsonschema.Draft202012Validator) -> None:
    assert list(validator.iter_errors(wrong))


def test_every_key_is_explained_and_nothing_else_is() -> None:
    schema = storyboard_schema()
    types = {**schema["$defs"], "Storyboard": schema}
    for part, value in types.items():
        for key, inner in value.get("properties", {}).items():
            assert inner["description"].endswith("."), f"{part}.{key}"
    for part, keys in help_by_type().items():
        assert set(keys) == set(types[part]["properties"]), part


def test_it_completes_names_in_both_languages() -> None:
    text = json.dumps(storyboard_schema(), ensure_ascii=False)
    assert '"dolly_in"' in text and '"ドリーイン"' in text


def test_the_file_beside_the_sample_storyboards_is_current() -> None:
    written = json.loads((BOARDS / "storyboard.schema.json").read_text(encoding="utf-8"))
    assert written == storyboard_schema(), "run: vidgen schema > storyboards/storyboard.schema.json"
