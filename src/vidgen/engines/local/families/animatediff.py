"""AnimateDiff: Stable Diffusion with a motion module."""

from __future__ import annotations

from vidgen.engines.local.families.base import FROM_WORDS, PipelineFamily

FAMILY = PipelineFamily(batched=FROM_WORDS)
