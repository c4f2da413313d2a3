"""CogVideoX."""

from __future__ import annotations

from vidgen.catalog.diffusion import Family
from vidgen.engines.local.families.base import FROM_WORDS, ModelConfig, PipelineFamily


class CogVideoX(PipelineFamily):
    """Its networks say how many tokens of a prompt they read."""

    def prompt_tokens(self, row: Family, config: ModelConfig) -> int | None:
        """See ``PipelineFamily``."""
        return config.network.get("max_text_seq_length") or row.prompt_tokens


FAMILY = CogVideoX(batched=FROM_WORDS, latent_axes=(0, 2, 1, 3, 4))
