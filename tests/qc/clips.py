"""Small files for the checks, made on the spot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.qc import Check, inspect, preset

WIDTH, HEIGHT = 96, 54
TAGGED = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
TO_709 = "scale=out_color_matrix=bt709:out_range=tv"
EXACT = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p")
"""Without loss: every code value stays."""


def plain(
    colour: str, *, size: str = f"{WIDTH}x{HEIGHT}", rate: object = 25, seconds: float = 2, luma: int | None = None
) -> str:
    """A source of one colour, or of one code value of luma."""
    source = f"color={colour}:s={size}:r={rate}:d={seconds},format=gbrp,{TO_709},format=yuv420p"
    return source if luma is None else f"{source},lutyuv=y={luma}"


def moving(*, seconds: float = 2, rate: object = 25, size: str = f"{WIDTH}x{HEIGHT}", speed: str = "2") -> str:
    """A source in which a column goes to the right by some pixels a frame."""
    column = plain("0xa08060", size=f"16x{HEIGHT}", rate=rate, seconds=seconds)
    return f"{plain('0x406080', size=size, rate=rate, seconds=seconds)}[a];{column}[b];[a][b]overlay=x='mod({speed}*n,{WIDTH})'"


def over(base: str, box: str, *, x: str = "0", y: str = "0", when: str = "1") -> str:
    """A source with another one laid over it, at times."""
    return f"{base}[a];{box}[b];[a][b]overlay=x='{x}':y='{y}':enable='{when}':format=yuv420"


def film(path: Path, picture: str, *options: str, sound: str = "", tags: str = TAGGED) -> Path:
    """A film of a source of pictures, and maybe one of sound."""
    args = ["-f", "lavfi", "-i", f"{picture}{',' if tags else ''}{tags}", *(("-f", "lavfi", "-i", sound) if sound else ())]
    run_ffmpeg([*args, *EXACT, *options, f"file:{path}"], what="a film for tests")
    return path


def changed(source: Path, path: Path, *options: str) -> Path:
    """A file made of another one."""
    run_ffmpeg(["-i", f"file:{source}", *options, f"file:{path}"], what="a file for tests")
    return path


def tone(peak: float, *, seconds: float = 3, right: float | None = None, when: str = "1") -> str:
    """A source of a stereo tone of 997 Hz, of this peak; at 1 it has about 0 LUFS."""
    left = f"{peak}*sin(2*PI*997*t)*({when})"
    other = left if right is None else f"{right}*sin(2*PI*997*t)"
    return f"aevalsrc='{left}|{other}':s=48000:d={seconds}"


def stem(path: Path, sound: str, *options: str) -> Path:
    """A sound file."""
    run_ffmpeg(["-f", "lavfi", "-i", sound, *options, f"file:{path}"], what="a sound for tests")
    return path


def checks(path: Path, name: str = "any") -> Mapping[str, Check]:
    """The checks of a file by id."""
    return {check.id: check for check in inspect(path, preset(name))}


def found(path: Path, check: str, name: str = "any") -> tuple[object, bool, float | None]:
    """Value, result and place of one check."""
    one = checks(path, name)[check]
    return one.value, one.ok, one.at_s
