"""Reads damaged copies as real files, and keeps the readings: a clip is read again only where what reads it has changed."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.bench_scores import faults, scenes
from benchmarks.bench_scores.scenes import Pictures
from vidgen.scoring import flow, pictures, reading, tracks, trails
from vidgen.scoring.reading import Reading, read_clip

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "bench-scores"
RATE = 25


def kept(name: str, make: Callable[[], Pictures], *, crf: int = 16, rate: int = RATE) -> Reading:
    """The reading of some pictures, encoded as H.264. ``make`` is called where it is not kept yet."""
    place = place_of(name)
    if place.is_file():
        return Reading.from_json(json.loads(place.read_text()))
    with tempfile.TemporaryDirectory() as folder:
        found = read_clip(encoded(make(), Path(folder) / "clip.mp4", crf, rate))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(found.as_json()))
    return found


def place_of(name: str) -> Path:
    """Where a reading is kept, once it is made."""
    return KEPT / _code() / f"{name.replace(' ', '_').replace('%', '')}.json"


def is_kept(pair: tuple[str, str, int], form: str = "") -> bool:
    """Whether a clean clip and its damaged copy (clip, fault and severity) were read, as they are or in another form."""
    names = f"{pair[0]}.clean", ".".join(map(str, pair))
    return all(place_of(f"{name}.{form}" if form else name).is_file() for name in names)


def encoded(clip: Pictures, out: Path, crf: int = 16, rate: int = RATE) -> Path:
    """The pictures as an H.264 file, 4:2:0."""
    height, width = clip[0].shape[0] // 2 * 2, clip[0].shape[1] // 2 * 2
    with av.open(str(out), "w") as container:
        stream = container.add_stream(
            "libx264", rate=Fraction(rate), options={"crf": str(crf), "preset": "veryfast", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in clip:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture[:height, :width], format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out


def _code() -> str:
    files = (flow, pictures, reading, tracks, trails)
    return hashlib.sha256(b"".join(Path(str(module.__file__)).read_bytes() for module in files)).hexdigest()[:10]


def clean(source: str) -> Reading:
    """The clip as it is."""
    return kept(f"{source}.clean", lambda: scenes.pictures(source))


def damaged(source: str, fault: str, severity: int) -> Reading:
    """The clip with a fault at a severity of 0 to 3."""
    return kept(f"{source}.{fault}.{severity}", lambda: faults.damaged(scenes.pictures(source), source, fault, severity))


def edited(source: str, edit: str) -> Reading:
    """The clip after an edit that harms nothing."""
    change, crf = faults.EDITS[edit]
    return kept(f"{source}.{edit}", lambda: change(scenes.pictures(source)), crf=crf)


def at_end(source: str, fault: str, first: bool) -> Reading:
    """The clip with a strong fault in its first or last quarter alone."""
    where = "first" if first else "last"
    return kept(f"{source}.{fault}.{where}", lambda: faults.at_end(scenes.pictures(source), source, fault, first=first))
