"""What a film needs of this machine, its packages, a model or a file is done once a run, however many shots and takes ask.

Calls are counted, not seconds: reading the packages' metadata once a shot had made planning a thousand shots take 17 s.
"""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support import Film, Vidgen, opened
from vidgen.engines.registry import Engines
from vidgen.media import discovery, files
from vidgen.media.answers import Answers, content_of
from vidgen.media.ffmpeg import run_ffmpeg


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Calls of what must not be done once a shot."""
    counted: Counter[str] = Counter()

    def count(module: Any, name: str) -> None:
        before = getattr(module, name)

        def called(*values: Any, **named: Any) -> Any:
            counted[name] += 1
            return before(*values, **named)

        monkeypatch.setattr(module, name, called)

    count(importlib.metadata.Distribution, "discover")
    count(discovery, "_query")
    return counted


FIFTY = [f"{{scene: harbour number {n}, camera: pan_left, motion: {{amount: {n % 10 + 1}}}}}" for n in range(50)]


@pytest.mark.parametrize("command", [("plan",), ("plan", "--json"), ("lint",), ("render", "--dry-run")])
def test_fifty_shots_read_the_installed_packages_once_and_ask_ffmpeg_nothing(
    vidgen: Vidgen, film: Film, calls: Counter[str], command: tuple[str, ...]
) -> None:
    assert vidgen(command[0], film(*FIFTY), *command[1:]).code == 0
    assert 1 <= calls["discover"] <= 2  # pydantic looks for plug-ins of its own when it is imported
    assert calls["_query"] == 0


def test_a_run_has_one_of_each_engine_and_asks_it_once_what_a_model_can() -> None:
    engines = Engines()
    assert engines.get("previz") is engines.get("previz")
    assert engines.capabilities("runway", "gen4.5") is engines.capabilities("runway", "gen4.5")


def test_every_table_is_read_at_most_once_a_process(vidgen: Vidgen, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vidgen("plan", film(*FIFTY)).code == 0  # in a process that was used before, all tables are at hand
    with opened() as names:
        assert vidgen("plan", film(*FIFTY)).code == 0
        assert vidgen("lint", film(*FIFTY)).code == 0
    users = ("film.yaml", "config.yaml")
    assert {name: times for name, times in names.items() if name.endswith(".yaml") and not name.endswith(users)} == {}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "own.mp4"
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=96x54:r=12:d=1", "-pix_fmt", "yuv420p", str(file)], what="clip")
    return file


def test_a_clip_that_twenty_shots_use_is_probed_and_hashed_once(
    vidgen: Vidgen, film: Film, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidgen.media import probe

    probed: Counter[str] = Counter()
    read = probe._read
    monkeypatch.setattr(probe, "_read", lambda path, container: probed.update([path.name]) or read(path, container))
    board = film(*[f"{{clip: own.mp4, duration: {2 + n % 5}f}}" for n in range(20)])
    with opened() as names:
        assert vidgen("render", board, "-o", "film.mp4").code == 0
    assert probed["own.mp4"] == 1
    assert (
        sum(times for name, times in names.items() if name.endswith("own.mp4")) == 1
    )  # PyAV and ffmpeg open files by themselves; this is the hash


def test_a_picture_that_twenty_shots_open_with_is_hashed_once(vidgen: Vidgen, film: Film, tmp_path: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=96x54", "-frames:v", "1", str(tmp_path / "opening.png")], what="picture")
    board = film(*[f"{{scene: harbour {n}, start_frame: opening.png}}" for n in range(20)])
    assert vidgen("render", board, "-o", "film.mp4", "--shot", "s01").code == 0
    with opened() as names:
        assert vidgen("render", board, "--dry-run").code == 0
    assert sum(times for name, times in names.items() if name.endswith("opening.png")) <= 1


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    first = content_of(file)
    assert content_of(file) == first == files.sha256_file(file)
    file.write_text("another")
    assert content_of(file) == files.sha256_file(file) != first


def test_threads_that_ask_for_the_same_wait_for_one_of_them() -> None:
    once: Answers[str, int] = Answers()
    asked: list[int] = []

    def work() -> int:
        asked.append(threading.get_ident())
        time.sleep(0.05)
        return 7

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: once.of("key", work), range(8))) == [7] * 8
    assert len(asked) == 1


def test_a_failure_is_not_kept() -> None:
    once: Answers[str, int] = Answers()
    with pytest.raises(ZeroDivisionError):
        once.of("key", lambda: 1 // 0)
    assert once.of("key", lambda: 2) == 2


def test_a_failure_is_kept_where_it_is_an_answer() -> None:
    once: Answers[str, int] = Answers(keeps=(ZeroDivisionError,))
    for number in (0, 1):
        with pytest.raises(ZeroDivisionError):
            once.of("key", lambda number=number: 1 // number)  # type: ignore[misc]
