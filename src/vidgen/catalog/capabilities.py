"""Types for the capabilities and prices of engines. The values are data (``engines.yaml``), with source and date."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

LENGTH_SLACK_S = 0.02
"""Seconds by which a clip may be shorter than the shot: less than a frame. A shot of "5 s" at 23.976 frames/s has 120 frames
and lasts 5.005 s; it needs no longer clip.
"""


@dataclass(frozen=True)
class Price:
    """The price of a clip in US dollars.

    Args:
        per_second: per second of video; None if unknown.
        per_clip: added per clip.
        by_height: overrides ``per_second``: (largest short side in pixels, price per second), smallest first.
        by_clip: overrides both: (largest short side in pixels, longest clip in seconds, price of the clip), smallest first.
        least: minimum price of a clip.
        step: the price is rounded up to a multiple of this.
        sound: added per second with sound.
        sound_by_height: ``sound`` by short side; unknown above the last row.
        source, as_of: where and when the price was read.
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
        """Price of one clip in US dollars; None if it is unknown (never 0)."""
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
        """Price per second in US dollars, for tables; by the shortest clip if it depends on the length."""
        found = next(((longest, usd) for side, longest, usd in self.by_clip if short_side <= side), None)
        return round(found[1] / found[0], 6) if found else None if self.by_clip else self.of(1, short_side)


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of one engine and model. Empty tuples mean "any".

    Args:
        durations_s: legal clip lengths in seconds. max_s: longest clip.
        max_short_side: largest short side in pixels.
        references: most reference pictures.
        references_s: the only clip length with reference pictures; None if they make no difference.
        last_frame_alone: whether a closing picture is taken without an opening one.
        last_frame_s: longest clip that ends on a given last frame.
        negative: whether there is a negative prompt; ``words`` if it has to be part of the prompt.
        moves: camera moves with a structured control, ("all",) for all; other moves go into the prompt.
        audio: whether it can make sound on request; ``always`` if it always does.
        prompt_chars: longest prompt in characters.
        price: usual price. task_prices: prices of tasks that differ.
        seconds_per_second: rough time in seconds to make one second of video.
        concurrency: jobs at once.
        retired_on: date of retirement (ISO). instead: what to use then.
        any_model: whether models outside the table are accepted.
        as_of: date of the last comparison with the provider's SDK (ISO).
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
        """The clip length in seconds that is made and billed for a requested length: the next legal one, or the longest.

        ``by_references``: the shot is steered by reference pictures. ``closes``: it ends on a given last frame.
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
        """Price in US dollars of one clip of a requested length and size, as billed; None if unknown."""
        side = min(width, height, self.max_short_side or width)
        billed = self.billed_s(seconds, by_references, closes=task == "first_last_frame")
        return self.task_prices.get(task, self.price).of(billed, side, sound)
