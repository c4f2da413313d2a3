"""A tiny AnimateDiff: a picture UNet with motion modules between its layers."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import byte_words, clip_text


def text_to_video() -> Any:
    """Like AnimateDiff on Stable Diffusion 1.5."""
    from diffusers import AnimateDiffPipeline, AutoencoderKL, DDIMScheduler, MotionAdapter, UNet2DConditionModel

    words = byte_words()
    unet = UNet2DConditionModel(
        block_out_channels=(16, 32), layers_per_block=1, sample_size=8, in_channels=4, out_channels=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16, norm_num_groups=2, attention_head_dim=2,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=[8, 8, 8, 8], in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4, latent_channels=4, norm_num_groups=4,
    )  # fmt: skip
    motion = MotionAdapter(
        block_out_channels=(16, 32), motion_layers_per_block=1, motion_norm_num_groups=2, motion_num_attention_heads=2
    )
    scheduler = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="linear", clip_sample=False)
    return AnimateDiffPipeline(
        vae=vae, text_encoder=clip_text(words), tokenizer=words, unet=unet, motion_adapter=motion, scheduler=scheduler
    )


KINDS = {"animatediff": text_to_video}
