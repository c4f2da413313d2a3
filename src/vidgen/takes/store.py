"""The content-addressed store of takes: ``takes/ab/<sha256>.mp4`` and, written after it, ``<sha256>.json``.

Each clip is a camera original: byte for byte what the engine made. A take key may have several clips of different length, size
or rate; the newest that covers the order is used.

The JSON file (the sidecar) has the take keys of the clip and how it was made. A clip without a sidecar was not finished and is
not a take. Damaged clips are moved to ``quarantine/``, never deleted. The sidecar of a paid take can be restored from the
journal.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidgen.artifacts import ArtifactStore, copy_of, move
from vidgen.errors import InputError, Notice, ProcessingError
from vidgen.media.files import commit_file, part_name, sha256_file, write_text
from vidgen.media.probe import MediaInfo, probe_video
from vidgen.media.sweep import alive
from vidgen.media.wording import counted
from vidgen.takes.exclusive import folder_lock
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.record import SCHEMA, read_record, record_of, record_text, rows_of, sealed, take_of
from vidgen.takes.request import Generated, Order, Take, TakeRequest


class TakeStore:
    """The takes of one project. Thread-safe.

    Args:
        root: the project's work folder; it is created.
        journal: where losses are noted; None: the project's own journal, or none with ``look_only``.
        look_only: change nothing on disk; damaged clips stay in place.

    ``notices`` collects warnings for the user; the caller empties it.
    """

    def __init__(self, root: Path, *, journal: Journal | None = None, look_only: bool = False) -> None:
        self.root = root
        self._folder = root / "takes"
        self._look_only = look_only
        self._clips = ArtifactStore(self._folder, ".mp4", quarantine=root / "quarantine", fan_out=True, look_only=look_only)
        self._journal = journal if look_only else journal or Journal(root)
        self._index: dict[str, dict[Path, str]] = {}
        """Take key -> sidecars of its clips, and when each was made."""
        self._seen: dict[Path, tuple[int, int]] = {}
        self._reported: dict[str, Notice] = {}
        self._turn = threading.RLock()
        """Guards the index: with half of it read, takes would seem to be missing."""
        self.notices: list[Notice] = []

    def part_for(self, take_key: str) -> Path:
        """The file for an unfinished take of an engine: on the store's file system, with this process's id in its name."""
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        return incoming / f"{take_key[:16]}.{os.getpid()}.mp4"

    def put(self, part: Path, take: TakeRequest, generated: Generated, *, request_key: str, order: Order) -> Take:
        """Check a finished clip, move it into the store, and return the take.

        Raises ProcessingError ``media.bad_output`` if the clip is not as ordered. It is then kept in ``quarantine/``, because
        it may have been paid for.
        """
        info = self._check(part, take, order)
        digest = sha256_file(part)
        with folder_lock(self._folder):
            self._adopt(part, digest)
            record = self._write_record(record_of(take, generated, request_key, order=order, original=info), digest)
        return take_of(record, self._clip(digest), digest, reused=False)

    def take_over(self, clip: Path, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
        """Have a clip of another store, named by its SHA-256, for these rows of its record. Links it where that can be done.

        Returns the rows that are new here; None where the clip is not whole: then nothing is changed.
        """
        digest = clip.stem
        known = {row["take_key"] for row in rows_of(read_record(self._clip(digest).with_suffix(".json")))}
        fresh = [row for row in rows if row["take_key"] not in known]
        if not fresh and self._clip(digest).is_file():
            return []
        part = self.part_for(digest)
        try:
            copy_of(clip, part)
            if sha256_file(part) != digest:
                return None
            with folder_lock(self._folder):
                self._adopt(part, digest)
                for row in fresh:
                    self._write_record(dict(row), digest)
        finally:
            part.unlink(missing_ok=True)
        return fresh

    def restore(
        self, take: TakeRequest, attempt: Attempt, *, diffusion: bool, first_of: Callable[[Path], int] = lambda clip: 0
    ) -> Take | None:
        """Restore the lost or damaged record of a paid take from the journal. None if its clip is missing or damaged.

        ``first_of``: the number of the frame at which what was ordered begins in the clip.
        """
        digest = attempt.sha256 or ""
        clip = self._clip(digest)
        if not clip.is_file() or sha256_file(clip) != digest:
            return None
        manifest = {"engine": attempt.engine, "model": attempt.model, "job": attempt.job_id, "seed": attempt.seed}
        made = Generated(
            clip,
            {**manifest, "restored": "from the journal"},
            diffusion,
            first=first_of(clip),
            **attempt.cost,  # type: ignore[arg-type]
        )
        record = record_of(take, made, attempt.request_key, order=attempt.order, original=probe_video(clip))
        if not self._look_only:
            with folder_lock(self._folder):
                self._write_record(record, digest)
        text = f"the record of take {attempt.take} ({attempt.engine}) was damaged or gone; journal.db and the clip give it back"
        self._report(Notice("take.record_restored", text, take.request.shot), attempt.take_key)
        return take_of(record, clip, digest, reused=True)

    def _clip(self, digest: str) -> Path:
        return self._clips.path(digest)

    def _write_record(self, record: dict[str, Any], digest: str) -> dict[str, Any]:
        """Write a clip's sidecar, keeping its other takes. The caller holds the folder lock."""
        sidecar = self._clip(digest).with_suffix(".json")
        others = [row for row in rows_of(read_record(sidecar)) if row["take_key"] != record["take_key"]]
        size = self._clip(digest).stat().st_size
        self._clips.make_room(sidecar)
        whole = sealed({"schema": SCHEMA, "sha256": digest, "size": size, **record, "also": others})
        write_text(sidecar, record_text(whole))
        with self._turn:
            self._clips.trust(digest, digest)
            self._index.setdefault(record["take_key"], {})[sidecar] = record["made"]
        return record

    def _report(self, notice: Notice, take_key: str | None) -> None:
        """Add a notice for the user and note it in the journal."""
        with self._turn:
            self.notices.append(notice)
            if take_key:
                self._reported[take_key] = notice
        if self._journal and not self._look_only:
            self._journal.note(notice.code.partition(".")[2], notice.message, take_key=take_key)

    def damage_of(self, take_key: str) -> str | None:
        """The known damage of a stored take, from this run or an earlier one; None if none is known."""
        notice = self._reported.get(take_key)
        if notice:
            return notice.message if notice.code == "take.corrupt" else None
        return self._journal.last_note(take_key, "corrupt") if self._journal else None

    def broken_record(self, sha256: str) -> Path | None:
        """The record of a clip that is here, where that record is damaged or gone; None where it is whole, or the clip is not
        here.
        """
        clip = self._clip(sha256)
        sidecar = clip.with_suffix(".json")
        return sidecar if clip.is_file() and not read_record(sidecar) else None

    def trouble(self, attempt: Attempt) -> str | None:
        """What is wrong with the stored take of an attempt, without reading the clip's content; None if nothing."""
        clip = self._clip(attempt.sha256 or "")
        if not clip.is_file():
            return "its clip is gone"
        data = read_record(clip.with_suffix(".json"))
        if not any(row["take_key"] == attempt.take_key for row in rows_of(data)):
            return "its record is damaged or gone; a render restores it from the journal"
        size = clip.stat().st_size
        return None if size == data["size"] else f"its clip has {counted(size, 'byte')} instead of {data['size']}"

    def find(
        self, take_key: str, order: Order | None = None, *, needs_s: float = 0.0, sha256: str | None = None
    ) -> Take | None:
        """The stored take of a key, with its file checked (size each time, SHA-256 once per process); None if there is none.

        Args:
            order: what would be ordered now: the newest clip that covers it is returned; None: the newest clip.
            needs_s: length of the shot in seconds.
            sha256: that of the clip, where a key has several; None: any.

        A damaged clip is moved to ``quarantine/``, reported in the journal and in ``notices``, and counts as missing.
        """
        with self._turn:
            if not self._index.get(take_key):
                self._scan()
            known = self._index.get(take_key, {})
            clips = {file: made for file, made in known.items() if sha256 in (None, file.stem)}
            for sidecar in sorted(clips, key=lambda file: (clips[file], file), reverse=True):
                take = self._undamaged(take_key, sidecar)
                if take and (order is None or take.covers(order, needs_s)):
                    return take
            return None

    def _undamaged(self, take_key: str, sidecar: Path) -> Take | None:
        """The take of a key with this sidecar; None if it is damaged or serves other keys."""
        data = read_record(sidecar)
        row = next((row for row in rows_of(data) if row["take_key"] == take_key), None)
        if row is None:
            self._index[take_key].pop(sidecar, None)
            return None
        if damage := self._clips.damage(sidecar.stem, data):
            self._quarantine(sidecar, data, damage)
            return None
        take = take_of(row, sidecar.with_suffix(".mp4"), data["sha256"], reused=True)
        if take.cost_usd is None and "cost_basis" not in row and self._journal:  # older than list prices with takes
            return replace(take, cost_usd=self._journal.list_price(take_key), cost_basis="list")
        return take

    def takes_of(self, request_key: str) -> list[Take]:
        """All stored takes of a request, by number."""
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
        """Note that an engine rejected an unfinished take, because other takes of the shot looked better."""
        write_text(self._rejection(take_key), record_text({"take_key": take_key, "why": why}))

    def was_rejected(self, take_key: str) -> bool:
        """Whether the take was rejected, so that it is not made again."""
        return self._rejection(take_key).is_file()

    def _rejection(self, take_key: str) -> Path:
        return self.root / "rejected" / f"{take_key}.json"

    def sweep(self) -> None:
        """Clean up after ended processes: unfinished files are deleted, finished clips that were not stored are moved to
        ``quarantine/``, because they may have been paid for.
        """
        for part in sorted(file for file in (self.root / "incoming").glob("*") if file.is_file()):
            stem, _, more = part.name.partition(".mp4")
            pid = stem.removesuffix(".part").rpartition(".")[2]
            if not pid.isdigit() or alive(int(pid)):
                continue
            if part.name.startswith(".") or more:  # unfinished
                part.unlink(missing_ok=True)
            elif self._journal:
                self._journal.note("leftover", f"a clip of a run that died is kept as {self._clips.set_aside(part)}")

    def _check(self, part: Path, take: TakeRequest, order: Order) -> MediaInfo:
        """Probe a finished clip. An exact order must be met exactly; other clips only need to be readable."""
        from vidgen.media.verify import check_video

        request = take.request
        if not part.is_file():
            raise ProcessingError("media.bad_output", f"{request.engine} wrote no clip", where=request.shot)
        try:
            if order.exact:
                check_video(
                    part,
                    frames=request.frames,
                    width=request.width,
                    height=request.height,
                    rate=request.fps,
                    name="the clip",
                )
            return probe_video(part)
        except (ProcessingError, InputError) as error:
            kept = self._clips.set_aside(part)
            message = error.message.replace(str(part), "the clip")
            if self._journal:
                self._journal.note("rejected", f"{message}; kept as {kept}", take_key=None)
            hint = f"the clip is kept as {kept}"
            raise ProcessingError("media.bad_output", f"{request.engine}: {message}", hint=hint, where=request.shot) from error

    def _scan(self) -> None:
        """Update the index; only new or changed sidecars are read."""
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
                self._report(Notice("take.corrupt", text), None)

    def _quarantine(self, sidecar: Path, data: Mapping[str, Any], damage: str) -> None:
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
            text = f"the stored take {row['take']} of {row['shot'] or 'a shot'} ({row['engine']}) {damage}{where}{paid}"
            self._report(Notice("take.corrupt", text, row["shot"]), row["take_key"])

    def _adopt(self, part: Path, digest: str) -> None:
        """Move ``part`` to its place in the store; an intact file that is already there stays."""
        final = self._clip(digest)
        if final.is_file() and sha256_file(final) == digest:
            part.unlink()
            return
        final.parent.mkdir(exist_ok=True)
        self._clips.make_room(final)
        temporary = part_name(final)
        move(part, temporary)
        commit_file(temporary, final)
