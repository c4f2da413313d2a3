"""Mochi 1."""

from __future__ import annotations

from vidgen.engines.local.families.base import MASKED, PipelineFamily

FAMILY = PipelineFamily(embeddings=MASKED)
