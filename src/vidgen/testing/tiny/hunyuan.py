"""Tiny models of the HunyuanVideo family: words and noise in two streams that join, two text encoders."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import byte_words, clip_pictures, clip_text, clip_vision, t5, tokenizer


def _transformer(**settings: Any) -> Any:
    from diffusers import HunyuanVideoTransformer3DModel

    return HunyuanVideoTransformer3DModel(
        **{
            "in_channels": 4,
            "out_channels": 4,
            "num_attention_heads": 2,
            "attention_head_dim": 10,
            "num_layers": 1,
            "num_single_layers": 1,
            "num_refiner_layers": 1,
            "patch_size": 2,
            "patch_size_t": 1,
            "text_embed_dim": 16,
            "pooled_projection_dim": 16,
            "rope_axes_dim": (2, 4, 4),
            **settings,
        }
    )


def vae() -> Any:
    """The video VAE of the family: 8x8x4 pixels a latent."""
    from diffusers import AutoencoderKLHunyuanVideo

    return AutoencoderKLHunyuanVideo(latent_channels=4, block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4)


def _llama(words: Any) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_attention_heads=4, num_hidden_layers=3,
        pad_token_id=words.pad_token_id, bos_token_id=words.eos_token_id, eos_token_id=words.eos_token_id,
    )  # fmt: skip


def text_to_video() -> Any:
    """Like HunyuanVideo: a Llama reads the prompt, CLIP sums it up; guidance is an input of the network."""
    from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoPipeline
    from transformers import LlamaModel

    words, short_words = tokenizer(512), byte_words()
    return HunyuanVideoPipeline(
        text_encoder=LlamaModel(_llama(words)), tokenizer=words, text_encoder_2=clip_text(short_words),
        tokenizer_2=short_words, transformer=_transformer(), vae=vae(), scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
    )  # fmt: skip


def image_to_video() -> Any:
    """Like HunyuanVideo-I2V: a Llava reads prompt and picture; the picture's latents stand beside the noise."""
    from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoImageToVideoPipeline
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    words = tokenizer(512, marks=("<image>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"))
    short_words = byte_words()
    eyes = clip_vision(336, 14).config
    llava = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=eyes, text_config=_llama(words), pad_token_id=words.pad_token_id,
            image_token_index=words.convert_tokens_to_ids("<image>"),
        )
    )  # fmt: skip
    return HunyuanVideoImageToVideoPipeline(
        text_encoder=llava, tokenizer=words, text_encoder_2=clip_text(short_words), tokenizer_2=short_words,
        transformer=_transformer(in_channels=9, guidance_embeds=False, image_condition_type="latent_concat"), vae=vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0), image_processor=clip_pictures(336),
    )  # fmt: skip


def _parts_15(task: str) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15Transformer3DModel,
    )
    from transformers import ByT5Tokenizer, Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    words, glyphs = tokenizer(1200, chat=True), ByT5Tokenizer()
    qwen = Qwen2_5_VLTextConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2, pad_token_id=words.pad_token_id, bos_token_id=words.eos_token_id,
        eos_token_id=words.eos_token_id,
        rope_parameters={"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1000000.0},
    )  # fmt: skip
    return {
        "text_encoder": Qwen2_5_VLTextModel(qwen),
        "tokenizer": words,
        "text_encoder_2": t5(glyphs),
        "tokenizer_2": glyphs,
        "transformer": HunyuanVideo15Transformer3DModel(
            in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1, num_refiner_layers=1,
            mlp_ratio=2.0, text_embed_dim=16, text_embed_2_dim=32, image_embed_dim=16, rope_axes_dim=(2, 2, 4), target_size=96,
            task_type=task,
        ),
        "vae": AutoencoderKLHunyuanVideo15(
            latent_channels=4, block_out_channels=(16, 16, 16, 16, 16), layers_per_block=1,
            downsample_match_channel=False, upsample_match_channel=False,
        ),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=7.0),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


def text_to_video_15() -> Any:
    """Like HunyuanVideo 1.5: a Qwen reads the prompt, ByT5 what is to be written in the picture; a guider does the guidance."""
    from diffusers import HunyuanVideo15Pipeline

    return HunyuanVideo15Pipeline(**_parts_15("t2v"))


def image_to_video_15() -> Any:
    """Like HunyuanVideo 1.5 I2V: Siglip looks at the picture, whose latents stand beside the noise."""
    from diffusers import HunyuanVideo15ImageToVideoPipeline
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    eyes = SiglipVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=378, patch_size=14
    )
    pictures = SiglipImageProcessor(size={"height": 378, "width": 378})
    return HunyuanVideo15ImageToVideoPipeline(
        image_encoder=SiglipVisionModel(eyes), feature_extractor=pictures, **_parts_15("i2v")
    )


KINDS = {
    "hunyuan": text_to_video,
    "hunyuan-i2v": image_to_video,
    "hunyuan15": text_to_video_15,
    "hunyuan15-i2v": image_to_video_15,
}
