"""Makes a take: chooses what to draw, draws frame after frame, and encodes beside the drawing."""

from __future__ import annotations

import json
import queue
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from vidgen.engines.base import Cancelled as CancelledCheck
from vidgen.engines.base import Progress
from vidgen.engines.previz import stills
from vidgen.engines.previz.card import Card, written
from vidgen.engines.previz.noise import Array
from vidgen.engines.previz.scene import Opening, Scene
from vidgen.engines.previz.slate import Slate
from vidgen.engines.previz.spec import SceneSpec, read_request
from vidgen.errors import Cancelled
from vidgen.media.encode import DRAFT
from vidgen.media.frames import FrameWriter, last_frame
from vidgen.takes.request import Generated, ShotRequest, TakeRequest
from vidgen.weights.faces import lacking

VERSION = 1
_TAG = "vidgen-previz"

Notes = list[tuple[str, str]]


class Source(Protocol):
    """Something that gives finished frames, in order."""

    def prepare(self) -> None:
        """Do what need not be done every frame."""

    def frame(self, index: int) -> Array:
        """[H, W, 3] uint8."""


def make(take: TakeRequest, out: Path, progress: Progress, cancelled: CancelledCheck) -> Generated:
    """Draw and encode one take."""
    request, notes = take.request, _unmet(take)
    source, kind = _source(take, notes)
    source.prepare()
    slate = None
    if request.params.get("slate", True):
        slate = Slate(request.shot, request.camera.move, request.width, request.height, float(request.fps), request.frames)
        slate.prepare()
    ending = source.ending() if isinstance(source, Scene | Card) else None
    tag = json.dumps(
        {_TAG: VERSION, "slate": slate.box() if slate else None, "ending": ending.as_dict() if ending else None},
        separators=(",", ":"),
    )
    with (
        FrameWriter(
            out, request.width, request.height, request.fps, frames=request.frames, profile=DRAFT, comment=tag
        ) as writer,
        _Feeder(writer) as feeder,
    ):
        for index in range(request.frames):
            if cancelled():
                raise Cancelled
            picture = source.frame(index)
            if slate:
                slate.draw(picture, index)
            feeder.put(picture)
            progress((index + 1) / request.frames)
    scene = source.spec.as_dict() if isinstance(source, Scene) else None
    model = request.model or "previz-1"
    manifest = {"generator": "previz", "model": model, "version": VERSION, "drawn": kind, "scene": scene}
    manifest |= {"seed": take.seed, "diffusion": False}
    return Generated(out, manifest, diffusion=False, notices=tuple(notes))


def _source(take: TakeRequest, notes: Notes) -> tuple[Source, str]:
    """What the frames come from: a video or picture of the user's, the world that goes on, a scene of words, or a card."""
    request, inputs, spec = take.request, take.request.inputs, read_request(take.request)
    if inputs.source_video:
        return stills.Footage(request, inputs.source_video, take.seed), "footage"
    if inputs.continues:
        world, slate = _left_off(inputs.continues)
        opening = world if inputs.continues_frames is None else None  # the tag describes the world at the end of the file
        if opening and spec.place != "card" and spec.same_world(opening.spec) and not inputs.end_frame:
            return Scene(request, spec, take.seed, opening), "scene"
        if world and world.spec.place == spec.place == "card" and not inputs.end_frame:
            return _card(request, spec, take.seed, notes, opening if opening and _same_set(spec, opening.spec) else None)
        last = last_frame(inputs.continues, inputs.continues_frames)
        shown = stills.without_slate(last, slate) if slate else last
        return stills.Still(request, shown, inputs.end_frame, take.seed, exact=True), "still"
    first = inputs.start_frame or next(iter(inputs.references), None)
    if first or inputs.end_frame:
        exact = inputs.start_frame is not None
        return stills.Still(request, stills.load(first) if first else None, inputs.end_frame, take.seed, exact=exact), "still"
    if spec.place == "card":
        return _card(request, spec, take.seed, notes)
    return Scene(request, spec, take.seed), "scene"


def _card(request: ShotRequest, spec: SceneSpec, seed: int, notes: Notes, opening: Opening | None = None) -> tuple[Source, str]:
    if not (spec.alive or spec.thing):
        notes.append(("engine.wish_approximated", "scene: previz has no picture for these words; it drew a storyboard card"))
    for lost in lacking(" ".join(written(request)), "serif"):
        remedy = f"; `vidgen models pull {lost.row.name}` fetches a font" if lost.row else ""
        notes.append(("engine.wish_approximated", f"text: no font here has {lost.letters}; the card leaves it out{remedy}"))
    return Card(request, spec, seed, opening), "card"


def _same_set(spec: SceneSpec, before: SceneSpec) -> bool:
    """Whether a card goes on where the one before ended: in the same room, seen as large."""
    return (spec.room, spec.outdoors, spec.size, spec.angle) == (before.room, before.outdoors, before.size, before.angle)


def _left_off(file: Path) -> tuple[Opening | None, list[int] | None]:
    """Where the take that is continued left its world, where previz drew it; and where a slate lies over its picture."""
    from vidgen.media.probe import open_media

    with open_media(file) as container:
        text = container.metadata.get("comment", "")
    try:
        tag: dict[str, Any] = json.loads(text)
        if tag.get(_TAG) != VERSION:
            return None, None
        return Opening.from_dict(tag["ending"]) if tag["ending"] else None, [int(edge) for edge in tag["slate"]] if tag[
            "slate"
        ] else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None


def _unmet(take: TakeRequest) -> Notes:
    """Notices for options that only the engine knows it does not support."""
    request, notes = take.request, []
    camera, inputs = request.camera, request.inputs
    if camera.lens is not None:
        notes.append(("engine.wish_ignored", "camera.lens: previz has one lens; left out"))
    if camera.reveals and camera.move not in ("reveal", "pull_back_reveal"):
        notes.append(("engine.wish_ignored", f"camera.reveals: {camera.move} reveals nothing in previz; left out"))
    used = inputs.source_video or inputs.continues or inputs.start_frame or inputs.end_frame
    spare = len(inputs.references) - (0 if used else 1)
    if spare > 0:
        notes.append(("engine.wish_ignored", f"references: previz moves one picture; {spare} more left out"))
    if inputs.source_video and camera.move != "static":
        notes.append(("engine.wish_ignored", "camera.move: the video keeps its own camera; left out"))
    return notes


class _Feeder:
    """Hands frames to the encoder from a second thread, so that drawing and encoding overlap; holds at most four."""

    def __init__(self, writer: FrameWriter) -> None:
        self._writer = writer
        self._queue: queue.Queue[Array | None] = queue.Queue(maxsize=4)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="previz-encoder", daemon=True)

    def put(self, frame: Array) -> None:
        """Queue one frame; raises what went wrong with an earlier one."""
        if self._error:
            raise self._error
        self._queue.put(frame)

    def _work(self) -> None:
        while (frame := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._writer.write(frame)
                except BaseException as error:  # handed to the drawing thread
                    self._error = error

    def __enter__(self) -> _Feeder:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._queue.put(None)
        self._thread.join()
        if kind is None and self._error:
            raise self._error
