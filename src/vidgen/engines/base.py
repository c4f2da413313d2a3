"""The interface that every engine meets, built-in or third-party.

An engine says what it can do (``capabilities``) and what it would cost (``estimate``). A local engine makes a take in
one call (``generate``); a remote one in steps (``submit``, ``poll``, ``fetch``) so that a crash between any two of
them loses nothing: the job id is on disk before it is polled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.guard import failure_of
from vidgen.errors import Cancelled as Interrupted
from vidgen.errors import InputError, MissingError, VidgenError
from vidgen.media.rate import rate_text
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest

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
        size = (request.width, request.height)
        return able.price_of(request.duration_s, *size, request.task, request.by_references, request.sound)

    def order(self, request: ShotRequest) -> Order:
        """The form in which a take of the request would be ordered now. A take at hand that covers it is not made again.

        Here, for engines that make what is asked for: exactly the request's length, size and rate. No network, opens no file.
        """
        size = f"{request.width}x{request.height}"
        return Order(request.duration_s, size, rate_text(request.fps), exact=True)

    def available(self) -> str | None:
        """None where the engine can run here; else one line saying what is missing. No network."""
        return None

    def check(self, request: ShotRequest) -> None:  # noqa: B027 - engines may have nothing to say
        """Raise InputError where the model cannot make this shot, as far as the request alone tells. Opens none of its
        pictures and clips, so that ``inputs.continues`` may name a take that is yet to be made; no network.
        """

    def reading(self, request: ShotRequest) -> str:
        """What an engine that draws from words newly reads in these, "" for nothing: takes drawn without it are not these."""
        return ""

    def preflight(self, request: ShotRequest) -> Sequence[tuple[str, str]]:
        """Do all of a submission but send it, or of making a take but the work: codes and words of what will not be as asked.
        Raises InputError for whatever of the shot would stop it, its files included.
        """
        self.check(request)
        return ()


class LocalEngine(Engine):
    """Makes clips on this machine."""

    at_once: int | None = None
    """Calls of ``generate`` or ``generate_many`` that may run side by side; None: as the capabilities say. A property where
    it depends on the machine (one for each GPU).
    """
    together: bool = False
    """True where the takes of one shot are cheaper together: the renderer then calls ``generate_many`` with all of them."""

    own_process: bool = False
    """True where it works in Python for the most part, so that takes that are made at once would wait for each other: those of
    a longer film are then made in processes of their own, each with an engine of its own that is told nothing else.
    """

    on_preview: Callable[[str, Mapping[str, Any]], None] | None = None
    """Set by the renderer; an engine that can show unfinished pictures calls it with the shot and a mapping of ``takes``,
    ``step``, ``steps``, ``width``, ``height`` and ``rgb`` (base64 of uint8 RGB), as often as it likes.
    """

    stopped: Cancelled | None = None
    """Set by the renderer: whether the user wants to stop. For ``prepare``, which is told of nothing else and may take long."""

    def estimate(self, request: ShotRequest) -> float | None:
        """Nothing: this machine is paid for already."""
        return 0.0

    def model_key(self, model: str | None) -> str | None:
        """What names the model in take keys: its content where it is a user's own file or folder, never a path. Raises
        MissingError or InputError where the model cannot be used here: this is asked before anything is made.
        """
        return model

    def prepare(self, requests: Sequence[ShotRequest]) -> None:
        """Told once a run, before its first take: every shot that it may make. A place to do at once what all of them need."""

    @abstractmethod
    def generate(
        self, take: TakeRequest, out: Path, *, progress: Progress = lambda share: None, cancelled: Cancelled = lambda: False
    ) -> Generated:
        """Make one take and write it to ``out`` (.mp4) in the form that ``order`` tells: where that is exact, exactly
        ``request.frames`` frames at ``request.fps`` of ``request.width`` x ``request.height`` pixels; else at the engine's own
        length, size and rate, not encoded more often than it takes. The same request and seed give the same pictures.
        """

    def generate_many(
        self,
        takes: Sequence[TakeRequest],
        outs: Sequence[Path],
        *,
        progress: Progress = lambda share: None,
        cancelled: Cancelled = lambda: False,
    ) -> list[Generated | VidgenError]:
        """Make takes of one shot, each to its file; what came of each, in the same order. Raises what concerns all of them;
        where some were made before that, it stands in the places of the others, so that those are kept.
        """
        made: list[Generated | VidgenError] = []
        for index, (take, out) in enumerate(zip(takes, outs, strict=True)):

            def part(share: float, before: int = index) -> None:
                progress((before + share) / len(takes))

            try:
                made.append(self.generate(take, out, progress=part, cancelled=cancelled))
            except (Interrupted, InputError, MissingError):
                raise
            except Exception as error:
                made.append(failure_of(error, self, take.request.shot, take.take))
        return made

    def close(self) -> None:
        """Let go of processes and memory at the end of a run."""


Send = Callable[[], Awaitable[str]]
"""The one step of a submission that may cost something: sends the create request, gives the provider's job id."""

JobState = Literal["queued", "running", "succeeded", "failed"]


@dataclass(frozen=True)
class Job:
    """A remote job as last seen. ``error`` is the provider's own words, ``kind`` what sort of failure they tell of (as in
    ``engines.cloud.failures.Kind``; None: of its own); ``raw`` whatever ``fetch`` needs (JSON values); ``cost_usd`` what a
    job that failed has cost all the same.
    """

    id: str
    state: JobState
    progress: float | None = None
    error: str | None = None
    kind: str | None = None
    raw: Mapping[str, Any] | None = None
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Composed:
    """The one create request of a take, worked out before anything is bought. Nothing of it changes later, and no key is in it.

    Args:
        take: the take that is requested.
        notices: (code, message) pairs: options that are left out or approximated.
        request: the engine's own form of the request; ``ready`` gets it back as it is.
    """

    take: TakeRequest
    notices: tuple[tuple[str, str], ...] = ()
    request: Any = None


class RemoteEngine(Engine):
    """Makes clips at a provider, by the coroutines ``submit`` (which sends exactly one create request), ``poll`` and ``fetch``.

    A renderer calls ``compose`` once for each take before it asks for consent, and passes the result to ``ready`` after it.
    """

    poll_interval_s: float = 5.0
    deadline_s: float = 3600.0
    """How long a run waits for one job before it leaves it to the next run."""

    def order(self, request: ShotRequest) -> Order:
        """Here: the length that is billed, the size that is wanted, and the provider's own rate."""
        able = self.capabilities(request.model)
        seconds = able.billed_s(request.duration_s, request.by_references, closes=request.task == "first_last_frame")
        return Order(seconds, f"{request.width}x{request.height}")

    def compose(self, take: TakeRequest) -> Composed:
        """The create request of a take, made of the request and its files alone. No network; may open files, so call it in a
        thread. Raises InputError where the provider would refuse it. Here: what ``preflight`` says, and nothing more.
        """
        return Composed(take, tuple(self.preflight(take.request) or ()))

    async def ready(self, composed: Composed, *, reference: str) -> Send:
        """Do all of a submission that costs nothing (files uploaded, settings checked) and return the step that sends
        ``composed``. What is raised here was surely not sent; the step may be repeated where the provider turned it away.
        """
        return partial(self.submit, composed.take, reference=reference)

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
        """Download the result to ``out``, byte for byte, and see that it is a clip that can be used."""

    def first_frame(self, job_id: str, clip: Path) -> int:
        """The number of the frame, in the downloaded ``clip``, at which what was ordered begins: a continuation may come with
        the clip that it continues. No network.
        """
        return 0

    async def cancel(self, job_id: str) -> None:
        """Ask the provider to stop the job; does nothing where it cannot."""

    async def find(self, reference: str) -> str | None:
        """The job id of a create request whose answer was lost, by our reference; None where the provider knows of none.
        Raises NotImplementedError where it cannot be asked.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of connections at the end of a run."""
