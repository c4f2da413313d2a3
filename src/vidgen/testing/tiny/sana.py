"""A tiny SANA-Video: linear attention, so that its cost grows with the clip and not with its square."""

from __future__ import annotations

from typing import Any

from vidgen.testing.tiny.parts import tokenizer
from vidgen.testing.tiny.wan import vae


def text_to_video() -> Any:
    """Like SANA-Video 2B: a Gemma reads the prompt, the VAE is Wan's."""
    from diffusers import DPMSolverMultistepScheduler, SanaVideoPipeline, SanaVideoTransformer3DModel
    from transformers import Gemma2Config, Gemma2Model

    words = tokenizer(512)
    gemma = Gemma2Model(
        Gemma2Config(
            vocab_size=len(words), hidden_size=16, head_dim=8, intermediate_size=32, num_attention_heads=2, num_hidden_layers=1,
            num_key_value_heads=2, pad_token_id=words.pad_token_id, bos_token_id=words.eos_token_id,
            eos_token_id=words.eos_token_id,
        )
    )  # fmt: skip
    transformer = SanaVideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=12, num_layers=2, num_cross_attention_heads=2,
        cross_attention_head_dim=12, cross_attention_dim=24, caption_channels=16, sample_size=30, rope_max_seq_len=64,
    )  # fmt: skip
    scheduler = DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=8.0)
    return SanaVideoPipeline(tokenizer=words, text_encoder=gemma, vae=vae(), transformer=transformer, scheduler=scheduler)


KINDS = {"sana": text_to_video}
