"""Time while a process is suspended is no time of waiting."""

from __future__ import annotations

from vidgen.media.patience import Patience


def test_an_hour_asleep_counts_as_a_moment() -> None:
    looks = iter([0.0, 0.5, 1.0, 3601.0, 3601.5, 3602.0, 3602.25])
    patience = Patience(lambda: next(looks))
    assert [patience.waited() for _ in range(4)] == [0.5, 1.0, 2.0, 2.5]
    patience.renew()
    assert patience.waited() == 0.25
