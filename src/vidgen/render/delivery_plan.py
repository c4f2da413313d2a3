"""From ``outputs:`` of a storyboard to deliveries in numbers, with all that can be wrong with them, before a take is made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PurePath

from vidgen.catalog.deliveries import FileKind, codecs, file_kinds, quality_crf, quality_percent
from vidgen.cut.loudness import loudness_target
from vidgen.cut.timeline import LoudnessTarget
from vidgen.deliver import Framing, PreviewSpec, StillSpec, VideoSpec
from vidgen.deliver.framing import enlargement, same_shape
from vidgen.errors import InputError, Notice
from vidgen.media.discovery import check_encoders
from vidgen.media.places import check_output_file
from vidgen.media.rate import frames_at, rate_text
from vidgen.planning.plan import Plan
from vidgen.planning.presets import Preset, preset
from vidgen.storyboard.outputs import Output, kind_of, same_name
from vidgen.storyboard.values import LARGEST_SIDE, Duration, frame_size

SOUND_ENCODERS = {"aac": "aac", "opus": "libopus", "flac": "flac", "pcm": "pcm_s24le"}
SMALLEST = {"h265": 16, "av1": 64, "webp": 1}
"""Smallest side in pixels that a codec takes, where that is above 2."""
PREVIEW_S, PREVIEW_MOST_S = Fraction(10), Fraction(60)
PREVIEW_SIDE, PREVIEW_RATE = 360, 15
"""Short side and rate of a preview that says nothing else: at most these."""
GIF_RATE = 50
"""Browsers show faster GIFs at 10 frames a second."""
NOTICEABLE = 1.05
"""From this enlargement on it is said."""


@dataclass(frozen=True)
class DeliveryPlan:
    """All that is delivered beside the film.

    ``loudness``: the target of a video's sound, by the video's name, where it is not the film's. ``sheets`` and ``stems``: name
    and path of each contact sheet, and of each folder of stems.
    """

    videos: tuple[VideoSpec, ...] = ()
    previews: tuple[PreviewSpec, ...] = ()
    stills: tuple[StillSpec, ...] = ()
    sheets: tuple[tuple[str, Path], ...] = ()
    stems: tuple[tuple[str, Path], ...] = ()
    loudness: Mapping[str, LoudnessTarget] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    @property
    def framed(self) -> tuple[VideoSpec | PreviewSpec | StillSpec, ...]:
        """All that has a picture of the film."""
        return (*self.videos, *self.previews, *self.stills)

    @property
    def files(self) -> Iterator[Path]:
        """Every file and folder that is written."""
        yield from (spec.file for spec in self.framed)
        yield from (file for _, file in (*self.sheets, *self.stems))


def plan_deliveries(
    plan: Plan, film: Path, *, inputs: Sequence[Path] = (), reserved: Path | None = None, touch: bool | None = True
) -> DeliveryPlan:
    """The deliveries of a film that is written to ``film``.

    Args:
        inputs: files that must not be overwritten.
        reserved: a folder in which nothing is delivered: the project's work folder.
        touch: as for ``check_output_file``.

    Raises InputError for a name, preset or size that cannot be, MissingError for an encoder that is not here.
    """
    planner = _Planner(plan, film)
    for output in plan.board.outputs:
        planner.add(output)
    found = planner.found()
    check_names(found, film, inputs, reserved, touch=touch)
    for video in found.videos:
        check_encoders([SOUND_ENCODERS[video.audio]] if video.audio else [], video.name)
    for one in found.framed:
        check_encoders([codecs()[one.codec].encoder], one.name)
    return found


class _Planner:
    def __init__(self, plan: Plan, film: Path) -> None:
        self.plan, self.film = plan, film
        self.titled = any(shot.shot.text for shot in plan.shots)
        self.videos: list[VideoSpec] = []
        self.previews: list[PreviewSpec] = []
        self.stills: list[StillSpec] = []
        self.sheets: list[tuple[str, Path]] = []
        self.stems: list[tuple[str, Path]] = []
        self.loudness: dict[str, LoudnessTarget] = {}
        self.notices: list[Notice] = []

    def found(self) -> DeliveryPlan:
        return DeliveryPlan(
            tuple(self.videos), tuple(self.previews), tuple(self.stills), tuple(self.sheets), tuple(self.stems),
            self.loudness, tuple(self.notices),
        )  # fmt: skip

    def add(self, output: Output) -> None:
        kind, known = kind_of(output)
        name = output.name or f"{self.film.stem}{_NAMED[kind]}"
        file = self.film.parent / name
        if kind == "stems":
            self.stems.append((name, file))
        elif kind == "contact_sheet":
            self.sheets.append((name, file))
        else:
            known = known or file_kinds()[PurePath(name).suffix.lower()]
            {"video": self._video, "preview": self._preview, "still": self._still}[kind](output, name, file, known)

    def _video(self, output: Output, name: str, file: Path, known: FileKind) -> None:
        chosen = preset(output.preset) if output.preset else None
        codec = output.codec or known.codecs[0]
        framing, rate = self._framing(output, name, chosen, codec), self._rate(output, chosen)
        crf = quality_crf(output.quality) if output.quality else chosen.profile.crf if chosen else quality_crf("high")
        gop = chosen.profile.gop if chosen else round(2 * rate)
        spec = VideoSpec(
            name, file, framing, rate, codec, crf=crf, bitrate=output.bitrate, gop=max(1, gop),
            speed=chosen.profile.preset if chosen else "fast", audio=codecs()[codec].audio or known.audio,
        )  # fmt: skip
        if same_name(name) == same_name(self.film.name):
            self._must_be_the_film(spec, output)
            return
        if rate != self.plan.fps:
            text = (
                f"{name}: the film has {float(self.plan.fps):g} frames/s; for {float(rate):g} frames are repeated or left out"
            )
            self._say("output.rate", text)
        target = chosen.file.audio.loudness if chosen and chosen.file.audio else None
        if target is not None:
            self.loudness[name] = loudness_target(target) if isinstance(target, str) else LoudnessTarget(target.i, target.tp)
        self.videos.append(spec)

    def _must_be_the_film(self, spec: VideoSpec, output: Output) -> None:
        """The film itself may be in the list, as long as nothing else than it is asked for."""
        form = (spec.framing.width, spec.framing.height, spec.rate, spec.codec)
        if (
            form != (self.plan.width, self.plan.height, self.plan.fps, "h264")
            or output.bitrate
            or output.quality
            or output.preset
        ):
            text = f"outputs: {spec.name} is the film itself, which has another form"
            raise InputError("output.bad_name", text, hint="give this output another name", where=spec.name)

    def _preview(self, output: Output, name: str, file: Path, known: FileKind) -> None:
        plan = self.plan
        start = self._begin(output, name, 0)
        asked = self._seconds(output.length) if output.length else PREVIEW_S
        rest = (plan.total_frames - start) / plan.fps
        length = min(asked, PREVIEW_MOST_S, rest)
        rate = output.fps or plan.fps / -(-plan.fps // PREVIEW_RATE)
        if known.codecs[0] == "gif" and rate > GIF_RATE:
            self._say("output.rate", f"{name}: a GIF has at most {GIF_RATE} frames a second")
            rate = Fraction(GIF_RATE)
        if length < (rest if output.length is None else min(asked, rest)):
            whole = float(plan.total_frames / plan.fps)
            self._say(
                "output.shortened", f"{name}: {float(length):.1f} s of the film's {whole:.1f} s; length: sets it, up to 60 s"
            )
        side = None if output.resolution or min(plan.width, plan.height) <= PREVIEW_SIDE else f"{PREVIEW_SIDE}p"
        framing = self._framing(output, name, None, known.codecs[0], resolution=side)
        percent = quality_percent(output.quality or "high")
        frames = max(1, int(length * rate + Fraction(1, 2)))
        self.previews.append(PreviewSpec(name, file, framing, rate, known.codecs[0], start, frames, percent))

    def _still(self, output: Output, name: str, file: Path, known: FileKind) -> None:
        frame = self._begin(output, name, self.plan.total_frames // 3)
        framing = self._framing(output, name, None, known.codecs[0])
        percent = quality_percent(output.quality or "high")
        self.stills.append(StillSpec(name, file, framing, known.codecs[0], frame, percent))

    def _begin(self, output: Output, name: str, without: int) -> int:
        """The frame of the film at ``at``, and said where the film is over by then."""
        frame, last = self._frame(output.at) if output.at else without, self.plan.total_frames - 1
        if frame > last:
            self._say("output.shortened", f"{name}: at {output.at} the film is over; its last frame is shown")
        return min(frame, last)

    def _framing(
        self, output: Output, name: str, chosen: Preset | None, codec: str, *, resolution: str | None = None
    ) -> Framing:
        plan = self.plan
        aspect = output.aspect or (chosen.file.aspect if chosen else None)
        resolution = output.resolution or _resolution(chosen) or resolution
        shape = aspect or f"{plan.width}:{plan.height}"
        if resolution is None:
            resolution = f"{min(plan.width, plan.height)}p" if aspect else f"{plan.width}x{plan.height}"
        width, height = frame_size(resolution, shape)
        least = SMALLEST.get(codec, 2)
        if max(width, height) > LARGEST_SIDE or min(width, height) < least:
            text = f"outputs: {name}: {width}x{height}; {codec} takes from {least} to {LARGEST_SIDE} pixels a side"
            raise InputError("output.bad_size", text, hint="set another resolution or aspect", where=name)
        framing = Framing(width, height, "pad" if output.fit == "pad" else "crop", output.centre)
        self._say_framing(name, framing)
        return framing

    def _say_framing(self, name: str, framing: Framing) -> None:
        plan = self.plan
        if (times := enlargement(plan.width, plan.height, framing)) > NOTICEABLE:
            text = f"{name}: the film's {plan.width}x{plan.height} are enlarged {times:.2f} times, without new detail"
            self._say("output.enlarged", text)
        if self.titled and framing.fit == "crop" and not same_shape(plan.width, plan.height, framing):
            self._say(
                "output.cropped_titles", f"{name}: titles are part of the picture and may be cut off; fit: pad keeps all of it"
            )

    def _rate(self, output: Output, chosen: Preset | None) -> Fraction:
        if output.fps:
            return output.fps
        post = chosen.file.post if chosen else None
        smooth = post.interpolate.fps if post and post.interpolate else None
        return smooth or (chosen.file.fps if chosen else None) or self.plan.fps

    def _seconds(self, time: Duration) -> Fraction:
        return Fraction(time.frames_) / self.plan.source_fps if time.frames_ is not None else time.seconds or Fraction(0)

    def _frame(self, time: Duration) -> int:
        return frames_at(self._seconds(time), self.plan.fps)

    def _say(self, code: str, text: str) -> None:
        self.notices.append(Notice(code, text))


_NAMED = {"stems": ".stems", "contact_sheet": ".contact-sheet.png", "still": ".poster.jpg", "video": "", "preview": ""}
"""What is put behind the film's name where an output has none of its own."""


def _resolution(chosen: Preset | None) -> str | None:
    """The size of a preset: that of its films after enlarging."""
    post = chosen.file.post if chosen else None
    if post and post.upscale and post.upscale.height:
        return f"{post.upscale.height}p"
    return chosen.file.resolution if chosen else None


def check_names(
    found: DeliveryPlan, film: Path, inputs: Iterable[Path], reserved: Path | None, *, touch: bool | None = True
) -> None:
    """Raise InputError unless all deliveries can be written, each to a file of its own that is nobody else's."""
    taken = {_real(film): film}
    inputs = [*inputs]
    for file in found.files:
        real = _real(file)
        near = [other for place, other in taken.items() if place == real or _inside(place, real) or _inside(real, place)]
        if near:
            text = f"outputs: {file} cannot be written: {near[0]} is written there"
            raise InputError("output.bad_name", text, hint="give each output a name of its own", where=str(file))
        if reserved and (_real(reserved) == real or _inside(real, _real(reserved))):
            text = f"outputs: {file} is in the project's work folder"
            raise InputError("output.bad_name", text, hint="name a file elsewhere", where=str(file))
        taken[real] = file
    for _, folder in found.stems:
        for stem in stem_files(folder, film).values():
            check_output_file(stem, inputs, touch=touch)
    folders = {folder for _, folder in found.stems}
    for file in found.files:
        if file not in folders:
            check_output_file(file, inputs, touch=touch)


def stem_files(folder: Path, film: Path) -> dict[str, Path]:
    """Where each stem is written, by its name."""
    from vidgen.cut.stems import STEMS

    return {name: folder / f"{film.stem}.{name}.wav" for name in STEMS}


def _real(file: Path) -> str:
    return same_name(os.path.realpath(file))


def _inside(place: str, folder: str) -> bool:
    return place.startswith(folder.rstrip("/") + "/")


def form_text(spec: VideoSpec | PreviewSpec) -> str:
    """The form of a delivery in a few words: ``vp9, 1920x1080, 24 frames/s``."""
    return f"{spec.codec}, {spec.framing.width}x{spec.framing.height}, {rate_text(spec.rate)} frames/s"
