"""``vidgen doctor``: what of vidgen is installed here, and how to have the rest."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from support import Vidgen
from vidgen.inventory import extras

FOR_WORK_ON_VIDGEN = {"dev", "bench", "browser", "all"}


def test_every_extra_of_the_package_is_listed(vidgen: Vidgen) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    offered = set(project["project"]["optional-dependencies"]) - FOR_WORK_ON_VIDGEN
    checks = {check["name"]: check for check in vidgen("doctor", "--json").data["checks"]}
    assert {name.removeprefix("extra ") for name in checks if name.startswith("extra ")} == offered


def test_an_extra_that_is_not_here_is_told_with_its_command(vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_whisper(name: str) -> object:
        if name == "faster-whisper":
            raise PackageNotFoundError(name)
        return distribution(name)

    monkeypatch.setattr(extras, "distribution", without_whisper)
    (asr,) = (check for check in vidgen("doctor", "--json").data["checks"] if check["name"] == "extra asr")
    assert asr["state"] == "info" and "faster-whisper" in asr["found"] and "pip install 'vidgen[asr]'" in asr["found"]
