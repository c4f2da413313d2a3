"""``outputs:`` of a storyboard: what render makes beside the film, what it keeps, and what it refuses before a take is made."""

from __future__ import annotations

import stat
from pathlib import Path

import av
import numpy as np
import pytest

from support import Film, Ran, Vidgen
from vidgen.cut.loudness import measure
from vidgen.media.audio import decode_audio
from vidgen.media.discovery import find_ffmpeg
from vidgen.media.ffmpeg import run_ffmpeg

SEA = "{id: a, scene: calm sea, duration: 1}"


def outputs(*entries: str) -> str:
    return "outputs:\n" + "".join(f"  - {entry}\n" for entry in entries)


def tone(file: Path, hertz: int, seconds: float = 2) -> Path:
    run_ffmpeg(["-f", "lavfi", "-i", f"sine=f={hertz}:d={seconds}", "-ar", "48000", "-ac", "2", str(file)], what="a tone")
    return file


def states(ran: Ran) -> dict[str, str]:
    data = ran.data
    return {one["file"]: one["state"] for key in ("outputs", "posters", "stems") for one in data[key] if "state" in one}


def samples(file: Path) -> np.ndarray:
    return np.concatenate(list(decode_audio(file)))


def test_one_render_delivers_every_form(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    tone(tmp_path / "m.wav", 300)
    top = "audio: {music: m.wav}\n" + outputs(
        "film.webm", "{file: 縦 長:1.mp4, aspect: '9:16', resolution: 64p}", "{file: sub/master.mov, codec: prores}", "a.gif",
        "{poster: true, at: 0.5}", "{contact_sheet: true}", "{stems: parts}",
    )  # fmt: skip
    data = vidgen("render", film(SEA, top=top), "--json").data
    assert [
        (one["file"], one["width"], one["height"], one["frames"], one["codec"], one["audio"]) for one in data["outputs"]
    ] == [
        ("film.mp4", 96, 54, 12, "h264", "aac"),
        ("film.webm", 96, 54, 12, "vp9", "opus"),
        ("縦 長:1.mp4", 64, 114, 12, "h264", "aac"),
        ("sub/master.mov", 96, 54, 12, "prores", "pcm_s24le"),
        ("a.gif", 96, 54, 12, "gif", None),
    ]
    assert data["output"] == data["outputs"][0]["file"]
    assert [one["file"] for one in data["posters"]] == ["film.poster.jpg"] and data["posters"][0]["frame"] == 6
    assert [one["file"] for one in data["stems"]] == ["parts/film.music.wav"]
    assert data["contact_sheet"] == "film.contact-sheet.png"
    for one in (*data["outputs"], *data["posters"], *data["stems"], {"file": data["contact_sheet"]}):
        assert (tmp_path / one["file"]).stat().st_size > 100


def test_what_has_not_changed_is_not_made_again(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    top = outputs("a.webm", "{file: b.mp4, resolution: 32p}", "p.jpg")
    board = film(SEA, top=top)
    assert set(states(vidgen("render", board, "--json")).values()) == {"made"}
    assert set(states(vidgen("render", board, "--json")).values()) == {"kept"}
    board.write_text(board.read_text().replace("32p", "40p"))
    assert states(vidgen("render", board, "--json")) == {"a.webm": "kept", "b.mp4": "made", "p.jpg": "kept"}
    (tmp_path / "p.jpg").unlink()
    data = bytearray((tmp_path / "a.webm").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.webm").write_bytes(data)
    assert states(vidgen("render", board, "--json")) == {"a.webm": "made", "b.mp4": "kept", "p.jpg": "made"}


def test_a_new_sound_leaves_the_pictures_of_a_video_alone(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    tone(tmp_path / "m.wav", 300)
    board = film(SEA, top="audio: {music: {file: m.wav, gain_db: 0}}\n" + outputs("{file: b.mp4, resolution: 32p}", "p.jpg"))
    vidgen("render", board)
    before = packets(tmp_path / "b.mp4")
    board.write_text(board.read_text().replace("m.wav, gain_db: 0", "m.wav, gain_db: 0, fade_in: 0.5"))
    assert states(vidgen("render", board, "--json")) == {"b.mp4": "made", "p.jpg": "kept"}
    assert packets(tmp_path / "b.mp4") == before


def packets(file: Path) -> list[bytes]:
    with av.open(str(file)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_dry_run_says_what_would_be_made_and_why(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    board = film(SEA, "{id: b, scene: hills, duration: 1, transition: dissolve}", top=outputs("a.webm"))
    told = vidgen("render", board, "--dry-run", "--json").data
    assert [(one["name"], one["state"], one["why"]) for one in told["segments"]][:2] == [
        ("a", "encode", "a: 1 take to be made"),
        ("a > b", "encode", "a: 1 take to be made; b: 1 take to be made"),
    ]
    assert [(one["file"], one.get("state")) for one in told["outputs"]] == [("film.mp4", None), ("a.webm", "make")]
    assert not (tmp_path / ".vidgen").exists() and not (tmp_path / "a.webm").exists()
    vidgen("render", board)
    assert {one["state"] for one in vidgen("render", board, "--dry-run", "--json").data["segments"]} <= {"keep", "copy"}
    board.write_text(board.read_text().replace("scene: hills,", "scene: hills, text: Hello,"))
    ran = vidgen("render", board, "--dry-run", "--json")
    assert {one["name"]: one["why"] for one in ran.data["segments"]} == {
        "a": "", "a > b": "the titles changed", "b": "the titles changed", "film.mp4": "a > b, b changed",
    }  # fmt: skip
    assert ran.data["outputs"][1]["why"] == "film changed"
    lines = vidgen("render", board, "--dry-run").out.splitlines()
    assert "b: encode: the titles changed" in lines and "a.webm: make: film changed" in lines
    board.write_text(board.read_text().replace("dissolve", "wipe_left"))
    why = {one["name"]: one["why"] for one in vidgen("render", board, "--dry-run", "--json").data["segments"]}
    assert why["a > b"] == "the titles and the transition changed"


def test_the_stems_add_up_to_the_mix(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    for name, hertz in (("m", 300), ("v", 700), ("amb", 150), ("fx", 900)):
        tone(tmp_path / f"{name}.wav", hertz, 1)
    top = "audio: {music: {file: m.wav, duck: true}, ambience: amb.wav}\n" + outputs("{stems: true}")
    shot = "{id: a, scene: calm sea, duration: 2, voiceover: {file: v.wav}, sfx: {file: fx.wav, at: 0.7}}"
    data = vidgen("render", film(shot, top=top), "--json").data
    assert [one["stem"] for one in data["stems"]] == ["music", "voice", "effects", "ambience"]
    (mix,) = (tmp_path / ".vidgen/film/audio/mix").glob("*.wav")
    parts = [samples(tmp_path / one["file"]) for one in data["stems"]]
    assert {len(part) for part in parts} == {96_000}
    assert np.abs(sum(parts) - samples(mix)).max() < 1e-5
    quiet, loud = (np.abs(parts[0][first : first + 4000]).max() for first in (20_000, 90_000))
    assert quiet < 0.5 * loud, "music gives way to the voice in its stem as in the film"


def test_a_preset_brings_its_loudness(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    tone(tmp_path / "m.wav", 700, 4)
    top = "audio: {music: m.wav}\n" + outputs("{file: tv.mp4, preset: broadcast, resolution: 54p}", "web.webm")
    vidgen("render", film("{id: a, scene: calm sea, duration: 4}", top=top))
    for name, loudness in (("film.mp4", -14), ("tv.mp4", -23), ("web.webm", -14)):
        assert measure(tmp_path / name).i == pytest.approx(loudness, abs=0.5), name


def test_ten_bits_of_a_clip_reach_a_file_that_can_hold_them(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    args = ["-frames:v", "12", "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", "-color_range", "tv", "-colorspace", "bt709"]
    ramp = "color=black:s=96x54:r=12,format=yuv420p10le,geq=lum=400+X:cb=512:cr=512"
    run_ffmpeg(["-f", "lavfi", "-i", ramp, *args, str(tmp_path / "own.mkv")], what="a clip")
    top = outputs("{file: a.mp4, codec: h265, quality: high}", "{file: b.mp4, resolution: 32p}")
    vidgen("render", film("{id: a, clip: own.mkv, duration: 1}", top=top))
    levels = {}
    for name in ("film.mp4", "a.mp4"):
        with av.open(str(tmp_path / name)) as container:
            frame = next(container.decode(video=0))
            levels[frame.format.name] = len(np.unique(frame.reformat(format="gray10le").to_ndarray()[:, 2:94]))
    assert levels["yuv420p10le"] > 60 and levels["yuv420p"] < 35


def test_scenes_are_chapters_of_the_film_and_its_copies(vidgen: Vidgen, tmp_path: Path) -> None:
    board = tmp_path / "film.yaml"
    scenes = "  - {heading: 'EXT. 海; a=b', scene: calm sea, duration: 1}\n  - {id: inside, scene: hills, duration: 1}\n"
    board.write_text(f"vidgen: 1\nresolution: 96x54\nfps: 12\noutputs: [a.webm]\nscenes:\n{scenes}", encoding="utf-8")
    assert vidgen("render", board).code == 0
    for name in ("film.mp4", "a.webm"):
        with av.open(str(tmp_path / name)) as container:
            found = [(float(one["start"] * one["time_base"]), one["metadata"]["title"]) for one in container.chapters()]
        assert found == [(0.0, "EXT. 海; a=b"), (1.0, "inside")]


REFUSED = {
    "{file: film.mp4, resolution: 32p}": "is the film itself",
    "{file: Film.MP4, resolution: 32p}": "is the film itself",
    "{file: own.png, at: 0}": "is an input",
    "film.yaml.gif": "",
    "{file: a.mp4, preset: nonsense}": "no preset 'nonsense'",
    "{file: a.mp4, resolution: 8640p, aspect: '10:1'}": "takes from 2 to 16384 pixels a side",
    "{file: a.webm, codec: av1, resolution: 32p}": "takes from 64",
    ".vidgen/film/a.mp4": "work folder",
    "'a:b.gif'": "Windows takes a: for a drive",
    '"a\\nb.mp4"': "no line breaks",
    '"a\\u202eb.mp4"': "no letters that are not shown",
}


@pytest.mark.parametrize(("entry", "says"), [(entry, says) for entry, says in REFUSED.items() if says])
def test_bad_outputs_are_refused_before_a_take_is_made(
    entry: str, says: str, film: Film, vidgen: Vidgen, tmp_path: Path
) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "color=red:s=96x54", "-frames:v", "1", str(tmp_path / "own.png")], what="a picture")
    own = (tmp_path / "own.png").read_bytes()
    ran = vidgen("render", film("{id: a, scene: calm sea, duration: 1, start_frame: own.png}", top=outputs(entry)), "--json")
    assert ran.code == 2 and says in ran.envelope["error"]["message"], ran.envelope["error"]
    assert not (tmp_path / ".vidgen" / "film" / "takes").exists() and (tmp_path / "own.png").read_bytes() == own


def test_links_to_one_file_are_one_file(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    (tmp_path / "b.mp4").symlink_to("a.mp4")
    ran = vidgen("render", film(SEA, top=outputs("a.mp4", "b.mp4")), "--json")
    assert ran.code == 2 and "is written there" in ran.envelope["error"]["message"]


def test_the_film_may_be_named_in_the_list(film: Film, vidgen: Vidgen) -> None:
    data = vidgen("render", film(SEA, top=outputs("film.mp4", "a.webm")), "--json").data
    assert [one["file"] for one in data["outputs"]] == ["film.mp4", "a.webm"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{file: a.gif, at: 0.5}", []),
        ("{file: a.gif, length: 0.5}", []),
        ("{file: a.gif, length: 99}", []),
        ("{file: a.gif, at: 2}", ["a.gif: at 2s the film is over; its last frame is shown"]),
        ("{poster: a.png, at: 2}", ["a.png: at 2s the film is over; its last frame is shown"]),
    ],
)
def test_a_preview_says_what_it_lacks_unless_it_was_asked_for(entry: str, says: list[str], film: Film, vidgen: Vidgen) -> None:
    warnings = vidgen("plan", film(SEA, top=outputs(entry)), "--json").envelope["warnings"]
    assert [one["message"] for one in warnings if one["code"] == "output.shortened"] == says


def test_a_plan_writes_nothing_and_needs_no_permission(
    film: Film, vidgen: Vidgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = film(SEA, top=outputs("a.webm", "{stems: true}", "{poster: true}"))
    monkeypatch.setattr("vidgen.media.places.writable", lambda folder: False)  # root may write everywhere
    assert vidgen("plan", board).code == 0 and [file.name for file in tmp_path.iterdir()] == ["film.yaml"]
    assert vidgen("render", board, "--dry-run").code == 2


def test_a_long_film_has_a_short_preview_and_that_is_said(film: Film, vidgen: Vidgen) -> None:
    board = film("{scene: calm sea, duration: 100}", top=outputs("a.gif", "{file: b.gif, length: 99}"))
    said = [one["message"] for one in vidgen("plan", board, "--json").envelope["warnings"] if one["code"] == "output.shortened"]
    assert [line.partition(" s of")[0] for line in said] == ["a.gif: 10.0", "b.gif: 60.0"]


def test_a_part_of_a_film_replaces_no_output_of_the_whole(film: Film, vidgen: Vidgen, tmp_path: Path) -> None:
    board = film(SEA, "{id: b, scene: hills, duration: 1}", top=outputs("a.webm"))
    ran = vidgen("render", board, "--shot", "b", "--json")
    assert ran.code == 0 and not (tmp_path / "a.webm").exists()
    assert "output.left_out" in [one["code"] for one in ran.envelope["warnings"]]


def test_an_encoder_that_is_missing_is_said_before_a_take_is_made(
    film: Film, vidgen: Vidgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = tmp_path / "bin" / "ffmpeg"
    poor.parent.mkdir()
    real = find_ffmpeg().path
    poor.write_text(f'#!/bin/sh\ncase "$*" in *-encoders*) "{real}" "$@" | grep -v svtav1;; *) exec "{real}" "$@";; esac\n')
    poor.chmod(poor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("VIDGEN_FFMPEG", str(poor))
    ran = vidgen("render", film(SEA, top=outputs("{file: a.webm, codec: av1, resolution: 64p}")), "--json")
    assert ran.code == 3 and "libsvtav1" in ran.envelope["error"]["message"] and "codec" in ran.envelope["error"]["hint"]
    assert not (tmp_path / ".vidgen" / "film" / "takes").exists()


def test_an_encoder_that_fails_leaves_no_half_file(
    film: Film, vidgen: Vidgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ffmpeg that is killed in the middle of a delivery: exit 4, the film is kept, no other file has a final name."""
    bad = tmp_path / "bin" / "ffmpeg"
    bad.parent.mkdir()
    real = find_ffmpeg().path
    last = 'for f; do :; done; echo half > "${f#file:}"; kill -9 $$'
    bad.write_text(f'#!/bin/sh\ncase "$*" in *libvpx-vp9*) {last};; esac\nexec "{real}" "$@"\n')
    bad.chmod(bad.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("VIDGEN_FFMPEG", str(bad))
    board = film(SEA, top=outputs("a.webm"))
    ran = vidgen("render", board, "--json")
    assert ran.code == 4 and "a.webm" in ran.envelope["error"]["message"]
    assert (tmp_path / "film.mp4").stat().st_size > 1000
    assert not [file for file in tmp_path.iterdir() if "webm" in file.name]
    monkeypatch.delenv("VIDGEN_FFMPEG")
    again = vidgen("render", board, "--json")
    assert (
        again.code == 0 and again.data["cut"] == {"encoded": 0, "copied": 0, "kept": 0} and states(again) == {"a.webm": "made"}
    )


def test_a_preview_is_as_long_as_asked(film: Film, vidgen: Vidgen) -> None:
    board = film("{id: a, scene: calm sea, duration: 3}", top=outputs("{file: a.gif, length: 1, at: 0.5}"))
    ran = vidgen("render", board, "--json")
    assert ran.data["outputs"][1]["frames"] == 12
    assert ran.envelope["warnings"] == []
