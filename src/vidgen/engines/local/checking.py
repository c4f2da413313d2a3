"""What would stop a shot, found before a model is loaded: a film's last shot should not fail after hours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vidgen.engines.local.batch_builder import build_batch
from vidgen.engines.local.devices import Device
from vidgen.engines.local.folder import ModelFolder
from vidgen.engines.local.settings import Settings
from vidgen.takes.request import ShotRequest, TakeRequest


def check(request: ShotRequest, folder: ModelFolder) -> None:
    """Raise InputError where the model cannot make the shot or a parameter is wrong. ``inputs.continues`` may name a take that
    is yet to be made.
    """
    given = request.inputs
    if given.continues:
        opens = {"image_to_video", "first_last_frame"} & set(folder.tasks)
        first = given.start_frame or (given.continues if opens else None)
        request = replace(request, inputs=replace(given, continues=None, start_frame=first))
    build_batch([TakeRequest(request, 1, 0)], folder, Device("cpu"), [Path("take.mp4")], Settings())


def check_files(request: ShotRequest) -> None:
    """Raise InputError where a picture or the video that is given cannot be read."""
    from vidgen.media.probe import probe
    from vidgen.media.stills import read_image

    given = request.inputs
    for picture in (given.start_frame, given.end_frame, *given.references):
        if picture:
            read_image(picture)
    if given.source_video:
        probe(given.source_video)
