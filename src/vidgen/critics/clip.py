"""Likeness of pictures and words by a model of the CLIP kind on this machine (CLIP, SigLIP: whatever transformers' AutoModel
opens that has features of both). Weights are safetensors; a model's own code is never run.
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any

from vidgen.config import config
from vidgen.critics.clauses import clauses
from vidgen.critics.pictures import moments
from vidgen.engines.worker.loading import quiet
from vidgen.media.names import expanded
from vidgen.scoring.scorer import Clip, ClipScorer, Measurement
from vidgen.scoring.types import Expectation
from vidgen.weights import hub

MOMENTS, SIDE = 8, 512


class ClipPrompt(ClipScorer):
    """Mean cosine of moments of the clip and each clause of the prompt.

    Unit: cosine, -1 to 1; ordinary models give 0.2 to 0.35 for what fits. Comparable between takes of one shot and one model
    alone. Blind to order in time, to counts, and to who does what to whom.
    """

    name = "clip-prompt"
    family = "prompt"
    better = "high"
    noise = 0.004
    unit = "cosine"

    @property
    def version(self) -> str:  # type: ignore[override]
        """The model, and how it is asked."""
        folder = _folder()
        return f"1 {folder.resolve() if folder else ''} {_weights_mark(folder) if folder else ''}"

    def available(self) -> str | None:
        """What is missing: the extra, the model, or weights that are safe to read."""
        if any(importlib.util.find_spec(package) is None for package in ("torch", "transformers")):
            return "the extra is not installed: pip install 'vidgen[local]'"
        folder, name = _folder(), config().score.prompt_model
        if folder is None:
            return f"the model {name} is neither a folder nor on this machine: vidgen models pull {name}"
        return None if any(folder.glob("*.safetensors")) else f"{folder} has no *.safetensors"

    def score(self, clip: Clip, expectation: Expectation) -> Measurement:
        """See the class."""
        found = clauses(expectation)
        if not found:
            return Measurement(None, "there is no prompt")
        import torch

        pictures = moments(clip, MOMENTS, SIDE)
        model, processor = self._opened
        with torch.inference_mode():
            texts = processor(text=[clause.text for clause in found], return_tensors="pt", padding=True, truncation=True)
            words = _unit(model.get_text_features(**texts))
            seen = _unit(model.get_image_features(**processor(images=pictures, return_tensors="pt")))
        return Measurement(round(float((seen @ words.T).mean()), 4))

    @cached_property
    def _opened(self) -> tuple[Any, Any]:
        from transformers import AutoModel, AutoProcessor

        safe: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        with quiet():
            model = AutoModel.from_pretrained(str(_folder()), use_safetensors=True, **safe).eval().float()
            processor = AutoProcessor.from_pretrained(str(_folder()), **safe)
        for method in ("get_text_features", "get_image_features"):
            if not hasattr(model, method):
                raise TypeError(f"{type(model).__name__} does not compare pictures with words")
        return model, processor


def _folder() -> Path | None:
    """The configured model's folder: a folder of the user's, or a model of the hub that is here."""
    name = config().score.prompt_model or ""
    path = expanded(name)
    if path.is_dir():
        return path
    found = hub.pulled(name) if name.count("/") == 1 else None
    return found.path if found else None


def _weights_mark(folder: Path) -> str:
    """Changes where the weights were changed."""
    files = sorted(folder.glob("*.safetensors"))
    return ",".join(f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files)


def _unit(features: Any) -> Any:
    """Rows of length 1. Newer releases of transformers wrap the features."""
    plain = getattr(features, "pooler_output", features)
    return plain / plain.norm(dim=-1, keepdim=True)
