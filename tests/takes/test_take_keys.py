from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidgen.errors import InputError
from vidgen.storyboard.model import Camera, Motion
from vidgen.takes.keys import FIELDS, NOT_IN_KEYS, canonical, derived_key, earlier_key, request_key, seeded_key, take_key
from vidgen.takes.request import Brush, Inputs, ShotRequest, SpokenLine, Words

# Keys of takes that people have paid for. If one of these changes, everybody's films are bought again: change the code
# back. A new field belongs into FIELDS only if it is left out of the key while it has its default.
EARLIER = "d9d80164998a5923df500d526692993148eec7184aaa57378bb6c61d04572844"
EARLIER_FULL = "7dac3aad67a86c7e5af440e0a0a94008bd5f02bbead9a2406716ef340e3fd022"
GOLDEN = "7697c16587bf402a1036f4b0431c03bc153b936a1affe585f03a877dda776f24"
GOLDEN_FULL = "db2e40e24eaa17c76c780405d3298ebd916a940be2a96762c764e47e6555ea72"
GOLDEN_TAKE_2 = "5db184cf8ab9132d94d977b54662ddc7a63d722bbdedf4bdbaa3edfb61f60ebd"
GOLDEN_DERIVED = "bc34e539f723b466741c212934eb1a1e0eb82b9a1ca700d288d48e8b47e0fe2b"


@pytest.fixture
def full(request_: ShotRequest, tmp_path: Path) -> ShotRequest:
    """A request with every field set."""
    for name in ("start.png", "ref1.png", "ref2.png", "mask.png", "voice.wav"):
        (tmp_path / name).write_bytes(name.encode())
    return replace(
        request_,
        negative="blur",
        fps=Fraction(24000, 1001),
        camera=Camera(move="pan_left", strength=0.7, lens=35),
        motion=Motion(type="natural", amount=6.5),
        params={"cfg": 5.0, "steps": 30, "list": (1, 2.5), "flag": True},
        words=Words(scene="harbour", characters=("mia",)),
        inputs=Inputs(
            start_frame=tmp_path / "start.png",
            references=(tmp_path / "ref1.png", tmp_path / "ref2.png"),
            brushes=(Brush(tmp_path / "mask.png", ((0.25, 0.5), (0.75, 0.5))),),
            lip_sync_audio=tmp_path / "voice.wav",
        ),
    )


def test_golden_keys_never_move(request_: ShotRequest, full: ShotRequest) -> None:
    assert request_key(request_) == GOLDEN
    assert request_key(full) == GOLDEN_FULL
    assert take_key(request_, 2) == GOLDEN_TAKE_2
    assert earlier_key(request_) == EARLIER
    assert earlier_key(full) == EARLIER_FULL
    derived = derived_key("upscale", [EARLIER], settings={"scale": 2}, tool="vidgen 1", ffmpeg="6.1", weights=["ab"])
    assert derived == GOLDEN_DERIVED


def test_the_key_is_the_checksum_of_this_text(request_: ShotRequest) -> None:
    text = (
        '{"base_seed":7,"camera":{"move":"static","speed":"slow","strength":0.5},"engine":"runway",'
        '"model":"gen4.5","motion":{"amount":5,"type":"natural"},"prompt":"a harbour at dawn",'
        '"task":"text_to_video"}'
    )
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN
    assert request_key(request_) == GOLDEN


def test_every_field_of_the_request_types_is_either_in_the_key_or_left_out_on_purpose() -> None:
    types = {"ShotRequest": ShotRequest, "Inputs": Inputs, "Words": Words}
    for name, kind in types.items():
        fields = {field.name for field in dataclasses.fields(kind)}
        assert fields == {*FIELDS[name], *NOT_IN_KEYS.get(name, ())}
    assert set(Camera.model_fields) == set(FIELDS["Camera"])
    assert set(Motion.model_fields) == set(FIELDS["Motion"])


def test_labels_and_wording_do_not_change_the_key(request_: ShotRequest) -> None:
    other = replace(request_, shot="s99", words=Words(scene="elsewhere"), language="ja")
    assert request_key(other) == request_key(request_)


def test_wording_counts_for_an_engine_that_draws_the_words(request_: ShotRequest) -> None:
    other = replace(request_, words=Words(scene="elsewhere"))
    assert request_key(other, draws_words=True) != request_key(request_, draws_words=True)


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "luma"},
        {"model": "gen4_turbo"},
        {"task": "image_to_video"},
        {"prompt": "a harbour at dusk"},
        {"negative": "blur"},
        {"base_seed": 8},
        {"camera": Camera(move="pan_left")},
        {"motion": Motion(amount=6)},
        {"params": {"cfg": 5}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_wish_changes_the_key(request_: ShotRequest, change: dict[str, object]) -> None:
    assert request_key(replace(request_, **change)) != request_key(request_)


@pytest.mark.parametrize("change", [{"frames": 7}, {"fps": Fraction(25)}, {"width": 66}, {"height": 50}], ids=str)
def test_length_rate_and_size_do_not_change_the_key_since_a_clip_at_hand_may_cover_them(
    request_: ShotRequest, change: dict[str, object]
) -> None:
    other = replace(request_, **change)
    assert request_key(other) == request_key(request_)
    assert earlier_key(other) != earlier_key(request_)


def test_input_files_count_by_content_and_order_not_by_name(request_: ShotRequest, tmp_path: Path) -> None:
    a, b, copy = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "copy-of-a.png"
    a.write_bytes(b"A"), b.write_bytes(b"B"), copy.write_bytes(b"A")

    def key(**inputs: object) -> str:
        return request_key(replace(request_, inputs=Inputs(**inputs)))

    assert key(start_frame=a) == key(start_frame=copy)
    assert key(start_frame=a) != key(start_frame=b)
    assert key(start_frame=a) != key(end_frame=a)
    assert key(references=(a, b)) != key(references=(b, a))
    assert key(continues=a) != key()


def test_brush_counts_by_mask_and_path(request_: ShotRequest, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"mask")
    right = replace(request_, inputs=Inputs(brushes=(Brush(mask, ((0.1, 0.5), (0.9, 0.5))),)))
    left = replace(request_, inputs=Inputs(brushes=(Brush(mask, ((0.9, 0.5), (0.1, 0.5))),)))
    assert request_key(right) != request_key(left)


def test_five_and_five_point_zero_are_the_same_parameter(request_: ShotRequest) -> None:
    assert request_key(replace(request_, params={"cfg": 5})) == request_key(replace(request_, params={"cfg": 5.0}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {1, 2}])
def test_a_parameter_without_a_plain_form_is_refused_with_its_place(request_: ShotRequest, value: object) -> None:
    with pytest.raises(InputError) as error:
        request_key(replace(request_, params={"deep": [value]}))
    assert error.value.code == "request.bad_value"
    assert error.value.where == "params.deep[0]"


def test_missing_input_file_is_named(request_: ShotRequest, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone.png does not exist"):
        request_key(replace(request_, inputs=Inputs(start_frame=tmp_path / "gone.png")))


def test_more_takes_never_change_the_first(request_: ShotRequest) -> None:
    key = request_key(request_)
    assert take_key(request_, 1) == seeded_key(key, request_.base_seed)
    assert len({take_key(request_, number) for number in (1, 2, 3)}) == 3


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), PLAIN, max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_form_of_parameters_survives_json_and_does_not_depend_on_their_order(params: dict[str, object]) -> None:
    once = canonical(params)
    assert canonical(json.loads(json.dumps(once))) == once
    assert canonical(dict(reversed(params.items()))) == once


@pytest.mark.parametrize("change", [{"tool": "vidgen 2"}, {"ffmpeg": "9"}, {"weights": ["cd"]}, {"settings": {"scale": 4}}])
def test_free_work_is_made_again_when_its_tools_change(change: dict[str, object]) -> None:
    usual = {"settings": {"scale": 2}, "tool": "vidgen 1", "ffmpeg": "6.1", "weights": ["ab"]}
    assert derived_key("upscale", ["x"], **usual) != derived_key("upscale", ["x"], **{**usual, **change})


def test_a_lora_counts_by_its_content_and_not_by_its_name(request_: ShotRequest, tmp_path: Path) -> None:
    for name, content in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        (tmp_path / name).write_bytes(content)

    def key(lora: object) -> str:
        return request_key(replace(request_, params={"lora": lora}))

    a, b, c = (str(tmp_path / name) for name in "abc")
    assert key(a) == key([a]) == key({"file": b}) == key([b])
    assert len({key(a), key(c), key([a, c]), key({"file": a, "weight": 0.5})}) == 4


def test_a_line_counts_by_its_sound_and_its_place(request_: ShotRequest, tmp_path: Path) -> None:
    for name, content in (("a", b"hello"), ("again", b"hello"), ("b", b"good bye")):
        (tmp_path / f"{name}.wav").write_bytes(content)

    def key(words: str, at: float, name: str | None) -> str:
        line = SpokenLine(words, Fraction(at), tmp_path / f"{name}.wav" if name else None)
        return request_key(replace(request_, inputs=Inputs(lines=(line,))))

    said = key("Hello", 0.5, "a")
    assert said == key("Hello", 0.5, "again") == key("Hello!", 0.5, "a")
    others = [key("Hello", 0.5, "b"), key("Hello", 0, "a"), key("Hello", 0.5, None), request_key(request_)]
    assert len({said, *others}) == 5
