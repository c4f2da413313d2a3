"""Convert audio frames of one form (sample rate, channel layout, sample format) to stereo float samples at 48 kHz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vidgen.media.rate import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

Samples = npt.NDArray[np.float32]
"""Sound: [samples, 2] float32, left and right, full scale -1 to 1, 48 kHz."""

LOUDEST = 64.0
"""Samples are clipped to this, 36 dB over full scale. Louder ones are damage, and would make the rest inaudible."""

_USUAL = {3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Usual layout by number of channels, for files that do not name one. Of other numbers the first two channels are used."""


class Stereo:
    """Downmixes and resamples frames of the form of ``frame``.

    Surround is mixed down by ITU-R BS.775: centre and surrounds at -3 dB, without the LFE. Nothing is scaled to prevent
    clipping, so that the level is the same for every sample format. Mono goes to both sides as it is, so that it sounds like
    the same sound saved as stereo; ffmpeg would lower it by 3 dB.
    """

    def __init__(self, frame: AudioFrame) -> None:
        from av.filter import Graph

        layout = frame.layout
        self._graph = Graph()
        form = f"sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}:channel_layout={layout.name}"
        steps = [self._graph.add("abuffer", f"{form}:time_base=1/{frame.sample_rate}")]
        if layout.nb_channels == 1:
            steps.append(self._graph.add("channelmap", "map=0|0:channel_layout=stereo"))
        elif layout.name == f"{layout.nb_channels} channels" and (usual := _USUAL.get(layout.nb_channels)):
            named = "|".join(str(channel) for channel in range(layout.nb_channels))
            steps.append(self._graph.add("channelmap", f"map={named}:channel_layout={usual}"))
        steps.append(self._graph.add("aresample", str(SAMPLE_RATE)))
        steps.append(self._graph.add("aformat", f"sample_fmts=flt:channel_layouts=stereo:sample_rates={SAMPLE_RATE}"))
        steps.append(self._graph.add("abuffersink"))
        self._graph.link_nodes(*steps).configure()

    def convert(self, frame: AudioFrame | None) -> Iterator[Samples]:
        """Blocks of [n, 2] float32 that are ready after one more frame; None: the rest at the end."""
        from av.error import BlockingIOError as NothingYet

        if frame is not None:
            frame.pts = None  # the graph counts samples; gaps are handled by the caller
        self._graph.push(frame)
        while True:
            try:
                out: Any = self._graph.pull().to_ndarray()
            except (NothingYet, EOFError):
                return
            if out.size:
                yield np.clip(np.nan_to_num(out.reshape(-1, 2), nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)


def form_of(frame: AudioFrame) -> tuple[str, str, int]:
    """Sample format, channel layout and sample rate; equal for all frames of one ``Stereo``."""
    return frame.format.name, frame.layout.name, frame.sample_rate
