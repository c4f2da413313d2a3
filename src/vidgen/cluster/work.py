"""The kinds of work that a node does. Each is a plain value with all that it needs; ``run`` is called on the node.

What a piece of work makes are files; what it tells about them are the values that the same function gives on one machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vidgen.errors import MissingError, VidgenError
from vidgen.media.names import expanded
from vidgen.takes.request import Generated, TakeRequest

if TYPE_CHECKING:
    from vidgen.config import LocalConfig
    from vidgen.cut.segments import Segment
    from vidgen.cut.timeline import Timeline
    from vidgen.engines.base import LocalEngine
    from vidgen.engines.registry import Engines
    from vidgen.media.probe import MediaInfo
    from vidgen.post.settings import PostResult, PostSettings

TELL_EVERY_S = 0.25
"""How often work tells at most how far it is."""
NOT_HERE = "cluster.not_here"
"""Code of errors that say that this node cannot do the work, and another may."""
OF_THE_NODE = frozenset({"file.disk_full", "file.failed", "system.limit"})
"""Codes of errors that are the node's own trouble, as a full disk: another node may do the work."""


class Node(Protocol):
    """What the work finds on its node."""

    engines: Engines
    scratch: Path

    def cancelled(self) -> bool:
        """Whether the work is not wanted any more."""

    def tell(self, event: str, **values: Any) -> None:
        """Tell the driver something on the way."""


class Work(Protocol):
    """One piece of work."""

    def run(self, outs: Sequence[Path], node: Node) -> Any:
        """Do it: write ``outs`` and return a value that can be pickled. Raises VidgenError."""


@dataclass(frozen=True)
class TakeWork:
    """Make takes of one shot: what ``LocalRunner`` asks of an engine.

    Args:
        key: what the engine called the model on the driver (``LocalEngine.model_key``); another one here is another model.
        beside: the record of the take that is continued, which engines look for beside its clip.
        local: the driver's settings of local models.
    """

    engine: str
    takes: tuple[TakeRequest, ...]
    key: str | None
    beside: Path | None
    local: LocalConfig
    trust: bool = False

    @classmethod
    def of(cls, engine: LocalEngine, takes: Sequence[TakeRequest], key: str | None) -> TakeWork:
        """The work of some takes."""
        from vidgen.config import config
        from vidgen.settings import settings

        continued = takes[0].request.inputs.continues
        record = continued.with_suffix(".json") if continued else None
        named = tuple(replace(take, request=replace(take.request, params=_files_named(take.request.params))) for take in takes)
        beside = record if record and record.is_file() else None
        return cls(engine.name, named, key, beside, config().local, settings().trust_model)

    def run(self, outs: Sequence[Path], node: Node) -> list[Generated | dict[str, Any]]:
        """What came of each take; an error as its JSON values."""
        from vidgen.engines.base import LocalEngine
        from vidgen.engines.local import wire
        from vidgen.engines.local.settings import follow
        from vidgen.settings import choose

        choose(**({"trust_model": True} if self.trust else {}))
        follow(self.local)
        engine = node.engines.get(self.engine)
        assert isinstance(engine, LocalEngine)  # only what computes comes here
        takes = [replace(take, request=replace(take.request, params=_names_of(take.request.params))) for take in self.takes]
        self._check(engine, takes[0].request.model)
        engine.on_preview = lambda shot, picture: node.tell("preview", shot=shot, picture=dict(picture))

        progress = seldom(lambda share: node.tell("progress", share=share))

        made: Sequence[Generated | VidgenError]
        if engine.together:
            made = engine.generate_many(takes, outs, progress=progress, cancelled=node.cancelled)
        else:
            made = [engine.generate(takes[0], outs[0], progress=progress, cancelled=node.cancelled)]
        for one in made:
            if isinstance(one, VidgenError) and one.code in OF_THE_NODE:
                raise one
        return [one if isinstance(one, Generated) else wire.error_values(one) for one in made]

    def _check(self, engine: LocalEngine, model: str | None) -> None:
        """Raise ``cluster.not_here`` where this node has not the driver's engine or model."""
        if why := engine.available():
            raise MissingError(NOT_HERE, f"{self.engine}: {why}")
        try:
            key = engine.model_key(model)
        except VidgenError as error:
            raise MissingError(NOT_HERE, error.message, hint=error.hint) from error
        if key != self.key:
            raise MissingError(NOT_HERE, f"{self.engine}: its {model or 'model'} is {key} and not {self.key}")


@dataclass(frozen=True)
class PostWork:
    """Post-process one clip: ``post.clip.process_clip``.

    Args:
        names: which engines the driver would use. A node with others gives other pictures.
        model: weights of the user's own, which ``settings`` name.
    """

    info: MediaInfo
    settings: PostSettings
    frames: int
    max_hold: int
    names: tuple[str, ...]
    model: Path | None = None

    def run(self, outs: Sequence[Path], node: Node) -> PostResult:
        """As ``process_clip``."""
        from vidgen.post.clip import Hooks, process_clip
        from vidgen.post.work import plan_work

        settings = replace(self.settings, model=str(self.model)) if self.model else self.settings
        names = tuple(plan_work(self.info, settings, self.frames, self.max_hold).names)
        if names != self.names:
            text = f"post-processing would use {', '.join(names) or 'nothing'} and not {', '.join(self.names) or 'nothing'}"
            raise MissingError(NOT_HERE, text, hint="install the same extras of vidgen as on the driver")

        on_frame = seldom(lambda done, total: node.tell("frames", done=done, total=total))

        hooks = Hooks(on_frame=on_frame, cancelled=node.cancelled, fetch=_pulled)
        return process_clip(self.info, outs[0], settings, frames=self.frames, max_hold=self.max_hold, hooks=hooks)


@dataclass(frozen=True)
class SegmentWork:
    """Encode pieces of the cut: ``cut.encode_segment.encode_segments``."""

    segments: tuple[Segment, ...]
    timeline: Timeline = field(repr=False)

    @classmethod
    def of(cls, segments: Sequence[Segment], timeline: Timeline) -> SegmentWork:
        """Of the timeline only its form travels: pieces have all else."""
        from vidgen.cut.timeline import Sound

        return cls(tuple(segments), replace(timeline, shots=(), sound=Sound(), chapters=(), captions=()))

    def run(self, outs: Sequence[Path], node: Node) -> None:
        """As ``encode_segments``."""
        from vidgen.cut.encode_segment import encode_segments

        encode_segments(self.segments, self.timeline, outs, node.scratch, node.cancelled)


def seldom(tell: Callable[..., None]) -> Callable[..., None]:
    """The same, for what may be called for every frame: whatever is told goes through the cluster, which costs each time."""
    last = 0.0

    def told(*values: Any) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= TELL_EVERY_S:
            last = now
            tell(*values)

    return told


def _pulled(name: str) -> Path:
    """Weights for post-processing, which the node pulls where it has none, by the rules of ``vidgen models pull``."""
    from vidgen.weights.store import pull

    try:
        return pull(name)
    except VidgenError as error:
        raise MissingError(NOT_HERE, error.message, hint=error.hint) from error


def _files_named(value: Any) -> Any:
    """Parameters with the names of files as paths, so that those travel."""
    if isinstance(value, str):
        try:
            return expanded(value).absolute() if value and expanded(value).is_file() else value
        except (OSError, ValueError):
            return value
    return _each(value, _files_named)


def _names_of(value: Any) -> Any:
    """The same with paths as names again."""
    return str(value) if isinstance(value, Path) else _each(value, _names_of)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: change(one) for name, one in value.items()}
    return type(value)(map(change, value)) if isinstance(value, list | tuple) else value
