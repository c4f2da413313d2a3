"""The store of takes, by content: ``takes/ab/<sha256>.mp4`` and, written after it, ``<sha256>.json``.

Each file is a camera original: byte for byte what the engine made. Several may answer one take key, of different length, size
or rate; the newest that covers what is wanted is the take.

The JSON file (the sidecar) says which take keys the clip answers and how it was made. A clip without a sidecar was never
finished and is not a take; a sidecar whose clip is damaged is set aside in ``quarantine/`` and never deleted.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.errors import InputError, Notice, ProcessingError
from vidgen.media.files import commit_file, part_name, sha256_file, write_text
from vidgen.media.rate import rate_text
from vidgen.media.sweep import alive
from vidgen.takes.exclusive import folder_lock
from vidgen.takes.journal import Journal
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Generated, Order, Take, TakeRequest

if TYPE_CHECKING:
    from vidgen.media.probe import MediaInfo

SCHEMA = 1


class TakeStore:
    """The takes of one project. Threads may use it at once.

    Args:
        root: the project's work folder; made where it is missing.
        journal: where losses are noted; None: the project's own journal.

    ``notices`` collects what a run has to tell its user; the caller empties it.
    """

    def __init__(self, root: Path, *, journal: Journal | None = None) -> None:
        self.root = root
        self._folder = root / "takes"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._journal = journal or Journal(root)
        self._index: dict[str, dict[Path, str]] = {}
        """By take key: the sidecars of its clips, and when each was made."""
        self._seen: dict[Path, tuple[int, int]] = {}
        self._trusted: set[str] = set()
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
        final = self._folder / digest[:2] / f"{digest}.mp4"
        record = _record(take, generated, request_key) | {"order": order.as_dict(), "original": _form(info)}
        with folder_lock(self._folder):
            _adopt(part, final, digest)
            sidecar = final.with_suffix(".json")
            others = [row for row in _rows(_read(sidecar)) if row["take_key"] != record["take_key"]]
            write_text(
                sidecar, _text({"schema": SCHEMA, "sha256": digest, "size": final.stat().st_size, **record, "also": others})
            )
        with self._turn:
            self._trusted.add(digest)
            self._index.setdefault(record["take_key"], {})[sidecar] = record["made"]
        return _take(record, final, digest, reused=False)

    def find(self, take_key: str, order: Order | None = None, *, needs_s: float = 0.0) -> Take | None:
        """The stored take of a key, its file checked (size each time, sha256 once per process); None where there is none.

        Args:
            order: what would be ordered now: the newest clip that covers it is found; None: the newest.
            needs_s: length of the shot in seconds.

        A damaged clip is moved to ``quarantine/``, noted in the journal and in ``notices``, and counts as missing.
        """
        with self._turn:
            if take_key not in self._index:
                self._scan()
            clips = self._index.get(take_key, {})
            for sidecar in sorted(clips, key=lambda file: (clips[file], file), reverse=True):
                take = self._sound(take_key, sidecar)
                if take and (order is None or take.covers(order, needs_s)):
                    return take
            return None

    def _sound(self, take_key: str, sidecar: Path) -> Take | None:
        """The take of a key that a clip is, if it is undamaged."""
        data = _read(sidecar)
        row = next((row for row in _rows(data) if row["take_key"] == take_key), None)
        if row is None:
            self._index[take_key].pop(sidecar, None)
            return None
        if wrong := self._damage(sidecar, data):
            self._quarantine(sidecar, data, wrong)
            return None
        take = _take(row, sidecar.with_suffix(".mp4"), data["sha256"], reused=True)
        if take.cost_usd is None and "cost_basis" not in row:  # written before list prices were kept with takes
            return replace(take, cost_usd=self._journal.list_price(take_key), cost_basis="list")
        return take

    def takes_of(self, request_key: str) -> list[Take]:
        """Every stored take of a request, by its number."""
        with self._turn:
            self._scan()
            keys = {
                row["take_key"]
                for sidecar in {file for clips in self._index.values() for file in clips}
                for row in _rows(_read(sidecar))
                if row["request_key"] == request_key
            }
            found = [take for key in keys if (take := self.find(key))]
        return sorted(found, key=lambda take: (take.take, take.key))

    def reject(self, take_key: str, why: str) -> None:
        """Note that an engine gave a take up before it was finished, because others of its shot looked better."""
        write_text(self._rejection(take_key), _text({"take_key": take_key, "why": why}))

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
            else:
                self._journal.note("leftover", f"a clip of a run that died is kept as {self._set_aside(part)}")

    def _check(self, part: Path, take: TakeRequest, order: Order) -> MediaInfo:
        """Look at a finished clip: what is ordered exactly has to be exact, all others only to play."""
        from vidgen.media.probe import probe_video
        from vidgen.media.verify import check_video

        asked = take.request
        if not part.is_file():
            raise ProcessingError("media.bad_output", f"{asked.engine} wrote no clip", where=asked.shot)
        try:
            if order.exact:
                check_video(part, frames=asked.frames, width=asked.width, height=asked.height, rate=asked.fps, name="the clip")
            return probe_video(part)
        except (ProcessingError, InputError) as error:
            kept = self._set_aside(part)
            told = error.message.replace(str(part), "the clip")
            self._journal.note("rejected", f"{told}; kept as {kept}", take_key=None)
            raise ProcessingError(
                "media.bad_output", f"{asked.engine}: {told}", hint=f"the clip is kept as {kept}", where=asked.shot
            ) from error

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
            data = _read(sidecar)
            for row in _rows(data):
                self._index.setdefault(row["take_key"], {})[sidecar] = row["made"]
            if not data:
                text = f"{sidecar} cannot be read; its clip stays where it is but cannot be used"
                self._journal.note("corrupt", text, take_key=None)
                self.notices.append(Notice("take.corrupt", text))

    def _damage(self, sidecar: Path, data: Mapping[str, Any]) -> str | None:
        clip = sidecar.with_suffix(".mp4")
        if not clip.is_file():
            return "is gone"
        if clip.stat().st_size != data["size"]:
            return f"has {clip.stat().st_size} bytes instead of {data['size']}"
        if data["sha256"] not in self._trusted:
            if sha256_file(clip) != data["sha256"]:
                return "does not match its checksum"
            self._trusted.add(data["sha256"])
        return None

    def _quarantine(self, sidecar: Path, data: Mapping[str, Any], wrong: str) -> None:
        with folder_lock(self._folder):
            clip = sidecar.with_suffix(".mp4")
            kept = self._set_aside(clip) if clip.exists() else None
            if sidecar.exists():
                self._set_aside(sidecar)
        for row in _rows(data):
            self._index.get(row["take_key"], {}).pop(sidecar, None)
            paid = f"; it had cost {row['cost_usd']:.2f} USD" if row["cost_usd"] else ""
            where = f"; kept as {kept}" if kept else ""
            text = f"the stored take {row['take']} of {row['shot'] or 'a shot'} ({row['engine']}) {wrong}{where}{paid}"
            self._journal.note("corrupt", text, take_key=row["take_key"])
            self.notices.append(Notice("take.corrupt", text, row["shot"]))

    def _set_aside(self, file: Path) -> Path:
        folder = self.root / "quarantine"
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        while (kept := folder / f"{file.stem}{f'-{count}' if count else ''}{file.suffix}").exists():
            count += 1
        _move(file, kept)
        return kept


def manifest_of(clip: Path) -> Mapping[str, Any]:
    """How a stored take was made, by its file; empty for any other file."""
    made = _read(clip.with_suffix(".json")).get("manifest")
    return made if isinstance(made, dict) else {}


def _record(take: TakeRequest, generated: Generated, request_key: str) -> dict[str, Any]:
    request = take.request
    return {
        "take_key": seeded_key(request_key, take.seed),
        "request_key": request_key,
        "made": datetime.now(UTC).isoformat(timespec="microseconds"),
        "shot": request.shot,
        "take": take.take,
        "seed": take.seed,
        "engine": request.engine,
        "model": generated.manifest.get("model", request.model),
        "diffusion": generated.diffusion,
        "cost_usd": generated.cost_usd,
        "cost_basis": None if generated.cost_usd is None else generated.cost_basis,
        "prompt": request.prompt,
        "manifest": dict(generated.manifest),
    }


def _form(info: MediaInfo) -> dict[str, Any]:
    """What the record tells of a camera original. Colours as ffmpeg counts them; ``seconds`` as the file shows its pictures."""
    width, height = info.display_size
    return {
        "frames": info.frames,
        "fps": rate_text(info.rate),
        "width": width,
        "height": height,
        "sound": info.has_audio,
        "codec": info.codec,
        "pix_fmt": info.pix_fmt,
        "colour": {
            "range": info.color_range,
            "matrix": info.color_matrix,
            "primaries": info.color_primaries,
            "transfer": info.color_transfer,
        },
    }


def _take(row: Mapping[str, Any], file: Path, digest: str, *, reused: bool) -> Take:
    form = row.get("original") or _form(_probed(file))
    return Take(
        take=row["take"],
        key=row["take_key"],
        file=file,
        sha256=digest,
        seed=row["seed"],
        engine=row["engine"],
        model=row["model"],
        diffusion=row["diffusion"],
        cost_usd=row["cost_usd"],
        cost_basis=row.get("cost_basis") or "provider",
        manifest=row["manifest"],
        frames=form["frames"],
        fps=Fraction(form["fps"]),
        width=form["width"],
        height=form["height"],
        order=Order.from_dict(row["order"]) if row.get("order") else None,
        reused=reused,
    )


def _probed(file: Path) -> MediaInfo:
    """The form of a clip that was stored before records told it."""
    from vidgen.media.probe import probe_video

    return probe_video(file)


def _read(sidecar: Path) -> dict[str, Any]:
    """A sidecar's contents; empty where there is none or it is not one (it is written whole or not at all)."""
    try:
        data = json.loads(sidecar.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return data if isinstance(data, dict) and data.get("schema") == SCHEMA else {}


def _rows(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The takes that one clip answers: engines may draw the same picture for two requests."""
    if data:
        yield {name: value for name, value in data.items() if name not in ("schema", "sha256", "size", "also")}
        yield from data["also"]


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _adopt(part: Path, final: Path, digest: str) -> None:
    """Make ``part`` the file ``final``; a sound copy that is already there stays."""
    if final.is_file() and sha256_file(final) == digest:
        part.unlink()
        return
    final.parent.mkdir(exist_ok=True)
    temporary = part_name(final)
    _move(part, temporary)
    commit_file(temporary, final)


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:
        shutil.copyfile(source, target)
        source.unlink()
