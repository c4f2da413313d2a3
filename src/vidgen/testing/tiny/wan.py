"""Tiny models of the Wan family: space-time transformer, causal VAE with 8x8x4 pixels a latent, umT5 text encoder."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import clip_pictures, clip_vision, tokenizer, umt5


def _transformer(**settings: Any) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(**{**_TRANSFORMER, **settings})


_TRANSFORMER: dict[str, Any] = {
    "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4, "out_channels": 4,
    "text_dim": 32, "freq_dim": 64, "ffn_dim": 64, "num_layers": 2, "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads", "rope_max_seq_len": 64,
}  # fmt: skip


def vae() -> Any:
    """The video VAE of the family."""
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(
        base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, attn_scales=[],
        temperal_downsample=[False, True, True], latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
    )  # fmt: skip


def _shared() -> dict[str, Any]:
    from diffusers import UniPCMultistepScheduler

    words = tokenizer()
    return {
        "tokenizer": words,
        "text_encoder": umt5(words),
        "vae": vae(),
        "scheduler": UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
        ),
    }  # fmt: skip


def text_to_video() -> Any:
    """Like Wan 2.1 T2V."""
    from diffusers import WanPipeline

    return WanPipeline(transformer=_transformer(), **_shared())


def image_to_video() -> Any:
    """Like Wan 2.1 I2V and FLF2V: noise, mask and first picture side by side, and CLIP's view of the picture."""
    from diffusers import WanImageToVideoPipeline

    pictures = {"image_encoder": clip_vision(), "image_processor": clip_pictures()}
    return WanImageToVideoPipeline(transformer=_transformer(in_channels=12, image_dim=16), **pictures, **_shared())


def first_and_last_frame() -> Any:
    """Like Wan 2.1 FLF2V: CLIP's views of two pictures, told apart by their places."""
    from diffusers import WanImageToVideoPipeline

    pictures = {"image_encoder": clip_vision(), "image_processor": clip_pictures()}
    transformer = _transformer(in_channels=12, image_dim=16, pos_embed_seq_len=10)
    return WanImageToVideoPipeline(transformer=transformer, **pictures, **_shared())


def text_and_image_to_video() -> Any:
    """Like Wan 2.2 TI2V: each latent frame has its own time, so that the first may be given."""
    from diffusers import WanPipeline

    return WanPipeline(transformer=_transformer(), expand_timesteps=True, **_shared())


def two_experts() -> Any:
    """Like Wan 2.2 A14B: one transformer for the noisy steps, one for the rest."""
    from diffusers import WanPipeline

    return WanPipeline(transformer=_transformer(), transformer_2=_transformer(), boundary_ratio=0.875, **_shared())


def vace() -> Any:
    """Like Wan 2.1 VACE: a second stream of blocks reads a control video, its mask and reference pictures."""
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    transformer = WanVACETransformer3DModel(**{**_TRANSFORMER, "num_layers": 3}, vace_layers=[0, 2], vace_in_channels=72)
    return WanVACEPipeline(transformer=transformer, **_shared())


def _skyreels(**settings: Any) -> Any:
    from diffusers import SkyReelsV2Transformer3DModel

    return SkyReelsV2Transformer3DModel(**{**_TRANSFORMER, **settings})


def skyreels() -> Any:
    """Like SkyReels-V2 T2V, which is built as Wan is."""
    from diffusers import SkyReelsV2Pipeline

    return SkyReelsV2Pipeline(transformer=_skyreels(), **_shared())


def skyreels_image_to_video() -> Any:
    """Like SkyReels-V2 I2V."""
    from diffusers import SkyReelsV2ImageToVideoPipeline

    pictures = {"image_encoder": clip_vision(projected=True), "image_processor": clip_pictures()}
    return SkyReelsV2ImageToVideoPipeline(transformer=_skyreels(in_channels=12, image_dim=16), **pictures, **_shared())


def skyreels_diffusion_forcing() -> Any:
    """Like SkyReels-V2 DF, whose frames have each their own time."""
    from diffusers import SkyReelsV2DiffusionForcingPipeline

    return SkyReelsV2DiffusionForcingPipeline(transformer=_skyreels(inject_sample_info=True), **_shared())


KINDS = {
    "wan-t2v": text_to_video,
    "wan-i2v": image_to_video,
    "wan-flf2v": first_and_last_frame,
    "wan-ti2v": text_and_image_to_video,
    "wan-moe": two_experts,
    "wan-vace": vace,
    "skyreels": skyreels,
    "skyreels-i2v": skyreels_image_to_video,
    "skyreels-df": skyreels_diffusion_forcing,
}
