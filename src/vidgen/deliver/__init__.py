"""Deliveries: further files that are made of a finished film.

A video is encoded from the film's pictures with a sound that is already encoded; all videos of a run are made in one pass over
the film. Previews and stills have no sound. ``Kept`` remembers what each file was made of, so that what has not changed is not
made again. Nothing here knows storyboards or timelines.
"""

from vidgen.deliver.kept import Item, Kept
from vidgen.deliver.preview import write_preview
from vidgen.deliver.spec import Framing, Master, PreviewSpec, StillSpec, VideoSpec
from vidgen.deliver.still import write_still
from vidgen.deliver.video import VideoJob, encode_videos, exchange_sound

__all__ = [
    "Framing",
    "Item",
    "Kept",
    "Master",
    "PreviewSpec",
    "StillSpec",
    "VideoJob",
    "VideoSpec",
    "encode_videos",
    "exchange_sound",
    "write_preview",
    "write_still",
]
