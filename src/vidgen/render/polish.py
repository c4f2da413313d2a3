"""Post-processing of one picked take, kept by content: what has not changed is not made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from vidgen import __version__
from vidgen.errors import Notice
from vidgen.media.discovery import find_ffmpeg
from vidgen.media.encode import encoded_as
from vidgen.media.files import sha256_file
from vidgen.planning.plan import Plan, PlannedShot
from vidgen.render.events import Listener
from vidgen.render.timeline import ShotClip
from vidgen.takes.keys import derived_key
from vidgen.takes.request import Take
