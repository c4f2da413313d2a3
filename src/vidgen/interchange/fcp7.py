"""The cut as XML of Final Cut Pro 7, which Premiere and Resolve read too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from vidgen.errors import InputError
from vidgen.interchange.cut import Cut, Mark, Media, Placed
from vidgen.interchange.library import otio, written
from vidgen.interchange.texts import one_line, readable
from vidgen.interchange.timeline import Builder

STAND_IN = Fraction(24)
"""The adapter writes files only at rates that have time code; the true ones are put in afterwards."""


def sayable(rate: Fraction) -> bool:
    """Whether the format can tell a rate: a whole one, or such a one slowed down by 1000/1001."""
    return rate.denominator == 1 or (rate * Fraction(1001, 1000)).denominator == 1


@dataclass(frozen=True)
class _Fcp7(Builder):
    rates: dict[str, Fraction] = field(default_factory=dict)
    """Place of a file -> its rate, where the adapter cannot write it."""
    silent: set[str] = field(default_factory=set)
    """Places of files without sound: the adapter says of every one that it has some."""

    def reference(self, media: Media) -> Any:
        reference = super().reference(media)
        reference.name = one_line(media.file.name)
        if not media.sound:
            self.silent.add(reference.target_url)
        rate = self._told_rate(media)
        length = Fraction(media.frames) / media.rate * rate
        reference.available_range = self._available(reference.target_url, length, rate)
        return reference

    def _told_rate(self, media: Media) -> Fraction:
        """Of a picture its own, or the nearest that can be told; a sound counts in film frames."""
        if "role" in media.metadata:
            return self.cut.rate
        return media.rate if sayable(media.rate) else Fraction(max(1, round(media.rate)))

    def _available(self, place: str, length: Fraction, rate: Fraction) -> Any:
        time, shown = otio().opentime, rate
        if not time.RationalTime.is_valid_timecode_rate(float(rate)):
            self.rates[place], shown = rate, STAND_IN
        zero, frames = (time.RationalTime(value, float(shown)) for value in (0, round(length)))
        return time.TimeRange(zero, frames)

    def clip(self, one: Placed) -> Any:
        clip = super().clip(one)
        if one.shot.chosen is None:
            clip.media_reference.available_range = self._available("no take", Fraction(one.shot.frames), self.cut.rate)
        clip.metadata["fcp_xml"] = {"logginginfo": self._log(one)}
        return clip

    def _log(self, one: Placed) -> Mapping[str, str]:
        row = one.shot.row
        seed = one.shot.metadata.get("seed")
        made = [row.get("engine", ""), row.get("model", ""), "" if seed is None else f"seed {seed}"]
        note = ", ".join(filter(None, (*made, f"{row['cost']} USD" if row.get("cost") else "")))
        told = {"description": row.get("prompt", ""), "scene": row.get("scene", ""), "shottake": row.get("take", "")}
        return {name: readable(text) for name, text in {**told, "lognote": note}.items()}

    def marker(self, one: Placed, mark: Mark) -> Any:
        marker = super().marker(one, mark)
        marker.metadata["fcp_xml"] = {"comment": readable(mark.text)}
        return marker


def fcp7_text(cut: Cut, folder: Path) -> str:
    """The cut as ``.xml``. Every transition is a cross dissolve.

    Raises InputError ``export.bad_rate`` for a rate that the format cannot tell, MissingError without the packages.
    """
    if not sayable(cut.rate):
        text = f"FCP 7 XML has whole rates and those of NTSC, not {float(cut.rate):g} frames/s"
        raise InputError("export.bad_rate", text, hint="--format otio has every rate")
    builder = _Fcp7(cut, folder, whole_frames=True)
    tree = ElementTree.fromstring(written(builder.timeline(), "fcp_xml"))
    for file in tree.iter("file"):
        place = file.findtext("pathurl") or file.findtext("name") or ""
        if rate := builder.rates.get(place):
            _say_rate(file, rate)
        if place in builder.silent and (media := file.find("media")) is not None:
            media[:] = [kind for kind in media if kind.tag != "audio"]
    body = ElementTree.tostring(tree, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n'


def _say_rate(file: ElementTree.Element, rate: Fraction) -> None:
    """Put the true rate into a file's element; its time code counted at another."""
    values = {"timebase": str(-(-rate.numerator // rate.denominator)), "ntsc": "FALSE" if rate.denominator == 1 else "TRUE"}
    for name, value in values.items():
        element = file.find(f"rate/{name}")
        assert element is not None  # the adapter writes both
        element.text = value
    if (code := file.find("timecode")) is not None:
        file.remove(code)
