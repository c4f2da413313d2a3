"""A shot with everything that names its takes, worked out once and passed on."""

from __future__ import annotations

from dataclasses import dataclass

from vidgen.planning.plan import PlannedShot
from vidgen.takes.keys import seeded_key
from vidgen.takes.request import Order, ShotRequest, TakeRequest


@dataclass(frozen=True)
class ResolvedShot:
    """The request with the file that it continues, its key, the key under which vidgen up to 0.1 kept it, and the form that
    would be ordered now.
    """

    planned: PlannedShot
    request: ShotRequest
    key: str
    earlier_key: str
    order: Order

    def take(self, number: int) -> TakeRequest:
        """What is asked for take 1, 2, ..."""
        return TakeRequest(self.request, number, self.request.seed_of(number))

    def take_key(self, number: int) -> str:
        """The key of take 1, 2, ..."""
        return seeded_key(self.key, self.request.seed_of(number))

    def earlier_take_key(self, number: int) -> str:
        """The same as vidgen up to 0.1 made it."""
        return seeded_key(self.earlier_key, self.request.seed_of(number))

    def is_for(self, request_key: str) -> bool:
        """Whether a record of that request key is of this very request."""
        return request_key in (self.key, self.earlier_key)

    def covered_by(self, order: Order | None) -> bool:
        """Whether a clip that is made for an order will do; None: for exactly this request, by vidgen up to 0.1."""
        return order is None or order.covers(self.order, has_s=order.seconds, needs_s=self.request.duration_s)
