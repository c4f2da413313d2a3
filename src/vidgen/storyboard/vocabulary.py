"""Names with English and Japanese forms, read from ``vocabulary.yaml``."""

from __future__ import annotations

from typing import Any


def canonical_name(kind: str, value: Any) -> str:
    """The canonical form of a name. Raises ValueError with "(did you mean ...?)" where it is not known."""
    return str(value)
