"""The key that films are signed with: one's own, or a self-made one that proves only that a file did not change."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.config import config
from vidgen.errors import InputError, MissingError
from vidgen.media.home import vidgen_home
from vidgen.media.names import expanded

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SELF_MADE = "self-made certificate, vouched for by nobody"
"""The organisation that a self-made certificate names."""

_YEARS = 10
_INIT = "vidgen provenance init makes one; or name your own in config.yaml: provenance: {certificate: FILE, key: FILE}"


@dataclass(frozen=True)
class Credentials:
    """A key and its certificates, checked.

    Args:
        certificate: PEM, the signer's first, then who vouches for it. key: PEM, PKCS 8.
        algorithm: in C2PA's words, such as ``es256``.
        fingerprint: SHA-256 of the signer's certificate, in hexadecimal. serial: its number.
        timestamp_url: of an authority that says when a film was signed; None: not asked.
    """

    certificate_file: Path
    certificate: bytes
    key: bytes
    algorithm: str
    fingerprint: str
    serial: str
    signer: str
    timestamp_url: str | None = None


def key_folder() -> Path:
    """Where the self-made key is, or will be."""
    return vidgen_home() / "provenance"


def key_files() -> tuple[Path, Path]:
    """The certificate and the key that films are signed with."""
    chosen = config().provenance
    folder = key_folder()
    own = (chosen.certificate and expanded(chosen.certificate), chosen.key and expanded(chosen.key))
    return own[0] or folder / "certificate.pem", own[1] or folder / "key.pem"


def credentials() -> Credentials:
    """The key to sign with.

    Raises MissingError ``provenance.no_key`` where there is none, InputError ``provenance.bad_key`` where it cannot be used:
    others may read it, it has a password, it does not belong to its certificate, or that has expired.
    """
    certificate_file, key_file = key_files()
    for file in (certificate_file, key_file):
        if not file.is_file():
            raise MissingError("provenance.no_key", f"there is no {file} to sign with", hint=_INIT, where=str(file))
    if os.name == "posix" and (mode := key_file.stat().st_mode) & 0o077:
        text = f"{key_file} can be read by others (mode {mode & 0o777:o})"
        raise InputError("provenance.bad_key", text, hint=f"chmod 600 {key_file}", where=str(key_file))
    return _checked(certificate_file, key_file)


def _checked(certificate_file: Path, key_file: Path) -> Credentials:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    try:
        pem, key_pem = certificate_file.read_bytes(), key_file.read_bytes()
        chain = x509.load_pem_x509_certificates(pem)
        key = serialization.load_pem_private_key(key_pem, None)
    except (OSError, ValueError, TypeError) as error:
        raise _bad(key_file, f"{certificate_file} and {key_file} cannot be read: {error}") from error
    first = chain[0]
    if first.public_key() != key.public_key():
        raise _bad(key_file, f"{key_file} is not the key of {certificate_file}")
    _check_time(first, certificate_file)
    if len(chain) < 2 and first.issuer == first.subject:
        raise _bad(certificate_file, f"{certificate_file} vouches for itself, which C2PA refuses; it needs an issuer")
    return Credentials(
        certificate_file,
        pem,
        _pkcs8(key),
        _algorithm(key, key_file),
        first.fingerprint(hashes.SHA256()).hex(),
        str(first.serial_number),
        _common_name(first),
        config().provenance.timestamp_url,
    )


def _check_time(certificate: Certificate, file: Path) -> None:
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        raise _bad(file, f"{file} expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise _bad(file, f"{file} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on; is the clock right?")


def _pkcs8(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text


def _algorithm(key: Any, file: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    curves = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in curves:
        return curves[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise _bad(file, f"{file} is of a kind that C2PA does not know; it takes P-256, P-384, P-521, Ed25519 and RSA")


def _common_name(certificate: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _bad(file: Path, text: str) -> InputError:
    hint = "name a certificate and its key in config.yaml: provenance: {certificate: FILE, key: FILE}"
    return InputError("provenance.bad_key", text, hint=hint, where=str(file))


def trust_anchors() -> str | None:
    """The certificates of those whom the user trusts to vouch for signers (config: ``provenance: {trust: FILE}``), as PEM."""
    chosen = config().provenance.trust
    if not chosen:
        return None
    file = expanded(chosen)
    try:
        return file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            "provenance.bad_key", f"{file} cannot be read: {why}", hint="provenance: {trust: FILE.pem}", where=str(file)
        ) from error


def make_key(name: str, folder: Path | None = None) -> tuple[Path, Path]:
    """Make a key and two certificates (an issuer's and the signer's), and return where certificate and key are.

    Raises InputError ``provenance.key_exists`` where there is one: a key is never replaced.
    """
    final = folder or key_folder()
    certificate, key = final / "certificate.pem", final / "key.pem"
    if os.path.lexists(final):
        text = f"{final} is there already; a key is never replaced"
        raise InputError("provenance.key_exists", text, hint="move that folder away to make a new one", where=str(final))
    chain, secret = _self_made(name)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".provenance-", dir=final.parent))  # 0700
    try:
        _write(part / key.name, secret, 0o600)
        _write(part / certificate.name, chain, 0o644)
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return certificate, key


def _write(file: Path, content: bytes, mode: int) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _self_made(name: str) -> tuple[bytes, bytes]:
    """A chain of two certificates as C2PA demands it, and the signer's key. The issuer's key is thrown away: it makes one
    certificate only.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _certificate("issuer", "issuer", issuer_key, issuer_key, _issuer_extensions)
    signer = _certificate(name, "issuer", key, issuer_key, _signer_extensions)
    return signer.public_bytes(Encoding.PEM) + issuer.public_bytes(Encoding.PEM), _pkcs8(key)


def _certificate(name: str, issuer: str, key: Any, issuer_key: Any, extensions: Callable[[Any, Any], list[Any]]) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(common: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, SELF_MADE)
        return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common)])

    begin = datetime.now(UTC) - timedelta(hours=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365 * _YEARS))
    )
    for extension, critical in extensions(key.public_key(), issuer_key.public_key()):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(**allowed: bool) -> Any:
    from cryptography.x509 import KeyUsage

    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    more = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return KeyUsage(**{name: allowed.get(name, False) for name in (*names, *more)})


def _issuer_extensions(own: Any, issuer: Any) -> list[Any]:
    from cryptography import x509

    return [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(key_cert_sign=True, crl_sign=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(own), False),
    ]


def _signer_extensions(own: Any, issuer: Any) -> list[Any]:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.SubjectKeyIdentifier.from_public_key(own), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False),
    ]
