"""Pieces are joined by copy: every frame at its time, whatever the lengths of the pieces."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.media.encode import MASTER, EncodeProfile
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.media.frames import FrameWriter, read_frames
from vidgen.media.joining import copy_args, list_args, write_list
from vidgen.media.verify import check_video

RATE = Fraction(24)
DEEP = replace(MASTER, pix_fmt="yuv420p10le")


@pytest.mark.parametrize("profile", [MASTER, DEEP, replace(MASTER, preset="veryslow")], ids=["h264", "hevc", "veryslow"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("lengths", [(10, 10, 2), (2, 10, 1), (1, 1, 1), (1, 20), (7, 1, 2, 9)])
def test_pieces_of_any_length_make_one_steady_film(
    tmp_path: Path, lengths: tuple[int, ...], suffix: str, profile: EncodeProfile
) -> None:
    pieces, shown = [], 0
    for number, frames in enumerate(lengths):
        file = tmp_path / f"piece-{number}.mp4"
        with FrameWriter(file, 64, 48, RATE, frames=frames, profile=profile) as writer:
            for _ in range(frames):
                writer.write(np.full((48, 64, 3), 40 + 5 * shown, np.uint8))
                shown += 1
        pieces.append((file, frames))
    scratch, out = tmp_path / "scratch", tmp_path / f"film{suffix}"
    scratch.mkdir()
    write_list(pieces, RATE, scratch)
    copied = copy_args(RATE)
    if suffix == ".mkv":
        copied = copied[: copied.index("-video_track_timescale")]
    run_ffmpeg([*list_args(), "-map", "0:v:0", *copied, f"file:{out}"], what="joining", cwd=scratch)
    check_video(out, frames=shown, width=64, height=48, rate=RATE, decode=True)
    levels = [int(np.median(frame)) for frame in read_frames(out)]
    assert levels == pytest.approx([40 + 5 * index for index in range(shown)], abs=3)
