"""What paid work costs when everything goes wrong: runs that are killed at random, and providers that fail at random.

Providers are played on this machine, so nothing is spent. A run is a whole ``vidgen render`` in a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vidgen.catalog.engines import capabilities
from vidgen.testing.providers import FailureMode, FakeProvider, ProviderServer

ENGINES = ("runway", "kling", "pika")
FAKES = {"runway": "FakeRunway", "kling": "FakeKling", "pika": "FakePika", "openai-videos": "FakeOpenAIVideos"}
SIZE = "96x54"
LIGHT: tuple[FailureMode, ...] = ("ok", "ok", "ok", "rate", "ok", "broken_download", "ok", "expired_once", "rate", "ok")
"""Troubles that a run gets over by itself."""
HEAVY: tuple[FailureMode, ...] = (
    *LIGHT,
    *LIGHT,
    "fault",
    *LIGHT,
    "drop",
    *LIGHT,
    "fail",
    *LIGHT,
    "moderation_output",
    "garbage",
    "hang",
)
"""With those that end in a report."""


def fakes(engines: Sequence[str]) -> list[type[FakeProvider]]:
    """The classes that play these providers."""
    modules = {name: import_module(f"vidgen.testing.providers.{name.replace('-', '_')}") for name in engines}
    return [getattr(module, FAKES[name]) for name, module in modules.items()]


def board(folder: Path, shots: int, candidates: int, engines: Sequence[str]) -> Path:
    """A storyboard whose shots take turns at the engines; small pictures, so that the machine is not what is measured."""
    file = folder / "film.yaml"
    lines = [f"  - {{id: s{n:03d}, scene: harbour number {n:03d}, engine: {engines[n % len(engines)]}}}" for n in range(shots)]
    head = f"vidgen: 1\nresolution: {SIZE}\nfps: 12\ndefaults: {{duration: 3, candidates: {candidates}}}\nshots:\n"
    file.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return file


def start(file: Path, server: ProviderServer, *more: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """``vidgen render`` against the server."""
    with log.open("wb") if log else Path(os.devnull).open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "vidgen", "render", str(file), "-o", str(file.with_suffix(".mp4")), "--yes", *more],
            env={**os.environ, **server.environment()},
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def attempts(file: Path) -> list[Mapping[str, Any]]:
    """Every row of the project's journal."""
    path = file.parent / ".vidgen" / file.stem / "journal.db"
    if not path.is_file():
        return []
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM attempts ORDER BY id")]


def settle(file: Path, server: ProviderServer) -> int:
    """What a person does with purchases of unknown fate: looks for the job at the provider. Returns how many there were."""
    rows = attempts(file)
    known = {re.split("[:/]", row["job_id"])[-1] for row in rows if row["job_id"]}
    lost = [job for job in server.jobs if job.id not in known]
    unknown = [row for row in rows if row["state"] == "unknown"]
    for row in unknown:
        scene = f"harbour number {row['shot'].removeprefix('s')}"
        job = next((job for job in lost if job.provider == row["engine"] and scene in str(job.body)), None)
        if job:
            lost.remove(job)
        fate = ("--job", job.id) if job else ("--lost",)
        argv = [sys.executable, "-m", "vidgen", "takes", "resolve", str(file), str(row["id"]), *fate]
        subprocess.run(argv, check=True, capture_output=True)
    return len(unknown)


@dataclass(frozen=True)
class Killed:
    """What came of a film that was killed again and again."""

    kills: int
    runs: int
    wanted: int
    created: int
    settled: int
    film: bool


def killed(kills: int, shots: int, candidates: int, engines: Sequence[str] = ENGINES, *, seed: int = 1) -> Killed:
    """Render, kill -9 at a random moment, again and again, then render to the end."""
    luck = random.Random(seed)
    runs = settled = 0
    with tempfile.TemporaryDirectory() as folder, ProviderServer(*fakes(engines), job_s=0.6, fps=12) as server:
        file = board(Path(folder), shots, candidates, engines)
        for _ in range(kills):
            process = start(file, server)
            runs += 1
            try:
                process.wait(timeout=luck.uniform(0.3, 4.0))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for _ in range(10):
            runs += 1
            code = start(file, server).wait(timeout=600)
            found = settle(file, server)
            settled += found
            if code == 0 and not found:
                break
        return Killed(kills, runs, shots * candidates, len(server.jobs), settled, file.with_suffix(".mp4").is_file())


@dataclass(frozen=True)
class Loaded:
    """What came of many takes over providers that fail at random. ``ideal_s``: what the jobs alone take, at best."""

    wanted: int
    created: int
    states: Mapping[str, int]
    exit_code: int
    seconds: float
    ideal_s: float
    peak_mb: float
    traceback: bool
    at_once: Mapping[str, int]
    """Jobs that ran at once at most, by provider."""


def loaded(
    shots: int,
    candidates: int,
    engines: Sequence[str] = ENGINES,
    *,
    failure_modes: Sequence[FailureMode] = LIGHT,
    job_s: float = 2.0,
) -> Loaded:
    """One render of many takes, whatever happens."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProviderServer(
            *fakes(engines), failure_modes=_endless(failure_modes), job_s=job_s, hang_s=5, blips=0.03, fps=12
        ) as server,
    ):
        file = board(Path(folder), shots, candidates, engines)
        log = Path(folder) / "log.ndjson"
        begin = time.perf_counter()
        process = start(file, server, "--json", log=log)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _resident_mb(process.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - begin
        states = Counter(str(row["state"]) for row in attempts(file))
        envelope = json.loads(log.read_text().splitlines()[-1])
        code = int(envelope["exit_code"])
        return Loaded(
            shots * candidates, len(server.jobs), states, code, seconds, _ideal(file, engines, job_s), peak, code == 1,
            {name: server.most_at_once(name) for name in engines},
        )  # fmt: skip


def _endless(failure_modes: Sequence[FailureMode]) -> tuple[FailureMode, ...]:
    return tuple(failure_modes) * 200


def _ideal(file: Path, engines: Sequence[str], job_s: float) -> float:
    """The slowest provider's takes, as many at once as it allows, one after the other."""
    counts = Counter(str(row["engine"]) for row in attempts(file))
    slots = {name: (found.concurrency if (found := capabilities(name)) else 1) for name in engines}
    return max(-(-counts[name] // slots[name]) * job_s for name in engines)


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def table() -> str:
    kill = killed(100, 12, 3)
    few, many = loaded(12, 5), loaded(60, 5)
    bad = loaded(60, 5, failure_modes=HEAVY)
    rows = [
        "| run | wanted | bought | ended as | exit | seconds | of the ideal | peak MB |",
        "|---|---|---|---|---|---|---|---|",
        f"| kill -9 at {kill.kills} random moments, then to the end ({kill.settled} settled by hand) "
        f"| {kill.wanted} | {kill.created} | {'a film' if kill.film else 'no film'} | | | | |",
    ]
    for name, run in (
        ("busy, blips, broken downloads", few),
        ("the same, five times as many", many),
        ("lost answers too", bad),
    ):
        states = ", ".join(f"{count} {state}" for state, count in sorted(run.states.items()))
        rows.append(
            f"| {name} | {run.wanted} | {run.created} | {states} | {run.exit_code} | {run.seconds:.0f} "
            f"| {run.seconds / run.ideal_s:.2f} | {run.peak_mb:.0f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
