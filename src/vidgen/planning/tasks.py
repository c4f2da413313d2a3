"""What kind of work a shot is, and its seed."""

from __future__ import annotations

import hashlib

from vidgen.storyboard.model import Shot
from vidgen.takes.request import Task


def task_of(shot: Shot) -> Task:
    """The task for the shot's keys; the most specific one wins."""
    rows: tuple[tuple[object, Task], ...] = (
        (shot.motion_brush, "motion_brush"),
        (shot.lip_sync, "lip_sync"),
        (shot.motion_reference, "motion_transfer"),
        (shot.source_video, "video_to_video"),
        (shot.start_frame and shot.end_frame, "first_last_frame"),
        (shot.start_frame or shot.continue_from, "image_to_video"),
    )
    return next((task for given, task in rows if given), "text_to_video")


def seed_of(shot: Shot, board_seed: int | None, prompt: str) -> int:
    """The shot's seed, else one derived from its prompt and the storyboard's seed."""
    if shot.seed is not None:
        return shot.seed
    digest = hashlib.sha256(f"{board_seed or 0}|{prompt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 2**31
