"""Make what is delivered beside the film: each file once, and again only where something that it is made of has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vidgen.artifacts import ArtifactStore
from vidgen.catalog.deliveries import audio_stream, codecs
from vidgen.cut.assembly import CutKeys, assemble, cut_keys, scratch_of
from vidgen.cut.contact_sheet import contact_sheet, labels_of
from vidgen.cut.looks import plain
from vidgen.cut.loudness import SOUND_ARGS, encode_to_target
from vidgen.cut.sound import make_mix, stored_notices
from vidgen.cut.stems import stems_of, write_stem
from vidgen.cut.timeline import Sound, Timeline, settle
from vidgen.deliver import (
    Framing,
    Item,
    Kept,
    Master,
    PreviewSpec,
    StillSpec,
    VideoJob,
    VideoSpec,
    encode_videos,
    exchange_sound,
    write_preview,
    write_still,
)
from vidgen.errors import Notice
from vidgen.media.encode import DEEP, SMALLEST_HEVC, EncodeProfile
from vidgen.media.files import atomic, sha256_json
from vidgen.media.probe import probe
from vidgen.media.rate import json_rate
from vidgen.media.sweep import sweep
from vidgen.render.delivery_plan import DeliveryPlan, stem_files
from vidgen.render.events import Listener, silent

AT_ONCE = 3
"""Videos that are encoded in one process: they share the decoding, and each needs the memory of an encoder."""
INTERMEDIATE = EncodeProfile(crf=10, preset="ultrafast", pix_fmt=DEEP)
"""The film with 10 bits, for deliveries alone: large, quickly made, nearly lossless."""

Warn = Callable[[Iterable[Notice]], None]


@dataclass(frozen=True)
class Delivered:
    """What is delivered, as the JSON values of ``render --json``; ``film`` is the film itself."""

    film: dict[str, Any]
    outputs: tuple[dict[str, Any], ...] = ()
    posters: tuple[dict[str, Any], ...] = ()
    stems: tuple[dict[str, Any], ...] = ()
    sheet: Path | None = None

    def as_dict(self) -> dict[str, Any]:
        """Members of ``data``."""
        named = {"posters": list(self.posters), "stems": list(self.stems)}
        return {"outputs": [self.film, *self.outputs], **named}

    def lines(self) -> list[str]:
        """A line for each file, for a person."""
        found = [
            f"{one['file']}: {one['codec']}, {one['width']}x{one['height']}, {one['fps']:g} frames/s" for one in self.outputs
        ]
        found += [f"{one['file']}: a poster" for one in self.posters]
        found += [f"{one['file']}: the {one['stem']} alone" for one in self.stems]
        return found


@dataclass
class Deliverer:
    """Makes the deliveries of one film.

    Args:
        timeline: the film's cut.
        film: the finished film, or where it will be.
        work: the project's work folder.
    """

    planned: DeliveryPlan
    timeline: Timeline
    film: Path
    work: Path
    listener: Listener = silent
    warn: Warn = lambda notices: None
    kept: Kept = field(init=False)
    keys: CutKeys = field(init=False)

    def __post_init__(self) -> None:
        self.timeline, _ = settle(self.timeline)
        self.kept = Kept(self.work)
        self.keys = cut_keys(self.timeline)
        self.planned = replace(self.planned, videos=tuple(self._with_depth(spec) for spec in self.planned.videos))

    def forecast(self, *, film_changes: bool = False) -> tuple[Delivered, dict[str, str]]:
        """What a run would deliver, each with ``state`` ``make`` or ``keep`` and why; and why each file would be made."""
        due = self._due()
        if film_changes:
            due = {item.name: due.get(item.name, "the film is made anew") for item in self._items()}
        return self._result(due, ("make", "keep")), {
            str(item.file): due[item.name] for item in self._items() if item.name in due
        }

    def _due(self) -> dict[str, str]:
        return {item.name: why for item in self._items() if (why := self.kept.why(item))}

    def deliver(self) -> Delivered:
        """Make what is not as it should be. Raises ProcessingError, Cancelled; what is done by then is kept."""
        items = {item.name: item for item in self._items()}
        due = self._due()
        if items:
            self.listener("output.started", outputs=len(items), make=len(due))
        for folder in sorted({item.file.parent for item in items.values()}):
            sweep(folder)  # what a run that was killed left there
        with scratch_of(self.work) as scratch:
            self._videos(items, due, scratch)
            self._pictures(items, due, scratch)
        self._stems(items, due)
        for name, item in items.items():
            if name not in due:
                self.listener("output.done", output=str(item.file), state="kept", why="")
        return self._result(due)

    # What each file is made of

    @property
    def count(self) -> int:
        """How many files there are to deliver."""
        return sum(1 for _ in self._items())

    def _items(self) -> Iterator[Item]:
        named = {"title": self.timeline.title, "chapters": [asdict(one) for one in self.timeline.chapters]}
        for video in self.planned.videos:
            sound = {"sound": self.keys.sound, "target": self._target(video), "codec": video.audio} if self._sounds else None
            yield Item(
                video.name,
                video.file,
                {"settings": video.settings(), "film": self.keys.picture, "sound": sound, "names": named},
            )
        silent_ones: tuple[PreviewSpec | StillSpec, ...] = (*self.planned.previews, *self.planned.stills)
        for spec in silent_ones:
            yield Item(spec.name, spec.file, {"settings": spec.settings(), "film": self.keys.picture})
        shots = [[shot.id, shot.frames] for shot in self.timeline.shots]
        for name, file in self.planned.sheets:
            yield Item(name, file, {"film": self.keys.picture, "names": [self.timeline.title, shots]})
        for folder, path in self.planned.stems:
            for stem in stems_of(self.timeline):
                yield Item(f"{folder}/{stem}", stem_files(path, self.film)[stem], {"sound": [self.keys.mix, stem]})

    @property
    def _sounds(self) -> bool:
        return bool(self.timeline.sound.tracks)

    def _target(self, video: VideoSpec) -> dict[str, float] | None:
        target = self.planned.loudness.get(video.name, self.timeline.sound.loudness)
        return asdict(target) if target else None

    # Videos

    def _videos(self, items: dict[str, Item], due: dict[str, str], scratch: Path) -> None:
        waiting: list[VideoSpec] = []
        for spec in self.planned.videos:
            if spec.name not in due:
                continue
            if self.kept.only_changed(items[spec.name], ("sound", "names")):
                with atomic(spec.file) as part, _folder(scratch) as folder:
                    exchange_sound(VideoJob(spec, part, self._sound(spec, scratch)), spec.file, self._master(), folder)
                self._done(items[spec.name], due)
            else:
                waiting.append(spec)
        for deep in (False, True):
            some = [spec for spec in waiting if spec.deep == deep]
            for first in range(0, len(some), AT_ONCE):
                self._encode(some[first : first + AT_ONCE], scratch)
                for spec in some[first : first + AT_ONCE]:
                    self._done(items[spec.name], due)

    def _encode(self, specs: Sequence[VideoSpec], scratch: Path) -> None:
        master = self._master(deep=specs[0].deep)
        total = master.frames_at(specs[0].rate)

        def on_frame(done: int) -> None:
            share = round(min(1.0, done / total), 4)
            self.listener("output.progress", outputs=[str(spec.file) for spec in specs], share=share)

        with ExitStack() as stack:
            jobs = [VideoJob(spec, stack.enter_context(atomic(spec.file)), self._sound(spec, scratch)) for spec in specs]
            encode_videos(jobs, master, stack.enter_context(_folder(scratch)), on_frame=on_frame)

    def _sound(self, spec: VideoSpec, scratch: Path) -> Path | None:
        """A file with the encoded sound of a video: the film itself, or one that is encoded anew from the mix."""
        if spec.audio is None or not self._sounds:
            return None
        target = self.planned.loudness.get(spec.name, self.timeline.sound.loudness)
        if spec.audio == "aac" and target == self.timeline.sound.loudness:
            return self.film
        ending, codec = SOUND_ARGS[spec.audio]
        store = ArtifactStore(self.work / "audio" / "outputs", ending)
        key = sha256_json({"mix": self.keys.mix, "target": asdict(target) if target else None, "codec": list(codec)})

        def write(parts: list[Path]) -> list[dict[str, Any]]:
            mix = make_mix(self.timeline, self.work)
            _, notices = encode_to_target(mix.file, target, parts[0], self.timeline.samples, codec=codec)
            return [{"notices": [notice.as_dict() for notice in (*mix.notices, *notices)]}]

        note = store.find(key) or store.make([key], write)[0]
        self.warn(stored_notices(note))
        return store.path(key)

    def _with_depth(self, spec: VideoSpec) -> VideoSpec:
        """10 bits where a clip of the film has them and the codec can hold them."""
        deep = codecs()[spec.codec].deep and self._has_deep_clips
        return replace(spec, deep=deep)

    @property
    def _has_deep_clips(self) -> bool:
        files = {shot.file for shot in self.timeline.shots if shot.conform}
        small = min(self.timeline.width, self.timeline.height) < SMALLEST_HEVC
        return not small and any(probe(file).bits > 8 for file in sorted(files))

    def _master(self, *, deep: bool = False) -> Master:
        timeline = self.timeline
        form = (timeline.width, timeline.height, timeline.rate, timeline.frames)
        title = " ".join(plain(timeline.title).split())
        return Master(self.film, *form, title, timeline.chapters, self._deep_film() if deep else None)

    def _deep_film(self) -> Path:
        """The film's pictures with 10 bits, in the work folder: made of the same clips, piece by piece like the film."""
        film = self.work / "deep" / "film.mp4"
        silent_one = replace(self.timeline, sound=Sound(), chapters=(), profile=INTERMEDIATE)
        assemble(silent_one, self.work / "deep", film)
        return film

    # The rest

    def _pictures(self, items: dict[str, Item], due: dict[str, str], scratch: Path) -> None:
        for preview in (spec for spec in self.planned.previews if spec.name in due):
            with atomic(preview.file) as part, _folder(scratch) as folder:
                write_preview(preview, self._master(), part, folder)
            self._done(items[preview.name], due)
        for still in (spec for spec in self.planned.stills if spec.name in due):
            with atomic(still.file) as part:
                write_still(still, self._master(), part)
            self._done(items[still.name], due)
        for name, file in self.planned.sheets:
            if name in due:
                contact_sheet(self.film, file, labels=labels_of(self.timeline), title=self.timeline.title)
                self._done(items[name], due)

    def _stems(self, items: dict[str, Item], due: dict[str, str]) -> None:
        for folder, _ in self.planned.stems:
            if not self._sounds:
                self.warn([Notice("output.left_out", f"{folder}: the film has no sound, so that there are no stems")])
            for stem in stems_of(self.timeline):
                name = f"{folder}/{stem}"
                if name in due:
                    with atomic(items[name].file) as part:
                        self.warn(write_stem(self.timeline, stem, part))
                    self._done(items[name], due)

    def _done(self, item: Item, due: dict[str, str]) -> None:
        self.kept.note(item)
        self.listener("output.done", output=str(item.file), state="made", why=due[item.name])

    def _result(self, due: dict[str, str], states: tuple[str, str] = ("made", "kept")) -> Delivered:
        def state(name: str) -> dict[str, str]:
            return {"state": states[name not in due], "why": due.get(name, "")}

        videos = [{**self._video_data(spec), **state(spec.name)} for spec in self.planned.videos]
        previews = [{**_preview_data(spec), **state(spec.name)} for spec in self.planned.previews]
        posters = [{**_still_data(spec), **state(spec.name)} for spec in self.planned.stills]
        stems = [
            {"stem": stem, "file": str(stem_files(path, self.film)[stem]), "samples": self.timeline.samples}
            | state(f"{folder}/{stem}")
            for folder, path in self.planned.stems
            for stem in stems_of(self.timeline)
        ]
        sheet = next((file for _, file in self.planned.sheets), None)
        film = film_data(self.timeline, self.film)
        return Delivered(film, (*videos, *previews), tuple(posters), tuple(stems), sheet)

    def _video_data(self, spec: VideoSpec) -> dict[str, Any]:
        frames = self._master().frames_at(spec.rate)
        audio = audio_stream(spec.audio) if spec.audio and self._sounds else None
        return {**_form(spec.file, spec.framing, spec.rate, frames), "codec": spec.codec, "audio": audio}


def film_data(timeline: Timeline, film: Path) -> dict[str, Any]:
    """The film itself, as the first of ``outputs``."""
    form = _form(film, Framing(timeline.width, timeline.height), timeline.rate, timeline.frames)
    codec = "h265" if timeline.profile.deep else "h264"
    return {**form, "codec": codec, "audio": "aac" if timeline.sound.tracks else None}


def _preview_data(spec: PreviewSpec) -> dict[str, Any]:
    return {**_form(spec.file, spec.framing, spec.rate, spec.frames), "codec": spec.codec, "audio": None}


def _still_data(spec: StillSpec) -> dict[str, Any]:
    return {"file": str(spec.file), "width": spec.framing.width, "height": spec.framing.height, "frame": spec.frame}


def _form(file: Path, framing: Framing, rate: Fraction, frames: int) -> dict[str, Any]:
    size = {"width": framing.width, "height": framing.height}
    return {"file": str(file), **size, "fps": json_rate(rate), "frames": frames}


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    with TemporaryDirectory(dir=scratch, prefix="output-") as name:
        yield Path(name)
