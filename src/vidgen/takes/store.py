"""The store of takes, by content: ``takes/ab/<sha256>.mp4`` and, written after it, ``<sha256>.json``.

Each file is a camera original: byte for byte what the engine made. Several may answer one take key, of different length, size
or rate; the newest that covers what is wanted is the take.

The JSON file (the sidecar) says which take keys the clip answers and how it was made. A clip without a sidecar was never
finished and is not a take; a sidecar whose clip is damaged is set aside in ``quarantine/`` and never deleted. Of takes that
were paid for the journal knows enough to make a sidecar anew that was damaged or lost.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore, move
from vidgen.errors import InputError, Notice, ProcessingError
from vidgen.media.files import commit_file, part_name, sha256_file, write_text
from vidgen.media.probe import MediaInfo, probe_video
from vidgen.media.sweep import alive
from vidgen.media.wording import counted
from vidgen.takes.exclusive import folder_lock
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.record import SCHEMA, read_record, record_of, record_text, rows_of, take_of
from vidgen.takes.request import Generated, Order, Take, TakeRequest


class TakeStore:
    """The takes of one project. Threads may use it at once.

    Args:
        root: the project's work folder; made where it is missing.
        journal: where losses are noted; None: the project's own journal.
        look_only: change nothing on disk: what is damaged stays where it is. A journal is then used only where one is given.

    ``notices`` collects what a run has to tell its user; the caller empties it.
    """

    def __init__(self, root: Path, *, journal: Journal | None = None, look_only: bool = False) -> None:
        self.root = root
        self._folder = root / "takes"
        self._look_only = look_only
        self._clips = ArtifactStore(self._folder, ".mp4", quarantine=root / "quarantine", fan_out=True, look_only=look_only)
        self._journal = journal if look_only else journal or Journal(root)
        self._index: dict[str, dict[Path, str]] = {}
        """By take key: the sidecars of its clips, and when each was made."""
        self._seen: dict[Path, tuple[int, int]] = {}
        self._told: dict[str, Notice] = {}
        self._turn = threading.RLock()
        """Held by whoever looks at the index or changes it: half of it read looks like a take that is missing."""
        self.notices: list[Notice] = []

    def part_for(self, take_key: str) -> Path:
        """Where an engine writes an unfinished take: on the store's own file system, named after this process."""
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        return incoming / f"{take_key[:16]}.{os.getpid()}.mp4"

    def put(self, part: Path, take: TakeRequest, generated: Generated, *, request_key: str, order: Order) -> Take:
        """Check a finished clip, take it over (``part`` is moved) and return the take.

        Raises ProcessingError ``media.bad_output`` where the clip is not what was ordered. It is then kept in
        ``quarantine/``, because it may have been paid for.
        """
        info = self._check(part, take, order)
        digest = sha256_file(part)
        with folder_lock(self._folder):
            _adopt(part, self._clip(digest), digest)
            record = self._write_record(record_of(take, generated, request_key, order=order, original=info), digest)
        return take_of(record, self._clip(digest), digest, reused=False)

    def restore(self, take: TakeRequest, attempt: Attempt, *, diffusion: bool) -> Take | None:
        """The take that an attempt ended with, where its clip is whole and only the record beside it is damaged or gone: the
        journal gives that back. None where the clip is not there, or not what it was.
        """
        digest = attempt.sha256 or ""
        clip = self._clip(digest)
        if not clip.is_file() or sha256_file(clip) != digest:
            return None
        manifest = {"engine": attempt.engine, "model": attempt.model, "job": attempt.job_id, "seed": attempt.seed}
        made = Generated(clip, {**manifest, "restored": "from the journal"}, diffusion, **attempt.cost)  # type: ignore[arg-type]
        record = record_of(take, made, attempt.request_key, order=attempt.order, original=probe_video(clip))
        if not self._look_only:
            with folder_lock(self._folder):
                self._write_record(record, digest)
        text = f"the record of take {attempt.take} ({attempt.engine}) was damaged or gone; journal.db and the clip give it back"
        self._tell(Notice("take.record_restored", text, take.request.shot), attempt.take_key)
        return take_of(record, clip, digest, reused=True)

    def _clip(self, digest: str) -> Path:
        return self._clips.path(digest)

    def _write_record(self, record: dict[str, Any], digest: str) -> dict[str, Any]:
        """Write a clip's sidecar, with what it said of other takes that the clip answers. Hold the folder."""
        sidecar = self._clip(digest).with_suffix(".json")
        others = [row for row in rows_of(read_record(sidecar)) if row["take_key"] != record["take_key"]]
        size = self._clip(digest).stat().st_size
        write_text(sidecar, record_text({"schema": SCHEMA, "sha256": digest, "size": size, **record, "also": others}))
        with self._turn:
            self._clips.trust(digest, digest)
            self._index.setdefault(record["take_key"], {})[sidecar] = record["made"]
        return record

    def _tell(self, notice: Notice, take_key: str | None) -> None:
        """Keep what a run has to tell, for the user and in the journal."""
        with self._turn:
            self.notices.append(notice)
            if take_key:
                self._told[take_key] = notice
        if self._journal and not self._look_only:
            self._journal.note(notice.code.partition(".")[2], notice.message, take_key=take_key)

    def damage_of(self, take_key: str) -> str | None:
        """What was wrong with a stored take, in this run or an earlier one; None where nothing is known of that."""
        told = self._told.get(take_key)
        if told:
            return told.message if told.code == "take.corrupt" else None
        return self._journal.last_note(take_key, "corrupt") if self._journal else None

    def trouble(self, attempt: Attempt) -> str | None:
        """What is wrong with the stored take that an attempt ended with, as far as can be seen without reading the clip."""
        clip = self._clip(attempt.sha256 or "")
        if not clip.is_file():
            return "its clip is gone"
        data = read_record(clip.with_suffix(".json"))
        if not any(row["take_key"] == attempt.take_key for row in rows_of(data)):
            return "its record is damaged or gone; a render restores it from the journal"
        size = clip.stat().st_size
        return None if size == data["size"] else f"its clip has {counted(size, 'byte')} instead of {data['size']}"

    def find(self, take_key: str, order: Order | None = None, *, needs_s: float = 0.0) -> Take | None:
        """The stored take of a key, its file checked (size each time, sha256 once per process); None where there is none.

        Args:
            order: what would be ordered now: the newest clip that covers it is found; None: the newest.
            needs_s: length of the shot in seconds.

        A damaged clip is moved to ``quarantine/``, noted in the journal and in ``notices``, and counts as missing.
        """
        with self._turn:
            if not self._index.get(take_key):
                self._scan()
            clips = self._index.get(take_key, {})
            for sidecar in sorted(clips, key=lambda file: (clips[file], file), reverse=True):
                take = self._undamaged(take_key, sidecar)
                if take and (order is None or take.covers(order, needs_s)):
                    return take
            return None

    def _undamaged(self, take_key: str, sidecar: Path) -> Take | None:
        """The take of a key that a clip is, if nothing is wrong with it."""
        data = read_record(sidecar)
        row = next((row for row in rows_of(data) if row["take_key"] == take_key), None)
        if row is None:
            self._index[take_key].pop(sidecar, None)
            return None
        if wrong := self._clips.damage(sidecar.stem, data):
            self._quarantine(sidecar, data, wrong)
            return None
        take = take_of(row, sidecar.with_suffix(".mp4"), data["sha256"], reused=True)
        if take.cost_usd is None and "cost_basis" not in row and self._journal:  # older than list prices with takes
            return replace(take, cost_usd=self._journal.list_price(take_key), cost_basis="list")
        return take

    def takes_of(self, request_key: str) -> list[Take]:
        """Every stored take of a request, by its number."""
        with self._turn:
            self._scan()
            keys = {
                row["take_key"]
                for sidecar in {file for clips in self._index.values() for file in clips}
                for row in rows_of(read_record(sidecar))
                if row["request_key"] == request_key
            }
            found = [take for key in keys if (take := self.find(key))]
        return sorted(found, key=lambda take: (take.take, take.key))

    def has_takes_of(self, shot: str) -> bool:
        """Whether any take was made under this shot id, whatever it was asked with."""
        with self._turn:
            self._scan()
            sidecars = {file for clips in self._index.values() for file in clips}
            return any(row["shot"] == shot for sidecar in sidecars for row in rows_of(read_record(sidecar)))

    def reject(self, take_key: str, why: str) -> None:
        """Note that an engine gave a take up before it was finished, because others of its shot looked better."""
        write_text(self._rejection(take_key), record_text({"take_key": take_key, "why": why}))

    def was_rejected(self, take_key: str) -> bool:
        """Whether the take was given up, so that it is not made again."""
        return self._rejection(take_key).is_file()

    def _rejection(self, take_key: str) -> Path:
        return self.root / "rejected" / f"{take_key}.json"

    def sweep(self) -> None:
        """Clear up after processes that have ended: unfinished files go, finished clips that were not taken over are kept
        in ``quarantine/``, because they may have been paid for.
        """
        for part in sorted(file for file in (self.root / "incoming").glob("*") if file.is_file()):
            stem, _, more = part.name.partition(".mp4")
            pid = stem.removesuffix(".part").rpartition(".")[2]
            if not pid.isdigit() or alive(int(pid)):
                continue
            if part.name.startswith(".") or more:  # half written, or on the way to be one
                part.unlink(missing_ok=True)
            elif self._journal:
                self._journal.note("leftover", f"a clip of a run that died is kept as {self._clips.set_aside(part)}")

    def _check(self, part: Path, take: TakeRequest, order: Order) -> MediaInfo:
        """Look at a finished clip: what is ordered exactly has to be exact, all others only to play."""
        from vidgen.media.verify import check_video

        asked = take.request
        if not part.is_file():
            raise ProcessingError("media.bad_output", f"{asked.engine} wrote no clip", where=asked.shot)
        try:
            if order.exact:
                check_video(part, frames=asked.frames, width=asked.width, height=asked.height, rate=asked.fps, name="the clip")
            return probe_video(part)
        except (ProcessingError, InputError) as error:
            kept = self._clips.set_aside(part)
            told = error.message.replace(str(part), "the clip")
            if self._journal:
                self._journal.note("rejected", f"{told}; kept as {kept}", take_key=None)
            hint = f"the clip is kept as {kept}"
            raise ProcessingError("media.bad_output", f"{asked.engine}: {told}", hint=hint, where=asked.shot) from error

    def _scan(self) -> None:
        """Bring the index up to date; only sidecars that are new or changed are read."""
        for sidecar in sorted(self._folder.glob("??/*.json")):
            try:
                stat = sidecar.stat()
            except FileNotFoundError:
                continue
            if self._seen.get(sidecar) == (stat.st_mtime_ns, stat.st_size):
                continue
            self._seen[sidecar] = (stat.st_mtime_ns, stat.st_size)
            data = read_record(sidecar)
            for row in rows_of(data):
                self._index.setdefault(row["take_key"], {})[sidecar] = row["made"]
            if not data:
                text = f"{sidecar}, the record of a take, is damaged; its clip is kept"
                self._tell(Notice("take.corrupt", text), None)

    def _quarantine(self, sidecar: Path, data: Mapping[str, Any], wrong: str) -> None:
        kept = None
        if not self._look_only:
            with folder_lock(self._folder):
                clip = sidecar.with_suffix(".mp4")
                kept = self._clips.set_aside(clip) if clip.exists() else None
                if sidecar.exists():
                    self._clips.set_aside(sidecar)
        for row in rows_of(data):
            self._index.get(row["take_key"], {}).pop(sidecar, None)
            paid = f"; it had cost {row['cost_usd']:.2f} USD" if row["cost_usd"] else ""
            where = f"; kept as {kept}" if kept else ""
            text = f"the stored take {row['take']} of {row['shot'] or 'a shot'} ({row['engine']}) {wrong}{where}{paid}"
            self._tell(Notice("take.corrupt", text, row["shot"]), row["take_key"])


def _adopt(part: Path, final: Path, digest: str) -> None:
    """Make ``part`` the file ``final``; a sound copy that is already there stays."""
    if final.is_file() and sha256_file(final) == digest:
        part.unlink()
        return
    final.parent.mkdir(exist_ok=True)
    temporary = part_name(final)
    move(part, temporary)
    commit_file(temporary, final)
