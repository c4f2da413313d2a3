"""Keys may be in the system's keyring; the environment goes first, and they are shown nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from provider_failures import playing
from support import Film, Vidgen
from vidgen.engines.cloud import keys
from vidgen.testing.providers.runway import FakeRunway

SHOT = "{id: a, scene: sea, engine: runway}"


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1
    held: dict[tuple[str, str], str]
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("no")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[(service, username)] = password


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before = keyring.get_keyring()
    mine = Drawer()  # type: ignore[no-untyped-call]
    mine.held = {}
    keyring.set_keyring(mine)
    keys._kept.cache_clear()
    yield mine
    keys._kept.cache_clear()
    keyring.set_keyring(before)


def test_a_film_is_made_with_a_key_from_the_keyring(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, drawer: Drawer
) -> None:
    keyring.set_password("vidgen", "RUNWAYML_API_SECRET", FakeRunway.key)
    with playing(monkeypatch, FakeRunway) as server:
        monkeypatch.delenv("RUNWAYML_API_SECRET")
        assert vidgen("render", film(SHOT), "--yes").code == 0 and server.created == 1
        told = vidgen("doctor", "--json")
        (row,) = [check for check in told.data["checks"] if check["name"] == "engine runway"]
        assert row["found"] == "ready (key from the keyring)" and FakeRunway.key not in told.out


def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch, drawer: Drawer) -> None:
    keyring.set_password("vidgen", "FAL_KEY", "kept")
    assert keys.key_named("FAL_KEY") == "kept"
    monkeypatch.setenv("FAL_KEY", "set")
    assert (keys.key_named("FAL_KEY"), keys.place_of("FAL_KEY")) == ("set", "environment")


def test_a_keyring_that_stays_locked_has_no_key(
    monkeypatch: pytest.MonkeyPatch, vidgen: Vidgen, film: Film, drawer: Drawer
) -> None:
    drawer.locked = True
    monkeypatch.delenv("RUNWAYML_API_SECRET", raising=False)
    ran = vidgen("render", film(SHOT), "--yes", "--json")
    assert ran.code == 3 and "RUNWAYML_API_SECRET" in ran.envelope["error"]["message"]
