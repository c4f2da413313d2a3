"""A program that speaks and a speech server, for every test of speech."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from speakers import SpeechServer, Talker


@pytest.fixture
def talker(tmp_path: Path) -> Talker:
    return Talker(tmp_path)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SpeechServer]:
    """A speech server, with its address and key in the environment, and a VIDGEN_HOME with its price."""
    found = SpeechServer()
    monkeypatch.setenv("OPENAI_SPEECH_BASE_URL", found.url)
    monkeypatch.setenv("OPENAI_SPEECH_API_KEY", "sk-speech-canary")
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.yaml").write_text("speech: {openai: {per_1000_characters: 10}}\n")
    monkeypatch.setenv("VIDGEN_HOME", str(home))
    yield found
    found.close()
