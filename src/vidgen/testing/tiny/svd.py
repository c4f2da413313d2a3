"""A tiny Stable Video Diffusion: a picture in, a clip out, no text."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import clip_pictures, clip_vision


def image_to_video() -> Any:
    """Like SVD-XT. The pipeline itself resizes pictures to 224, so the picture encoder has that size."""
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )

    unet = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=32, in_channels=8, out_channels=4,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=16, num_attention_heads=(2, 4),
        projection_class_embeddings_input_dim=96, addition_time_embed_dim=32,
    )  # fmt: skip
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=[32, 32, 32, 32], in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 4,
        latent_channels=4, layers_per_block=1,
    )  # fmt: skip
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000,
        interpolation_type="linear", prediction_type="v_prediction", sigma_max=700.0, sigma_min=0.002,
        steps_offset=1, timestep_spacing="leading", timestep_type="continuous", use_karras_sigmas=True,
    )  # fmt: skip
    return StableVideoDiffusionPipeline(
        image_encoder=clip_vision(224, 32, projected=True), feature_extractor=clip_pictures(224), unet=unet, vae=vae,
        scheduler=scheduler,
    )  # fmt: skip


KINDS = {"svd": image_to_video}
