"""kill -9 at any moment, then run again: the right film, no paid work twice, no bad file under a final name."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import Film
from vidgen.media.verify import check_video, pts_grid
from vidgen.testing import ScriptedRemote

SHOTS = tuple(
    f"{{id: s{index}, scene: {scene}, engine: {engine}, transition: {{type: dissolve, duration: 0.25}}}}"
    for index, (scene, engine) in enumerate(
        (("sea", "previz"), ("hill", "scripted"), ("city", "previz"), ("snow", "scripted"), ("forest", "previz"))
    )
)
PROGRAM = """
import sys
from pathlib import Path
from vidgen.testing import ScriptedRemote, engine_added
from vidgen.cli import main
remote = ScriptedRemote(Path(sys.argv.pop(1)), price=0.1)
with engine_added("scripted", lambda: remote):
    main()
"""


def start(board: Path, provider: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(provider), "render", str(board), "-o", str(board.with_suffix(".mp4")), "--yes"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=board.parent,
    )


def assert_every_final_file_is_whole(folder: Path) -> None:
    for file in folder.rglob("*.mp4"):
        if ".part" not in file.name and not {"incoming", "tmp"} & set(file.parts):
            check_video(file, frames=pts_grid(file)[0])


@pytest.mark.slow
def test_twenty_kills_then_the_right_film_and_each_take_bought_once(film: Film, tmp_path: Path) -> None:
    board, provider = film(*SHOTS), tmp_path / "provider"
    provider.mkdir()
    luck = random.Random(7)
    for _ in range(20):
        process = start(board, provider)
        time.sleep(luck.uniform(0.2, 2.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert_every_final_file_is_whole(tmp_path)
    process = start(board, provider)
    code = process.wait(timeout=120)
    bought = len(ScriptedRemote(provider).jobs())
    if code == 0:
        assert pts_grid(tmp_path / "film.mp4")[0] == 5 * 36 - 4 * 3
        assert bought == 2
    else:
        assert code == 4 and bought <= 2, "a kill between sending and hearing the answer stops, and never buys again"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_run_says_so_and_goes_on_later(number: signal.Signals, code: int, film: Film, tmp_path: Path) -> None:
    board, provider = film(*SHOTS), tmp_path / "provider"
    provider.mkdir()
    process = start(board, provider)
    while process.poll() is None and not any(provider.iterdir()):  # a job is bought: the run is on its way
        time.sleep(0.02)
    os.kill(process.pid, number)
    ended = process.wait(timeout=60)
    assert ended in (code, 0), "0: it was quicker than the signal"
    assert_every_final_file_is_whole(tmp_path)
    assert start(board, provider).wait(timeout=120) == 0
    assert pts_grid(tmp_path / "film.mp4")[0] == 5 * 36 - 4 * 3
