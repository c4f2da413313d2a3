"""What tiny models share: a tokenizer trained on two sentences, text encoders of 32 channels, silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SENTENCES = ("a calm sea at dawn, slow dolly in, soft light", "rain on a city street at night, pan left, film grain")


def tokenizer(longest: int = 64, *, chat: bool = False, marks: Sequence[str] = ()) -> Any:
    """A unigram tokenizer of 256 pieces or fewer, trained on two sentences.

    ``longest``: most tokens of a prompt. ``chat``: with a template for conversations. ``marks``: whole words that it keeps.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=256, special_tokens=special, unk_token="<unk>", show_progress=False)
    made.train_from_iterator(SENTENCES, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    words = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=longest
    )
    words.add_special_tokens({"additional_special_tokens": list(marks)})
    if chat:
        words.chat_template = "{% for message in messages %}{{ message.role }}: {{ message.content }} {% endfor %}"
    return words


def byte_words() -> Any:
    """CLIP's tokenizer with letters for words."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizerFast

    letters = sorted(ByteLevel.alphabet())
    names = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizerFast({name: index for index, name in enumerate(names)}, [], model_max_length=77)


def clip_text(words: Any) -> Any:
    """CLIP's text encoder, 16 channels."""
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=77, bos_token_id=len(words) - 2, eos_token_id=len(words) - 1,
        )
    )  # fmt: skip


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
