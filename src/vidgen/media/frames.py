"""Frames in, frames out, streamed: ``read_frames`` decodes through PyAV, ``FrameWriter`` encodes through ffmpeg."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vidgen.errors import InputError
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.ffmpeg import Process
from vidgen.media.files import commit_file, part_name
from vidgen.media.look import display_matrix, pixel_shape, square_size
from vidgen.media.probe import open_media, picture_stream
from vidgen.media.rate import rate_text

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Frame = npt.NDArray[np.uint8]
"""One picture: [height, width, 3] uint8, RGB, full range, non-linear BT.709."""

_PACKED = ("-pix_fmt", "rgb24")
_PLANAR = ("-pix_fmt", "yuv420p", "-color_range", "tv", "-colorspace", "bt709")
_YUV_709: npt.NDArray[np.float64] = np.array(
    [[0.1826, 0.6142, 0.0620, 16], [-0.1006, -0.3386, 0.4392, 128], [0.4392, -0.3989, -0.0403, 128]], np.float64
)
"""[3, 4]: full-range RGB and 1 to Y, U and V of limited range, 8 bits."""

TO_709 = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd,setsar=1"
"""A filter from RGB of full range to BT.709 of limited range."""


def read_frames(path: Path) -> Iterator[Frame]:
    """Decode a video's frames in presentation order as displayed: RGB, upright, square pixels, transparency over black.

    Yields [height, width, 3] uint8. All frames have the size of the first; others are scaled to it. Raises InputError if the
    file is not a readable video.
    """
    return (frame for _, frame in _frames(path, None))


def frames_at(path: Path, places: Collection[int]) -> Iterator[tuple[int, Frame]]:
    """Some frames of a video, each with its number, in order, as ``read_frames`` gives them. Decoding ends with the last of
    them, and no other is converted; numbers beyond the end are left out.
    """
    wanted = frozenset(places)
    return _frames(path, wanted) if wanted else iter(())


def _frames(path: Path, wanted: Collection[int] | None) -> Iterator[tuple[int, Frame]]:
    """Numbers and frames; ``wanted``: which, None: all."""
    last = max(wanted) if wanted else None
    with open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise InputError("media.no_video", f"{path} has no video stream", where=str(path))
        stream.thread_type = "AUTO"
        size: tuple[int, int] | None = None
        for index, frame in enumerate(_decoded(container, stream)):
            size = size or square_size(frame.width, frame.height, pixel_shape(stream))
            if wanted is None or index in wanted:
                yield index, turned(to_rgb(frame, size), display_matrix(frame))
            if index == last:
                return


def last_frame(path: Path, frames: int | None = None) -> Frame:
    """The last frame of a video, or of its first ``frames`` frames. A shot that continues the video starts with it.

    Raises InputError if the file is not a readable video or has no frames.
    """
    last = deque(islice(read_frames(path), frames), maxlen=1)
    if not last:
        raise InputError("media.no_video", f"{path} has no pictures", where=str(path))
    return last[0]


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The stream's frames. Packets before the first decodable frame are skipped; later damage is an error."""
    import av

    begun = False
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                begun = True
                yield frame
        except av.InvalidDataError:
            if begun:
                raise


def to_rgb(frame: VideoFrame, size: tuple[int, int] | None = None) -> Frame:
    """A decoded frame as RGB [height, width, 3] uint8, by its own matrix and range. ``size``: (width, height); None: its own.

    Untagged HD is read as BT.709, untagged SD as BT.601. Transparency is laid over black. Rotation is not applied.
    """
    matrix: int = frame.colorspace
    if matrix == 2:
        matrix = 1 if frame.height >= 720 else 5
    width, height = size or (frame.width, frame.height)
    scaling = "BILINEAR" if (width, height) == (frame.width, frame.height) else "BICUBIC"
    clear = any(component.is_alpha for component in frame.format.components) or frame.format.has_palette
    array: Any = frame.reformat(
        width, height, "rgba" if clear else "rgb24", src_colorspace=matrix, dst_color_range=2, interpolation=scaling
    ).to_ndarray()
    return over_black(array) if clear else array


def over_black(rgba: npt.NDArray[np.uint8]) -> Frame:
    """A picture with alpha, [height, width, 4] uint8, laid over black: [height, width, 3]."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 127) // 255).astype(np.uint8)


def turned(picture: Frame, matrix: Sequence[int]) -> Frame:
    """Rotate and mirror a picture by a display matrix: directions (x, y) of its right edge and of its lower edge."""
    right_x, right_y, down_x, down_y = matrix
    if abs(right_y) > abs(right_x):
        picture, right_x, down_y = picture.transpose(1, 0, 2), down_x, right_y
    picture = picture[:, ::-1] if right_x < 0 else picture
    return np.ascontiguousarray(picture[::-1] if down_y < 0 else picture)


def yuv_planes(frame: Frame) -> Frame:
    """The planes Y, U and V of 4:2:0, BT.709 of limited range, one below the other: [height * 3 / 2, width] uint8.

    ``frame`` has even sides. A third of the work of ``TO_709``, and within one level of it but for chroma at sharp edges
    (over 55 dB): U and V are the mean of four pixels.
    """
    import cv2

    height, width = frame.shape[:2]
    planes = np.empty((height * 3 // 2, width), np.uint8)
    cv2.extractChannel(cv2.transform(frame, _YUV_709), 0, planes[:height])
    chroma = cv2.transform(cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA), _YUV_709)
    for channel, plane in enumerate(planes[height:].reshape(2, height // 2, width // 2), start=1):
        cv2.extractChannel(chroma, channel, plane)
    return planes


class FrameWriter:
    """Write RGB frames to a video file. It gets its final name when it is closed and checked.

    Args:
        path: final file, ``.mp4``.
        width, height: in pixels, even.
        rate: frames per second.
        frames: exact number of frames; closing with another number is an error. None: any number.
        profile: encoder settings.
        comment: text of the file's ``comment`` tag.

    Use as a context manager; an error inside removes the unfinished file.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        rate: Fraction,
        *,
        frames: int | None = None,
        profile: EncodeProfile = MASTER,
        comment: str = "",
    ) -> None:
        self._final, self._part = path, part_name(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._shape, self._planar = (height, width, 3), profile.draft
        self._expected, self.written = frames, 0
        self._process = Process(
            [
                *("-f", "rawvideo", *(_PLANAR if self._planar else _PACKED), "-s", f"{width}x{height}", "-r", rate_text(rate)),
                *("-i", "pipe:0", "-vf", "setsar=1" if self._planar else TO_709),
                *profile.video_args(rate),
                *profile.tag_args(),
                *(("-metadata", f"comment={comment}") if comment else ()),
                *("-movflags", "+faststart", f"file:{self._part}"),
            ],
            what=f"writing {path.name}",
            stdin=True,
        )

    def write(self, frame: Frame) -> None:
        """Append one frame, [height, width, 3] uint8."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise ValueError(f"expected a uint8 frame of shape {self._shape}, got {frame.dtype} {frame.shape}")
        pixels = yuv_planes(frame) if self._planar else np.ascontiguousarray(frame)
        self._process.write(pixels.data.cast("B"))
        self.written += 1

    def close(self) -> None:
        """Finish the file, check its frame count, and rename it. Raises ProcessingError if the check fails."""
        from vidgen.media.verify import check_video

        self._process.finish()
        expected = self.written if self._expected is None else self._expected
        check_video(self._part, frames=expected, name=self._final.name)
        commit_file(self._part, self._final)

    def __enter__(self) -> FrameWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self.close()
            else:
                self._process.kill()
        finally:
            self._part.unlink(missing_ok=True)
