"""What is said in a film stands beside it as captions, and in it."""

from __future__ import annotations

import json
import math
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from support import Ran, Vidgen

BOARD = """\
vidgen: 1
resolution: 96x54
fps: 12
speech: off
%s
defaults: {params: {slate: false}}
shots:
%s
"""
TALK = """\
  - id: a
    scene: sea
    duration: 3
    dialogue:
      - {who: mia, line: Good evening., at: 0.5, translations: {ja: こんばんは。}}
  - {id: b, scene: hill, duration: 3, voiceover: And so the summer began.}
"""


def board(folder: Path, top: str = "", shots: str = TALK) -> Path:
    file = folder / "film.yaml"
    file.write_text(BOARD % (top, shots), encoding="utf-8")
    return file


def recording(file: Path, silent_s: float, heard_s: float, rate: int = 48_000) -> None:
    """A tone after some silence, and as much silence after it."""
    tone = [int(9000 * math.sin(index / 9)) for index in range(int(heard_s * rate))]
    samples = [0] * int(silent_s * rate) + tone + [0] * int(silent_s * rate)
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def texts(film: Path) -> list[tuple[str, str, list[str]]]:
    """The text streams of a film: codec, language, and their packets in words."""
    with av.open(str(film)) as container:
        streams = [stream for stream in container.streams if stream.type == "subtitle"]
        found: dict[int, list[str]] = {stream.index: [] for stream in streams}
        for packet in container.demux(streams) if streams else ():
            if packet.size > 2:
                found[packet.stream.index].append(bytes(packet)[2:].decode())
        return [(one.codec_context.name, one.metadata["language"], found[one.index]) for one in streams]


def codes(ran: Ran) -> list[str]:
    return [warning["code"] for warning in ran.envelope["warnings"]]


def test_captions_of_every_language_stand_beside_the_film_and_in_it(vidgen: Vidgen, tmp_path: Path) -> None:
    data = vidgen("render", board(tmp_path, "audio: {captions: both}"), "--json").data
    assert [(one["file"], one["language"], one["format"]) for one in data["captions"]] == [
        (f"film.{language}.{form}", language, form) for language in ("en", "ja") for form in ("srt", "vtt")
    ]
    first = (tmp_path / "film.en.srt").read_text().splitlines()
    assert first[1].startswith("00:00:00,500 --> ") and first[2] == "Good evening."
    assert "00:00:03,000 --> " in (tmp_path / "film.en.srt").read_text()
    assert "<v mia>こんばんは。" in (tmp_path / "film.ja.vtt").read_text(encoding="utf-8")
    assert texts(tmp_path / "film.mp4") == [
        ("mov_text", "eng", ["Good evening.", "And so the summer began."]),
        ("mov_text", "jpn", ["こんばんは。"]),
    ]
    assert data["frames"] == 72


def test_a_caption_keeps_to_what_is_heard_in_the_recording(vidgen: Vidgen, tmp_path: Path) -> None:
    recording(tmp_path / "line.wav", 0.4, 1.5)
    shots = "  - {scene: sea, duration: 4, dialogue: [{line: Good evening., file: line.wav, at: 1}]}\n"
    vidgen("render", board(tmp_path, shots=shots))
    (times,) = [line for line in (tmp_path / "film.en.srt").read_text().splitlines() if "-->" in line]
    start, end = (sum(float(part) * 60**power for power, part in enumerate(reversed(time.replace(",", ".").split(":"))))
                  for time in times.split(" --> "))  # fmt: skip
    assert abs(start - 1.4) < 0.04 and abs(end - 2.9) < 0.04


def test_they_are_drawn_into_the_picture_on_demand(vidgen: Vidgen, tmp_path: Path) -> None:
    plain = vidgen("render", board(tmp_path), "-o", "plain.mp4", "--json").data
    burnt = vidgen("render", board(tmp_path, "audio: {captions: off, burn: true}"), "-o", "burnt.mp4", "--json").data
    assert plain["captions"] and burnt["captions"] == [] and not texts(tmp_path / "burnt.mp4")

    def pictures(name: str) -> list[np.ndarray]:
        with av.open(str(tmp_path / name)) as container:
            return [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]

    change = [np.abs(one - other).max() for one, other in zip(pictures("plain.mp4"), pictures("burnt.mp4"), strict=True)]
    assert max(change[:5]) < 25 < 50 < change[12], "letters where somebody speaks, and nothing before"


def test_a_changed_line_changes_the_captions_and_no_piece_of_the_film(vidgen: Vidgen, tmp_path: Path) -> None:
    vidgen("render", board(tmp_path))
    cut = vidgen("render", board(tmp_path, shots=TALK.replace("Good", "A good")), "--json").data["cut"]
    assert cut["encoded"] == 0 and "A good evening." in (tmp_path / "film.en.srt").read_text()
    assert texts(tmp_path / "film.mp4")[0][2][0] == "A good evening."


def test_what_a_person_changed_in_a_file_is_kept(vidgen: Vidgen, tmp_path: Path) -> None:
    film, file = board(tmp_path), tmp_path / "film.en.srt"
    vidgen("render", film)
    mended = file.read_text().replace("Good evening.", "Good evening!")
    file.write_text(mended)
    ran = vidgen("render", board(tmp_path, shots=TALK.replace("Good", "A good")), "--json")
    assert file.read_text() == mended and "caption.kept" in codes(ran)
    file.unlink()
    assert "caption.kept" not in codes(vidgen("render", film, "--json")) and "A good evening." in file.read_text()


@pytest.mark.parametrize("top", ["audio: {captions: off}", ""])
def test_there_are_none_where_none_are_wanted_or_nobody_speaks(top: str, vidgen: Vidgen, tmp_path: Path) -> None:
    shots = TALK if top else "  - {id: a, scene: sea, duration: 1}\n"
    data = vidgen("render", board(tmp_path, top, shots), "--json").data
    assert data["captions"] == [] and not list(tmp_path.glob("*.srt")) and not texts(tmp_path / "film.mp4")


def test_what_cannot_be_read_in_its_time_is_told(vidgen: Vidgen, tmp_path: Path) -> None:
    words = "A very long sentence that nobody can read in such a short time. " * 2
    ran = vidgen(
        "render", board(tmp_path, shots=f"  - {{id: a, scene: sea, duration: 1, voiceover: {json.dumps(words)}}}\n"), "--json"
    )
    (told,) = [warning for warning in ran.envelope["warnings"] if warning["code"] == "caption.fast"]
    assert told["shot"] == "a" and "reading it takes" in told["message"]


def test_a_dry_run_after_a_render_has_nothing_to_make(vidgen: Vidgen, tmp_path: Path) -> None:
    film = board(tmp_path, "audio: {burn: true}")
    vidgen("render", film)
    assert all(one["state"] == "keep" for one in vidgen("render", film, "--dry-run", "--json").data["segments"])
