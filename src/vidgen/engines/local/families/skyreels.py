"""SkyReels-V2, which is built as Wan is."""

from __future__ import annotations

from vidgen.engines.local.families.base import WAN_VAE_FLOAT32, PipelineFamily

FAMILY = PipelineFamily(float32=WAN_VAE_FLOAT32)
