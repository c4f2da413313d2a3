"""Kandinsky 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidgen.catalog.diffusion import Family
from vidgen.engines.local.families.base import ModelConfig, PipelineFamily


class Kandinsky5(PipelineFamily):
    """Some of its networks leave out most of their attention by masks over blocks of 8x8 patches (``nabla``)."""

    def size_multiple(self, row: Family, config: ModelConfig) -> int:
        """See ``PipelineFamily``."""
        return row.size_multiple * 8 if _is_sparse(config.network) else super().size_multiple(row, config)

    def required_attention(self, network: Mapping[str, Any]) -> str:
        """Only ``flex`` reads these masks; others would compute all of the attention."""
        return "flex" if _is_sparse(network) else ""


def _is_sparse(network: Mapping[str, Any]) -> bool:
    return network.get("attention_type") == "nabla"


FAMILY = Kandinsky5(latent_axes=(0, 4, 1, 2, 3))
