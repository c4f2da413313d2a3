"""A tiny Mochi: an asymmetric space-time transformer and a VAE of 8x8x6 pixels a latent."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import t5, tokenizer


def text_to_video() -> Any:
    """Like Mochi 1."""
    from diffusers import AutoencoderKLMochi, FlowMatchEulerDiscreteScheduler, MochiPipeline, MochiTransformer3DModel

    words = tokenizer()
    transformer = MochiTransformer3DModel(
        num_attention_heads=2, attention_head_dim=8, num_layers=2, pooled_projection_dim=16, text_embed_dim=32,
        time_embed_dim=4, max_sequence_length=32,
    )  # fmt: skip
    vae = AutoencoderKLMochi(
        encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32),
        layers_per_block=(1, 1, 1, 1, 1),
    )
    return MochiPipeline(
        transformer=transformer, vae=vae, scheduler=FlowMatchEulerDiscreteScheduler(), text_encoder=t5(words), tokenizer=words
    )


KINDS = {"mochi": text_to_video}
