"""A film over two devices: a worker for each, the same takes as from one; a worker that is killed costs its own shot alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import Film, Vidgen

pytest.importorskip("torch")
pytest.importorskip("diffusers")

SCENES = ("sea", "hill", "city", "snow")


def workers() -> list[int]:
    """Worker processes that this process has started."""
    mine = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = [int(pid) for file in mine for pid in file.read_text().split()]
    return [pid for pid in children if b"vidgen.engines.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_a_killed_worker_costs_one_shot_and_the_next_run_makes_it(
    tiny: Callable[[str], Path], vidgen: Vidgen, film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = f"engine: local, model: {tiny('wan-t2v')}, duration: 1, params: {{steps: 40}}"
    board = film(*(f"{{id: s{number}, scene: {scene}, {params}}}" for number, scene in enumerate(SCENES)))
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path))
    (tmp_path / "config.yaml").write_text("local: {devices: [cpu, cpu]}\n")

    def kill_one() -> None:
        until = time.monotonic() + 60
        while len(found := workers()) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(3)
        os.kill(found[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    first = vidgen("render", board, "--json")
    killer.join()
    assert first.code == 4 and first.envelope["error"]["code"] == "local.worker_died"
    failed = [row for row in first.lines if row.get("event") == "take.failed"]
    done = [row for row in first.lines if row.get("event") == "take.done"]
    assert len(failed) == 1 and len(done) == 3
    second = vidgen("render", board, "--json")
    assert second.code == 0 and [row["shot"] for row in second.lines if row.get("event") == "take.done"] == [failed[0]["shot"]]
    assert workers() == []
    (tmp_path / "config.yaml").write_text("local: {devices: [cpu]}\n")
    alone = vidgen("render", board, "--json", "--work", tmp_path / "alone")
    assert [shot["takes"][0]["file"].rpartition("/")[2] for shot in alone.data["shots"]] == [
        shot["takes"][0]["file"].rpartition("/")[2] for shot in second.data["shots"]
    ]
