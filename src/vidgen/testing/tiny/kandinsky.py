"""A tiny Kandinsky 5."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.hunyuan import vae
from vidgen.testing.tiny.parts import byte_words, clip_text, tokenizer


def _parts(*, pictures: bool) -> dict[str, Any]:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, Kandinsky5Transformer3DModel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    words, short_words = tokenizer(1200), byte_words()
    size = 32
    qwen = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config={
                "vocab_size": len(words), "hidden_size": size, "intermediate_size": size, "num_hidden_layers": 2,
                "num_attention_heads": 2, "num_key_value_heads": 2, "pad_token_id": words.pad_token_id,
                "bos_token_id": words.eos_token_id, "eos_token_id": words.eos_token_id,
                "rope_parameters": {"mrope_section": [2, 2, 4], "rope_type": "default", "rope_theta": 1000000.0},
            },
            vision_config={
                "depth": 1, "hidden_size": size, "intermediate_size": size, "num_heads": 2, "out_hidden_size": size,
            },
        )
    )  # fmt: skip
    transformer = Kandinsky5Transformer3DModel(
        in_visual_dim=4, in_text_dim=size, in_text_dim2=16, time_dim=16, out_visual_dim=4, model_dim=16, ff_dim=32,
        num_text_blocks=1, num_visual_blocks=2, axes_dims=(1, 1, 2), visual_cond=pictures,
    )  # fmt: skip
    for name, layer in transformer.named_parameters():
        if "modulation.out_layer" in name:
            torch.nn.init.normal_(layer, std=0.1)  # they start as nothing, and then words have no effect
    return {
        "transformer": transformer,
        "vae": vae(),
        "text_encoder": qwen,
        "tokenizer": words,
        "text_encoder_2": clip_text(short_words),
        "tokenizer_2": short_words,
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=7.0),
    }


def text_to_video() -> Any:
    """Like Kandinsky 5 T2V Lite: Qwen2.5-VL reads the prompt, CLIP sums it up; the VAE is HunyuanVideo's. (The real one has a
    processor of pictures and videos where this has a tokenizer, and that needs torchvision.)
    """
    from diffusers import Kandinsky5T2VPipeline

    return Kandinsky5T2VPipeline(**_parts(pictures=False))


def image_to_video() -> Any:
    """Like Kandinsky 5 I2V: the first latent frame is given."""
    from diffusers import Kandinsky5I2VPipeline

    return Kandinsky5I2VPipeline(**_parts(pictures=True))


KINDS = {"kandinsky5": text_to_video, "kandinsky5-i2v": image_to_video}
