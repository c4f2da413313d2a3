"""YAML tables that are part of vidgen: data that changes more often than code; and the parser that all YAML is read with."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Literal


def read_table(package: str, name: str, *, as_written: bool = False) -> Any:
    """The values of a table, as ``name`` ``engines.yaml`` in ``package`` ``vidgen.catalog``. Not cached: the caller keeps it.

    ``as_written``: all scalars stay text, for word lists in which ``none`` and ``on`` are words.
    """
    import yaml

    return yaml.load(files(package).joinpath(name).read_text(encoding="utf-8"), yaml_loader("Base" if as_written else "Safe"))


def yaml_loader(kind: Literal["Base", "Safe"] = "Safe") -> Any:
    """PyYAML's loader of that kind, with libyaml's parser where that is there: it is ten times as fast as Python's."""
    import yaml

    return getattr(yaml, f"C{kind}Loader", None) or getattr(yaml, f"{kind}Loader")
