"""A tiny LTX-2: pictures and sound from one transformer."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import tokenizer


def text_to_video() -> Any:
    """Like LTX-2: Gemma 3 reads the prompt, connectors make it into words for pictures and for sound, a vocoder speaks."""
    from diffusers import FlowMatchEulerDiscreteScheduler, LTX2Pipeline, LTX2VideoTransformer3DModel
    from diffusers.pipelines.ltx2 import LTX2TextConnectors
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    words = tokenizer(1024)
    layers, size = 2, 32
    gemma = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config={
                "vocab_size": len(words), "hidden_size": size, "intermediate_size": 32, "num_hidden_layers": layers,
                "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": words.pad_token_id,
                "bos_token_id": words.eos_token_id, "eos_token_id": words.eos_token_id, "sliding_window": 64,
            },
            vision_config={
                "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 56,
                "patch_size": 14,
            },
            mm_tokens_per_image=4,
        )
    )  # fmt: skip
    transformer = LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=16, audio_in_channels=4,
        audio_out_channels=4, audio_num_attention_heads=2, audio_attention_head_dim=4, audio_cross_attention_dim=8,
        num_layers=2, caption_channels=size, rope_double_precision=False, rope_type="split",
    )  # fmt: skip
    connectors = LTX2TextConnectors(
        caption_channels=size, text_proj_in_factor=layers + 1, video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=8, video_connector_num_layers=1, video_connector_num_learnable_registers=None,
        audio_connector_num_attention_heads=4, audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32, rope_theta=10000.0,
        rope_double_precision=False, causal_temporal_positioning=False, rope_type="split",
    )  # fmt: skip
    audio = _sound_vae()
    return LTX2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=_vae(), audio_vae=audio, text_encoder=gemma, tokenizer=words,
        connectors=connectors, transformer=transformer, vocoder=_vocoder(audio),
    )  # fmt: skip


def _vae() -> Any:
    from diffusers import AutoencoderKLLTX2Video

    vae = AutoencoderKLLTX2Video(
        latent_channels=4, block_out_channels=(8, 8, 8), down_block_types=("LTX2VideoDownBlock3D",) * 3,
        decoder_block_out_channels=(8, 8, 8), layers_per_block=(1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, True), decoder_spatio_temporal_scaling=(True, True, True),
        downsample_type=("spatiotemporal", "spatiotemporal", "spatiotemporal"), patch_size=1, decoder_causal=False,
        upsample_factor=(1, 1, 1), upsample_residual=(False, False, False),
    )  # fmt: skip
    vae.use_framewise_encoding = False
    vae.use_framewise_decoding = False
    return vae


def _sound_vae() -> Any:
    from diffusers import AutoencoderKLLTX2Audio

    return AutoencoderKLLTX2Audio(base_channels=4, ch_mult=(1,), num_res_blocks=1, resolution=32, latent_channels=2, mel_bins=8)


def _vocoder(audio: Any) -> Any:
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder

    return LTX2Vocoder(
        in_channels=audio.config.output_channels * audio.config.mel_bins, hidden_channels=32, out_channels=2,
        upsample_kernel_sizes=[4, 4], upsample_factors=[2, 2], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
        leaky_relu_negative_slope=0.1, output_sampling_rate=16000,
    )  # fmt: skip


KINDS = {"ltx2": text_to_video}
