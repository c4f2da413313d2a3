"""Small films with their records, and a key to sign them with. Each is made once; tests change copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.provenance.small_films import Copy, MadeFilm, make

from vidgen.app.provenance import init_key


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, MadeFilm]:
    """A film that is signed, and one that is not."""
    root = tmp_path_factory.mktemp("films")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDGEN_HOME", str(root / "home"))
        init_key("Aki Sato")
        return {signed: make(root / str(signed), root / "home", signed=signed) for signed in (True, False)}


@pytest.fixture
def home(made: dict[bool, MadeFilm], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home with the key, for this test."""
    monkeypatch.setenv("VIDGEN_HOME", str(made[True].home))
    return made[True].home


@pytest.fixture
def copy(made: dict[bool, MadeFilm], home: Path, tmp_path: Path) -> Iterator[Copy]:
    """Copy a film into the test's folder: ``copy(signed=True, record=False)``; returns the film."""

    def take(*, signed: bool, record: bool = True, project: bool = False, name: str = "film") -> Path:
        source, film = made[signed], tmp_path / f"{name}.mp4"
        shutil.copy(source.film, film)
        if record:
            shutil.copy(source.folder / "film.provenance.json", tmp_path / f"{name}.provenance.json")
        if project:
            shutil.copytree(source.folder / ".vidgen", tmp_path / ".vidgen")
            for file in ("film.yaml", "film.lock.yaml", "tone.wav"):
                shutil.copy(source.folder / file, tmp_path / file)
        return film

    yield take
