"""The key that films are signed with: what cannot be used is told before any work is done."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support import Film, Ran, Vidgen
from vidgen.provenance import keys, signing

SIGNED = "provenance: {c2pa: true}\n"
SEA = "{scene: calm sea, duration: 6f}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


Refused = Callable[[], Ran]


@pytest.fixture
def refused(vidgen: Vidgen, film: Film, tmp_path: Path, home: Path) -> Refused:
    """Render a film that is to be signed, and see that nothing was made."""

    def run() -> Ran:
        ran = vidgen("render", film(SEA, top=SIGNED), "--json")
        assert not (tmp_path / "film.mp4").exists() and not (tmp_path / ".vidgen").exists()
        return ran

    return run


def test_init_makes_a_key_that_only_its_owner_can_read_and_that_c2pa_accepts(vidgen: Vidgen, home: Path) -> None:
    ran = vidgen("provenance", "init", "--name", "佐藤 アキ", "--json")
    assert ran.code == 0 and ran.data["signer"] == "佐藤 アキ" and ran.data["self_made"] is True
    key = Path(ran.data["key"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    signing.try_key(keys.credentials())


def test_init_never_replaces_a_key(vidgen: Vidgen, home: Path) -> None:
    before = Path(vidgen("provenance", "init", "--json").data["key"]).read_bytes()
    ran = vidgen("provenance", "init", "--json")
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "provenance.key_exists")
    assert (home / "provenance" / "key.pem").read_bytes() == before
    assert not list(home.glob(".provenance-*"))


@pytest.mark.parametrize("name", ["", "  ", "x" * 65])
def test_a_name_that_no_certificate_takes_is_refused(vidgen: Vidgen, home: Path, name: str) -> None:
    assert vidgen("provenance", "init", "--name", name).code == 2 and not (home / "provenance").exists()


def test_without_a_key_the_remedy_is_told(refused: Refused) -> None:
    ran = refused()
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "provenance.no_key")
    assert "vidgen provenance init" in ran.envelope["error"]["hint"]


def test_without_the_package_the_remedy_is_told(refused: Refused, vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch) -> None:
    vidgen("provenance", "init")
    monkeypatch.setitem(sys.modules, "c2pa", None)  # as Python treats a package that is not there
    ran = refused()
    assert (ran.code, ran.envelope["error"]["code"]) == (3, "provenance.missing")
    assert "vidgen[provenance]" in ran.envelope["error"]["hint"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(refused: Refused, vidgen: Vidgen, home: Path, mode: int) -> None:
    vidgen("provenance", "init")
    (home / "provenance" / "key.pem").chmod(mode)
    ran = refused()
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "provenance.bad_key")
    assert ran.envelope["error"]["hint"].startswith("chmod 600 ")


def own(home: Path, **files: Any) -> None:
    """Files and a configuration that names them."""
    home.mkdir(exist_ok=True)
    for name, content in files.items():
        with os.fdopen(os.open(home / f"{name}.pem", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(content)
    named = ", ".join(f"{name}: {home / name}.pem" for name in files)
    (home / "config.yaml").write_text(f"provenance: {{{named}}}\n")


def chain(monkeypatch: pytest.MonkeyPatch, age: timedelta = timedelta(0)) -> tuple[bytes, bytes]:
    """Certificates and key as ``init`` makes them, made so long ago."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) - age

    with monkeypatch.context() as patch:
        patch.setattr(keys, "datetime", Clock)
        return keys._self_made("Aki")


def test_an_expired_certificate_is_refused_with_its_date(refused: Refused, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = chain(monkeypatch, timedelta(days=11 * 365))
    own(home, certificate=certificate, key=key)
    ran = refused()
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "provenance.bad_key")
    assert "expired on 20" in ran.envelope["error"]["message"]


def test_a_certificate_from_the_future_is_refused(refused: Refused, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = chain(monkeypatch, -timedelta(days=30))
    own(home, certificate=certificate, key=key)
    assert "is the clock right?" in refused().envelope["error"]["message"]


def test_a_key_of_another_certificate_is_refused(refused: Refused, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(home, certificate=chain(monkeypatch)[0], key=chain(monkeypatch)[1])
    assert "is not the key of" in refused().envelope["error"]["message"]


@pytest.mark.parametrize("content", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_files_that_are_no_keys_are_refused(
    refused: Refused, home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    certificate, key = chain(monkeypatch)
    own(home, certificate=content, key=key)
    assert refused().envelope["error"]["code"] == "provenance.bad_key"
    own(home, certificate=certificate, key=content)
    assert refused().envelope["error"]["code"] == "provenance.bad_key"


def test_a_certificate_without_its_issuer_is_refused_by_c2pa_before_any_work(
    refused: Refused, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    alone: x509.Certificate = keys._certificate("issuer", "issuer", key, key, keys._signer_extensions)
    own(home, certificate=alone.public_bytes(Encoding.PEM), key=keys._pkcs8(key))
    ran = refused()
    assert (ran.code, ran.envelope["error"]["code"]) == (2, "provenance.bad_key")
    assert "vouches for itself" in ran.envelope["error"]["message"]


def test_ones_own_certificate_signs_and_is_trusted_where_the_user_says_so(
    vidgen: Vidgen, film: Film, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = chain(monkeypatch)
    own(home, certificate=certificate, key=key)
    assert vidgen("render", film(SEA, top=SIGNED)).code == 0
    assert vidgen("provenance", "verify", "film.mp4", "--json").data["trusted"] is False
    issuer = certificate[certificate.index(b"-----BEGIN", 10) :]
    own(home, certificate=certificate, key=key, trust=issuer)
    ran = vidgen("provenance", "verify", "film.mp4", "--json")
    assert ran.code == 0 and ran.data["trusted"] is True
