"""A cut is the same cut in each format: as OpenTimelineIO reads it back."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.interchange.cuts import NTSC_FILM, cut, shot, sound

from vidgen.errors import InputError, MissingError
from vidgen.interchange.cut import Cut, Mark
from vidgen.interchange.edl import edl_text
from vidgen.interchange.fcp7 import fcp7_text
from vidgen.interchange.timeline import otio_text

otio = pytest.importorskip("opentimelineio")

HERE = Path()
WRITERS: dict[str, tuple[Callable[[Cut, Path], str], str]] = {
    "otio": (otio_text, "otio_json"),
    "edl": (edl_text, "cmx_3600"),
    "fcp7xml": (fcp7_text, "fcp_xml"),
}
RATES = [Fraction(24), NTSC_FILM, Fraction(30_000, 1001), Fraction(25), Fraction(60), Fraction(60_000, 1001)]

HOSTILE = [
    "夜明け",
    "<a>&amp;]]>",
    "'; DROP TABLE shots; --",
    "=cmd|' /C calc'!A0",
    "one\ntwo",
    "001  AX V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00",
    "x\n002  AX       V     C        00:00:00:00 00:00:09:00 00:00:02:00 00:00:11:00",
    "x\u2028* FROM CLIP NAME: other",
    "\x00\x01\x1b[31m",
    "../../etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "\udcff bytes of a name",
    "\u202e right to left",
    "%s %d {0} ${HOME}",
    "\ufffe\uffff",
    "😀",
]


def read_back(made: Cut, name: str) -> Any:
    write, adapter = WRITERS[name]
    text = write(made, HERE)
    text.encode("utf-8")
    options = {"rate": float(made.rate)} if name == "edl" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the adapters' own
        return otio.adapters.read_from_string(text, adapter, **options)


def frames_of(item: Any, made: Cut) -> float:
    frames: float = item.duration().rescaled_to(float(made.rate)).value
    return frames


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_rate_is_exact(name: str, rate: Fraction) -> None:
    made = cut(*(shot(f"s{n}", 48 + n, overlap=9 if n else 0, rate=rate) for n in range(20)), rate=rate)
    timeline = read_back(made, name)
    assert frames_of(timeline.video_tracks()[0], made) == pytest.approx(made.frames, abs=1e-6)
    for clip in timeline.find_clips():
        assert clip.source_range.duration.rate == float(rate)


@given(
    name=st.sampled_from(sorted(WRITERS)),
    rate=st.sampled_from(RATES),
    shots=st.lists(
        st.tuples(st.integers(8, 90), st.integers(0, 4), st.sampled_from(RATES), st.integers(0, 9)), min_size=1, max_size=6
    ),
)
def test_no_frame_is_lost(name: str, rate: Fraction, shots: list[tuple[int, int, Fraction, int]]) -> None:
    """Whatever lengths, transitions, and rates of the files."""
    made = cut(
        *(
            shot(f"s{index}", frames, overlap=overlap if index else 0, rate=own, start=start)
            for index, (frames, overlap, own, start) in enumerate(shots)
        ),
        rate=rate,
    )
    timeline = read_back(made, name)
    track = timeline.video_tracks()[0]
    assert frames_of(track, made) == pytest.approx(made.frames, abs=1e-6)
    clips = list(timeline.find_clips())
    assert [clip.name for clip in clips] == [one.id for one in made.shots]
    lengths = [one.in_offset.value + one.out_offset.value for one in track if isinstance(one, otio.schema.Transition)]
    assert lengths == [one.overlap for one in made.shots if one.overlap]


def test_a_shot_tells_its_window_and_all_that_is_there() -> None:
    made = cut(shot("a", 48, takes=3), shot("b", 48, overlap=9, start=20))
    first, second = read_back(made, "otio").find_clips()
    assert (first.source_range.start_time.value, first.source_range.duration.value) == (0, 48 - 5)
    assert (second.source_range.start_time.value, second.source_range.duration.value) == (20 + 4, 48 - 4)
    assert first.media_reference.available_range.duration.value == 100
    assert sorted(first.media_references()) == ["take_1", "take_2", "take_3"] and first.active_media_reference_key == "take_3"
    assert first.media_references()["take_2"].metadata["vidgen"]["seed"] == 2000
    assert first.metadata["vidgen"]["seed"] == 3000


def test_a_window_counts_in_the_frames_of_its_file() -> None:
    (clip,) = read_back(cut(shot("a", 48, rate=Fraction(16), start=3), rate=Fraction(24)), "otio").find_clips()
    assert clip.source_range.start_time == otio.opentime.RationalTime(3, 16)
    assert clip.available_range() == otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, 16), otio.opentime.RationalTime(100, 16)
    )
    assert clip.source_range.duration.to_seconds() == 2


def test_a_transition_reaches_over_the_cut_on_both_sides() -> None:
    made = cut(shot("a"), shot("b", overlap=9), shot("c", overlap=12, by="wipe_left"))
    _, dissolve, _, wipe, _ = read_back(made, "otio").tracks[0]
    assert (dissolve.transition_type, dissolve.in_offset.value, dissolve.out_offset.value) == ("SMPTE_Dissolve", 4, 5)
    assert (wipe.transition_type, wipe.name) == ("Custom_Transition", "wipe_left")
    assert wipe.metadata["vidgen"] == {"type": "wipe_left", "frames": 12}


def test_a_fade_in_of_the_first_shot_takes_no_frame() -> None:
    first = shot("a")
    made = cut(replace(first, transition="fade_black", transition_frames=12), shot("b"))
    fade, *_ = read_back(made, "otio").tracks[0]
    assert (fade.in_offset.value, fade.out_offset.value) == (0, 12)
    for name in WRITERS:
        assert frames_of(read_back(made, name).video_tracks()[0], made) == made.frames


@pytest.mark.parametrize("name", WRITERS)
def test_a_shot_without_takes_keeps_its_place(name: str) -> None:
    made = cut(shot("a"), shot("b", takes=0, overlap=6), shot("c", overlap=6))
    timeline = read_back(made, name)
    assert frames_of(timeline.video_tracks()[0], made) == made.frames
    _, missing, _ = timeline.find_clips()
    assert missing.name == "b" and not getattr(missing.media_reference, "target_url", None)


def test_remarks_are_markers_where_they_belong() -> None:
    marks = (Mark("note", "note", "check\nhands"), Mark("veto", "freeze", "freeze: 5 frames", 1.5))
    made = cut(shot("a"), shot("b", overlap=6, start=12, rate=Fraction(24), marks=marks), rate=Fraction(24))
    note, veto = list(read_back(made, "otio").find_clips())[1].markers
    assert (note.marked_range.start_time.value, note.metadata["vidgen"]["text"]) == (12, "check\nhands")
    assert (veto.marked_range.start_time.value, veto.color, veto.metadata["vidgen"]["code"]) == (36, "RED", "freeze")
    located = re.findall(r"\* LOC: (\S+) (\w+)", edl_text(made, HERE))
    assert located == [("00:00:01:18", "YELLOW"), ("00:00:02:18", "RED")]
    notes = list(read_back(made, "fcp7xml").find_clips())[1].markers
    assert [mark.metadata["fcp_xml"]["comment"] for mark in notes] == ["check\nhands", "freeze: 5 frames"]


def test_sounds_have_tracks_of_their_own_and_never_overlap() -> None:
    sounds = (sound("music", 0, 40), sound("sfx", 10, 20), sound("sfx", Fraction(51, 2), 10), sound("sfx", 31, 3))
    made = cut(shot("a"), sounds=sounds)
    music, first, second = read_back(made, "otio").audio_tracks()
    assert (music.name, first.name, second.name) == ("music", "sfx", "sfx 2")
    assert first[1].range_in_parent().start_time.value == 10 and first[3].range_in_parent().start_time.value == 31
    assert second[1].range_in_parent().start_time.value == pytest.approx(25.5)
    assert [frames_of(track, made) for track in read_back(made, "fcp7xml").audio_tracks()] == [40, 34, 36]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", WRITERS)
def test_hostile_texts_are_only_texts(name: str, text: str) -> None:
    made = cut(shot("a", marks=(Mark("note", "note", text),)), shot("b", overlap=6), title=text)
    first = made.shots[0]
    file = Path(f"takes/{text.replace('/', '_')}.mp4".replace("\0", ""))
    media = (replace(first.media[0], name=text, file=file), first.media[0])
    row, known = {**first.row, "prompt": text}, {"prompt": text, text: [text], "big": 2**70}
    first = replace(first, media=media, used=0, row=row, metadata=known)
    made = cut(first, *made.shots[1:], title=text)
    timeline = read_back(made, name)
    assert [clip.name for clip in timeline.find_clips()] == ["a", "b"]
    assert frames_of(timeline.video_tracks()[0], made) == made.frames
    if name == "otio" and text.isprintable():
        assert next(iter(timeline.find_clips())).metadata["vidgen"]["prompt"] == text


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_xml_tells_rates_as_time_base_and_ntsc(rate: Fraction) -> None:
    tree = ElementTree.fromstring(fcp7_text(cut(shot("a", rate=Fraction(16)), rate=rate), HERE))
    sequence, file = tree.find(".//sequence/rate"), tree.find(".//file")
    assert sequence is not None and file is not None
    whole = rate.denominator == 1
    assert sequence.findtext("timebase") == str(rate if whole else rate * 1001 / 1000)
    assert sequence.findtext("ntsc") == ("FALSE" if whole else "TRUE")
    assert (file.findtext("rate/timebase"), file.findtext("rate/ntsc"), file.findtext("duration")) == ("16", "FALSE", "100")
    assert file.find("media/video") is not None and file.find("media/audio") is None


def test_xml_has_rates_that_time_code_does_not_know() -> None:
    made = cut(shot("a"), shot("b", takes=0), rate=Fraction(12))
    assert frames_of(read_back(made, "fcp7xml"), made) == made.frames


@pytest.mark.parametrize(
    ("rate", "mark", "code"),
    [(Fraction(30_000, 1001), "DROP FRAME", "00:01:00;02"), (Fraction(30), "NON-DROP FRAME", "00:01:00:00")],
)
def test_an_edl_says_whether_it_drops_frames(rate: Fraction, mark: str, code: str) -> None:
    text = edl_text(cut(shot("a", 1800, rate=rate), shot("b", rate=rate), rate=rate), HERE)
    assert text.splitlines()[1] == f"FCM: {mark}"
    assert re.search(rf"^002 .* C +\S+ \S+ {code} ", text, re.M)


def test_reels_have_eight_characters_and_one_file_each() -> None:
    names = ["a", "interview-with-the-mayor", "interview-with-the-mayor-2", "INTERVIEW_with", "AX", "BL", "_-"]
    text = edl_text(cut(*(shot(f"x{name}"[:32], 24) for name in names)), HERE)
    reels = re.findall(r"^\d{3}  (\S+) +V +C ", text, re.M)
    assert len(set(reels)) == len(names) and all(re.fullmatch(r"[A-Z0-9]{2,8}", reel) for reel in reels)
    assert not {"AX", "BL"} & set(reels)


def test_a_dissolve_names_the_file_of_the_incoming_shot_only() -> None:
    text = edl_text(cut(shot("a"), shot("b", overlap=6), shot("c")), HERE)
    assert re.findall(r"^\* (FROM|TO) CLIP: +(\S+)", text, re.M) == [
        ("FROM", "takes/a-1.mp4"),
        ("TO", "takes/b-1.mp4"),
        ("FROM", "takes/c-1.mp4"),
    ]


@pytest.mark.parametrize(
    ("write", "rate"), [(edl_text, Fraction(12)), (edl_text, Fraction(25, 2)), (fcp7_text, Fraction(25, 2))]
)
def test_a_rate_that_a_format_cannot_tell_is_refused(write: Callable[[Cut, Path], str], rate: Fraction) -> None:
    with pytest.raises(InputError) as error:
        write(cut(shot("a"), rate=rate), HERE)
    assert error.value.code == "export.bad_rate"
    assert otio_text(cut(shot("a"), rate=rate), HERE)


def test_without_the_packages_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    for write, _ in WRITERS.values():
        with pytest.raises(MissingError) as error:
            write(cut(shot("a")), HERE)
        assert error.value.code == "export.missing" and "vidgen[edit]" in error.value.hint
