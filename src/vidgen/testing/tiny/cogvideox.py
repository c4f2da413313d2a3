"""Tiny models of the CogVideoX family."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import t5, tokenizer


def _parts(channels: int) -> dict[str, Any]:
    from diffusers import AutoencoderKLCogVideoX, CogVideoXDPMScheduler, CogVideoXTransformer3DModel

    words = tokenizer()
    down = ("CogVideoXDownBlock3D",) * 4
    up = ("CogVideoXUpBlock3D",) * 4
    return {
        "tokenizer": words,
        "text_encoder": t5(words),
        "transformer": CogVideoXTransformer3DModel(
            num_attention_heads=4, attention_head_dim=16, in_channels=channels, out_channels=4, time_embed_dim=8,
            text_embed_dim=32, num_layers=2, sample_width=12, sample_height=8, sample_frames=9, patch_size=2,
            temporal_compression_ratio=4, max_text_seq_length=32, use_rotary_positional_embeddings=True,
        ),
        "vae": AutoencoderKLCogVideoX(
            down_block_types=down, up_block_types=up, block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1,
            norm_num_groups=2, temporal_compression_ratio=4, sample_height=64, sample_width=96,
        ),
        "scheduler": CogVideoXDPMScheduler(
            prediction_type="v_prediction", timestep_spacing="trailing", rescale_betas_zero_snr=True,
            beta_schedule="scaled_linear", snr_shift_scale=1.0,
        ),
    }  # fmt: skip


def text_to_video() -> Any:
    """Like CogVideoX-5B."""
    from diffusers import CogVideoXPipeline

    return CogVideoXPipeline(**_parts(4))


def image_to_video() -> Any:
    """Like CogVideoX-5B-I2V: the first picture's latents beside the noise."""
    from diffusers import CogVideoXImageToVideoPipeline

    return CogVideoXImageToVideoPipeline(**_parts(8))


KINDS = {"cogvideox": text_to_video, "cogvideox-i2v": image_to_video}
