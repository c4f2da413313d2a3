"""The interface that every engine meets, built-in or third-party.

An engine says what it can do (``capabilities``) and what it would cost (``estimate``). A local engine makes a take in
one call (``generate``); a remote one in steps (``submit``, ``poll``, ``fetch``) so that a crash between any two of
them loses nothing: the job id is on disk before it is polled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vidgen.catalog.capabilities import Capabilities
from vidgen.takes.request import Generated, ShotRequest, TakeRequest

Progress = Callable[[float], None]
"""Called with the share done, 0 to 1."""

Cancelled = Callable[[], bool]
"""True once the user wants to stop; a generation looks at it at least once a second and raises errors.Cancelled."""


class Engine(ABC):
    """Base of ``LocalEngine`` and ``RemoteEngine``. Made without arguments; making one loads nothing heavy, asks no network."""

    name: str
    """As in ``--engine NAME``: the name of its entry point."""

    draws_words: bool = False
    """True where pictures are made from ``request.words`` and not from the prompt alone; they then count in take keys."""

    @abstractmethod
    def capabilities(self, model: str | None = None) -> Capabilities:
        """What the engine (with this model, or its default one) can do. No network."""

    def estimate(self, request: ShotRequest) -> float | None:
        """US dollars that one take would cost at most, by the price table; None where that is not known. No network."""
        able = self.capabilities(request.model)
        return able.price_of(request.duration_s, request.width, request.height, request.task, request.by_references)

    def available(self) -> str | None:
        """None where the engine can run here; else one line saying what is missing. No network."""
        return None


class LocalEngine(Engine):
    """Makes clips on this machine."""

    def estimate(self, request: ShotRequest) -> float | None:
        """Nothing: this machine is paid for already."""
        return 0.0

    @abstractmethod
    def generate(
        self, take: TakeRequest, out: Path, *, progress: Progress = lambda share: None, cancelled: Cancelled = lambda: False
    ) -> Generated:
        """Make one take and write it to ``out`` (.mp4): exactly ``request.frames`` frames at ``request.fps``, of exactly
        ``request.width`` x ``request.height`` pixels. The same request and seed give the same pictures.
        """


JobState = Literal["queued", "running", "succeeded", "failed"]


@dataclass(frozen=True)
class Job:
    """A remote job as last seen. ``error`` is the provider's own words, ``kind`` what sort of failure they tell of (as in
    ``engines.cloud.failures.Kind``; None: of its own); ``raw`` whatever ``fetch`` needs (JSON values).
    """

    id: str
    state: JobState
    progress: float | None = None
    error: str | None = None
    kind: str | None = None
    raw: Mapping[str, Any] | None = None


class RemoteEngine(Engine):
    """Makes clips at a provider. All three steps are coroutines; ``submit`` sends exactly one create request."""

    poll_interval_s: float = 5.0
    deadline_s: float = 3600.0
    """How long a run waits for one job before it leaves it to the next run."""

    @abstractmethod
    async def submit(self, take: TakeRequest, *, reference: str) -> str:
        """Send the one create request and return the provider's job id. ``reference`` is our own id for it, sent where
        the provider takes one. Never retried: an unclear answer raises errors.ProcessingError ``submit.unknown``.
        """

    @abstractmethod
    async def poll(self, job_id: str) -> Job:
        """How the job stands."""

    @abstractmethod
    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        """Download the result to ``out`` and bring it to the requested frames, rate and size."""

    async def cancel(self, job_id: str) -> None:
        """Ask the provider to stop the job; does nothing where it cannot."""

    async def find(self, reference: str) -> str | None:
        """The job id of a create request whose answer was lost, by our reference; None where the provider knows of none.
        Raises NotImplementedError where it cannot be asked.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of connections at the end of a run."""
