"""OpenTimelineIO and its adapters, which are installed with the extra ``edit``."""

from __future__ import annotations

from typing import Any

from vidgen.errors import InputError, MissingError

ADAPTERS = {"cmx_3600": "otio-cmx3600-adapter", "fcp_xml": "otio-fcp-adapter"}
"""Adapters that are packages of their own."""


def otio() -> Any:
    """The package. Raises MissingError ``export.missing`` where it is not here."""
    try:
        import opentimelineio
    except ImportError as error:
        raise _missing("opentimelineio", str(error)) from error
    return opentimelineio


def written(timeline: Any, adapter: str, **options: Any) -> str:
    """A timeline as the adapter writes it. Raises MissingError ``export.missing`` without that adapter."""
    import warnings

    adapters = otio().adapters
    if adapter not in adapters.available_adapter_names():
        raise _missing(ADAPTERS.get(adapter, adapter), "it is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # adapters use calls that Python is going to drop
        text: str = adapters.write_to_string(timeline, adapter, **options)
    return text


def read(text: str, adapter: str, name: str) -> Any:
    """What an adapter reads from a text. Raises InputError ``import.invalid`` where that is none of its kind, MissingError
    without OpenTimelineIO. ``name``: of the file, for messages.
    """
    adapters = otio().adapters
    try:
        return adapters.read_from_string(text, adapter)
    except Exception as error:  # adapters raise errors of every kind
        why = " ".join(str(error).split())[:200] or type(error).__name__
        hint = "export the cut of your program as OpenTimelineIO (.otio)"
        raise InputError("import.invalid", f"{name} cannot be read as a cut: {why}", hint=hint, where=name) from None


def _missing(package: str, why: str) -> MissingError:
    text = f"the package {package} is needed to write this format: {why}"
    return MissingError(
        "export.missing", text, hint="pip install 'vidgen[edit]'; --format csv needs nothing more", where=package
    )
