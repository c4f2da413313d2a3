"""Whatever is in a file: a storyboard or a StoryboardError comes out, nothing else."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidgen.errors import StoryboardError
from vidgen.storyboard.loader import LoadedBoard, parse_storyboard
from vidgen.storyboard.schema import storyboard_schema

SCHEMA = storyboard_schema()
KEYS = sorted({key for part in SCHEMA["$defs"].values() for key in part.get("properties", ())} | set(SCHEMA["properties"]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [
            "a",
            "4s",
            "12f",
            "auto",
            "dolly_in",
            "ドリーイン",
            "16:9",
            "cut",
            "\0",
            "https://a",
            "../a",
            "s01",
            "#ff0000",
            "99999999",
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
SHOTS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5) | VALUES, max_size=4)


def outcome(text: str | bytes) -> LoadedBoard | StoryboardError:
    try:
        return parse_storyboard(text)
    except StoryboardError as error:
        assert error.problems and all(problem.line >= 1 and problem.column >= 1 for problem in error.problems)
        return error


@given(st.binary(max_size=300))
def test_bytes(raw: bytes) -> None:
    assert isinstance(outcome(raw), StoryboardError)


@given(st.text(alphabet="vidgen:1 \nshots-[]{}a,'\"&*!|>#%@é京\t0.~", max_size=120))
def test_text_that_looks_like_yaml(text: str) -> None:
    outcome("vidgen: 1\n" + text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(top=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), shots=SHOTS, flat=st.booleans())
def test_known_keys_with_any_values(top: dict[str, object], shots: list[object], flat: bool) -> None:
    body = {"shots": shots} if flat else {"scenes": [{"shots": shots}, *shots]}
    found = outcome(json.dumps({"vidgen": 1, **body, **top}))
    if isinstance(found, StoryboardError):
        library_words = ("Input should", "Value error", "validation error", "valid under", "Assertion")
        assert not [word for word in library_words if word in str(found)], str(found)
