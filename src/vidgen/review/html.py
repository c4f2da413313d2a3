"""HTML as a tree. Text is text: it is escaped where the tree is written, so that nothing in it can become an element."""

from __future__ import annotations

import json
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, tostring

from vidgen.escapes import shown

__all__ = ["Element", "Inside", "data_script", "element", "html_text", "later"]

Inside: TypeAlias = "Element | str | None"
_LESS = "\0"
"""Stands for ``<`` in attributes, which the writer would leave as it is; control characters never get so far."""


def element(tag: str, *inside: Inside, **attributes: object) -> Element:
    """An element. ``class_`` and ``data_take`` become ``class`` and ``data-take``; attributes that are None or False are left
    out, True has no value. Control characters are written out.
    """
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None and value is not False:
            text = "" if value is True else shown(str(value))
            made.set(name.removesuffix("_").replace("_", "-"), text.replace("<", _LESS))
    for one in inside:
        if isinstance(one, str):
            _add_text(made, shown(one))
        elif one is not None:
            made.append(one)
    return made


def _add_text(made: Element, text: str) -> None:
    if len(made):
        made[-1].tail = (made[-1].tail or "") + text
    else:
        made.text = (made.text or "") + text


def later(*inside: Inside) -> Element | None:
    """Elements that a browser makes when they come near: hundreds of shots with all that is known of them are too many at
    once. Where no program runs they are there at once.
    """
    return element("noscript", *inside, class_="later") if any(one is not None for one in inside) else None


def data_script(name: str, value: Any) -> Element:
    """Values for the page's program. A script's text is written as it is, so no ``<`` may be in it."""
    made = Element("script", {"type": "application/json", "id": name})
    made.text = json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")
    return made


def html_text(made: Element) -> str:
    """The element as HTML."""
    return tostring(made, encoding="unicode", method="html").replace(_LESS, "&lt;")
