"""Sign a film by C2PA, and read what signature a file has. The only module that loads the package ``c2pa``; never uses the
network, unless a time stamp authority is configured.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidgen.errors import MissingError, ProcessingError
from vidgen.provenance.keys import Credentials
from vidgen.provenance.manifest import ASSERTION, definition, ingredient
from vidgen.provenance.record import Record, record_from
from vidgen.provenance.seal import add_seal, seal_holds, was_signed
from vidgen.provenance.sources import uri

FORMATS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime"}
_SETTINGS = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True}}
_UNTRUSTED = "signingCredential.untrusted"


@dataclass(frozen=True)
class Signature:
    """What a file says of its signature.

    Args:
        valid: whether nothing that it covers was changed. trusted: whether somebody on the trust list vouches for the signer.
        signer: the name in the certificate. issuer: who made that. serial: of the certificate.
        why: what is wrong, in C2PA's words.
        record: vidgen's record, where the signature is vidgen's and can be read.
        generator: the program that signed.
    """

    valid: bool
    trusted: bool = False
    signer: str | None = None
    issuer: str | None = None
    serial: str | None = None
    why: tuple[str, ...] = ()
    record: Record | None = None
    generator: str | None = None
    others: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)


def installed() -> bool:
    """Whether the package for C2PA is installed."""
    return importlib.util.find_spec("c2pa") is not None


def check_installed() -> None:
    """Raise MissingError ``provenance.missing`` where the package for C2PA is not installed."""
    if not installed():
        text = "signing needs the package c2pa-python, which is not installed"
        raise MissingError("provenance.missing", text, hint="pip install 'vidgen[provenance]'")


def try_key(credentials: Credentials) -> None:
    """Sign a picture of one pixel, so that a key that C2PA does not accept is known before any work is done.

    Raises ProcessingError ``provenance.not_signed``.
    """
    import io

    import c2pa
    from PIL import Image

    created = {"action": "c2pa.created", "digitalSourceType": uri("algorithmicMedia")}
    trial = {
        "claim_generator_info": [{"name": "vidgen"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}],
    }
    picture = io.BytesIO()
    Image.new("L", (1, 1)).save(picture, "PNG")
    picture.seek(0)
    try:
        with c2pa.Builder(json.dumps(trial), _context()) as builder:
            builder.sign(_signer(credentials), "image/png", picture, io.BytesIO())
    except c2pa.C2paError as error:
        raise _not_signed(f"C2PA does not accept {credentials.certificate_file}: {_reason(error)}") from error


def sign_film(film: Path, signed: Path, record: Record, credentials: Credentials, takes: Mapping[str, Path]) -> None:
    """Write a signed copy of a film, and read it back.

    Args:
        takes: the file of each shot, by id. Where one has a manifest of its own (some providers sign what they make), it
            becomes part of the film's.

    Raises ProcessingError ``provenance.not_signed``.
    """
    import c2pa

    kind = FORMATS[film.suffix.lower()]
    manifest = definition(record)
    own = {shot: file for shot, file in takes.items() if was_signed(file)}
    manifest["ingredients"] = [row for row in manifest["ingredients"] if row["label"] not in own]
    try:
        with c2pa.Builder(json.dumps(manifest), _context()) as builder:
            for shot in record.shots:
                if file := own.get(shot.id):
                    _add_signed(builder, ingredient(shot), file)
            with film.open("rb") as source, signed.open("w+b") as target:
                builder.sign(_signer(credentials), kind, source, target)
    except c2pa.C2paError as error:
        raise _not_signed(f"the film could not be signed: {_reason(error)}") from error
    add_seal(signed)
    found = read_signature(signed)
    if not found or not found.valid or found.record != record or not seal_holds(signed):
        why = ", ".join(found.why) if found else "there is no signature in it"
        raise _not_signed(f"the signed film failed its check: {why or 'its record differs'}")


def _add_signed(builder: Any, row: Mapping[str, Any], file: Path) -> None:
    """Add a file with what its own manifest says; a manifest that cannot be read is left out, and the file is named alone."""
    import c2pa

    with file.open("rb") as stream:
        try:
            builder.add_ingredient(json.dumps(row), FORMATS.get(file.suffix.lower(), "video/mp4"), stream)
            return
        except c2pa.C2paError:
            pass
    import io

    builder.add_ingredient(json.dumps(row), "video/mp4", io.BytesIO())


def read_signature(film: Path, anchors: str | None = None) -> Signature | None:
    """The signature of a file; None where it has none. One that is too damaged to be read is a signature that is not valid.

    ``anchors``: certificates (PEM) of those who vouch for signers.
    """
    import c2pa

    kind = FORMATS.get(film.suffix.lower(), "video/mp4")
    try:
        with film.open("rb") as stream, c2pa.Reader(kind, stream, context=_context(anchors)) as reader:
            return _signature(json.loads(reader.json()), reader.get_validation_state())
    except (c2pa.C2paError, ValueError) as error:
        return Signature(False, why=(_reason(error),)) if was_signed(film) else None


def _signature(data: Mapping[str, Any], state: str | None) -> Signature:
    manifest = (data.get("manifests") or {}).get(data.get("active_manifest"))
    if manifest is None:
        return Signature(False, why=("the manifest cannot be read",))
    info = manifest.get("signature_info") or {}
    record = next((record_from(one["data"]) for one in manifest.get("assertions", ()) if one["label"] == ASSERTION), None)
    failures = [one for one in data.get("validation_status") or () if one["code"] != _UNTRUSTED]
    generator = next((one.get("name") for one in manifest.get("claim_generator_info") or ()), None)
    return Signature(
        valid=state in ("Valid", "Trusted"),
        trusted=state == "Trusted",
        signer=info.get("common_name") or info.get("issuer"),
        issuer=info.get("issuer"),
        serial=info.get("cert_serial_number"),
        why=tuple(dict.fromkeys(f"{one['code']}: {one.get('explanation', '')}".strip(": ") for one in failures)),
        record=record,
        generator=generator,
        others=tuple(manifest.get("ingredients") or ()),
    )


def _context(anchors: str | None = None) -> Any:
    import c2pa

    trust = {"trust": {"trust_anchors": anchors}} if anchors else {}
    return c2pa.Context(c2pa.Settings.from_json(json.dumps({**_SETTINGS, **trust})))


def _signer(credentials: Credentials) -> Any:
    import c2pa

    stamps = credentials.timestamp_url.encode() if credentials.timestamp_url else None
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(credentials.algorithm, credentials.certificate, credentials.key, stamps))


def _not_signed(text: str) -> ProcessingError:
    hint = "vidgen provenance init makes a key that can be used; or leave provenance: {c2pa: true} out"
    return ProcessingError("provenance.not_signed", text, hint=hint)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
