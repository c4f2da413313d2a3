"""The process that works: ``python -m vidgen.cluster.worker FD``, one for each slot of a node.

It knows nothing of Ray. Its slot sends it work over a socket and hears what comes of it. It ends with its slot, however that
ends, and takes with it what it has started: encoders, and the workers of local models, which end with their host.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vidgen.cluster.packing import FileRef, pack_plainly, unpack
from vidgen.errors import Cancelled, ProcessingError, VidgenError

LOG = logging.getLogger("vidgen")


class _Told(logging.Handler):
    """Sends what is logged here to the driver's log."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(logging.DEBUG)
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        from vidgen.logs import safe_text

        self._worker.tell("log", level=record.levelno, name=record.name, text=safe_text(record))


class Worker:
    """Does one piece of work after the other. It is the ``Node`` that work finds."""

    def __init__(self, slot: Connection) -> None:
        from vidgen.engines.registry import Engines

        self._slot, self._lock = slot, threading.Lock()
        self._cancelled = threading.Event()
        self._job = ""
        self.engines, self.scratch = Engines(), Path()

    def cancelled(self) -> bool:
        """See ``Node``."""
        return self._cancelled.is_set()

    def tell(self, event: str, **values: Any) -> None:
        """See ``Node``."""
        with self._lock:
            try:
                self._slot.send({"event": event, "job": self._job, **values})
            except OSError:
                leave()

    def serve(self) -> None:
        """Hear the slot until it is gone."""
        busy: threading.Thread | None = None
        while True:
            try:
                message = self._slot.recv()
            except (EOFError, OSError):
                leave()
            if message["do"] == "cancel":
                if message["job"] == self._job:
                    self._cancelled.set()
                continue
            if busy is not None:
                busy.join()
            self._job = message["job"]
            self._cancelled.clear()
            busy = threading.Thread(target=self._run, args=(message,), daemon=True)
            busy.start()

    def _run(self, message: Mapping[str, Any]) -> None:
        from vidgen.engines.local import wire

        self.scratch = Path(message["folder"])
        outs = [Path(out) for out in message["outs"]]
        try:
            work = unpack(message["work"], _places(message["places"]))
            value = work.run(outs, self)
        except VidgenError as error:
            self.tell("failed", error=wire.error_values(error))
        except Exception as error:
            LOG.warning("the work failed", exc_info=True)
            from vidgen.media.os_errors import fault_of

            self.tell("failed", error=wire.error_values(_fault(fault_of("work of a node", error))))
        else:
            self.tell("done", value=pack_plainly(value))


def _fault(error: Exception) -> Exception:
    return error if isinstance(error, VidgenError) else ProcessingError("generation.failed", f"{type(error).__name__}: {error}")


def _places(places: Mapping[FileRef, str]) -> Any:
    return lambda ref: Path(places[ref])


def leave(status: int = 0) -> None:
    """End at once, with the encoders that were started."""
    if encoders := sys.modules.get("vidgen.media.ffmpeg"):
        encoders.stop_all()
    os._exit(status)


def clear(folder: Path) -> None:
    """Remove a folder of work."""
    shutil.rmtree(folder, ignore_errors=True)


def main(words: Sequence[str]) -> None:
    """Entry of the process."""
    import signal

    from vidgen.programs import hear_ctrl_z
    from vidgen.settings import keep_no_keys

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hear_ctrl_z()
    signal.signal(signal.SIGTERM, lambda number, frame: leave(128 + number))
    keep_no_keys()
    os.dup2(2, 1)
    worker = Worker(Connection(int(words[0])))
    LOG.addHandler(_Told(worker))
    LOG.setLevel(logging.DEBUG)
    LOG.propagate = False
    worker.tell("up", process=os.getpid())
    worker.serve()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Cancelled:
        leave()
