"""A slot as an actor of Ray."""

from __future__ import annotations

from collections.abc import Mapping

from vidgen.cluster.slot import Slot
from vidgen.settings import keep_no_keys


class RaySlot(Slot):
    """A slot with the GPUs that Ray has given to this actor, which its worker is told by their numbers.

    What Ray sets in an actor's environment differs from version to version, so that is not relied on.
    """

    def __init__(self, run: str, gpus: int, hidden: bool, flags: Mapping[str, str]) -> None:
        import ray

        keep_no_keys()
        own = [str(number) for number in ray.get_gpu_ids()] if gpus else None
        super().__init__(run, [] if hidden and not gpus else own, flags, alone=True)
