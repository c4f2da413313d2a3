"""Any program that speaks: the words on its stdin, a WAV file from it. No shell is involved."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.errors import Cancelled, MissingError, ProcessingError
from vidgen.media.files import sha256_file, sha256_json
from vidgen.media.patience import Patience
from vidgen.programs import log_program, start_program
from vidgen.settings import for_children
from vidgen.speech.speaker import Speaker, Utterance

LOG = logging.getLogger(__name__)
MOST_BYTES = 1 << 30
"""A program that writes more is ended."""
_PLACE = re.compile(r"\{(voice|language|speed|delivery|out)\}")
_SCRIPT = re.compile(r"\.(py|sh|bash|js|mjs|rb|pl|lua)$")
_LOOK_S = 0.02


@dataclass
class Command(Speaker):
    """A program and its arguments. It runs in ``folder``, where its files are looked for, for at most ``timeout_s``.

    ``{voice}``, ``{language}``, ``{speed}``, ``{delivery}`` and ``{out}`` in its arguments are filled in; without ``{out}`` it
    writes to stdout.
    """

    name = "command"
    argv: Sequence[str] = ()
    folder: Path = Path()
    timeout_s: float = 120.0

    @property
    def paces(self) -> bool:  # type: ignore[override]
        """Where it is told the speed."""
        return any("{speed}" in word for word in self.argv)

    @property
    def acts(self) -> bool:  # type: ignore[override]
        """Where it is told the delivery."""
        return any("{delivery}" in word for word in self.argv)

    def missing(self) -> str | None:
        """The command itself."""
        return None if self.argv else "set speech.command to a program and its arguments"

    def version(self) -> str:
        """The command, and the content of the script that it starts, if it is one."""
        scripts = [sha256_file(file) for word in self.argv[:2] if (file := self.folder / word).is_file() and _is_script(file)]
        return sha256_json([list(self.argv), scripts])[:16]

    def speak(self, utterance: Utterance, out: Path, cancelled: Callable[[], bool]) -> None:
        """Run it once. Raises MissingError where it is not there, ProcessingError ``speech.failed``, Cancelled."""
        filled = {**utterance.as_dict(), "speed": f"{utterance.speed:g}", "out": str(out.absolute())}
        argv = [_PLACE.sub(lambda place: str(filled[place[1]]), word) for word in self.argv]
        words, said = out.with_suffix(".txt"), out.with_suffix(".log")
        words.write_text(utterance.text + "\n", encoding="utf-8")
        try:
            with words.open("rb") as stdin, said.open("wb") as stderr, out.open("wb") as stdout:
                own = any("{out}" in word for word in self.argv)
                streams = {"stdin": stdin, "stdout": subprocess.DEVNULL if own else stdout, "stderr": stderr}
                code = self._run(argv, streams, out, cancelled)
            if code:
                raise _failed(f"{self._title} ended with exit code {code}", said)
        finally:
            words.unlink(missing_ok=True)
            said.unlink(missing_ok=True)

    @property
    def _title(self) -> str:
        return f"the speech command {Path(self.argv[0]).name}"

    def _run(self, argv: Sequence[str], streams: Mapping[str, Any], out: Path, cancelled: Callable[[], bool]) -> int:
        """Its exit code. Whatever happens, none of its processes is left."""
        began, patience = time.monotonic(), Patience()
        try:
            process = start_program(self._found(argv), cwd=self.folder, env=for_children({}), start_new_session=True, **streams)
        except (OSError, ValueError) as error:
            text = f"{self._title} cannot be started: {getattr(error, 'strerror', None) or error}"
            raise MissingError("speech.no_engine", text, hint="correct speech.command", where="speech.command") from error
        try:
            while process.poll() is None:
                if cancelled():
                    raise Cancelled
                if patience.waited() > self.timeout_s:
                    hint = "speech.timeout gives it longer"
                    text = f"{self._title} was not done after {self.timeout_s:g} s and was ended"
                    raise ProcessingError("speech.failed", text, hint=hint)
                if out.stat().st_size > MOST_BYTES:
                    raise ProcessingError("speech.failed", f"{self._title} wrote over {MOST_BYTES >> 20} MiB and was ended")
                time.sleep(_LOOK_S)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            log_program(LOG, argv, process.returncode, time.monotonic() - began)
        return process.returncode

    def _found(self, argv: Sequence[str]) -> list[str]:
        """A program that is named by a path is looked for in the storyboard's folder."""
        program = argv[0]
        return [str((self.folder / program).absolute()) if os.sep in program else program, *argv[1:]]


def _is_script(file: Path) -> bool:
    with file.open("rb") as stream:
        return _SCRIPT.search(file.name) is not None or stream.read(2) == b"#!"


def _failed(text: str, said: Path) -> ProcessingError:
    """The error, with what the program said last."""
    words = said.read_bytes()[-2000:].decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(words) if line.strip()), "")
    return ProcessingError("speech.failed", f"{text}{': ' + last[:300] if last else ''}", hint="run it by hand to see why")
