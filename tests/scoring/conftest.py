"""Writes synthetic clips to real files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.scoring.faulty_clips import RATE, Pictures

from vidgen.media.frames import FrameWriter


@pytest.fixture
def clip(tmp_path: Path) -> Callable[[str, Pictures], Path]:
    """Encodes pictures as a real clip: ``clip(name, pictures)``."""

    def write(name: str, pictures: Pictures) -> Path:
        path = tmp_path / f"{name}.mp4"
        with FrameWriter(path, pictures[0].shape[1], pictures[0].shape[0], RATE, frames=len(pictures)) as writer:
            for picture in pictures:
                writer.write(picture)
        return path

    return write
