"""Checks one file: what it is, what its pictures and its sound measure, each against the limits of a delivery."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen.media.probe import MediaInfo, open_media, probe
from vidgen.media.rate import json_rate
from vidgen.qc.limits import Limit, Value
from vidgen.qc.pictures import OnFrame, Pictures, measure_pictures
from vidgen.qc.presets import Preset, check_rows
from vidgen.qc.sound import Sound, measure_sound

_PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 11: "dci-p3", 12: "display-p3"}
_TRANSFERS = {1: "bt709", 6: "smpte170m", 7: "smpte240m", 8: "linear", 13: "srgb", 14: "bt2020-10", 15: "bt2020-12"}
_TRANSFERS |= {16: "pq", 18: "hlg"}
_MATRICES = {0: "rgb", 1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc", 10: "bt2020c", 14: "ictcp"}
_RANGES = {1: "limited", 2: "full"}
UNTAGGED = "untagged"

_OF_FILMS = frozenset({"container", "video_codec", "pixel_format"})
"""Limits that a delivery has for films: a sound file beside a film, or a poster, has another form."""


@dataclass(frozen=True)
class Found:
    """The value that was found for a check, and where in seconds; None: it concerns the whole file."""

    id: str
    value: Value
    at_s: float | None = None


@dataclass(frozen=True)
class Check:
    """A check with its result. ``limit`` None: the delivery asks nothing, so that it passes."""

    id: str
    value: Value
    limit: Limit | None
    at_s: float | None

    @property
    def ok(self) -> bool:
        """Whether the value is within the limit."""
        return self.limit is None or self.limit.allows(self.value)

    def as_dict(self) -> dict[str, Any]:
        """One member of ``checks`` in ``qc --json``."""
        limit = self.limit.as_json() if self.limit else None
        unit = check_rows()[self.id].unit or None
        return {"id": self.id, "ok": self.ok, "value": self.value, "limit": limit, "unit": unit, "at_s": self.at_s}


def inspect(path: Path, preset: Preset, on_frame: OnFrame = lambda done, total: None) -> list[Check]:
    """The checks that apply to a file, in the order of ``checks.yaml``.

    A film has all; a sound file, or a still picture, has those that apply to it. Raises InputError if the file is not readable
    media or nothing in it decodes.
    """
    info = probe(path)
    moving = info.has_video and info.frames > 0 and not info.container.endswith("_pipe")
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            sounding = pool.submit(measure_sound, path, stop.is_set) if info.has_audio else None
            pictures = measure_pictures(info, on_frame) if info.has_video and info.frames else None
            sound = sounding.result() if sounding else None
        finally:
            stop.set()
    found = {one.id: one for one in _found(info, moving, pictures, sound)}
    asked = {name: limit for name, limit in preset.limits.items() if moving or name not in _OF_FILMS}
    return [Check(name, found[name].value, asked.get(name), found[name].at_s) for name in check_rows() if name in found]


def _found(info: MediaInfo, moving: bool, pictures: Pictures | None, sound: Sound | None) -> Iterator[Found]:
    yield _decodes(info, pictures, sound)
    yield Found("container", _container(info))
    if pictures:
        yield from _form(info, pictures)
        if moving:
            yield from _motion(info, pictures)
    if moving or info.has_audio:
        yield from _sound(info, moving, sound)


def _decodes(info: MediaInfo, pictures: Pictures | None, sound: Sound | None) -> Found:
    """Faults of the file: packets and frames that do not decode, a missing end, a beginning without a key frame."""
    faults = info.undecoded + (1 if info.missing_s else 0)
    at = round(info.duration_s, 3) if info.missing_s else 0.0 if info.undecoded else None
    if pictures and pictures.damage.count:
        faults += pictures.damage.count
        at = at if pictures.damage.at is None else pictures.seconds(pictures.damage.at)
    if info.has_audio:
        faults += sound.faults if sound else 1
    return Found("decodes", faults, at)


def _container(info: MediaInfo) -> str:
    """The type of file, as its name usually ends."""
    first = info.container.split(",")[0]
    if first == "mov":
        with open_media(info.path) as container:
            brand = container.metadata.get("major_brand", "").strip()
        return "mov" if brand in ("", "qt") else "mp4" if info.has_video else "m4a"
    if first == "matroska":
        return "webm" if info.path.suffix.lower() == ".webm" else "mkv"
    return first.removesuffix("_pipe")


def _codec(decoder: str) -> str:
    """The codec that a decoder decodes: ``av1`` for ``libdav1d``."""
    import av

    return av.codec.Codec(decoder, "r").canonical_name


def _form(info: MediaInfo, pictures: Pictures) -> Iterator[Found]:
    yield Found("video_codec", _codec(info.codec))
    yield Found("pixel_format", info.pix_fmt)
    yield Found("size", "{}x{}".format(*info.display_size) if len(pictures.sizes) == 1 else "changes")
    yield Found("pixel_shape", f"{info.sar.numerator}:{info.sar.denominator}")


def _motion(info: MediaInfo, pictures: Pictures) -> Iterator[Found]:
    timing, at = pictures.timing, pictures.seconds
    yield Found("scan", "interlaced" if info.interlaced else "progressive")
    yield Found("rate", json_rate(timing.rate))
    for name, count, first in (
        ("frame_times", timing.uneven, timing.uneven_at),
        ("dropped_frames", timing.missing, timing.missing_at),
        ("repeated_frames", pictures.repeats.count, pictures.repeats.at),
    ):
        yield Found(name, count, at(first) if count and first is not None else None)
    yield Found("colour_tags", _tags(info))
    if pictures.levels.worst is not None:
        share = round(100 * pictures.levels.worst, 2)
        yield Found("legal_range", share, at(pictures.levels.at) if share else None)
    for name, longest in (("black", pictures.black.longest), ("frozen", pictures.still.longest)):
        yield Found(name, pictures.length(longest.length), at(longest.at) if longest.length else None)
    for name, counter in (("luminance_flashes", pictures.flashes.luminance), ("red_flashes", pictures.flashes.red)):
        yield Found(name, counter.most, at(counter.at) if counter.most else None)


def _tags(info: MediaInfo) -> str:
    """``primaries/transfer/matrix/range``."""
    numbers = (info.color_primaries, info.color_transfer, info.color_matrix, info.color_range)
    tables = (_PRIMARIES, _TRANSFERS, _MATRICES, _RANGES)
    untagged = (2, 2, 2, 0)
    return "/".join(
        UNTAGGED if number == none else table.get(number, str(number))
        for number, table, none in zip(numbers, tables, untagged, strict=True)
    )


def _sound(info: MediaInfo, moving: bool, sound: Sound | None) -> Iterator[Found]:
    """Checks of the sound. A soundtrack in which nothing is to be heard has no loudness; whether that is wrong, ``sound``
    says.
    """
    if not info.has_audio:
        yield Found("sound", "none")
        return
    heard = sound is not None and not sound.loudness.silent
    yield Found("sound", "heard" if heard else "silent" if sound else "damaged")
    yield Found("audio_codec", _codec(info.audio_codec))
    yield Found("sample_rate", info.audio_rate)
    yield Found("channels", info.audio_channels)
    if moving:
        yield Found("sound_length", round(info.audio_duration_s - float(info.shown_s), 3))
    if sound and heard:
        yield Found("dead_channels", sound.dead)
        yield Found("loudness", round(sound.loudness.i, 1))
        yield Found("true_peak", round(sound.loudness.tp, 1), round(sound.peak_at, 1))
        yield Found("silence", sound.silence, sound.silence_at if sound.silence else None)
