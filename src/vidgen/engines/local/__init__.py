"""The light half of the local engine: video diffusion models on the user's own GPUs. ``engines/worker`` is the heavy half.

A request becomes a ``Batch`` (``batch_builder``), which a ``Host`` sends to a worker process. Nothing here loads torch.
"""

from __future__ import annotations

from vidgen.engines.local.engine import Local

__all__ = ["Local"]
