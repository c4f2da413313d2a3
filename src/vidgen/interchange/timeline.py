"""A cut as a timeline of OpenTimelineIO.

A clip's ``source_range`` begins at a time of its file, at the file's own rate, and lasts film frames: so the timeline is to
the frame as long as the film, whatever rates its files have. ``available_range`` is the whole file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.interchange.cut import DISSOLVE, Cut, CutSound, Mark, Media, Placed, lanes
from vidgen.interchange.library import otio, written
from vidgen.interchange.texts import one_line, plain_values, relative_url

PICTURE, OWN_SOUND = "picture", "own sound"
COLOURS = {"veto": "RED", "note": "YELLOW"}


@dataclass(frozen=True)
class Builder:
    """Builds timelines.

    Args:
        folder: of the exported file; places of files are told from there.
        whole_frames: for formats that count in frames of the film: every time is rounded to one.
    """

    cut: Cut
    folder: Path
    whole_frames: bool = False

    def timeline(self) -> Any:
        """The timeline: one track of shots, and the tracks of sounds."""
        schema = otio().schema
        title = one_line(self.cut.title)
        timeline = schema.Timeline(title, metadata={"vidgen": plain_values(self.cut.metadata)})
        placed = list(self.cut.placed())
        timeline.tracks.append(self._picture(placed))
        if any(one.shot.sounds for one in placed):
            timeline.tracks.append(self._own_sound(placed))
        for name, sounds in lanes(self.cut.sounds):
            timeline.tracks.append(self._lane(name, sounds))
        return timeline

    def _picture(self, placed: Sequence[Placed]) -> Any:
        schema = otio().schema
        track = schema.Track(PICTURE, kind="Video")
        for one in placed:
            if one.before or one.after:
                track.append(self._transition(one))
            track.append(self.clip(one))
        return track

    def _transition(self, one: Placed) -> Any:
        shot = one.shot
        kind = "SMPTE_Dissolve" if shot.transition == DISSOLVE else "Custom_Transition"
        known = {"type": shot.transition, "frames": shot.transition_frames}
        offsets = (self._time(Fraction(frames), self.cut.rate) for frames in (one.before, one.after))
        return otio().schema.Transition(shot.transition, kind, *offsets, metadata={"vidgen": known})

    def clip(self, one: Placed) -> Any:
        """A shot with all its takes; one without takes has a missing reference, and keeps its place."""
        schema, shot = otio().schema, one.shot
        clip = schema.Clip(shot.id, source_range=self._range(one), metadata={"vidgen": plain_values(shot.metadata)})
        names = [one_line(media.name).replace(" ", "_") or "media" for media in shot.media]
        if shot.used is None:
            clip.media_reference = schema.MissingReference("no take")
        else:
            references = {name: self.reference(media) for name, media in zip(names, shot.media, strict=True)}
            clip.set_media_references(references, names[shot.used])
        clip.markers.extend(self.marker(one, mark) for mark in shot.marks)
        return clip

    def reference(self, media: Media) -> Any:
        """A file, with all that is known of it."""
        available = self.span(Fraction(0), Fraction(media.frames), media.rate, media.rate)
        url = relative_url(media.file, self.folder)
        reference = otio().schema.ExternalReference(url, available, {"vidgen": plain_values(media.metadata)})
        reference.name = one_line(media.name)
        return reference

    def opens(self, one: Placed, frame: int = 0) -> tuple[Fraction, Fraction]:
        """The time in its file of a frame of the shot, and the rate that it counts in."""
        rate = one.shot.chosen.rate if one.shot.chosen else self.cut.rate
        return one.shot.start + Fraction(frame) / self.cut.rate * rate, rate

    def _range(self, one: Placed, later: int = 0, frames: int | None = None) -> Any:
        start, rate = self.opens(one, one.head + later)
        return self.span(start, Fraction(one.frames if frames is None else frames), rate, self.cut.rate)

    def marker(self, one: Placed, mark: Mark) -> Any:
        """A remark, at a time of the shot's file."""
        at, rate = self.opens(one)
        if mark.seconds is not None:
            at = Fraction(round(Fraction(mark.seconds) * rate))
        known = {"kind": mark.kind, "code": mark.name, "text": mark.text}
        name = one_line(f"{mark.kind}: {mark.text}")
        marker = otio().schema.Marker(name, self.span(at, Fraction(0), rate, rate), COLOURS[mark.kind])
        marker.metadata["vidgen"] = plain_values(known)
        return marker

    def _own_sound(self, placed: Sequence[Placed]) -> Any:
        """The sound of the takes and clips themselves, cut as the picture is but for J and L cuts."""
        schema = otio().schema
        track = schema.Track(OWN_SOUND, kind="Audio")
        shifts = [*(one.shot.sound_shift for one in placed[1:]), 0]
        for one, after in zip(placed, shifts, strict=True):
            before = one.shot.sound_shift
            frames = one.frames - before + after
            if one.shot.sounds and one.shot.chosen:
                known = {"role": "clip", "shot": one.shot.id}
                span = self._range(one, before, frames)
                clip = schema.Clip(one.shot.id, self.reference(one.shot.chosen), span, metadata={"vidgen": known})
                track.append(clip)
            else:
                track.append(self._gap(Fraction(frames)))
        return track

    def _lane(self, name: str, sounds: Sequence[CutSound]) -> Any:
        schema = otio().schema
        track, end = schema.Track(name, kind="Audio"), Fraction(0)
        for sound in sounds:
            begin, after = (Fraction(round(time)) if self.whole_frames else time for time in (sound.at, sound.end))
            if after <= begin:
                continue
            if begin > end:
                track.append(self._gap(begin - end))
            span = self.span(Fraction(sound.start), after - begin, sound.media.rate, self.cut.rate)
            known: Mapping[str, Any] = {"role": sound.role, **sound.metadata}
            clip = schema.Clip(one_line(sound.media.file.name), self.reference(sound.media), span)
            clip.metadata["vidgen"] = plain_values(known)
            track.append(clip)
            end = after
        return track

    def _gap(self, frames: Fraction) -> Any:
        return otio().schema.Gap(source_range=self.span(Fraction(0), frames, self.cut.rate, self.cut.rate))

    def span(self, start: Fraction, length: Fraction, rate: Fraction, length_rate: Fraction) -> Any:
        """``length`` from ``start`` on, each counted at its rate."""
        return otio().opentime.TimeRange(self._time(start, rate), self._time(length, length_rate))

    def _time(self, value: Fraction, rate: Fraction) -> Any:
        """A time of so many frames at a rate; for a format that counts in film frames, the nearest of these."""
        if self.whole_frames:
            value, rate = Fraction(round(value / rate * self.cut.rate)), self.cut.rate
        return otio().opentime.RationalTime(float(value), float(rate))


def otio_text(cut: Cut, folder: Path) -> str:
    """The cut as ``.otio``. Raises MissingError without OpenTimelineIO."""
    return written(Builder(cut, folder).timeline(), "otio_json") + "\n"
