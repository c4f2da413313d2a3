"""What every engine at a provider shares: key and address from the environment, one create request, the order, the result."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.catalog.capabilities import Capabilities
from vidgen.engines.base import Composed, Job, RemoteEngine, Send
from vidgen.engines.cloud.api import Address, Api
from vidgen.engines.cloud.download import fetch_result
from vidgen.engines.cloud.failures import Kind
from vidgen.engines.cloud.inputs import Blob
from vidgen.engines.cloud.inspection import inspect_clip, is_whole
from vidgen.engines.cloud.keys import key_named, place_of
from vidgen.errors import InputError, MissingError
from vidgen.settings import settings, variable
from vidgen.takes.request import Generated, Order, ShotRequest, TakeRequest


@dataclass(frozen=True)
class Create:
    """The one paid request: where, what (JSON, or form fields and files), and what is left out or approximated.

    A ``Blob`` in the JSON stands for a file until ``CloudEngine.attach`` has put its content or its name there.
    ``track``: what polling needs beside the provider's own id (such as the path), kept with it in the journal.
    ``seconds``: length of the clip that is bought, as the order has it. ``reference_field``: the field of the JSON for our own
    id of the submission; empty where the provider has none.
    """

    path: str
    json: Mapping[str, Any] | None = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str | None, bytes, str | None]] | None = None
    track: str = ""
    seconds: float | None = None
    notices: tuple[tuple[str, str], ...] = ()
    reference_field: str = ""

    def body(self) -> dict[str, Any]:
        """Arguments of the HTTP client."""
        given = {"json": self.json, "data": self.data, "files": self.files}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class Result:
    """A finished job's clip: an address to download (``url``: whole, or a path of the API itself, which is read with the
    key) or the bytes; the provider's own cost in US dollars.
    """

    url: str | None = None
    content: bytes | None = None
    cost_usd: float | None = None


class CloudEngine(RemoteEngine):
    """Base of all. A subclass says where and who (the class members), and translates: ``ordered_size``,
    ``create_request``, ``job_id_of``, ``read_job``, ``result_of``.
    """

    title: str
    keys: tuple[str, ...]
    """Environment variables of which one holds the key."""
    address_env: str
    address: str | None
    """The built-in address; None where the user has to give one."""

    def __init__(self) -> None:
        self._api: Api | None = None
        self._notices: dict[tuple[str, int], tuple[tuple[str, str], ...]] = {}
        """Of each request that was composed in this run, by shot and take."""

    def capabilities(self, model: str | None = None) -> Capabilities:
        """The row of the table."""
        from vidgen.catalog.engines import capabilities

        found = capabilities(self.name, model)
        assert found is not None
        return found

    def order(self, request: ShotRequest) -> Order:
        """What ``create_request`` would put into the body now of the clip's form. Two requests of one key whose orders are
        equal make the same body.
        """
        return Order(self.ordered_seconds(request), self.ordered_size(request), self.ordered_rate(request))

    def ordered_seconds(self, request: ShotRequest) -> float:
        """Length of the clip that is bought. Where a clip that is sent decides it: how much of that is requested, at most."""
        capabilities = self.capabilities(request.model)
        return capabilities.billed_s(request.duration_s, request.by_references, closes=request.task == "first_last_frame")

    @abstractmethod
    def ordered_size(self, request: ShotRequest) -> str:
        """What the body says of size and shape, from the request alone: ``1280:720``, ``720p 16:9``. Where the clip gets its
        shape from the picture that opens it, the shape to which that is cropped.
        """

    def ordered_rate(self, request: ShotRequest) -> str:
        """Frames per second where the body names them; empty here."""
        return ""

    def available(self) -> str | None:
        """Which variable is missing."""
        if self.keys and not self.key():
            return f"set {' or '.join(self.keys)}"
        if self.address is None and not variable(self.address_env):
            return f"set {self.address_env}"
        return None

    def key(self) -> str | None:
        """The key, or None."""
        return next((value for name in self.keys if (value := key_named(name))), None)

    def key_place(self) -> str:
        """Where the key was found: ``environment``, ``keyring``, or empty."""
        return next((place for name in self.keys if (place := place_of(name))), "")

    def api(self) -> Api:
        """The client of this run. Raises MissingError where a key or the address is missing, InputError for a bad address."""
        if self._api is None:
            if lacks := self.available():
                raise MissingError("engine.not_ready", f"{self.title} needs a key: {lacks}", hint=f"{lacks} in the environment")
            own = variable(self.address_env)
            address = Address(own or self.address or "", self.address_env if own else "built in")
            self._api = Api(
                self.title,
                address,
                self.headers,
                self.classify,
                key_name=" or ".join(self.keys),
                secrets=self.secrets(),
                pause_s=min(1.0, settings().poll_interval(1.0)),
            )
        return self._api

    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return tuple(value for name in self.keys if (value := key_named(name)))

    def headers(self) -> Mapping[str, str]:
        """Headers of every request to the API."""
        return {"Authorization": f"Bearer {self.key()}"} if self.key() else {}

    async def submit(self, take: TakeRequest, *, reference: str) -> str:
        """See ``RemoteEngine``. The id is the provider's own, after ``track`` and a colon where that is needed to poll."""
        composed = await asyncio.to_thread(self.compose, take)
        return await (await self.ready(composed, reference=reference))()

    def compose(self, take: TakeRequest) -> Composed:
        """See ``RemoteEngine``; ``request`` is a ``Create``."""
        self.check(take.request)
        self.api().check()
        create = self.create_request(take)
        self._notices[(take.request.shot, take.take)] = create.notices
        return Composed(take, create.notices, create)

    async def ready(self, composed: Composed, *, reference: str) -> Send:
        """See ``RemoteEngine``."""
        self.api().http()
        self.api().check()
        take = composed.take
        create = await self.filled(composed.request, take, reference)
        self._notices[(take.request.shot, take.take)] = create.notices

        async def send() -> str:
            return await self.sent(create, take)

        return send

    async def sent(self, create: Create, take: TakeRequest) -> str:
        """Send the create request, once; the job's id."""
        answer = await self.api().create(create.path, **create.body())
        number = self.job_id_of(answer)
        if not number:
            raise self.api().failure("unknown_submit", "its answer names no job")
        return f"{create.track}:{number}" if create.track else number

    async def filled(self, create: Create, take: TakeRequest, reference: str) -> Create:
        """The composed request as it goes out: with its files, which are uploaded where they cannot go inside, and with our
        ``reference``. Costs nothing.
        """
        body = await self._attached(create.json)
        return replace(create, json={**body, create.reference_field: reference} if create.reference_field else body)

    async def _attached(self, value: Any) -> Any:
        if isinstance(value, Blob):
            return await self.attach(value)
        if isinstance(value, Mapping):
            return {name: await self._attached(part) for name, part in value.items()}
        return [await self._attached(part) for part in value] if isinstance(value, list) else value

    async def attach(self, blob: Blob) -> Any:
        """What stands in the body for a file: here its bytes in base64; else a data address, or the name of an upload."""
        return blob.bare

    async def poll(self, job_id: str) -> Job:
        """See ``RemoteEngine``."""
        track, _, number = job_id.rpartition(":")
        job = await self.read_job(job_id, track, number)
        return replace(job, error=self.api().clean(job.error)) if job.error else job

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        """Download the result, once more with a fresh address where the first has expired, and look at it. ``out`` is the very
        file that the provider serves.
        """
        from vidgen.engines.cloud.failures import ProviderError

        raw = out.with_name(f"{out.name}.download")
        try:
            try:
                result = await self._download(job, raw)
            except ProviderError as error:
                if error.kind != "expired":
                    raise
                result = await self._download(await self.poll(job.id), raw)
            first = await asyncio.to_thread(self.first_frame, job.id, raw)
            notices = await asyncio.to_thread(inspect_clip, raw, take.request, self.title, first)
            raw.replace(out)
        finally:
            raw.unlink(missing_ok=True)
        known = self._notices.get((take.request.shot, take.take))
        earlier = await asyncio.to_thread(self._composed_notices, take) if known is None else known
        return Generated(
            out,
            self.manifest(job, take),
            diffusion=True,
            cost_usd=result.cost_usd,
            notices=(*earlier, *notices),
            first=first,
        )

    def _composed_notices(self, take: TakeRequest) -> tuple[tuple[str, str], ...]:
        """What is left out or approximated in a request that an earlier run sent. Nothing where a file has gone since."""
        try:
            return self.create_request(take).notices
        except InputError:
            return ()

    async def _download(self, job: Job, raw: Path) -> Result:
        try:
            result = await self.result_of(job)
        except ValueError as error:
            raise self.api().failure("provider_fault", "its result cannot be read") from error
        if result.content is not None:
            raw.write_bytes(result.content)
        elif result.url:
            await fetch_result(self.api(), result.url, raw, is_whole=is_whole)
        else:
            raise self.api().failure("provider_fault", "the job ended well but names no clip")
        return result

    def manifest(self, job: Job, take: TakeRequest) -> dict[str, Any]:
        """How the take was made. A provider without seeds cannot repeat a take."""
        capabilities = self.capabilities(take.request.model)
        return {
            "engine": self.name,
            "model": capabilities.model,
            "job": job.id,
            "seed": take.seed if capabilities.seed else None,
            "reproducible": capabilities.seed,
            "prompt": take.request.prompt,
        }

    async def close(self) -> None:
        """Let go of connections."""
        if self._api is not None:
            await self._api.close()
            self._api = None

    @abstractmethod
    def classify(self, status: int, body: Any) -> Kind:
        """What an answer other than 2xx means."""

    @abstractmethod
    def create_request(self, take: TakeRequest) -> Create:
        """The paid request for a take, made of the request and its files alone. Raises InputError where one does not fit."""

    @abstractmethod
    def job_id_of(self, answer: Mapping[str, Any]) -> str:
        """The provider's id in the answer to the create request; empty where there is none."""

    @abstractmethod
    async def read_job(self, job_id: str, track: str, number: str) -> Job:
        """Ask how a job stands. ``Job.raw`` holds the provider's answer, ``Job.error`` its own words."""

    @abstractmethod
    async def result_of(self, job: Job) -> Result:
        """Where the finished clip is. Reads ``job.raw``."""


def by_status(status: int, moderated: bool = False) -> Kind:
    """The usual meaning of an HTTP status."""
    if moderated:
        return "moderation_input"
    usual: dict[int, Kind] = {401: "auth", 402: "quota", 403: "auth", 404: "bad_request", 408: "provider_fault", 429: "rate"}
    return usual.get(status, "provider_fault" if status >= 500 else "bad_request")
