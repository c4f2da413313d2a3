"""Frames in, frames out, streamed: ``read_frames`` decodes through PyAV, ``FrameWriter`` encodes through ffmpeg."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from vidgen.errors import InputError
from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.ffmpeg import Process
from vidgen.media.files import commit_file, part_name
from vidgen.media.rate import rate_text

Frame = npt.NDArray[np.uint8]
"""One picture: [height, width, 3] uint8, RGB, full range, non-linear BT.709."""

_TO_709 = "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd,setsar=1"


def read_frames(path: Path) -> Iterator[Frame]:
    """Decode a video's first picture stream in presentation order, as RGB frames of its coded size.

    Raises InputError where the file is not a readable video.
    """
    import av

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.video:
                raise InputError("media.no_video", f"{path} has no video stream", where=str(path))
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                yield to_rgb(frame)
    except av.FFmpegError as error:
        raise InputError("media.unreadable", f"{path}: {error.strerror}", where=str(path)) from error


def to_rgb(frame: Any) -> Frame:
    """An ``av.VideoFrame`` as RGB, by its own matrix and range; untagged HD is BT.709, untagged SD is BT.601."""
    matrix = frame.colorspace
    if matrix == 2:
        matrix = 1 if frame.height >= 720 else 5
    array: Frame = frame.reformat(format="rgb24", src_colorspace=matrix, dst_color_range=2).to_ndarray()
    return array


class FrameWriter:
    """Write RGB frames to a video file that gets its final name only when ``frames`` were written and the file is closed.

    Args:
        path: final file, ``.mp4``.
        width, height: in pixels, even.
        rate: frames per second.
        frames: exact number of frames expected; closing with another number is an error. None: any.
        profile: how to encode.
        quick: encode with a quarter of the work, as ``EncodeProfile.video_args`` says; for pictures that are a draft.
        comment: text for the file's own ``comment`` tag.

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
        quick: bool = False,
        comment: str = "",
    ) -> None:
        self._final, self._part = path, part_name(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._shape = (height, width, 3)
        self._expected, self.written = frames, 0
        self._process = Process(
            [
                *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", rate_text(rate), "-i", "pipe:0"),
                *("-vf", _TO_709),
                *profile.video_args(rate, quick),
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
        self._process.write(np.ascontiguousarray(frame).data.cast("B"))
        self.written += 1

    def close(self) -> None:
        """Finish, check the count, and give the file its final name."""
        from vidgen.media.verify import check_video

        self._process.finish()
        check_video(self._part, frames=self.written if self._expected is None else self._expected)
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
