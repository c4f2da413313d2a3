"""``vidgen qc``: what a person and a program see of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.qc.clips import film, moving, over, plain, stem, tone

from support import Film, Vidgen
from vidgen.planning.presets import presets as delivery_presets
from vidgen.qc.limits import OneOf
from vidgen.qc.presets import check_rows, presets

FLASHES = over(plain("black"), plain("white"), when="lt(mod(n,6),3)")


def test_a_program_gets_every_check_as_the_contract_says(vidgen: Vidgen, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", FLASHES)
    ran = vidgen("qc", "a.mp4", "--json")
    assert ran.code == 0 and ran.envelope["ok"] is True and ran.envelope["command"] == "qc"
    checks = ran.data["checks"]
    assert all(set(check) == {"id", "ok", "value", "limit", "unit", "at_s"} for check in checks)
    flashes = next(check for check in checks if check["id"] == "luminance_flashes")
    assert flashes == {"id": "luminance_flashes", "ok": False, "value": 4, "limit": 3, "unit": "flashes/s", "at_s": 0.0}
    assert ran.data["failed"] == ["luminance_flashes"] and ran.data["preset"] == "any" and ran.data["ok"] is False


def test_strict_makes_an_exit_code_of_what_fails(vidgen: Vidgen, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", FLASHES)
    ran = vidgen("qc", "a.mp4", "--strict", "--json")
    assert ran.code == ran.envelope["exit_code"] == 6 and ran.envelope["error"]["code"] == "qc.failed"
    assert "luminance_flashes" in ran.envelope["error"]["message"] and ran.data["checks"], "the result is there all the same"
    film(tmp_path / "b.mp4", moving())
    assert vidgen("qc", "b.mp4", "--strict").code == 0


def test_a_person_gets_a_table_in_plain_words(vidgen: Vidgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "a.mp4", FLASHES)
    ran = vidgen("qc", "a.mp4")
    assert ran.code == 0
    (row,) = [line for line in ran.out.splitlines() if "luminance_flashes" in line and line.startswith("FAIL")]
    assert "4 flashes/s" in row and "at most 3" in row and "bright flashes in the worst second" in row
    assert ran.out.splitlines()[-1] == f"a.mp4: any: {len(check_rows()) - 8} checks, 1 failed: luminance_flashes"


def test_an_unknown_delivery_is_refused_with_a_guess(vidgen: Vidgen, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", moving(seconds=0.2))
    error = vidgen("qc", "a.mp4", "--preset", "brodcast", "--json").envelope["error"]
    assert error["code"] == "preset.unknown" and error["hint"] == "did you mean broadcast?"
    assert vidgen("qc", "a.mp4", "--preset", "").code == 2


def test_a_file_that_cannot_be_read_is_an_error_in_every_case(vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no film")
    for name, code in (("a.mp4", "media.unreadable"), ("b.mp4", "media.not_found"), (".", "media.unreadable")):
        ran = vidgen("qc", name, "--json")
        assert (ran.code, ran.envelope["error"]["code"]) == (2, code)


@pytest.mark.parametrize("name", ["映画「海」.mp4", "50% 'quoted' [x].mp4", "-i.mp4", "a:b,c.mp4", "no_ending"])
def test_any_file_name_is_taken_literally(name: str, vidgen: Vidgen, tmp_path: Path) -> None:
    film(tmp_path / "made.mp4", moving(seconds=1), "-c:a", "aac", sound=tone(0.1, seconds=1)).rename(tmp_path / name)
    ran = vidgen("qc", "--json", "--", name)
    assert ran.code == 0 and ran.data["file"] == name
    assert next(check for check in ran.data["checks"] if check["id"] == "sound")["value"] == "heard"


def test_a_film_of_vidgen_passes_the_web_checks(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    stem(tmp_path / "tune.wav", "anoisesrc=c=pink:d=4:r=48000:a=0.3")
    shots = [
        "{scene: calm sea at dawn, camera: dolly_in, duration: 1.5}",
        "{scene: a hill, camera: static, duration: 1.5, transition: {type: dissolve, duration: 0.5}}",
    ]
    top = "fps: 24\naudio: {music: {file: tune.wav}, loudness: web}\n"
    board = film(*shots, top=top)
    board.write_text(board.read_text().replace("fps: 12\n", "", 1))
    assert vidgen("render", board, "-o", "film.mp4").code == 0
    ran = vidgen("qc", "film.mp4", "--preset", "web", "--strict", "--json")
    assert ran.data["failed"] == [] and ran.code == 0
    assert next(check for check in ran.data["checks"] if check["id"] == "loudness")["ok"]


def test_presets_agree_with_those_that_films_are_made_with() -> None:
    for name in presets().keys() & delivery_presets().keys():
        made, asked = delivery_presets()[name].file, presets()[name].limits
        rate = asked["rate"]
        assert isinstance(rate, OneOf)
        if made.fps:
            assert float(made.fps) in rate.values, name


def test_every_limit_is_of_a_check_and_every_preset_says_what_it_is_for() -> None:
    for preset in presets().values():
        assert preset.limits.keys() <= check_rows().keys() and preset.title and preset.ja and preset.use
