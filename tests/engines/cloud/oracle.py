"""Judges request bodies by the providers' own SDK types: wire names, nothing beside them, no value of another type.

The SDKs describe requests as TypedDicts with Python names and check no values themselves. ``Oracle`` makes each anew with the
names that go over the wire, forbids what is not in it, and lets pydantic judge. Ranges that only docstrings tell are rules.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Iterable as AbstractIterable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions as extensions
from pydantic import ConfigDict, TypeAdapter, ValidationError

Rule = Callable[[Mapping[str, Any]], Iterator[str]]
"""From a body to what is wrong with it."""

_PLAIN = (str, int, float, bool, bytes, type(None), datetime, date)
_OPEN = ("UnrecognizedStr", "UnrecognizedInt", "Base64FileInput")
"""Parts of unions by which an SDK lets any other value pass, or a file where its content goes over the wire."""
_LISTS = (list, Sequence, AbstractIterable, tuple)


class Oracle:
    """One endpoint's judge.

    Args:
        params: the SDK's type for the request: a TypedDict, or a union of them that ``key`` tells apart.
        key: the member whose value picks the union's part, such as ``model``. rules: ranges that the types do not have.
    """

    def __init__(self, params: Any, *, key: str = "model", rules: Sequence[Rule] = ()) -> None:
        self.key, self.rules = key, tuple(rules)
        self._made: dict[Any, Any] = {}
        parts = get_args(params) if get_origin(params) in (Union, types.UnionType) else (params,)
        self._parts = [(self._names(part), part) for part in parts]
        self._adapters: dict[int, TypeAdapter[Any]] = {}

    def complaints(self, body: Mapping[str, Any]) -> list[str]:
        """What is wrong with a body, one line each; empty where it is as the SDK's types and the rules want it."""
        value = body.get(self.key)
        fitting = [index for index, (names, _) in enumerate(self._parts) if not names or value in names]
        if not fitting:
            known = sorted({name for names, _ in self._parts for name in names})
            return [f"{self.key}={value!r} is not one of {known}"]
        found = min((self._judged(index, body) for index in fitting), key=len)
        return found or [line for rule in self.rules for line in rule(body)]

    def _judged(self, index: int, body: Mapping[str, Any]) -> list[str]:
        if index not in self._adapters:
            self._adapters[index] = TypeAdapter(self._wired(self._parts[index][1]))
        try:
            self._adapters[index].validate_python(dict(body))
        except ValidationError as error:
            return [f"{'.'.join(map(str, line['loc']))}: {line['msg']}" for line in error.errors()]
        return []

    def _names(self, part: Any) -> tuple[str, ...]:
        hint = _hints(part).get(self.key)
        while get_origin(hint) in (Annotated, extensions.Required, extensions.NotRequired):
            hint = get_args(hint)[0]
        return tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()

    def _wired(self, hint: Any) -> Any:
        """A type as it is on the wire."""
        if isinstance(hint, extensions.TypeAliasType):
            return self._wired(hint.__value__)
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._wired(inner[0])
        if origin in (Union, types.UnionType):
            return Union[tuple(self._wired(part) for part in inner)]  # noqa: UP007 - of parts only known here
        if origin is Literal or hint in _PLAIN:
            return hint
        if origin in _LISTS:
            return list[self._wired(inner[0])]  # type: ignore[misc]
        if origin in (dict, Mapping):
            return dict[str, self._wired(inner[1])]  # type: ignore[misc]
        return self._dictionary(hint) if extensions.is_typeddict(hint) else Any

    def _dictionary(self, part: Any) -> Any:
        if part not in self._made:
            self._made[part] = Any  # a type that holds itself is not followed further
            fields = {}
            for name, hint in _hints(part).items():
                origin = get_origin(hint)
                needed = origin is extensions.Required or (part.__total__ and origin is not extensions.NotRequired)
                hint = get_args(hint)[0] if get_origin(hint) in (extensions.Required, extensions.NotRequired) else hint
                fields[_alias(hint) or name] = (extensions.Required if needed else extensions.NotRequired)[self._wired(hint)]
            made = extensions.TypedDict(part.__name__, fields, total=False)  # type: ignore[misc]
            made.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
            self._made[part] = made
        return self._made[part]


def _hints(part: Any) -> dict[str, Any]:
    return get_type_hints(part, include_extras=True)


def _alias(hint: Any) -> str | None:
    """The wire name, out of the SDK's own annotation."""
    while get_origin(hint) in (extensions.Required, extensions.NotRequired):
        hint = get_args(hint)[0]
    remarks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((name for remark in remarks if (name := getattr(remark, "alias", None))), None)


def text_up_to(units: int, name: str = "promptText", models: Iterable[str] = ()) -> Rule:
    """A text of 1 to so many UTF-16 units."""
    only = tuple(models)

    def rule(body: Mapping[str, Any]) -> Iterator[str]:
        if (not only or body.get("model") in only) and name in body:
            length = len(body[name].encode("utf-16-le")) // 2
            if not 1 <= length <= units:
                yield f"{name}: {length} UTF-16 units, not 1 to {units}"

    return rule


def number_in(low: float, high: float, name: str, models: Iterable[str] = ()) -> Rule:
    """A number within a range, where it is a number."""
    only = tuple(models)

    def rule(body: Mapping[str, Any]) -> Iterator[str]:
        value = body.get(name)
        if (not only or body.get("model") in only) and isinstance(value, int | float) and not low <= value <= high:
            yield f"{name}: {value} is not {low:g} to {high:g}"

    return rule
