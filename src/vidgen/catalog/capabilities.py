"""What engines can do and what they cost: the types. The values are data (``engines.yaml``), with source and date."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """US dollars per second of video, per clip, or both; None where unknown. ``by_height`` overrides ``per_second``
    with (largest short side in pixels, dollars per second) rows, smallest first."""

    per_second: float | None = None
    per_clip: float = 0.0
    by_height: tuple[tuple[int, float], ...] = ()
    source: str = ""
    as_of: str = ""

    def of(self, seconds: float, short_side: int) -> float | None:
        """Price of one clip in US dollars, or None where it is not known (never 0 for unknown)."""
        rate = next((price for side, price in self.by_height if short_side <= side), self.per_second)
        return None if rate is None else round(rate * seconds + self.per_clip, 6)


@dataclass(frozen=True)
class Capabilities:
    """What one engine does with one model. Empty tuples mean "any".

    ``durations_s``: legal clip lengths; ``max_s``: longest clip; ``prompt_chars``: longest prompt; ``moves``: camera
    moves with a structured control, ("all",) for every one (others go into the prompt); ``seconds_per_second``: how
    long one second of video takes to make, roughly; ``any_model``: models that the table does not know are taken, too.
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
    seed: bool = False
    negative: bool = False
    moves: tuple[str, ...] = ()
    audio: bool = False
    prompt_chars: int | None = None
    prompt_order: str = "generic"
    price: Price = Price()
    seconds_per_second: float | None = None
    concurrency: int = 1
    diffusion: bool = True
    retired_on: str | None = None
    instead: str = ""
    note: str = ""
    any_model: bool = False
