"""A person's picks are kept as pairs, and the judge's weights can be fitted to them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support import Vidgen
from vidgen.errors import InputError
from vidgen.scoring.preferences import LOG, Pair, Side, log_pair, own_weights, read_pairs, refit, weights_file

EQUAL: dict[str, float] = {}


def pair(index: int, preferred: dict[str, float], other: dict[str, float]) -> Pair:
    sides = [Side(take, f"{index:063d}{take}", families, {"noise": 0.5}) for take, families in ((1, preferred), (2, other))]
    return Pair(f"s{index:02d}", f"{index:064d}", *sides)


def pairs_of_someone_who_looks_at_motion(count: int) -> list[Pair]:
    rng, found = np.random.default_rng(5), []
    for index in range(count):
        one, two = ({"motion": float(m), "artifacts": float(a)} for m, a in rng.normal(size=(2, 2)).round(2) * (2, 6))
        better = one["motion"] + rng.normal() * 0.2 > two["motion"]
        found.append(pair(index, one, two) if better else pair(index, two, one))
    return found


def test_the_weights_follow_what_a_person_looks_at() -> None:
    fit = refit(pairs_of_someone_who_looks_at_motion(80), EQUAL)
    assert fit.new["motion"] > 3 * fit.new["artifacts"] >= 0
    assert fit.right_after > fit.right_before


def test_the_order_of_pairs_does_not_matter() -> None:
    pairs = pairs_of_someone_who_looks_at_motion(60)
    assert refit(pairs, EQUAL) == refit(pairs[::-1], EQUAL)


def test_weights_are_never_negative() -> None:
    against = [pair(index, {"motion": 1.0, "artifacts": -2.0}, {"motion": 0.0, "artifacts": 2.0}) for index in range(60)]
    assert refit(against, EQUAL).new["artifacts"] == 0


def test_the_last_word_on_two_takes_counts(tmp_path: Path) -> None:
    first = pair(1, {"motion": 1.0}, {"motion": 0.0})
    log_pair(tmp_path, first)
    log_pair(tmp_path, pair(2, {"motion": 1.0}, {"motion": 0.0}))
    second = replace(first, preferred=first.other, other=first.preferred)
    log_pair(tmp_path, second)
    assert read_pairs(tmp_path / LOG)[1:] == [second] and len(read_pairs(tmp_path / LOG)) == 2


@pytest.mark.parametrize("line", ["", "{", "[]", '{"version": 9}', '{"version": 1, "shot": "a"}', "null", "\x00"])
def test_damaged_lines_are_left_out(line: str, tmp_path: Path) -> None:
    log_pair(tmp_path, pair(1, {"motion": 1.0}, {"motion": 0.0}))
    with (tmp_path / LOG).open("a") as log:
        log.write(f"{line}\n")
    assert len(read_pairs(tmp_path / LOG)) == 1


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_refit_shows_what_changes_and_applies_it_only_when_told(vidgen: Vidgen, tmp_path: Path, home: Path) -> None:
    folder = tmp_path / ".vidgen" / "film"
    folder.mkdir(parents=True)
    pairs = pairs_of_someone_who_looks_at_motion(51)
    for one in pairs[:49]:
        log_pair(folder, one)
    error = vidgen("score", "--refit", "--json").envelope["error"]
    assert error["code"] == "score.few_picks" and "1 more pair" in error["message"]
    for one in pairs[49:]:
        log_pair(folder, one)
    shown = vidgen("score", "--refit", "--json").data
    assert shown["pairs"] == 51 and not shown["applied"] and not weights_file().exists() and own_weights() == {}
    (tmp_path / "film.yaml").write_text("vidgen: 1\nshots: [{scene: sea}]\n")
    ran = vidgen("score", "--refit", "film.yaml", "--yes")
    assert ran.code == 0 and "motion: 1 -> " in ran.out
    assert own_weights()["motion"] == next(row["new"] for row in shown["families"] if row["family"] == "motion")


@pytest.mark.parametrize("text", ["{", '{"weights": {"beauty": 1}}', '{"weights": {"motion": -1}}', "[]", '{"weights": 3}'])
def test_damaged_weights_are_an_error_that_says_what_to_do(text: str, home: Path) -> None:
    home.mkdir()
    weights_file().write_text(text)
    with pytest.raises(InputError, match="score-weights") as raised:
        own_weights()
    assert raised.value.code == "config.invalid" and "--refit" in (raised.value.hint or "")


def test_a_log_is_plain_lines(tmp_path: Path) -> None:
    log_pair(tmp_path, pair(1, {"motion": 1.0}, {"motion": 0.0}))
    (line,) = (tmp_path / LOG).read_text().splitlines()
    assert json.loads(line)["preferred"]["families"] == {"motion": 1.0}
