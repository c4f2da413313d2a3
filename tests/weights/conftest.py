"""A home of its own for every test, and a wheel made on the spot that pip finds without any network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from vidgen.weights.registry import Model, Pin, Source

CONTENT = b"weights of a very small model\n" * 10


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIDGEN_OFFLINE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wheel ``tiny-weights 1.0``, and pip told to look nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    build_wheel(folder, CONTENT)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


def build_wheel(folder: Path, content: bytes) -> None:
    meta = "tiny_weights-1.0.dist-info"
    members = {
        "tiny_weights/net.bin": content,
        f"{meta}/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n",
        f"{meta}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode() for name, data in members.items()
    }
    record = "".join(f"{name},sha256={digests[name]},{len(data)}\n" for name, data in members.items()) + f"{meta}/RECORD,,\n"
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as archive:
        for name, data in {**members, f"{meta}/RECORD": record.encode()}.items():
            archive.writestr(name, data)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


@pytest.fixture
def tiny() -> Model:
    """A registry row for the file in that wheel: first as an installed package, then as a download."""
    pin = Pin("net.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    sources = [Source(kind, "tiny-weights", "1.0", "tiny_weights") for kind in ("package", "wheel")]  # type: ignore[arg-type]
    return Model("tiny", "upscale", "A tiny model", "MIT", (pin,), tuple(sources))
