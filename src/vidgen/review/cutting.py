"""The usual render, started from the page: ``vidgen render`` in a process of its own, so that the page stays quick and Ctrl-C
ends both in good order.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.app.more import PriceAsked
from vidgen.app.render import RenderOptions, render_film
from vidgen.render.project import Project
from vidgen.takes.exclusive import project_lock

LOG = logging.getLogger(__name__)
END_S = 20.0
"""Seconds that a render has to end in good order before it is killed."""

State = Mapping[str, Any]
"""What a page shows of a render: ``state`` is running (with ``stage`` and ``share``), done (``output``, ``seconds``,
``needs_review``) or failed (``error``).
"""


@dataclass
class Renders:
    """The renders of one film, one at a time. ``told`` is called with each new state, from another thread."""

    board: Path
    work: Path | None
    told: Callable[[State], None]
    state: State | None = None
    _process: subprocess.Popen[str] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def start(self, confirm_usd: float | None) -> State:
        """Start a render, once its price is agreed to; ``confirm_usd`` is also the most that it may spend.

        Raises PriceAsked where it costs something and ``confirm_usd`` is not that much; InputError and MissingError as a render
        does; ProcessingError where another run has the project.
        """
        with self._turn:
            with project_lock(Project.of(self.board, self.work).root):
                pass  # whoever has it is named
            price = render_film(self.board, RenderOptions(dry_run=True, work=self.work)).estimated_usd
            if price is None or (price > 0 and (confirm_usd is None or round(price - confirm_usd, 6) > 0)):
                raise PriceAsked(price)
            work = ["--work", str(self.work)] if self.work else []
            most = f"{confirm_usd if price and confirm_usd else 0:.6f}"
            argv = [sys.executable, "-P", "-m", "vidgen", "render", "--json", "--max-cost", most, *work, "--", str(self.board)]
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                encoding="utf-8", errors="replace", start_new_session=True,
            )  # fmt: skip
            state = self._tell({"state": "running", "stage": "takes", "share": 0.0})
            threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()
            return state

    def close(self) -> None:
        """End the render that is going on, as Ctrl-C would."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        progress, last = _Progress(), {}
        with process:
            for line in process.stdout or ():
                try:
                    last = json.loads(line)
                except ValueError:
                    continue
                if step := progress.after(last):
                    self._tell({"state": "running", **step})
        self._tell(_ended(last, process.returncode))

    def _tell(self, state: State) -> State:
        self.state = state
        self.told(state)
        return state


@dataclass
class _Progress:
    """How far a render is, by its events."""

    takes: int = 0
    made: int = 0

    def after(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """What an event changes; None: nothing that is shown."""
        name = event.get("event")
        if name == "run.started":
            self.takes = int(event["takes"])
        elif name == "take.done":
            self.made += 1
            return {"stage": "takes", "share": min(1.0, self.made / max(1, self.takes))}
        elif name == "post.progress":
            return {"stage": "post", "share": event["share"]}
        elif name == "cut.segment":
            return {"stage": "cut", "share": event["done"] / max(1, event["total"])}
        return None


def _ended(result: Mapping[str, Any], code: int) -> State:
    """What came of a render, by the last thing it said."""
    if result.get("type") == "result" and result.get("ok"):
        data = result["data"]
        return {"state": "done", "output": data["output"], "seconds": data["duration_s"], "needs_review": data["needs_review"]}
    error = result.get("error") or {
        "code": "internal",
        "message": f"the render ended with exit code {code}",
        "hint": "run vidgen render on the command line; takes that are made are kept",
    }
    return {"state": "failed", "error": error}
