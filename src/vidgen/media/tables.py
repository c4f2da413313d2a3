"""Read the YAML tables inside vidgen's packages: data that changes more often than code."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def read_table(package: str, name: str, *, as_written: bool = False) -> Any:
    """The values of a table, as ``name`` ``engines.yaml`` in ``package`` ``vidgen.catalog``. Not cached: the caller keeps it.

    ``as_written``: all scalars stay text, for word lists in which ``none`` and ``on`` are words.
    """
    import yaml

    # libyaml is ten times as fast, but some builds of PyYAML lack it.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader) if as_written else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(files(package).joinpath(name).read_text(encoding="utf-8"), loader)
