"""Check a delivery before it gets its final name: what ffmpeg says of its own work is no proof."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from vidgen.catalog.deliveries import audio_stream
from vidgen.deliver.spec import Master, PreviewSpec, StillSpec, VideoSpec
from vidgen.errors import ProcessingError, VidgenError
from vidgen.media.files import file_url
from vidgen.media.verify import check_video

LATE = (".mkv", ".webm")
"""Containers that may begin up to 0.1 s late, picture and sound alike."""
PRIMING = Fraction(1, 25)
"""Most seconds of silence that an encoder puts in front of sound or behind it: two packets."""
_BT709, _LIMITED = 1, 1


def check_delivery(path: Path, spec: VideoSpec, master: Master, *, with_sound: bool) -> None:
    """Raise ProcessingError unless a video has the planned frames, times, size, rate, codec, depth, colour tags, sound and
    chapters.
    """
    import av

    late = spec.file.suffix.lower() in LATE
    frames = master.frames_at(spec.rate)
    width, height = spec.framing.width, spec.framing.height
    check_video(path, frames=frames, width=width, height=height, rate=spec.rate, may_start_late=late, name=spec.name)
    with av.open(file_url(path), metadata_errors="replace") as container:
        picture, sounds = container.streams.video[0], container.streams.audio
        faults = list(_picture_faults(picture.codec_context, spec))
        if bool(sounds) != with_sound:
            faults.append("no sound" if with_sound else "unexpected sound")
        elif with_sound and spec.audio:
            faults += _sound_faults(container, spec, master)
        chapters = len(container.chapters())
    if chapters != (wanted := len(master.chapters_at(spec.rate))):
        faults.append(f"{chapters} chapters instead of {wanted}")
    if faults:
        raise ProcessingError("media.bad_output", f"{spec.name}: {'; '.join(faults)}")


def _picture_faults(context: Any, spec: VideoSpec) -> list[str]:
    codec = spec.encoding
    faults = []
    if _plain(context.name) != codec.stream:
        faults.append(f"{context.name} instead of {codec.stream}")
    if context.pix_fmt and not _as_fine(context.pix_fmt, spec.pix_fmt):
        faults.append(f"pixels of {context.pix_fmt} instead of {spec.pix_fmt}")
    tags = (context.color_primaries, context.color_trc, context.colorspace)
    if any(tag != _BT709 for tag in tags):
        faults.append(f"colour tags {tags} instead of BT.709")
    if context.color_range not in (0, _LIMITED):
        faults.append("full range instead of limited")
    return faults


def _as_fine(found: str, wanted: str) -> bool:
    """Whether pixels have the chroma and at least the depth that is wanted: ProRes 4444 is always read with 12 bits."""
    (chroma, depth), (wanted_chroma, least) = (form.removesuffix("le").split("p", 1) for form in (found, wanted))
    return chroma == wanted_chroma and int(depth or 8) >= int(least or 8) and (bool(depth) == bool(least))


def _plain(decoder: str) -> str:
    """The codec of a decoder: ``libdav1d`` reads ``av1``."""
    return {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9"}.get(decoder, decoder)


def _sound_faults(container: Any, spec: VideoSpec, master: Master) -> list[str]:
    """Its codec, that it begins with the picture, and that it is as long as the film."""
    assert spec.audio is not None
    stream = container.streams.audio[0]
    name = {"libopus": "opus"}.get(stream.codec_context.name, stream.codec_context.name)
    faults = [] if name == audio_stream(spec.audio) else [f"sound of {name} instead of {audio_stream(spec.audio)}"]
    spans = [(packet.pts, packet.pts + (packet.duration or 0)) for packet in container.demux(stream) if packet.pts is not None]
    tick = stream.time_base or Fraction(0)
    begin, end = (edge * tick for edge in (min(spans)[0], max(spans)[1])) if spans else (Fraction(0), Fraction(0))
    late = spec.file.suffix.lower() in LATE
    # Encoders begin with a packet of silence, which players skip.
    if not -PRIMING <= begin <= (PRIMING if late else 0) or abs(end - master.seconds) > (2 * PRIMING if late else PRIMING):
        where = f"from {float(begin):.3f} to {float(end):.3f} s"
        faults.append(f"sound {where}, the film has {float(master.seconds):.3f} s")
    return faults


def check_preview(path: Path, spec: PreviewSpec) -> None:
    """Raise ProcessingError unless an animation has the planned size and length. Frames that are alike may be one."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            size, milliseconds = picture.size, 0.0
            for index in range(getattr(picture, "n_frames", 1)):
                picture.seek(index)
                picture.load()
                milliseconds += float(picture.info.get("duration", 0))
    except (OSError, ValueError, EOFError) as error:
        raise ProcessingError("media.bad_output", f"{spec.name} cannot be read back: {error}") from error
    seconds = float(spec.frames / spec.rate)
    if size != (spec.framing.width, spec.framing.height):
        text = f"{spec.name}: {size[0]}x{size[1]} instead of {spec.framing.width}x{spec.framing.height}"
        raise ProcessingError("media.bad_output", text)
    if spec.frames > 1 and abs(milliseconds / 1000 - seconds) > 1.5 / float(spec.rate):
        raise ProcessingError("media.bad_output", f"{spec.name}: {milliseconds / 1000:.2f} s instead of {seconds:.2f} s")


def check_still(path: Path, spec: StillSpec) -> None:
    """Raise ProcessingError unless a picture has the planned size."""
    from vidgen.media.stills import read_image

    try:
        high, wide = read_image(path).shape[:2]
    except VidgenError as error:
        raise ProcessingError("media.bad_output", f"{spec.name} cannot be read back: {error.message}") from error
    if (wide, high) != (spec.framing.width, spec.framing.height):
        text = f"{spec.name}: {wide}x{high} instead of {spec.framing.width}x{spec.framing.height}"
        raise ProcessingError("media.bad_output", text)
