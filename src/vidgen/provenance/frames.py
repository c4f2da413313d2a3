"""Hashes of a film's frames, as they are coded and as they are decoded.

A frame's *coded* hash is the SHA-256 of its packet. It costs a read of the file, and stays the same when the film is copied
into another container. Its *decoded* hash is the SHA-256 of its planes, rows without padding, in the pixel format that the
decoder gives (``pixel_format``). It costs decoding, and is what a viewer sees. A shot's hash is the SHA-256 of the hashes of
its frames, in the order in which they are shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidgen.errors import ProcessingError
from vidgen.media.files import file_url, write_text

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane


@dataclass(frozen=True)
class FilmFrames:
    """Hashes of every frame in the order in which they are shown (32 bytes each), and of the coded sound.

    ``decoded`` is empty where nothing was decoded.
    """

    coded: Sequence[bytes]
    sound_sha256: str | None
    decoded: Sequence[bytes] = ()
    pixel_format: str | None = None

    def coded_of(self, start: int, frames: int) -> str | None:
        """The coded hash of a stretch of the film; None where it does not have those frames."""
        return _together(self.coded, start, frames)

    def decoded_of(self, start: int, frames: int) -> str | None:
        """The decoded hash of a stretch; None also where nothing was decoded."""
        return _together(self.decoded, start, frames)


def _together(hashes: Sequence[bytes], start: int, frames: int) -> str | None:
    part = hashes[start : start + frames]
    return hashlib.sha256(b"".join(part)).hexdigest() if len(part) == frames else None


@dataclass
class Decoded:
    """Decoded hashes of groups of pictures by the hash of their packets, kept in a file: what did not change is not decoded
    again. Without a ``file`` nothing is kept.
    """

    file: Path | None = None
    _known: dict[str, list[str]] = field(default_factory=dict)
    _used: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8")) if self.file else {}
        except (OSError, ValueError):
            return
        if isinstance(found, dict):
            self._known = {key: row for key, row in found.items() if isinstance(row, list) and all(map(_is_hash, row))}

    def of(self, key: str, frames: int) -> list[bytes] | None:
        """The hashes of a group of so many frames; None where they are not known."""
        row = self._known.get(key)
        if row is None or len(row) != frames:
            return None
        self._used[key] = row
        return [bytes.fromhex(text) for text in row]

    def add(self, key: str, hashes: Sequence[bytes]) -> None:
        """Keep the hashes of a group."""
        self._used[key] = [one.hex() for one in hashes]

    def save(self) -> None:
        """Write what this film needed; what it did not need is dropped."""
        if self.file and self._used != self._known:
            write_text(self.file, json.dumps(self._used, separators=(",", ":")) + "\n")


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and not set(text) - set("0123456789abcdef")


def film_frames(film: Path, *, decode: Decoded | None = None) -> FilmFrames:
    """Read every frame of a film. ``decode``: also decode those that this cache does not know.

    Raises ProcessingError ``media.bad_output`` where the file cannot be read.
    """
    import av

    try:
        with av.open(file_url(film), metadata_errors="replace") as container:
            video = container.streams.video[0]
            reading = _Reading(video.codec_context, decode)
            sound = hashlib.sha256() if container.streams.audio else None
            for packet in container.demux([video, *container.streams.audio[:1]]):
                if packet.stream is video and packet.size:
                    reading.picture(packet)
                elif sound and packet.size:
                    sound.update(bytes(packet))
            reading.close_group()
    except (av.FFmpegError, IndexError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise ProcessingError("media.bad_output", f"{film.name} cannot be read: {why}", where=str(film)) from error
    if decode:
        decode.save()
    return reading.result(sound.hexdigest() if sound else None)


class _Reading:
    """The pictures of a film as they are read. Groups of pictures are closed: each is decoded on its own."""

    def __init__(self, context: VideoCodecContext, decode: Decoded | None) -> None:
        self._context, self._decode = context, decode
        self._coded: list[tuple[int, bytes]] = []
        self._decoded: list[bytes] = []
        self._group: list[Packet[Any]] = []
        self._hashes: list[bytes] = []
        context.thread_count = 1
        context.options = {"err_detect": "explode"}

    def picture(self, packet: Packet[Any]) -> None:
        """Take the next coded frame, in the order of the file."""
        digest = hashlib.sha256(bytes(packet)).digest()
        time = packet.dts if packet.pts is None else packet.pts
        self._coded.append((time or 0, digest))
        if self._decode is None:
            return
        if packet.is_keyframe:
            self.close_group()
        self._group.append(packet)
        self._hashes.append(digest)

    def close_group(self) -> None:
        """Decode the frames since the last key frame, where they are not known."""
        if self._decode is None or not self._group:
            return
        key = hashlib.sha256(b"".join([self._context.extradata or b"", *self._hashes])).hexdigest()
        hashes = self._decode.of(key, len(self._group))
        if hashes is None:
            frames = [frame for packet in (*self._group, None) for frame in self._context.decode(packet)]
            self._context.flush_buffers()
            hashes = [_digest(frame) for frame in frames]
            self._decode.add(key, hashes)
        self._decoded += hashes
        self._group, self._hashes = [], []

    def result(self, sound: str | None) -> FilmFrames:
        """All hashes in the order in which the frames are shown."""
        coded = [digest for _, digest in sorted(self._coded)]
        return FilmFrames(coded, sound, self._decoded, self._context.pix_fmt if self._decode else None)


def _digest(frame: VideoFrame) -> bytes:
    """SHA-256 of a frame's planes, rows without the decoder's padding."""
    digest = hashlib.sha256()
    for number, plane in enumerate(frame.planes):
        digest.update(_rows(frame, plane, number))
    return digest.digest()


def _rows(frame: VideoFrame, plane: VideoPlane, number: int) -> bytes:
    import numpy as np

    planar = len(frame.planes) == len(frame.format.components)
    bits = frame.format.components[number].bits if planar else frame.format.padded_bits_per_pixel
    wide = plane.width * ((bits + 7) // 8)
    rows = np.frombuffer(memoryview(plane), np.uint8)[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
    return bytes(rows[:, :wide].tobytes())
