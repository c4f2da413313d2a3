"""A slot of a node: one worker process, the files that come for it, and those that it makes. It knows nothing of Ray itself.

Every method is called over the network by the gateway, from several threads. A worker that ends takes nothing with it: the slot
says so, and starts another for the next work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import shutil
import socket
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidgen.cluster.cache import FileCache
from vidgen.cluster.packing import FileRef, Seen
from vidgen.cluster.process import WorkerProcess
from vidgen.cluster.share import VARIABLE, share_of
from vidgen.media.files import sha256_file
from vidgen.settings import settings

LOG = logging.getLogger(__name__)
CACHE_GB = 20.0


def cache_folder() -> Path:
    """Where this node keeps files."""
    from vidgen.media.home import vidgen_home

    return vidgen_home() / "cluster" / "files"


class Slot:
    """One slot.

    Args:
        run: the run's id, for the names of folders.
        gpus: numbers of the GPUs that the worker may use, as CUDA counts them; None: it may use what it finds.
        flags: variables that the worker's environment has on top.
        alone: whether its process has no other children than those of its worker, so that it may end what a worker left.
    """

    def __init__(self, run: str, gpus: Sequence[str] | None, flags: Mapping[str, str], *, alone: bool = False) -> None:
        limit = settings().cluster_cache_gb
        self._cache = FileCache(cache_folder(), round((CACHE_GB if limit is None else limit) * 1e9))
        work = cache_folder().parent / "work"
        work.mkdir(parents=True, exist_ok=True)
        _sweep(work)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{socket.gethostname()}-{os.getpid()}-{run[:8]}-", dir=work))
        self._flags = dict(flags)
        shown = {} if gpus is None else {"CUDA_VISIBLE_DEVICES": ",".join(gpus)}
        self._worker = WorkerProcess({**flags, **shown}, apart=True, alone=alone)
        self._parts: dict[str, Path] = {}
        self._lock = threading.Lock()

    def ready(self) -> int:
        """The process that the slot is in."""
        return os.getpid()

    def missing(self, files: Sequence[tuple[FileRef, Seen]]) -> list[FileRef]:
        """The files that have to be sent: neither in the node's cache nor on a disk that this node shares with the driver."""
        return [ref for ref, seen in files if not self._cache.has(ref.sha256) and not seen.is_here()]

    def receive(self, sha256: str, chunk: bytes, *, first: bool, last: bool) -> bool:
        """Take the next bytes of a file. False with the last ones where what came is not what was sent."""
        with self._lock:
            if first:
                self._drop(sha256)
                self._parts[sha256] = self._cache.part()
            part = self._parts[sha256]
        with part.open("ab") as stream:
            stream.write(chunk)
        if not last:
            return True
        with self._lock:
            del self._parts[sha256]
        return self._cache.adopt(part, sha256)

    def pull(self, sha256: str) -> bool:
        """Have a file from the place that all machines share; False where that does not work here."""
        part = self._cache.part()
        try:
            share = share_of(self._flags.get(VARIABLE, ""))
            return share is not None and share.get(sha256, part) and self._cache.adopt(part, sha256)
        except Exception as error:
            LOG.warning("the share of the cluster cannot be read here: %s", error)
            return False
        finally:
            part.unlink(missing_ok=True)

    def push(self, job: str, number: int, sha256: str) -> bool:
        """Bring a file that was made to the place that all machines share; False where that does not work here."""
        try:
            share = share_of(self._flags.get(VARIABLE, ""))
            if share is None:
                return False
            share.put(self._folder / job / f"{number}.mp4", sha256)
        except Exception as error:
            LOG.warning("the share of the cluster cannot be written here: %s", error)
            return False
        return True

    def begin(self, job: str, work: bytes, files: Sequence[tuple[FileRef, Seen]], outs: int) -> list[FileRef]:
        """Begin a piece of work; the files that are missing after all, and then nothing has begun."""
        folder = self._folder / job
        folder.mkdir(parents=True, exist_ok=True)
        places, missing = {}, []
        for ref, seen in files:
            place = folder / "in" / ref.folder / ref.name
            places[ref] = str(place)
            if self._cache.link(ref.sha256, place):
                continue
            if seen.is_here():
                place.symlink_to(seen.path)  # under its own name: beside the others, wherever each comes from
            else:
                missing.append(ref)
        if missing:
            shutil.rmtree(folder, ignore_errors=True)
            return missing
        self._worker.start()
        out = [str(folder / f"{number}.mp4") for number in range(outs)]
        self._worker.send({"do": "run", "job": job, "work": work, "places": places, "outs": out, "folder": str(folder)})
        return []

    def poll(self, job: str, seconds: float) -> list[dict[str, Any]]:
        """What there is to tell, waiting up to so many seconds for the first. ``done`` has size and SHA-256 of each file
        that was made.
        """
        events: list[dict[str, Any]] = []
        with contextlib.suppress(queue.Empty):
            events.append(self._worker.events.get(timeout=seconds))
            while len(events) < 100:
                events.append(self._worker.events.get_nowait())
        events = [event for event in events if event["event"] in ("log", "died") or event["job"] == job]
        for event in events:
            if event["event"] == "done":
                event["files"] = self._made(job)
        return events

    def cancel(self, job: str) -> None:
        """End a piece of work that is not wanted any more."""
        self._worker.send({"do": "cancel", "job": job})

    def read(self, job: str, number: int, offset: int, size: int) -> bytes:
        """Bytes of a file that was made."""
        with (self._folder / job / f"{number}.mp4").open("rb") as stream:
            stream.seek(offset)
            return stream.read(size)

    def forget(self, job: str, keep: Mapping[int, str]) -> None:
        """Clear away a piece of work. ``keep``: checksums of made files that stay in the cache, as others may ask for them."""
        for number, sha256 in keep.items():
            part = self._cache.part()
            with contextlib.suppress(OSError):
                (self._folder / job / f"{number}.mp4").replace(part)
                self._cache.adopt(part, sha256)
        shutil.rmtree(self._folder / job, ignore_errors=True)

    def close(self) -> None:
        """End the worker."""
        self._worker.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _made(self, job: str) -> dict[int, tuple[int, str]]:
        files = [file for file in (self._folder / job).glob("*.mp4") if file.stem.isdigit()]
        return {int(file.stem): (file.stat().st_size, sha256_file(file)) for file in files}

    def _drop(self, sha256: str) -> None:
        if part := self._parts.pop(sha256, None):
            part.unlink(missing_ok=True)


def _sweep(work: Path) -> None:
    """Remove what slots left that were killed."""
    from vidgen.media.sweep import alive

    for folder in work.iterdir():
        host, pid, *_ = (*folder.name.rsplit("-", 3), "", "")
        if host == socket.gethostname() and pid.isdigit() and not alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
