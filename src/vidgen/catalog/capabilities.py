"""What engines can do and what they cost: the types. The values are data (``engines.yaml``), with source and date."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

LENGTH_SLACK_S = 0.02
"""By how much a clip may be shorter than the shot: less than a frame. 5 s are 120 frames at 23.976 frames/s, which last
5.005 s; no longer clip is bought for that.
"""


@dataclass(frozen=True)
class Price:
    """US dollars per second of video, per clip, or both; None where unknown. ``by_height`` overrides ``per_second``
    with (largest short side in pixels, dollars per second) rows, smallest first; ``by_clip`` overrides both with (largest
    short side, longest clip in seconds, dollars for the whole clip) rows, smallest first. ``least``: what any clip costs.
    ``step``: it is billed in whole steps of so many dollars, rounded up. ``sound``: dollars more for a second with sound;
    ``sound_by_height``: the same by size, and unknown above.
    """

    per_second: float | None = None
    per_clip: float = 0.0
    by_height: tuple[tuple[int, float], ...] = ()
    by_clip: tuple[tuple[int, float, float], ...] = ()
    least: float = 0.0
    step: float = 0.0
    sound: float = 0.0
    sound_by_height: tuple[tuple[int, float], ...] = ()
    source: str = ""
    as_of: str = ""

    def of(self, seconds: float, short_side: int, sound: bool = False) -> float | None:
        """Price of one clip in US dollars, or None where it is not known (never 0 for unknown)."""
        if self.by_clip:
            return next((usd for side, longest, usd in self.by_clip if short_side <= side and seconds <= longest + 1e-6), None)
        rate = next((price for side, price in self.by_height if short_side <= side), self.per_second)
        if rate is None:
            return None
        more = next((price for side, price in self.sound_by_height if short_side <= side), None)
        if sound and self.sound_by_height and more is None:
            return None
        usd = max(self.least, (rate + (more or self.sound) * sound) * seconds + self.per_clip)
        return round(math.ceil(round(usd / self.step, 6)) * self.step if self.step else usd, 6)

    def a_second(self, short_side: int) -> float | None:
        """Price of one second in US dollars, for tables; of the shortest clip where it is not the same for all lengths."""
        found = next(((longest, usd) for side, longest, usd in self.by_clip if short_side <= side), None)
        return round(found[1] / found[0], 6) if found else None if self.by_clip else self.of(1, short_side)


@dataclass(frozen=True)
class Capabilities:
    """What one engine does with one model. Empty tuples mean "any".

    ``last_frame_alone``: whether a closing picture is taken without an opening one. ``last_frame_s``: the longest clip that
    ends on a closing picture. ``references_s``: the one clip length that is made with reference pictures; None where it is as
    for all. ``negative``: ``words`` where the prompt has to say it.
    ``task_prices``: prices of tasks that differ from ``price``.
    ``durations_s``: legal clip lengths; ``max_s``: longest clip; ``prompt_chars``: longest prompt; ``moves``: camera
    moves with a structured control, ("all",) for every one (others go into the prompt); ``seconds_per_second``: how
    long one second of video takes to make, roughly; ``any_model``: models that the table does not know are taken, too;
    ``as_of``: when the row was last held against the provider's SDK (ISO date).
    """

    engine: str
    model: str | None = None
    title: str = ""
    kind: str = "cloud"
    tasks: tuple[str, ...] = ("text_to_video",)
    durations_s: tuple[float, ...] = ()
    max_s: float | None = None
    aspects: tuple[str, ...] = ()
    max_short_side: int | None = None
    first_frame: bool = False
    last_frame: bool = False
    references: int = 0
    references_s: float | None = None
    last_frame_s: float | None = None
    last_frame_alone: bool = True
    seed: bool = False
    negative: bool | Literal["words"] = False
    moves: tuple[str, ...] = ()
    audio: bool | Literal["always"] = False
    prompt_chars: int | None = None
    prompt_order: str = "generic"
    price: Price = Price()
    task_prices: Mapping[str, Price] = field(default_factory=lambda: MappingProxyType({}))
    seconds_per_second: float | None = None
    concurrency: int = 1
    diffusion: bool = True
    retired_on: str | None = None
    instead: str = ""
    note: str = ""
    any_model: bool = False
    as_of: str = ""

    @property
    def brushes(self) -> bool:
        """Whether there is a motion brush."""
        return "motion_brush" in self.tasks

    @property
    def from_text(self) -> bool:
        """Whether words alone make a clip."""
        return "text_to_video" in self.tasks

    def billed_s(self, seconds: float, by_references: bool = False, closes: bool = False) -> float:
        """The clip length that is made and billed for a wanted length: the next legal one, or the longest.

        ``by_references``: reference pictures lead the shot; some models make one length alone of these. ``closes``: it ends
        on a closing picture.
        """
        if closes and self.last_frame_s:
            seconds = min(seconds, self.last_frame_s)
        if by_references and self.references_s:
            return self.references_s
        legal = [length for length in self.durations_s if length >= seconds - LENGTH_SLACK_S]
        if self.durations_s:
            return legal[0] if legal else self.durations_s[-1]
        return min(seconds, self.max_s) if self.max_s else seconds

    def price_of(
        self,
        seconds: float,
        width: int,
        height: int,
        task: str = "text_to_video",
        by_references: bool = False,
        sound: bool = False,
    ) -> float | None:
        """US dollars for one clip of a wanted length and size, as it is billed; None where that is not known."""
        side = min(width, height, self.max_short_side or width)
        billed = self.billed_s(seconds, by_references, closes=task == "first_last_frame")
        return self.task_prices.get(task, self.price).of(billed, side, sound)
