"""A scripted cloud provider on disk, for tests of all that drives a remote engine."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal, get_args

from vidgen.catalog.capabilities import Capabilities, Price
from vidgen.engines.base import Job, RemoteEngine
from vidgen.errors import ProcessingError
from vidgen.media.files import write_text
from vidgen.media.rate import rate_text
from vidgen.takes.request import Generated, TakeRequest

FailureMode = Literal["ok", "slow", "fail", "moderation", "refuse", "unknown", "expired"]
"""Failure mode of one job: ``ok``; ``slow`` (never ends); ``fail`` while it runs; ``moderation`` of the result; ``refuse``
(the request is rejected, nothing is bought); ``unknown`` (accepted, but the response is lost); ``expired`` (finished, but the
result can no longer be fetched)."""

FAILURE_MODES: tuple[FailureMode, ...] = get_args(FailureMode)


class ScriptedRemote(RemoteEngine):
    """A remote engine whose provider is a folder. Instances with the same folder share its jobs.

    Args:
        folder: folder of the provider's jobs; None: a new temporary folder.
        failure_modes: failure mode of the first, second, ... job; the last one is repeated.
        polls: number of polls before a job ends.
        price: US dollars per second; None: unknown.
        name: the engine's name.
    """

    poll_interval_s = 0.01

    def __init__(
        self,
        folder: Path | None = None,
        *,
        failure_modes: Sequence[FailureMode] = ("ok",),
        polls: int = 2,
        price: float | None = 0.1,
        name: str = "scripted",
    ) -> None:
        self.name = name
        self.folder = folder or Path(mkdtemp(prefix="scripted-remote-"))
        self.failure_modes = tuple(failure_modes)
        self.polls = polls
        self.price = price

    def capabilities(self, model: str | None = None) -> Capabilities:
        """Text and pictures to video, of any size and length, with seeds."""
        return Capabilities(
            engine=self.name,
            model=model or "scripted-1",
            title="a provider that follows a script",
            tasks=("text_to_video", "image_to_video"),
            first_frame=True,
            seed=True,
            moves=("all",),
            concurrency=2,
            diffusion=False,
            price=Price(per_second=self.price, source="the script"),
        )

    @property
    def created(self) -> int:
        """Number of accepted create requests; each was bought."""
        return len(self.jobs())

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs at the provider in order of creation: id, failure, polls, reference, seed, prompt, ..."""
        rows = [json.loads(file.read_text(encoding="utf-8")) for file in self.folder.glob("job-*.json")]
        return sorted(rows, key=lambda row: row["number"])

    async def submit(self, take: TakeRequest, *, reference: str) -> str:
        """Accept or reject a job by its failure mode."""
        number = self.created + 1
        failure = self.failure_modes[min(number, len(self.failure_modes)) - 1]
        if failure == "refuse":
            raise ProcessingError("generation.moderated", f"{self.name}: the prompt was turned down", where=take.request.shot)
        job = {
            "id": f"job-{uuid.uuid4().hex[:12]}",
            "number": number,
            "failure": failure,
            "polls": 0,
            "reference": reference,
            "seed": take.seed,
            "model": take.request.model,
            "prompt": take.request.prompt,
            "frames": take.request.frames,
            "fps": rate_text(take.request.fps),
            "width": take.request.width,
            "height": take.request.height,
        }
        self._save(job)
        if failure == "unknown":
            raise ProcessingError("submit.unknown", f"{self.name}: no answer to the request", where=take.request.shot)
        return str(job["id"])

    async def poll(self, job_id: str) -> Job:
        """Queued, then running, then the end by its failure mode. Later polls give the same result."""
        await asyncio.sleep(0)
        job = self._job(job_id)
        job["polls"] += 1
        self._save(job)
        if job["polls"] <= self.polls or job["failure"] == "slow":
            state: Literal["queued", "running"] = "queued" if job["polls"] == 1 else "running"
            return Job(job_id, state, progress=min(0.95, job["polls"] / (self.polls + 1)))
        ends = {"fail": "the machine caught fire", "moderation": "the result was turned down by a policy"}
        if job["failure"] in ends:
            return Job(job_id, "failed", error=ends[job["failure"]])
        return Job(job_id, "succeeded", progress=1.0, raw={"job": job_id})

    async def fetch(self, job: Job, take: TakeRequest, out: Path) -> Generated:
        """Write the clip in the ordered form: a bar that moves across a plain picture, with colours by the job's seed."""
        row = self._job(job.id)
        if row["failure"] == "expired":
            raise ProcessingError("result.expired", f"{self.name}: the result of {job.id} is gone", where=take.request.shot)
        await asyncio.to_thread(_draw, row, out)
        manifest = {"engine": self.name, "model": row["model"] or "scripted-1", "seed": row["seed"], "job": job.id}
        price = self.estimate(take.request)
        return Generated(file=out, manifest=manifest, diffusion=False, cost_usd=price)

    async def cancel(self, job_id: str) -> None:
        """End a running job."""
        self._save({**self._job(job_id), "failure": "fail", "polls": self.polls})

    def _job(self, job_id: str) -> dict[str, Any]:
        try:
            job: dict[str, Any] = json.loads((self.folder / f"{job_id}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ProcessingError("generation.failed", f"{self.name}: there is no job {job_id}") from None
        return job

    def _save(self, job: dict[str, Any]) -> None:
        write_text(self.folder / f"{job['id']}.json", json.dumps(job, ensure_ascii=False))


def _draw(job: Mapping[str, Any], out: Path) -> None:
    import numpy as np

    from vidgen.media.frames import FrameWriter

    seed, width, height = int(job["seed"]), int(job["width"]), int(job["height"])
    colours = np.random.default_rng(seed).integers(40, 216, (2, 3))
    with FrameWriter(out, width, height, Fraction(job["fps"]), frames=int(job["frames"])) as writer:
        for index in range(int(job["frames"])):
            frame = np.full((height, width, 3), colours[0], np.uint8)
            left = (index * 2 + seed) % width
            frame[:, left : left + max(4, width // 8)] = colours[1]
            writer.write(frame)
