"""Settings come from the environment through one typed object, fresh for each command, and bad ones are named at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.errors import InputError
from vidgen.settings import choose, for_children, forget, settings, variable

SOURCE = Path(__file__).parents[1] / "src" / "vidgen"

MAY_READ_THE_ENVIRONMENT = {
    "settings.py": "the one place",
}
"""Files that name ``os.environ``, and why. ``urllib`` reads proxies, Rich the terminal, and other packages their own."""


def test_no_other_module_reads_the_environment() -> None:
    """``environ`` of an entry in /proc is another process's, and text."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = node.attr if isinstance(node, ast.Attribute) else node.name if isinstance(node, ast.alias) else ""
            if name in ("environ", "environb", "getenv", "getenvb", "putenv"):
                found.add(file.relative_to(SOURCE).as_posix())
    assert found == set(MAY_READ_THE_ENVIRONMENT)


def test_settings_are_those_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    assert settings().offline
    monkeypatch.setenv("VIDGEN_OFFLINE", "no")
    assert not settings().offline
    monkeypatch.delenv("VIDGEN_OFFLINE")
    assert not settings().offline


@pytest.mark.parametrize(
    ("text", "meant"), [("", False), ("0", False), ("False", False), (" off ", False), ("1", True), ("Yes", True)]
)
def test_a_flag_is_yes_or_no(text: str, meant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_TRUST_MODEL", text)
    assert settings().trust_model is meant


def test_not_set_and_empty_differ_where_programs_tell_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUDA_VISIBLE_DEVICES", "VIDGEN_LOAD_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    assert (settings().visible_gpus, settings().plugins) == (None, None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("VIDGEN_LOAD_PLUGINS", "")
    assert (settings().visible_gpus, settings().plugins) == ("", {""})


def test_a_home_may_have_any_name_that_a_disk_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = str(tmp_path / "one two \udcff ")
    monkeypatch.setenv("VIDGEN_HOME", odd)
    assert settings().home == odd


@pytest.mark.parametrize("text", ["4", " 4", "4,2"])
def test_threads_are_read_as_openmp_reads_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert settings().threads == 4


@pytest.mark.parametrize("text", ["", "many", "0", "-1"])
def test_what_is_no_number_of_threads_is_passed_over(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert settings().threads is None


BAD = [
    ("VIDGEN_OFFLINE", "perhaps"),
    ("VIDGEN_DEBUG", "2"),
    ("VIDGEN_TRUST_MODEL", "ja"),
    ("VIDGEN_POLL_INTERVAL", "5s"),
    ("VIDGEN_POLL_INTERVAL", "-1"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
@pytest.mark.parametrize("command", [["presets"], ["plan", "gone.yaml"], ["doctor"], ["upscale", "gone.mp4", "-o", "out.mp4"]])
def test_a_bad_value_ends_every_command_before_it_begins(
    name: str, value: str, command: list[str], vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    ran = vidgen(*command, "--json")
    error = ran.envelope["error"]
    assert (ran.code, error["code"], error["where"]) == (2, "config.invalid", name)
    assert name in error["message"] and value in error["message"]


def test_a_bad_value_is_shown_and_never_obeyed(vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "\x1b[31m\n")
    ran = vidgen("presets")
    assert ran.code == 2 and "\x1b" not in ran.err and len(ran.err.splitlines()) == 2


def test_what_a_flag_says_ends_with_its_command(vidgen: Vidgen) -> None:
    assert vidgen("--debug", "presets").code == vidgen("presets", "--debug").code == 0
    assert not settings().debug


def test_a_word_behind_two_dashes_is_no_flag(vidgen: Vidgen) -> None:
    assert "--debug does not exist" in vidgen("plan", "--", "--debug").err


def test_programs_that_are_started_get_everything_and_this_commands_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING", "else")
    monkeypatch.setenv("TWICE", "mine")
    choose(trust_model=True)
    try:
        told = for_children({"FIXED": "1"}, {"TWICE": "usual", "ONCE": "usual"})
    finally:
        forget()
    assert {name: told[name] for name in ("SOMETHING", "TWICE", "ONCE", "FIXED", "VIDGEN_TRUST_MODEL")} == {
        "SOMETHING": "else", "TWICE": "mine", "ONCE": "usual", "FIXED": "1", "VIDGEN_TRUST_MODEL": "1",
    }  # fmt: skip


def test_a_providers_variable_has_no_spaces_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHERS_API_KEY", " key\n")
    assert (variable("OTHERS_API_KEY"), variable("NOT_SET")) == ("key", "")


def test_an_error_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "perhaps")
    with pytest.raises(InputError, match="VIDGEN_OFFLINE is 'perhaps', which is neither 1 nor 0"):
        settings()
