"""Holds the table of engines against the types of the providers' own SDKs: models, lengths, shapes that came or went.

SDKs describe what may be sent as types whose legal values are literals. They are read, never called.
"""

from __future__ import annotations

import importlib
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from vidgen.catalog.engines import engine_table
from vidgen.spelling import nearest

Change = Literal["added", "removed", "renamed"]
_LENGTHS, _SHAPES = ("duration", "seconds"), ("ratio", "aspect_ratio", "size")


@dataclass(frozen=True)
class Offer:
    """What a model takes: lengths in seconds, shapes by their names. Empty: not known."""

    lengths: frozenset[float] = frozenset()
    shapes: frozenset[str] = frozenset()

    def __or__(self, other: Offer) -> Offer:
        return Offer(self.lengths | other.lengths, self.shapes | other.shapes)


@dataclass(frozen=True)
class Sdk:
    """Where a provider's SDK describes its requests.

    Args:
        package: its name for pip. modules: those that hold the types. engine: whose rows they are held against.
        only: how the names of video models begin, where others stand beside them.
        left_out: models that the table leaves out on purpose.
    """

    package: str
    engine: str
    modules: tuple[str, ...]
    only: str = ""
    left_out: frozenset[str] = frozenset()


SDKS = (
    Sdk(
        "runwayml",
        "runway",
        tuple(
            f"runwayml.types.{operation}_create_params"
            for operation in ("text_to_video", "image_to_video", "video_to_video", "character_performance", "video_upscale")
        ),
        left_out=frozenset({"enhance_frame_rate"}),  # vidgen interpolates itself
    ),
    Sdk("luma-agents", "luma", ("luma_agents.types.generation_create_params", "luma_agents.types.video_options_param"), "ray"),
    Sdk("openai", "openai-videos", ("openai.types.video_create_params",)),
    Sdk(
        "google-genai",
        "gemini-omni",
        ("google.genai._gaos.types.interactions.model",),
        "gemini-omni",
        left_out=frozenset({"gemini-omni-flash-preview"}),  # replaced by 1.1
    ),
)


@dataclass(frozen=True)
class Finding:
    """One difference. ``wrong``: the row offers what the SDK does not know; else the SDK knows more than the row."""

    engine: str
    model: str
    change: Change
    text: str
    wrong: bool = field(default=False)


def findings(sdks: Iterable[Sdk] = SDKS) -> tuple[list[Finding], list[str]]:
    """Every difference, and what could not be compared, one line each."""
    found: list[Finding] = []
    missing: list[str] = []
    for sdk in sdks:
        try:
            known = read(sdk)
        except ImportError:
            missing.append(f"{sdk.engine}: the package {sdk.package}{_version(sdk)} is not here, or has other modules")
            continue
        found += compared(sdk, known, _rows(sdk.engine))
    return found, missing


def read(sdk: Sdk) -> dict[str, Offer]:
    """The SDK's models and what each takes. Raises ImportError where it is not here."""
    found: dict[str, Offer] = {}
    shared = Offer()
    for name in sdk.modules:
        module = importlib.import_module(name)
        for kind in [value for value in vars(module).values() if hasattr(value, "__required_keys__")]:
            hints = get_type_hints(kind, include_extras=True)
            offer = _offer(hints)
            models = [str(value) for value in _literals(hints.get("model")) if str(value).startswith(sdk.only)]
            for model in models:
                found[model] = found.get(model, Offer()) | offer
            shared = shared if models else shared | offer
        for value in _literals(getattr(module, "Model", None)):
            if str(value).startswith(sdk.only):
                found.setdefault(str(value), Offer())
    return {model: Offer(offer.lengths or shared.lengths, offer.shapes or shared.shapes) for model, offer in found.items()}


def compared(sdk: Sdk, known: Mapping[str, Offer], rows: Mapping[str, Offer]) -> Iterator[Finding]:
    """What differs between an SDK's models and the table's rows."""
    if any(
        capabilities.any_model for capabilities in engine_table().get(sdk.engine, ())
    ):  # any model is taken; only the protocol counts
        everything = Offer()
        for offer in known.values():
            everything |= offer
        known = dict.fromkeys(rows, everything)
    gone = sorted(set(rows) - set(known))
    new = sorted(set(known) - set(rows) - sdk.left_out)
    for model in gone:
        likely = nearest(model, new, cutoff=0.75)
        if likely:
            new.remove(likely)
            yield Finding(sdk.engine, model, "renamed", f"model is perhaps called {likely} now", wrong=True)
        else:
            yield Finding(sdk.engine, model, "removed", "model is not in the SDK", wrong=True)
    yield from (Finding(sdk.engine, model, "added", "model is not in the table") for model in new)
    for model in sorted(set(rows) & set(known)):
        yield from _members(sdk.engine, model, known[model], rows[model])


def _members(engine: str, model: str, known: Offer, row: Offer) -> Iterator[Finding]:
    for what, theirs, ours in (("length", known.lengths, row.lengths), ("shape", known.shapes, row.shapes)):
        if not theirs or not ours:
            continue
        for change, values in (("removed", ours - theirs), ("added", theirs - ours)):
            if values:
                listed = ", ".join(f"{value:g} s" if isinstance(value, float) else str(value) for value in sorted(values))
                kind: Change = "removed" if change == "removed" else "added"
                yield Finding(engine, model, kind, f"{what}{'s' * (len(values) > 1)}: {listed}", wrong=kind == "removed")


def _rows(engine: str) -> dict[str, Offer]:
    """The table's rows, under the names that go over the wire."""
    from vidgen.engines.cloud import luma, openai_videos, runway

    found: dict[str, Offer] = {}
    for capabilities in engine_table().get(engine, ()):
        model, lengths = (capabilities.model or "").removesuffix(luma.REFRAME), frozenset(map(float, capabilities.durations_s))
        shapes: set[str] = set()
        if engine == "runway":
            shapes = {shape for spec in runway._specs().get(model, {}).values() for _, row in spec.ratios for shape in row}
        elif engine == "luma":
            shapes, lengths = set(luma.SHAPES), frozenset() if model != capabilities.model else lengths
        elif engine == "openai-videos":
            shapes, lengths = set(openai_videos.SIZES), frozenset(map(float, openai_videos.SECONDS))
        found[model] = found.get(model, Offer()) | Offer(lengths, frozenset(shapes))
    return found


def _offer(hints: Mapping[str, Any]) -> Offer:
    lengths = {_seconds(value) for name in _LENGTHS for value in _literals(hints.get(name))} - {None}
    shapes = {str(value) for name in _SHAPES for value in _literals(hints.get(name))}
    return Offer(frozenset(value for value in lengths if value is not None), frozenset(shapes))


def _seconds(value: Any) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s?", str(value))
    return float(found[1]) if found else None


def _literals(hint: Any) -> Iterator[Any]:
    """Every literal value that a type allows, wherever in it that stands."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    elif hasattr(hint, "__value__"):  # a named type
        yield from _literals(hint.__value__)
    elif get_origin(hint) in (Union, types.UnionType) or hint is not None:
        for part in get_args(hint):
            yield from _literals(part)


def _version(sdk: Sdk) -> str:
    try:
        return f" {version(sdk.package)}"
    except PackageNotFoundError:
        return ""
