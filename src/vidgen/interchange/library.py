"""OpenTimelineIO and its adapters, which are installed with the extra ``edit``."""

from __future__ import annotations

from typing import Any

from vidgen.errors import MissingError

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


def _missing(package: str, why: str) -> MissingError:
    text = f"the package {package} is needed to write this format: {why}"
    return MissingError(
        "export.missing", text, hint="pip install 'vidgen[edit]'; --format csv needs nothing more", where=package
    )
