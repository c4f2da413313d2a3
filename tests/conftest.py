"""What every test may use: the command line in this process, and small storyboards."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from slow import slow_tests
from support import Ran, Vidgen
from vidgen.cli import main

THE_USERS = re.compile(
    "(VIDGEN(?!_FFMPEG$)|RUNWAYML|LUMA|KLING|FAL|OPENAI|GEMINI|GOOGLE|HF|HUGGINGFACE|RAY|SSL_CERT)_.*"
    "|.*_PROXY|SSLKEYLOGFILE|NO_COLOR|FORCE_COLOR|COLUMNS|LINES",
    re.IGNORECASE,
)
"""Settings of whoever runs the tests. ``VIDGEN_FFMPEG`` stays: it chooses the ffmpeg that is tested."""


settings.register_profile("vidgen", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines may be busy
settings.load_profile("vidgen")


def pytest_configure() -> None:
    """Tests do not depend on who runs them, nor on what runs before left behind.

    Settings, keys, models and the keyring of the user are nobody's business here. A shell ignores Ctrl-C for what it starts in
    the background, and nohup a hang-up; children inherit that, and tests send both to theirs.
    """
    for name in filter(THE_USERS.fullmatch, list(os.environ)):
        del os.environ[name]
    os.environ["VIDGEN_HOME"] = str(Path(__file__).parents[1] / ".venv" / "home-for-tests")
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ``make test-fast`` leaves out."""
    slow = slow_tests()
    for item in items:
        if item.nodeid.partition("[")[0] in slow:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def vidgen(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Vidgen:
    """Run ``vidgen ARGUMENTS`` in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIDGEN_DEBUG", raising=False)

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["vidgen", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1 if stop.code else 0
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run


SMALL = """\
vidgen: 1
title: Small
aspect: 16:9
resolution: 96x54
fps: 12
defaults: {duration: 3, params: {slate: false}}
"""


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Write ``film.yaml``: tiny pictures, and the given shots (YAML list items)."""

    def write(*shots: str, top: str = "", name: str = "film.yaml") -> Path:
        file = tmp_path / name
        listed = "".join(f"  - {shot}\n" for shot in shots)
        file.write_text(f"{SMALL}{top}shots:\n{listed}", encoding="utf-8")
        return file

    return write
