"""Keys of providers: from the environment, else from the system's keyring where the package ``keyring`` is installed.

In the keyring a key stands under the service ``vidgen`` and its variable's name: ``keyring set vidgen RUNWAYML_API_SECRET``.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec

from vidgen.settings import variable

SERVICE = "vidgen"


def key_named(name: str) -> str:
    """The key that is kept under this variable's name; empty where there is none."""
    return variable(name) or _kept(name)


def place_of(name: str) -> str:
    """Where it is: ``environment``, ``keyring``, or empty."""
    return "environment" if variable(name) else "keyring" if _kept(name) else ""


@functools.cache
def _kept(name: str) -> str:
    """From the keyring, which may ask its owner: once a process. A keyring that cannot be opened has no key."""
    if find_spec("keyring") is None:
        return ""
    import keyring
    from keyring.errors import KeyringError

    try:
        return (keyring.get_password(SERVICE, name) or "").strip()
    except (KeyringError, RuntimeError, OSError):
        return ""
