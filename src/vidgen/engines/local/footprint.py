"""How many bytes a model's weights take, from the headers of its files alone; nothing is loaded."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path

from vidgen.catalog.diffusion import QUANTISED_BYTES, family_of_pipeline
from vidgen.engines.local.job import Load, gguf_files
from vidgen.media.answers import once_a_file

DENOISERS = ("transformer", "transformer_2", "unet")
"""The parts that take the steps."""
_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}


def weights(load: Load) -> Mapping[str, int]:
    """Bytes of the weights of each part of a model as the load holds them, by the headers of its files; nothing is loaded."""
    found: dict[str, int] = {}
    for file in sorted(load.folder.glob("*/*.safetensors")):
        name = file.parent.name
        each = _BYTES.get(load.dtype, 2.0)
        if name in DENOISERS:
            each = QUANTISED_BYTES.get(load.quantise.partition(":")[0], each)
        found[name] = found.get(name, 0) + round(_elements(file) * each)
    files = (file for file in gguf_files(load.quantise) if file.is_file())
    return found | {name: file.stat().st_size for name, file in zip(filter(found.get, DENOISERS), files, strict=False)}


def resident(load: Load) -> int:
    """Bytes of weights that are on the device at once while the steps run; text encoders have left by then, unless the family
    keeps them. Of what waits outside a network is there as a whole, or a part of it; streamed, the VAE stays beside it.
    """
    family = family_of_pipeline(load.pipeline)
    stays = family is None or family.keeps_text
    parts = {name: size for name, size in weights(load).items() if stays or not name.startswith("text_encoder")}
    largest = max((size for name, size in parts.items() if name in DENOISERS), default=0)
    streamed = parts.get("vae", 0) + largest // 8
    return {"none": sum(parts.values()), "model": largest, "group": streamed, "sequential": largest // 32}[load.offload]


@once_a_file
def _elements(file: Path) -> int:
    """How many numbers a safetensors file has; 0 where it cannot be read: whoever loads it reports that."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(min(length, 100 << 20)))
        return sum(prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (OSError, ValueError, struct.error, KeyError, TypeError):
        return 0
