"""How a part of a film came to be, in the words of the IPTC: the list that C2PA and the press use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"

SourceType = Literal[
    "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia", "composite", "digitalCapture"
]
"""Made by a trained model; a mix with that; drawn by a program without a trained model (an animatic); a mix of anything
else, or of unknown things; taken by a camera, which only the user can know.
"""

AI_MADE: frozenset[SourceType] = frozenset({"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"})
"""Types of which at least a part was made by a trained model."""


def uri(kind: SourceType) -> str:
    """The IPTC's name, as it stands in files."""
    return IPTC + kind


def kind_of(address: str) -> str:
    """The last word of an IPTC name."""
    return address.removeprefix(IPTC)


def together(parts: Iterable[SourceType | None]) -> SourceType:
    """The type of a film from those of its shots. None: nobody knows, as with a user's own clip."""
    kinds = set(parts)
    if kinds & AI_MADE:
        return "trainedAlgorithmicMedia" if kinds == {"trainedAlgorithmicMedia"} else "compositeWithTrainedAlgorithmicMedia"
    only = kinds.pop() if len(kinds) == 1 else None
    return only or "composite"
