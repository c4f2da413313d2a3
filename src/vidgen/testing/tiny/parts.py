"""What tiny models share: a tokenizer trained on two sentences, text encoders of 32 channels, silence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SENTENCES = ("a calm sea at dawn, slow dolly in, soft light", "rain on a city street at night, pan left, film grain")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' notices and progress bars off the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
        import transformers

        diffusers.utils.logging.set_verbosity_error()
        diffusers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        yield


def tokenizer() -> Any:
    """A unigram tokenizer of 256 pieces or fewer, trained on two sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=256, special_tokens=special, unk_token="<unk>", show_progress=False)
    made.train_from_iterator(SENTENCES, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    )


def umt5(words: Any) -> Any:
    """The text encoder of the Wan family, 32 channels."""
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(UMT5Config(vocab_size=len(words), **_T5))


def t5(words: Any) -> Any:
    """A T5 encoder, 32 channels."""
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(vocab_size=len(words), **_T5))


_T5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "feed_forward_proj": "gated-gelu"}


def clip_vision(size: int = 32, patch: int = 16, projected: bool = False) -> Any:
    """A CLIP picture encoder of 16 channels."""
    from transformers import CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        image_size=size, patch_size=patch, projection_dim=16,
    )  # fmt: skip
    return (CLIPVisionModelWithProjection if projected else CLIPVisionModel)(config)


def clip_pictures(size: int = 32) -> Any:
    """The preprocessor that goes with ``clip_vision``."""
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(crop_size=size, size=size)
