"""Runs one bad input in a process of its own and says what is wrong with what vidgen did, if anything."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_S = 90.0
"""A command that takes longer hangs: none of them is asked for more than a few tiny pictures."""
HANGS = -1000
MAY_END = frozenset({0, 2, 3, 4, 5, 6})
BROKEN = re.compile(rb"Traceback \(most recent|internal error: |Exception ignored|Segmentation fault|Fatal Python error")


@dataclass(frozen=True)
class Command:
    """What is run: arguments of ``vidgen``, environment variables (None: unset), the file that it should write."""

    arguments: Sequence[str]
    environment: dict[str, str | None] = field(default_factory=dict)
    output: Path | None = None
    check: Callable[[int], str] = lambda code: ""
    """What else is wrong, judged after the exit code; empty where nothing is."""
    fresh: bool = False
    """A new interpreter instead of a fork, for cases with threads in this process (servers)."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, what is wrong with that (empty: nothing), and what was printed."""

    code: int
    fault: str
    printed: str


def run(command: Command, folder: Path) -> Ended:
    """Run the command in ``folder`` and judge it."""
    streams = [folder / ".stdout", folder / ".stderr"]
    existed = bool(command.output and command.output.exists())
    code = _fresh(command, folder, streams) if command.fresh else _forked(command, folder, streams)
    out, err = (file.read_bytes() if file.exists() else b"" for file in streams)
    printed = (out[-1500:] + b"\n--\n" + err[-3000:]).decode("utf-8", "replace")
    return Ended(code, _wrong(command, folder, code, out, err, existed), printed)


def _fresh(command: Command, folder: Path, streams: Sequence[Path]) -> int:
    environment = {name: value for name, value in {**os.environ, **command.environment}.items() if value is not None}
    with streams[0].open("wb") as out, streams[1].open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "vidgen", *command.arguments],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return HANGS


def _forked(command: Command, folder: Path, streams: Sequence[Path]) -> int:
    pid = os.fork()
    if not pid:
        _child(command, folder, streams)
    return _wait(pid)


def _child(command: Command, folder: Path, streams: Sequence[Path]) -> None:
    """The forked process: vidgen's own entry point with these arguments, then gone."""
    code: object = 70
    try:
        os.setsid()
        os.chdir(folder)
        for number, file in enumerate(streams, 1):
            os.dup2(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for name, value in command.environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
        sys.argv = ["vidgen", *command.arguments]
        from vidgen.cli import main

        main()
        code = 0
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        import traceback

        traceback.print_exc()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        import atexit

        atexit._run_exitfuncs()
    finally:
        os._exit(code if isinstance(code, int) else 1 if code else 0)


def _wait(pid: int) -> int:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return HANGS


def _wrong(command: Command, folder: Path, code: int, out: bytes, err: bytes, existed: bool) -> str:
    if code == HANGS:
        return f"hangs (over {LIMIT_S:.0f} s)"
    if code not in MAY_END:
        return f"exit code {code}"
    if found := BROKEN.search(out) or BROKEN.search(err):
        return found[0].decode()
    halves = [file.relative_to(folder) for file in folder.rglob("*") if ".part" in file.name or file.name.endswith(".tmp")]
    if halves:
        return f"half a file is left: {halves[0]}"
    if code and not err.strip() and not out.strip():
        return f"exit code {code} without a word"
    flags = [*command.arguments, "--"][: [*command.arguments, "--"].index("--")]  # what comes after it is names
    if "--json" in flags and "--help" not in flags and (wrong := _envelope(out, code)):
        return wrong
    if command.output is not None and command.output.suffix == ".mp4" and not existed:
        if code in (0, 6) and "--dry-run" not in command.arguments:
            from vidgen.errors import VidgenError
            from vidgen.media.probe import probe_video

            try:
                probe_video(command.output)
            except VidgenError as error:
                return f"exit code {code}, but {error}"
        elif command.output.exists():
            return f"exit code {code}, but the output has its final name"
    return command.check(code)


def _envelope(out: bytes, code: int) -> str:
    lines = out.decode("utf-8").splitlines()
    try:
        values = [json.loads(line) for line in lines]
    except ValueError:
        return "a line of --json is no JSON"
    kinds = [value.get("type") for value in values]
    if kinds.count("result") != 1 or kinds[-1] != "result":
        return "--json does not end in exactly one envelope"
    if values[-1]["exit_code"] != code:
        return f"the envelope says exit code {values[-1]['exit_code']}, the process {code}"
    return ""
