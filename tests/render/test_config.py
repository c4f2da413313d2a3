"""The user's ``config.yaml``: every key is checked when the file is read, with place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import Film, Vidgen
from vidgen.config import Config, LocalConfig, config

SEA = "{scene: calm sea}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``VIDGEN_HOME``."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("VIDGEN_HOME", str(folder))
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("concurrency: 5", "1:1: concurrency: must be a mapping of keys"),
        ("concurrency: {runway: lots}", "1:15: concurrency.runway: 'lots' is not a whole number above 0"),
        ("concurrency: {runway: 0}", "1:15: concurrency.runway: 0 is not a whole number above 0"),
        ("concurrency: {runwai: 2}", "1:15: concurrency.runwai: there is no engine runwai (did you mean runway?)"),
        ("concurrency: {runway/gen4_turbi: 2}", "runway has no model gen4_turbi (did you mean gen4_turbo?)"),
        ("concurrency: {previz: 2}", "concurrency.previz: previz runs on this machine"),
        ("engine: nonsense", "1:1: engine: there is no engine nonsense; known: auto, "),
        ("engine: prviz", "1:1: engine: there is no engine prviz (did you mean previz?)"),
        ("engine: 5", "1:1: engine: must be text"),
        ("local: {offload: banana}", "1:9: local.offload: 'banana' is not one of none, model, group or sequential"),
        ("local: {offlod: model}", "1:9: local.offlod: unknown key (did you mean offload?)"),
        ("local: {compile: yes}", "1:9: local.compile: must be true or false (did you mean true?)"),
        ("local: {batch: many}", "1:9: local.batch: 'many' is not a whole number above 0"),
        ("local: {devices: [0]}", "1:19: local.devices[0]: must be text"),
        ("local: {quantise: float4}", "1:9: local.quantise: 'float4' is not one of"),
        ("local: 3", "1:1: local: must be a mapping of keys"),
        ("open-sora: {gpus: 65}", "1:13: open-sora.gpus: must be at least 1 and at most 64, not 65"),
        ("open_sora: {gpus: 2}", "1:1: open_sora: unknown key (did you mean open-sora?)"),
        ("open-sora: {silence_s: soon}", "1:13: open-sora.silence_s: must be a number, not 'soon'"),
        ("engin: runway", "1:1: engin: unknown key (did you mean engine?)"),
        ("engine: &a previz", "1:9: engine: anchors and aliases (& and *) are not used in configuration files"),
        ("- engine", "1:1: must be a mapping of keys"),
    ],
)  # fmt: skip
def test_nonsense_is_named_in_its_place_by_every_command(text: str, said: str, vidgen: Vidgen, film: Film, home: Path) -> None:
    (home / "config.yaml").write_text(text + "\n")
    ran = vidgen("plan", film(SEA), "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (2, "config.invalid")
    assert error["message"].startswith(f"{home / 'config.yaml'}:") and said in error["message"]


def test_all_problems_are_told_in_one_pass(vidgen: Vidgen, film: Film, home: Path) -> None:
    (home / "config.yaml").write_text("engin: runway\nlocal:\n  offload: banana\n  batch: 0\n")
    lines = vidgen("plan", film(SEA), "--json").envelope["error"]["message"].splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "3", "4"]


def test_what_is_left_out_or_empty_has_its_usual_value(home: Path) -> None:
    assert config() == Config()
    (home / "config.yaml").write_text("# nothing yet\nlocal:\nconcurrency: ~\n")
    assert config() == Config()
    (home / "config.yaml").write_text("local: {devices: cuda:1, batch: 2}\nconcurrency: {runway: 4, runway/gen4_turbo: 2}\n")
    assert config().local == LocalConfig(devices=("cuda:1",), batch=2)
    asked = [("runway", "gen4_turbo"), ("runway", "gen4.5"), ("kling", None)]
    assert [config().jobs_at_once(engine, model, 1) for engine, model in asked] == [2, 4, 1]


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/x", "file", "dangling"])
def test_a_home_that_is_no_folder_is_blamed_on_the_variable(
    place: str, vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    monkeypatch.setenv("VIDGEN_HOME", place)
    ran = vidgen("plan", film(SEA), "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"]) == (2, "config.invalid")
    assert f"VIDGEN_HOME is {place}, which cannot be used" in error["message"] and "config.yaml" not in error["message"]
    assert f"VIDGEN_HOME is {place}" in vidgen("doctor").out
