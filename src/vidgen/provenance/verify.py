"""Whether a film is the one that was made. Needs no project: its signature or its sidecar holds the hashes of every shot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidgen.errors import Notice, ProcessingError
from vidgen.media.files import sha256_file
from vidgen.media.wording import counted
from vidgen.provenance import signing
from vidgen.provenance.frames import Decoded, FilmFrames, film_frames
from vidgen.provenance.keys import SELF_MADE, trust_anchors
from vidgen.provenance.record import Record, ShotRecord, is_ours, read_sidecar, sidecar_path
from vidgen.provenance.seal import seal_holds, was_signed


@dataclass(frozen=True)
class CheckedShot:
    """A shot of the record. ``ok``: whether its frames are those that were made; None: not compared.

    ``project``: whether the project's store still has the take that the record names: ``proved``, ``missing``, ``damaged``, or
    None where no project was looked at.
    """

    record: ShotRecord
    ok: bool | None = None
    project: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """One of ``shots`` in ``data`` of ``provenance verify``."""
        known = self.record.model_dump()
        first = ("id", "start", "frames", "take", "engine")
        more = ("model", "seed", "request_key", "take_sha256", "prompt_sha256", "diffusion", "source_type", "post")
        return {
            **{key: known[key] for key in first},
            "ok": self.ok,
            **{key: known[key] for key in more},
            "project": self.project,
        }


@dataclass(frozen=True)
class Finding:
    """What is known of a film.

    Args:
        source: where the record comes from: ``manifest``, ``sidecar``, or None where there is none.
        same_file: whether the file is the sidecar's, byte for byte; None without a sidecar.
        same_sound: whether the coded sound is the recorded one; None: not compared.
        wrong: why the film is not the one that was made; empty: nothing differs.
    """

    film: Path
    signature: signing.Signature | None
    record: Record | None
    source: str | None
    shots: tuple[CheckedShot, ...] = ()
    same_file: bool | None = None
    same_sound: bool | None = None
    wrong: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether the file has a signature, valid or not."""
        return self.signature is not None

    @property
    def self_made(self) -> bool:
        """Whether the certificate says itself that nobody vouches for its name."""
        return bool(self.signature and self.signature.issuer == SELF_MADE)

    @property
    def first_wrong(self) -> str | None:
        """The first shot whose frames differ."""
        return next((shot.record.id for shot in self.shots if shot.ok is False), None)

    def as_dict(self) -> dict[str, Any]:
        """``data`` of ``provenance verify`` and ``show``."""
        signature, record = self.signature, self.record
        return {
            "file": str(self.film),
            "signed": self.signed,
            "valid": signature.valid and not self.wrong if signature else None,
            "signer": signature.signer if signature else None,
            "trusted": signature.trusted if signature else None,
            "self_made": self.self_made if signature else None,
            "generator": signature.generator if signature else None,
            "why": list(signature.why) if signature else [],
            "record": self.source,
            "same_file": self.same_file,
            "same_sound": self.same_sound,
            "title": record.title if record else None,
            "author": record.author if record else None,
            "source_type": record.source_type if record else None,
            "ai_made": record.ai_made if record else None,
            "label": record.label if record else None,
            "shots": [shot.as_dict() for shot in self.shots],
        }

    def error(self) -> ProcessingError | None:
        """The error of a film that is not the one that was made."""
        if not self.wrong:
            return None
        hint = "get the film from where it was made, or render it again"
        return ProcessingError("provenance.mismatch", self.wrong, hint=hint, where=self.first_wrong or str(self.film))


def look(film: Path, sidecar: Path | None = None) -> Finding:
    """What the film says of itself: its signature is checked, its frames are not.

    ``sidecar``: where the record is; None: beside the film. Raises InputError where the film cannot be read, MissingError where
    it is signed and the package for C2PA is not installed.
    """
    if was_signed(film):
        signing.check_installed()
    signature = signing.read_signature(film) if signing.installed() else None
    if signature and signature.valid and (anchors := trust_anchors()):
        signature = signing.read_signature(film, anchors) or signature
    place = sidecar or sidecar_path(film)
    beside = read_sidecar(place)
    notices = []
    if beside is None and (sidecar or is_ours(place)):
        text = f"{place} is damaged, or no record of a film; it was left out"
        notices.append(Notice("provenance.no_record", text))
    if beside and not sidecar and beside.file and Path(beside.file).suffix.lower() != film.suffix.lower():
        beside = None  # of film.mp4, not of the film.mov beside it
    record = (signature and signature.record) or beside
    source = None if record is None else "manifest" if signature and signature.record else "sidecar"
    same = None if beside is None or beside.film_sha256 is None else beside.film_sha256 == sha256_file(film)
    shots = tuple(CheckedShot(shot) for shot in record.shots) if record else ()
    return Finding(film, signature, record, source, shots, same, notices=tuple(notices))


def verify(film: Path, sidecar: Path | None = None) -> Finding:
    """Check signature, file and frames of a film. Raises as ``look``; what differs is in the result."""
    found = look(film, sidecar)
    if found.record is None:
        broken = found.signature is not None and not found.signature.valid
        return replace(found, wrong=f"{film}: the signature does not hold: {_reasons(found)}") if broken else found
    frames = _frames(film)
    shots = tuple(_compared(found, found.record, frames))
    found = replace(found, shots=shots, same_sound=frames is not None and frames.sound_sha256 == found.record.sound_sha256)
    return replace(found, wrong=_wrong(found))


def _compared(found: Finding, record: Record, frames: FilmFrames | None) -> Iterator[CheckedShot]:
    """Every shot with whether its frames are the recorded ones."""
    film, decoded = found.film, None
    for shot in record.shots:
        ok = shot.coded_sha256 is None or (frames and frames.coded_of(shot.start, shot.frames)) == shot.coded_sha256
        if not ok and frames and shot.frames_sha256 and not found.signed:  # encoded anew without a loss, or packed otherwise
            decoded = decoded or _frames(film, decode=True)
            ok = decoded is not None and decoded.decoded_of(shot.start, shot.frames) == shot.frames_sha256
        yield CheckedShot(shot, bool(ok))


def _frames(film: Path, *, decode: bool = False) -> FilmFrames | None:
    """The hashes of a film's frames; None where they cannot be read."""
    try:
        return film_frames(film, decode=Decoded() if decode else None)
    except ProcessingError:
        return None


def _wrong(found: Finding) -> str:
    """Why a film with a record is not the one that was made, in one sentence; empty where it is."""
    film, record, signature = found.film, found.record, found.signature
    assert record is not None
    differing = [shot.record for shot in found.shots if shot.ok is False]
    if differing:
        first = differing[0]
        others = f" (and {counted(len(differing) - 1, 'more shot')})" if len(differing) > 1 else ""
        last = first.start + first.frames - 1
        return f"{film}: frames {first.start}-{last} are not those of shot {first.id} as it was made{others}"
    if found.same_sound is False:
        return f"{film}: no shot differs, but its sound is not the one that was made"
    if signature and not signature.valid:
        return f"{film}: no shot differs, but the file was changed elsewhere: {_reasons(found)}"
    if signature and signature.record and not seal_holds(film):
        return f"{film}: no shot differs, but bytes outside of pictures and sound were changed"
    if found.same_file is False and record.size == film.stat().st_size:
        return f"{film}: no shot differs, but bytes outside of the pictures were changed"
    return ""


def _reasons(found: Finding) -> str:
    return ", ".join(found.signature.why) if found.signature and found.signature.why else "it does not agree with its signature"
