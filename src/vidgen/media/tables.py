"""The YAML tables that are part of vidgen: data that changes more often than code."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def read_table(package: str, name: str, *, as_written: bool = False) -> Any:
    """The plain values of ``name`` (``engines.yaml``) in a package of vidgen's. Whoever reads one keeps it: once a process.

    ``as_written``: every value is text, for lists of words in which ``none`` and ``on`` are words.
    """
    import yaml

    # libyaml reads ten times as fast as Python; it is not there where PyYAML was built without it.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader) if as_written else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(files(package).joinpath(name).read_text(encoding="utf-8"), loader)
