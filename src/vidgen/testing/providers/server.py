"""One loopback server that plays providers. Each is a ``FakeProvider`` under its own path; jobs end in clips that are real."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

FailureMode = Literal[
    "ok",
    "slow",
    "refuse",
    "auth",
    "quota",
    "moderation",
    "moderation_output",
    "fail",
    "rate",
    "fault",
    "hang",
    "drop",
    "garbage",
    "expired",
    "expired_once",
    "broken_download",
    "not_a_video",
]
"""How one create request is treated.

``refuse``, ``auth``, ``quota``, ``moderation``, ``rate``: turned down, nothing is bought. ``fault``: bought, but answered
with 500. ``hang``: bought, no answer for ``hang_s``. ``drop``: bought, the connection is cut. ``garbage``: bought, the answer
cannot be read. ``fail``, ``moderation_output``: ends without a clip. ``slow``: never ends. ``expired``: the clip's address is
dead; ``expired_once``: until the job is asked for again. ``broken_download``: the first two downloads break off.
``not_a_video``: the clip is text.
"""
FAILURE_MODES: tuple[FailureMode, ...] = get_args(FailureMode)
BOUGHT = frozenset(FAILURE_MODES) - {"refuse", "auth", "quota", "moderation", "rate"}


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; an empty mapping where it is none."""
        try:
            return json.loads(self.content or b"{}")
        except ValueError:
            return {}

    def form(self) -> dict[str, Any]:
        """The fields of a multipart or urlencoded body; files as bytes."""
        from email import message_from_bytes
        from email.policy import HTTP

        kind = self.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return {name: values[-1] for name, values in parse_qs(self.content.decode()).items()}
        message = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + self.content, policy=HTTP)
        fields: dict[str, Any] = {}
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            fields[str(name)] = data if part.get_filename() else data.decode()
        return fields


@dataclass(frozen=True)
class Answer:
    """What is answered: a JSON value, or bytes of a media type."""

    status: int = 200
    json: Any = None
    content: bytes | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """In addition, or instead of the usual ones; None leaves one out. ``Transfer-Encoding: chunked`` is kept to."""


@dataclass
class FakeJob:
    """One bought job. ``seconds``, size, seed and whether there is ``sound`` are of the clip that it ends in."""

    id: str
    provider: str
    failure: FailureMode
    body: Any
    path: str
    seconds: float
    width: int
    height: int
    seed: int = 0
    sound: bool = False
    polls: int = 0
    downloads: int = 0
    born: float = field(default_factory=time.monotonic)
    fresh: int = 0
    """How often a new address was given out."""
    cancelled: bool = False
    seen_over: float | None = None
    """When its end was first told (clock of ``born``); None while the client takes it to be running."""


class FakeProvider(ABC):
    """One provider's protocol. ``prefix``: the first part of its path on the server (its base address ends in it)."""

    name: str
    prefix: str
    key_env: str
    key = "test-key-0123456789abcdef"
    address_env: str
    base_path = ""
    """What follows the prefix in the base address, such as ``/v1``."""

    def __init__(self, server: ProviderServer) -> None:
        self.server = server

    def environment(self) -> dict[str, str]:
        """The variables that send vidgen here."""
        return {self.key_env: self.key, self.address_env: f"{self.server.url}/{self.prefix}{self.base_path}"}

    @abstractmethod
    def answer(self, asked: Asked) -> Answer | None:
        """The provider's part of the protocol; ``asked.path`` is what follows the prefix. None cuts the connection."""

    def bought(self, asked: Asked, body: Any, *, seconds: float, width: int, height: int, seed: int = 0) -> FakeJob:
        """Accept a job. Clips of one seed are alike, those of another look different."""
        return self.server.accept(self, asked, body, seconds, width, height, seed)

    def sounds(self, asked: Asked, body: Any) -> bool:
        """Whether the clip of such a request has sound."""
        return isinstance(body, Mapping) and (body.get("audio") is True or body.get("sound") == "on")


class ProviderServer:
    """The server. Use as a context manager; ``environment()`` sends vidgen to it.

    Args:
        providers: which to play. failure_modes: of the first, second, ... create request over all providers; the last holds on.
        polls: how often a job is seen running before it ends; job_s: how long it runs, instead.
        hang_s: how long ``hang`` keeps silent. blips: share of all GET requests answered with 503, by luck of ``seed``.
        fps: frames per second of the clips.
    """

    def __init__(
        self,
        *providers: type[FakeProvider],
        failure_modes: Sequence[FailureMode] = ("ok",),
        polls: int = 2,
        job_s: float | None = None,
        hang_s: float = 30.0,
        blips: float = 0.0,
        seed: int = 1,
        fps: int = 24,
    ) -> None:
        self.failure_modes, self.polls, self.job_s, self.hang_s, self.blips = tuple(failure_modes), polls, job_s, hang_s, blips
        self._luck, self._fps = random.Random(seed), fps
        self.asked: list[Asked] = []
        self.jobs: list[FakeJob] = []
        self.uploads: dict[str, bytes] = {}
        """Files that were uploaded, by name."""
        self.created = 0
        """Create requests seen, bought or not."""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._folder = TemporaryDirectory(prefix="vidgen-providers-")
        self._clips: dict[tuple[float, int, int, int, bool], bytes] = {}
        self._drawing: dict[tuple[float, int, int, int, bool], threading.Lock] = {}
        server = self

        class Handler(_Handler):
            owner = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.providers = {kind.prefix: kind(self) for kind in providers}

    def __enter__(self) -> ProviderServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where the server keeps what is its own; gone when it ends."""
        return Path(self._folder.name)

    def environment(self) -> dict[str, str]:
        """Keys and addresses of all its providers, and quick polling."""
        found = {"VIDGEN_POLL_INTERVAL": "0.02"}
        for provider in self.providers.values():
            found.update(provider.environment())
        return found

    @contextmanager
    def reachable(self, monkeypatch: Any) -> Iterator[ProviderServer]:
        """Set the environment through pytest's monkeypatch."""
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)
        yield self

    def blinks(self) -> bool:
        """Whether this answer is lost to a blip."""
        with self._lock:
            return self._luck.random() < self.blips

    def next_failure(self) -> FailureMode:
        """The failure mode of the create request that is being answered."""
        with self._lock:
            self.created += 1
            return self.failure_modes[min(self.created, len(self.failure_modes)) - 1]

    def accept(
        self, provider: FakeProvider, asked: Asked, body: Any, seconds: float, width: int, height: int, seed: int = 0
    ) -> FakeJob:
        """Keep a bought job."""
        with self._lock:
            sound = provider.sounds(asked, body)
            job = FakeJob(uuid.uuid4().hex, provider.name, "ok", body, asked.path, seconds, width, height, seed, sound)
            self.jobs.append(job)
            return job

    def job(self, number: str) -> FakeJob | None:
        """The job of that id."""
        return next((job for job in self.jobs if job.id == number), None)

    def progress(self, job: FakeJob) -> Literal["queued", "running", "done", "failed", "moderated", "cancelled"]:
        """How a job stands when it is asked for once more."""
        with self._lock:
            job.polls += 1
            if job.cancelled:
                job.seen_over = job.seen_over or time.monotonic()
                return "cancelled"
            running = job.polls <= self.polls if self.job_s is None else time.monotonic() < job.born + self.job_s
            if running or job.failure == "slow":
                return "queued" if job.polls == 1 else "running"
            job.fresh += 1
            job.seen_over = job.seen_over or time.monotonic()
        endings: dict[str, Literal["failed", "moderated"]] = {"fail": "failed", "moderation_output": "moderated"}
        return endings.get(job.failure, "done")

    def most_at_once(self, provider: str) -> int:
        """How many jobs of a provider ran at once at most, from the request to the first look at its end."""
        jobs = [job for job in self.jobs if job.provider == provider]
        ends = [job.seen_over or time.monotonic() for job in jobs]
        return max((sum(job.born <= at.born < end for job, end in zip(jobs, ends, strict=True)) for at in jobs), default=0)

    def output_url(self, job: FakeJob) -> str:
        """The address of a finished job's clip; each call of ``progress`` after its end makes a fresh one."""
        return f"{self.url}/output/{job.id}/{job.fresh}.mp4"

    def clip(self, job: FakeJob) -> bytes:
        """A real clip of the job's length and shape, small: at most 128 pixels high."""
        scale = min(1.0, 128 / job.height)
        width, height = (max(16, round(side * scale / 2) * 2) for side in (job.width, job.height))
        form = (job.seconds, width, height, job.seed, job.sound)
        with self._lock:
            drawing = self._drawing.setdefault(form, threading.Lock())
        with drawing:  # other requests are answered meanwhile
            if form not in self._clips:
                self._clips[form] = _drawn(Path(self._folder.name), self._fps, *form)
            return self._clips[form]

    def download(self, path: str, asked: Asked | None = None) -> Answer:
        """A finished clip, or what its failure makes of it."""
        _, number, name = path.strip("/").split("/")
        job = self.job(number)
        if job is None:
            return Answer(404, content=b"no such clip", media_type="text/plain")
        job.downloads += 1
        if job.failure == "expired" or (job.failure == "expired_once" and name == "1.mp4"):
            return Answer(403, content=b"expired", media_type="text/plain")
        if job.failure == "not_a_video":
            return Answer(content=b"<html>sorry</html>", media_type="text/html")
        clip = self.clip(job)
        if job.failure == "broken_download" and job.downloads <= 2:
            return Answer(content=clip[: len(clip) // 2], media_type="video/mp4", headers={"Content-Length": str(len(clip))})
        return Answer(content=clip, media_type="video/mp4")

    def upload_url(self) -> tuple[str, str]:
        """A place for one file, outside of every API: its name and its address."""
        name = uuid.uuid4().hex
        return name, f"{self.url}/upload/{name}"

    def uploaded(self, asked: Asked) -> Answer:
        """Keep a file that was sent to such a place."""
        kind = asked.headers.get("content-type", "")
        content = asked.form().get("file") if kind.startswith("multipart/form-data") else asked.content
        if not isinstance(content, bytes) or not content:
            return Answer(400, content=b"no file", media_type="text/plain")
        self.uploads[asked.path.rpartition("/")[2]] = content
        return Answer(204, content=b"", media_type="text/plain")

    def created_by(
        self, provider: FakeProvider, asked: Asked, buy: Callable[[], FakeJob], failing: Mapping[str, Answer]
    ) -> Answer | FakeJob | None:
        """One create request by the script's next failure mode: the refusal out of ``failing``, a bought job, or None
        where the connection is to be cut. ``failing`` holds the provider's own words for each refusal and for ``fault``.
        """
        failure = self.next_failure()
        if failure not in BOUGHT:
            return failing[failure]
        job = buy()
        job.failure = failure
        if failure == "fault":
            return failing["fault"]
        if failure == "garbage":
            return Answer(content=b"<!doctype html>", media_type="text/html")
        if failure == "hang":
            self._over.wait(self.hang_s)
        return None if failure in ("drop", "hang") else job


class _Handler(BaseHTTPRequestHandler):
    owner: ProviderServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Head and body are written apart: with Nagle's algorithm each answer would wait 40 ms for the client's acknowledgement."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, query, headers, self.rfile.read(length))
        self.owner.asked.append(asked)
        _, prefix, *rest = parts.path.split("/")
        if asked.method == "GET" and self.owner.blinks():
            answer: Answer | None = Answer(503, {"message": "upstream connect error"})
        elif prefix == "output":
            answer = self.owner.download(parts.path, asked)
        elif prefix == "upload":
            answer = self.owner.uploaded(asked)
        elif provider := self.owner.providers.get(prefix):
            answer = provider.answer(Asked(self.command, "/" + "/".join(rest), query, headers, asked.content))
        else:
            answer = Answer(404, {"message": f"no provider under /{prefix}"})
        self._reply(answer)

    def _reply(self, answer: Answer | None) -> None:
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        content = answer.content if answer.content is not None else json.dumps(answer.json).encode()
        self.send_response_only(answer.status)
        usual = {"Date": self.date_time_string(), "Content-Type": answer.media_type, "Content-Length": str(len(content))}
        headers = {**usual, **answer.headers}
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        chunked = headers.get("Transfer-Encoding") == "chunked"
        self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if chunked else content)
        if not chunked and headers["Content-Length"] != str(len(content)):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            pass  # the client went away, or the failure cut the connection

    def log_message(self, *_: object) -> None:
        """Silence."""


def _drawn(folder: Path, fps: int, seconds: float, width: int, height: int, seed: int, sound: bool) -> bytes:
    """A bar that crosses a plain picture, whose colour is by the seed; ``sound``: with a tone."""
    from fractions import Fraction

    import numpy as np

    from vidgen.media.ffmpeg import input_args, run_ffmpeg
    from vidgen.media.frames import FrameWriter

    file = folder / f"{time.monotonic_ns()}.mp4"
    count = max(1, round(seconds * fps))
    ground = np.random.default_rng(seed).integers(20, 140, 3) if seed else (40, 60, 90)
    with FrameWriter(file, width, height, Fraction(fps), frames=count) as writer:
        for index in range(count):
            picture = np.full((height, width, 3), ground, np.uint8)
            left = index * 2 % width
            picture[:, left : left + 6] = (230, 200, 80)
            writer.write(picture)
    if sound:
        silent = file.rename(file.with_suffix(".silent.mp4"))
        tone = ["-f", "lavfi", "-i", f"sine=440:r=48000:d={seconds}", "-map", "0:v", "-map", "1:a", "-c:v", "copy"]
        run_ffmpeg([*input_args(silent), *tone, "-c:a", "aac", str(file)], what="a clip with a tone")
        silent.unlink()
    content = file.read_bytes()
    file.unlink()
    return content
