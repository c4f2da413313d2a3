"""The cut as an EDL in CMX 3600 form: one track of pictures, cuts and dissolves, eight characters for the name of a reel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vidgen.errors import InputError
from vidgen.interchange.cut import DISSOLVE, Cut, Media, Placed
from vidgen.interchange.library import otio, written
from vidgen.interchange.texts import one_line, relative_path
from vidgen.interchange.time_code import DROPPED, time_code
from vidgen.interchange.timeline import COLOURS, Builder

REEL, TITLE = 8, 70
"""Characters of a reel's name and of a title."""


@dataclass(frozen=True)
class _Edl(Builder):
    reels: dict[str, str] = field(default_factory=dict)
    """Checksum of a file -> its reel."""

    def reference(self, media: Media) -> Any:
        reference = super().reference(media)
        reference.target_url = one_line(relative_path(media.file, self.folder).as_posix())  # a comment is no URL
        return reference

    def clip(self, one: Placed) -> Any:
        clip = super().clip(one)
        clip.markers.clear()  # the adapter tells them by the file's time, but a LOC counts in the film's
        media = one.shot.chosen
        reel = self.reel(one.shot.id, media) if media else "BL"
        clip.metadata["cmx_3600"] = {"reel": reel, "comments": list(self._comments(one))}
        return clip

    def reel(self, shot: str, media: Media) -> str:
        """A name for the file, of capitals and digits, that no other file has."""
        if media.sha256 in self.reels:
            return self.reels[media.sha256]
        take = media.metadata.get("take")
        tail = f"T{take}" if take else "CLIP"
        body, number = re.sub(r"[^A-Z0-9]", "", shot.upper()), 1
        name = body[: REEL - len(tail)] + tail
        while name in self.reels.values():
            number += 1
            more = f"{number}{tail}"
            name = f"{body[: REEL - len(more)]}{more}"[-REEL:]
        self.reels[media.sha256] = name
        return name

    def _comments(self, one: Placed) -> Iterator[str]:
        shot, media = one.shot, one.shot.chosen
        if media:
            yield f"SOURCE FILE: {one_line(media.file.name)}"
        else:
            yield f"VIDGEN {shot.id}: NO TAKE"
        if shot.transition_frames and shot.transition != DISSOLVE:
            yield f"VIDGEN {shot.id}: TRANSITION {shot.transition} OF {shot.transition_frames} FRAMES"
        opens, _ = self.opens(one)
        rate = media.rate if media else self.cut.rate
        for mark in shot.marks:
            inside = 0 if mark.seconds is None else round((mark.seconds - float(opens / rate)) * float(self.cut.rate))
            at = one.first - one.head + min(max(0, inside), shot.frames - 1)
            yield f"LOC: {time_code(at, self.cut.rate)} {COLOURS[mark.kind]:7} {one_line(mark.text)}"


def edl_text(cut: Cut, folder: Path) -> str:
    """The cut as ``.edl``. A fade-in of the first shot is a cut, and every other transition a dissolve.

    Raises InputError ``export.bad_rate`` for a rate that has no time code, MissingError without the packages.
    """
    if not otio().opentime.RationalTime.is_valid_timecode_rate(float(cut.rate)):
        text = f"an EDL counts in time code, which has no rate of {float(cut.rate):g} frames/s"
        raise InputError("export.bad_rate", text, hint="--format otio has every rate")
    first = replace(cut.shots[0], transition_frames=0)
    plain = replace(cut, shots=(first, *cut.shots[1:]), sounds=())
    timeline = _Edl(plain, folder, whole_frames=True).timeline()
    del timeline.tracks[1:]
    timeline.name = timeline.name[:TITLE]
    text = written(timeline, "cmx_3600", rate=float(cut.rate))
    return _with_frame_code(text, timeline.name, drop=cut.rate in DROPPED)


def _with_frame_code(text: str, title: str, *, drop: bool) -> str:
    """The text with its kind of time code in the head. At a dissolve, the outgoing shot is named and its file is not: readers
    take a file there for that of the incoming shot, and it was told before.
    """
    lines, dissolve, told = [], False, False
    for line in text.removeprefix(f"TITLE: {title}\n\n").splitlines():
        if line[:1].isdigit():
            dissolve, told = re.match(r"\d+ +\S+ +V +D ", line) is not None, False
        told = told and not line.startswith("* TO CLIP NAME:")
        if not told:
            lines.append(line)
        told = told or (dissolve and line.startswith("* FROM CLIP NAME:"))
    head = f"TITLE: {title or 'untitled'}\nFCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}\n\n"
    return head + "\n".join(lines) + "\n"
