"""Rules about shots and storyboards: each finding in its place, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen.catalog.engines import capabilities
from vidgen.storyboard.lint import Finding, lint_board, rules, rules_table
from vidgen.storyboard.loader import parse_storyboard


def lint(shots: str, top: str = "", seed: str = "seed: 1\n") -> list[Finding]:
    return lint_board(parse_storyboard(f"vidgen: 1\n{seed}{top}shots:\n{shots}"), capabilities=capabilities)


def codes(shots: str, top: str = "") -> list[str]:
    return [finding.rule for finding in lint(shots, top)]


@pytest.mark.parametrize(
    ("rule", "shots", "top"),
    [
        ("V101", "  - {id: a, scene: sea, duration: 12}\n  - {id: b, scene: sky}\n", ""),
        ("V101", "  - {scene: sea, engine: local, model: wan2.2-ti2v-5b, duration: 11}\n  - {scene: sky}\n", ""),
        ("V103", "  - {scene: sea, duration: 30}\n", ""),
        ("V104", "  - {scene: sea, transition: dissolve}\n", ""),
        ("V106", "  - {id: a, scene: sea, engine: sora}\n", ""),
        ("V105", "  - {id: a, scene: sea}\n  - {id: b, scene: sea, continue_from: a, transition: dissolve}\n", ""),
        ("V205", "  - {scene: sea}\n", "style: anime\npost: {interpolate: {fps: 60}}\n"),
        ("V205", "  - {scene: sea}\n", "post: {interpolate: 48, upscale: 2, grain: 8}\n"),
        ("V206", "  - {scene: sea}\n", "post: {interpolate: 120}\n"),
        ("V207", "  - {scene: sea}\n", "resolution: 4k\npost: {upscale: 2}\n"),
        ("V207", "  - {scene: sea}\n", "resolution: 360p\npost: {upscale: 2160}\n"),
        ("V207", "  - {scene: her face in the rain}\n", "post: {upscale: {scale: 4, model: RealESRGAN_x4plus}}\n"),
        ("V207", "  - {scene: 窓辺の女性の顔}\n", "post: {upscale: {scale: 3, model: RealESRGAN_x4plus}}\n"),
        ("V208", "  - {scene: sea}\n", "post: {upscale: 2160, grain: 8}\n"),
        ("V301", "  - {scene: the camera pans left over the sea, camera: dolly_in}\n", ""),
        ("V302", "  - {scene: static shot of the sea, camera: dolly_in}\n", ""),
        ("V303", "  - {scene: the camera pans left over the sea, camera: pan_right}\n", ""),
        ("V303", "  - {scene: 海、カメラが左へパン, camera: 固定}\n", ""),
        ("V304", "  - {scene: sea, camera: dolly_in, engine: kling, model: kling-v1}\n", ""),
        ("V402", "  - {scene: a street without any cars, engine: runway}\n", ""),
        ("V404", f"  - {{scene: {'sea ' * 400}, engine: runway}}\n", ""),
        ("V501", "  - {scene: Aki at the window}\n", "characters: {Aki: {description: a woman}}\n"),
        ("V501", "  - {scene: a window, characters: [aki]}\n", "characters: {aki: {voice: low}}\n"),
        ("V601", "  - {scene: sea, engine: runway, candidates: 5}\n", "budget: {max_cost: 1}\n"),
        (
            "V704",
            "  - {scene: sea, duration: 1, dialogue: [{line: Hm., translations: {ja: とても長い訳で読みきれません}}]}\n",
            "",
        ),
        ("V701", "  - {scene: sea, text: [{text: これはとても長い題名なので誰にも読めません, out: 1}]}\n", ""),
    ],
)
def test_each_rule_finds_what_it_is_for(rule: str, shots: str, top: str) -> None:
    assert rule in codes(shots, top)


@pytest.mark.parametrize(
    ("shots", "top"),
    [
        ("  - {scene: sea, duration: 10}\n  - {scene: sky, transition: dissolve}\n", ""),
        ("  - {id: a, scene: sea}\n  - {id: b, scene: sea, continue_from: a}\n", ""),
        ("  - {scene: the camera moves in on the sea, camera: dolly_in}\n", ""),
        ("  - {scene: tracking shot along the beach, camera: truck_left}\n", ""),
        ("  - {scene: sea, camera: {speed: slow}}\n", ""),
        ("  - {scene: sea, engine: runway, candidates: 2}\n", "budget: {max_cost: 5}\n"),
        ("  - {scene: a street without any cars, engine: kling}\n", ""),
        ("  - {scene: sea, text: [{text: 京都の秋, out: 3}]}\n", ""),
        ("  - {scene: aki at the window, characters: [aki]}\n", "characters: {aki: {description: a woman}}\n"),
        ("  - {scene: sea}\n", "post: {interpolate: 60, upscale: 2160, colour: {contrast: 1.1}}\n"),
        ("  - {scene: sea, post: {interpolate: ~}}\n", "style: anime\npost: {interpolate: 60}\n"),
        ("  - {scene: sea}\n", "style: anime\npost: {interpolate: {fps: 60, engine: nearest}}\n"),
        ("  - {scene: her face in the rain}\n", "post: {upscale: {scale: 2, model: RealESRGAN_x4plus}}\n"),
        ("  - {scene: sea}\n", "resolution: 720p\npost: {upscale: 2160, grain: 0}\n"),
    ],
)
def test_good_boards_are_clean(shots: str, top: str) -> None:
    assert codes(shots, top) == []


def test_a_pass_of_the_whole_film_is_said_once_and_in_its_language() -> None:
    shots = "  - {scene: 海}\n  - {scene: 山}\n"
    (found,) = lint(shots, "language: ja\npost: {interpolate: 120}\n")
    assert (found.rule, found.line) == ("V206", 4) and found.remedy == rules()["V206"].remedy_ja
    assert found.message == "5 pictures are made of each one"


def test_chains_are_reported_once_at_the_fourth_shot_and_styles_may_not_change_in_them() -> None:
    links = "".join(f"  - {{id: s{n}, scene: sea, continue_from: s{n - 1}}}\n" for n in range(2, 7))
    found = lint("  - {id: s1, scene: sea}\n" + links)
    assert [(finding.rule, finding.shot) for finding in found] == [("V502", "s4")]
    styled = "  - {id: a, scene: sea, style: film}\n  - {id: b, scene: sea, style: anime, continue_from: a}\n"
    assert codes(styled) == ["V503"]


def test_a_board_without_any_seed_is_told_what_that_means() -> None:
    assert [finding.rule for finding in lint("  - {scene: sea}\n", seed="")] == ["V602"]


def test_an_opening_picture_makes_a_scene_text_superfluous(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    board = "vidgen: 1\nseed: 1\nshots: [{scene: sea, start_frame: a.png}]\n"
    found = lint_board(parse_storyboard(board, tmp_path / "film.yaml"))
    assert [finding.rule for finding in found] == ["V403"]


def test_findings_stand_in_file_order_at_the_key_that_they_are_about() -> None:
    found = lint("  - id: one\n    scene: sea\n    duration: 12\n  - id: two\n    action: a man plays tennis\n")
    places = [(finding.rule, finding.shot, finding.line, finding.column, finding.path[-1]) for finding in found]
    assert places == [("V101", "one", 6, 5, "duration"), ("V202", "two", 8, 5, "action")]


def test_person_and_activity_may_stand_in_different_keys() -> None:
    (found,) = lint("  - subject: an old man\n    action: playing the violin\n")
    assert found.rule == "V202" and found.path[-1] == "action"


def test_two_declared_characters_interact() -> None:
    cast = "characters: {aki: {description: a woman}, ken: {description: a man}}\n"
    assert codes("  - {action: hugging in the rain, characters: [aki, ken]}\n", cast) == ["V203"]


def test_what_shots_inherit_from_one_line_is_said_once() -> None:
    board = "vidgen: 1\nseed: 1\nscenes:\n  - id: sc\n    scene: a neon sign that says OPEN\n    shots: [{}, {}, {}]\n"
    found = lint_board(parse_storyboard(board))
    assert [(finding.rule, finding.line) for finding in found] == [("V201", 5)]


def test_rules_are_switched_off_on_the_board_and_on_a_shot() -> None:
    shots = "  - {action: a man plays tennis}\n  - {action: a man plays golf, lint: {ignore: [V202]}}\n"
    assert codes(shots) == ["V202"]
    assert codes(shots, "lint: {ignore: [V202]}\n") == []


def test_your_own_footage_is_not_linted_for_what_models_do_badly(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    board = "vidgen: 1\nseed: 1\nshots: [{action: a man plays tennis, clip: a.mp4, duration: 20}, {scene: sea}]\n"
    assert lint_board(parse_storyboard(board, tmp_path / "film.yaml")) == []


def test_japanese_boards_get_japanese_remedies() -> None:
    (found,) = lint("  - {action: テニスをする男性}\n", "language: ja\n")
    assert found.remedy == rules()["V202"].remedy_ja


def test_every_rule_says_why_and_what_to_do_in_both_languages() -> None:
    for rule in rules().values():
        assert rule.doc and rule.source and rule.remedy and rule.severity in ("error", "warning", "info")
        assert any(ord(letter) > 0x3000 for letter in rule.remedy_ja), rule.code


def test_the_documented_table_of_rules_is_current() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "lint.md").read_text(encoding="utf-8")
    assert rules_table() in documented
