"""Keys leave this machine in one header to one host, and are written nowhere: not shown, not logged, not kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.money import board, fakes

from vidgen.testing.providers import FailureMode, ProviderServer

ENGINES = ("runway", "kling", "pika", "openai-videos")
CANARY = "canary-7f3a9c51e2b84d06"


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """The fakes, with a key that is easy to find wherever it goes."""
    found = fakes(ENGINES)
    for fake in found:
        monkeypatch.setattr(fake, "key", f"{CANARY}-{fake.prefix}")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "failure_modes", [("ok",), ("auth",), ("refuse", "fault", "drop", "fail", "garbage", "moderation", "quota", "ok")]
)
def test_keys_appear_nowhere(tmp_path: Path, watched: list[type], failure_modes: tuple[FailureMode, ...]) -> None:
    with ProviderServer(*watched, failure_modes=failure_modes, polls=1) as server:
        file = board(tmp_path, 4, 2, ENGINES)
        for flags in (["--json"], ["--debug"]):
            argv = [sys.executable, "-m", "vidgen", *(flags if flags == ["--debug"] else []), "render", str(file), "--yes"]
            process = subprocess.Popen(
                [*argv, *(flags if flags == ["--json"] else [])],
                env={**os.environ, **server.environment(), "HOME": str(tmp_path)},
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            command_line = Path(f"/proc/{process.pid}/cmdline").read_bytes() if Path("/proc").exists() else b""
            out, err = process.communicate(timeout=120)
            assert CANARY.encode() not in out + err + command_line
        assert any(CANARY in str(asked.headers) for asked in server.asked), "the canary was really used"
        for asked in server.asked:
            elsewhere = asked.path.startswith(("/output", "/upload"))
            assert CANARY not in asked.path + str(asked.query) + asked.content.decode("latin-1")
            assert not (elsewhere and CANARY in str(asked.headers)), asked.path
    for kept in tmp_path.rglob("*"):
        if kept.is_file():
            assert CANARY.encode() not in kept.read_bytes(), kept
