"""What words say of looks: the colours of clothes, hair, a beard, glasses; and the colours of vehicles and animals."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from vidgen.engines.previz import words
from vidgen.engines.previz.people.looks import colours, table

_DYED = ("blue", "green", "pink", "purple", "orange")
"""Colours of hair that are no trait of their own."""
_HAIR = {
    "red": "red_hair", "black": "black_hair", "brown": "brown_hair", "white": "white_hair", "grey": "white_hair",
    "yellow": "blonde", "beige": "blonde",
}  # fmt: skip
"""The traits of the others: "red curly hair", 赤い髪."""


def looks_said(text: str) -> list[str]:
    """The names that ``looks.look_of`` joins to a body: traits, and coloured garments as ``top=red``."""
    plain = words.blanked(text, table()["looks_not"])
    traits = words.named(plain, table()["said_of_looks"])
    if "moustache" in traits and not words.mentions(plain, ("beard", "bearded", "あごひげ", "顎髭", "髭")):
        traits = [name for name in traits if name != "beard"]
    if "sunglasses" in traits:
        traits = [name for name in traits if name != "glasses"]
    every = _worn(plain)
    hair = _HAIR.get(every.get("hair_tone", ""), "")
    if hair and not set(traits) & set(_HAIR.values()):
        traits.append(hair)
    worn = {garment: colour for garment, colour in every.items() if garment != "hair_tone" or colour in _DYED}
    return [*traits, *(f"{garment}={colour}" for garment, colour in worn.items())]


def uncoloured(text: str) -> str:
    """The text without the colours before nouns: "on a red bicycle" is "on a bicycle"."""
    return _adjectives().sub("", text)


@functools.cache
def _adjectives() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_listed(True)})\s+(?=\w)|(?:{_listed(False)})(?:色の|い|の)", re.IGNORECASE)


def colour_of(text: str, nouns: Sequence[str]) -> str:
    """The colour that a text says of a noun: "a red motorcycle", 赤いバイク, 黒猫; "" for none."""
    for found in words.affirmed(text, nouns):
        if before := _before(found[0].isascii()).search(text[: found.start()]):
            return _named(before[1])
    return ""


def _worn(text: str) -> dict[str, str]:
    """The colour of each garment that has one."""
    out: dict[str, str] = {}
    for garment, listed in table()["garments"].items():
        if colour := colour_of(text, listed):
            out[garment] = colour
    if "whole" not in out and "top" not in out and (found := _dressed().search(text)):
        out["whole"] = _named(next(part for part in found.groups() if part))
    return out


@functools.cache
def _names() -> Mapping[str, str]:
    """The colour of each word."""
    return {word: name for name, row in colours().items() for word in row["words"]}


def _named(word: str) -> str:
    return _names()[re.sub(r"[\s-]+", " ", word.lower())]


@functools.cache
def _listed(western: bool) -> str:
    return words.longest_first(word for word in _names() if word.isascii() == western)


@functools.cache
def _before(western: bool) -> re.Pattern[str]:
    """A colour before what has it, with at most two words between: "red wool", "black leather"."""
    if western:
        return re.compile(
            rf"\b({_listed(True)})(?:[\s-]+(?!and\b|with\b|in\b|on\b|of\b|the\b|a\b)[\w'’-]+){{0,2}}[\s-]+$", re.IGNORECASE
        )
    return re.compile(rf"({_listed(False)})色?[いのなっ]?[^、。，．,.をはがとや]{{0,4}}$")


@functools.cache
def _dressed() -> re.Pattern[str]:
    """ "A woman in red, ...", "wearing black", 黒ずくめ."""
    western = "|".join(re.escape(word) for word in table()["dressed"])
    after = r"(?=\s*(?:$|[,.;:!?])|\s+(?:and\s+(?!white)|at|on|in|by|with|who|is|under|near|\w+ing|\w+s)\b(?!\s*light))"
    eastern = "|".join(table()["dressed_japanese"])
    return re.compile(rf"\b(?:{western})\s+({_listed(True)}){after}|({_listed(False)})(?:{eastern})", re.IGNORECASE)
