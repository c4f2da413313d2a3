"""Texts and names that attack: as titles, prompts, notes, ids, clips, outputs, cells of lists, lines of scripts, and in the
cuts of other programs. Each is shown as it is written, or refused with exit 2. No file is opened that a text names, and no
address.
"""

from __future__ import annotations

import csv
import ctypes
import io
import json
import os
import re
import socket
import struct
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from support import Vidgen
from vidgen.cut.looks import plain
from vidgen.media.ffmpeg import run_ffmpeg
from vidgen.storyboard.loader import load_storyboard

otio = pytest.importorskip("opentimelineio")

URL, SECRET = "<url>", "<secret>"
"""Stand for an address on this machine at which the test listens, and for a file that nobody may open."""

TEXTS = (
    # shells
    "; rm -rf / #", "$(touch pwned)", "`touch pwned`", "| touch pwned", "&& touch pwned", "%PATH% $HOME",
    "--output=pwned", "-y",
    # filter graphs, and the files and addresses that ffmpeg would open
    "',drawtext=text=x,'", "[0:v]movie=<secret>[v]", "subtitles=<secret>", r"\',lutrgb=r=0", "a:b=c;d,e[f]",
    "%{pts} %{metadata}",
    "file:<secret>", "concat:<secret>|<secret>", "subfile,,start,0,end,9,,:<secret>", "<url>/a.mp4", "tcp:<url>", "data:,x",
    "ffconcat version 1.0", "#EXTM3U", "%03d.png", "*.png", "?.mp4", "pipe:0", "fd:0", "lavfi:testsrc", "hls+<url>",
    # codes of subtitles
    r"{\an8\fs90}big", r"{\p1}m 0 0 l 9 9{\p0}", r"\N\n\h", r"{\fn<secret>}x", "Dialogue: 0,0:00:00.00,0:00:09.00,x,,0,0,0,,x",
    # formulas, and markup
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=HYPERLINK(\"<url>\")", "\t=1", "<script>alert(1)</script>", "&lt;b&gt; &#x41;",
    "]]><x/>", '<!DOCTYPE x [<!ENTITY y SYSTEM "<url>">]>', '"><img src="<url>">',
    # YAML, JSON, Python, and the syntax of scripts and templates
    "!!python/object/apply:os.system [id]", "&a *a", "{a: b}", "- x", "# x", "a: b", "key: |", '"},{"x":"', "{{7*7}}",
    "{0.__class__}",
    "%s%n%x", "/* x */", "[[x]]", "INT. x",
    # paths
    "../../<secret>", "/etc/passwd", r"..\..\x", r"C:\x", "~/x", r"\\host\x",
    # letters
    "a\u202eb\u2066c", "\x1b[31mred\x1b[0m", "a\x07b\x08c", "line\none", "\ufeffx",
    "e" + "\u0301" * 20, "\U0001f468\u200d\U0001f469", "長" * 300, " ",
)  # fmt: skip
FORBIDDEN = ("nul\x00", "half\ud800")
"""What no file of text can say, and a storyboard only by an escape."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and who called it."""
    server, calls = socket.create_server(("127.0.0.1", 0)), list[str]()

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            calls.append(connection.recv(200).decode("latin-1"))
            connection.close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


class Watched:
    """A file, and how often a program of this machine has opened it, be it ffmpeg. Linux tells that."""

    OPENED, NONBLOCKING = 0x20, os.O_NONBLOCK

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_text("secret")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(self.NONBLOCKING)
        assert self._libc.inotify_add_watch(self._queue, os.fsencode(file), self.OPENED) > 0

    def opened(self) -> int:
        try:
            return len(os.read(self._queue, 65536)) // struct.calcsize("iIII")
        except BlockingIOError:
            return 0


@pytest.fixture
def texts(tmp_path: Path, listener: tuple[str, list[str]]) -> Iterator[tuple[str, ...]]:
    """The texts with the real address and file in them. Afterwards nobody may have called, read, or run anything."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells who opens a file")
    url, calls = listener
    secret = Watched(tmp_path / "secret.mp4")
    yield tuple(text.replace(URL, url).replace(SECRET, str(secret.file)) for text in TEXTS)
    assert calls == [] and secret.opened() == 0
    assert not list(tmp_path.rglob("pwned"))
    secret.file.read_text()
    assert secret.opened() == 1, "the watch works"


def write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def small_clip(file: Path) -> None:
    run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=64x36:r=24:d=0.125", "-pix_fmt", "yuv420p", str(file)], what="a clip")


def board(folder: Path, shots: Sequence[dict[str, Any]], **top: Any) -> Path:
    """A storyboard of tiny pictures, as JSON: that says every text as it is."""
    value = {"vidgen": 1, "resolution": "64x36", "fps": 24, "defaults": {"duration": "3f", "params": {"slate": False}}}
    return write(folder / "film.json", json.dumps({**value, **top, "shots": list(shots)}))


def cells(text: str) -> str:
    """A text as it may stand in a line: without its ends, and with one space where it has several or a break."""
    return " ".join(text.split())


def test_as_words_of_a_film_they_reach_prompt_picture_and_tags_as_written(
    vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path
) -> None:
    import av

    asked = [{"prompt": text if text.strip() else "x", "notes": text, "scene": "sea", "style": text} for text in texts]
    planned = vidgen("plan", board(tmp_path, asked, title=texts[18]), "--json")
    assert planned.code == 0
    prompts = [shot["prompt"] for shot in planned.data["shots"]]
    assert [cells(plain(one)) for one in prompts] == [cells(plain(shot["prompt"])) for shot in asked]
    assert "\x1b" not in vidgen("plan", tmp_path / "film.json").out

    small_clip(tmp_path / "own.mp4")
    titles = [[{"text": one, "position": "top"} for one in texts[first : first + 25]] for first in range(0, len(texts), 25)]
    shots = [{"clip": "own.mp4", "text": few} for few in titles]
    film = board(tmp_path, shots, title=texts[18], provenance={"author": texts[41], "label": texts[29]})
    ran = vidgen("render", film, "--json")
    assert ran.code == 0 and ran.data["frames"] == 3 * len(shots)
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.metadata["title"] == texts[18] and container.metadata["artist"] == texts[41]
    record = json.loads((tmp_path / "film.provenance.json").read_text(encoding="utf-8"))
    assert record["title"] == texts[18] and record["author"] == texts[41]


def test_in_an_exported_cut_they_stay_texts(vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path) -> None:
    shots = [{"prompt": text if text.strip() else "x", "notes": text, "scene": text} for text in texts]
    film = board(tmp_path, shots, title=texts[40])
    for name in ("cut.otio", "cut.edl", "cut.xml", "cut.csv"):
        form = {"cut.xml": "fcp7xml"}.get(name, name.partition(".")[2])
        assert vidgen("export", film, "-o", name, "--format", form).code == 0
    timeline = otio.adapters.read_from_file("cut.otio")
    clips = [one for one in timeline.tracks[0] if isinstance(one, otio.schema.Clip)]
    assert [cells(plain(one.metadata["vidgen"]["notes"] or "")) for one in clips] == [cells(plain(text)) for text in texts]
    listed = list(csv.DictReader(io.StringIO(Path("cut.csv").read_text(encoding="utf-8-sig"))))
    assert len(listed) == len(texts)
    for row, text in zip(listed, texts, strict=True):
        assert not row["prompt"].startswith(("=", "+", "-", "@", "\t", "\r")), "a spreadsheet would run it"
        shown, asked = ("".join(plain(one).split()) for one in (row["prompt"], text))
        assert shown in (asked or "x", f"'{asked}")
    for line in Path("cut.edl").read_text(encoding="utf-8").splitlines():
        assert re.match(r"TITLE:|FCM:|\* |\d{3}  |$", line), f"a text made a line of its own: {line!r}"
    assert len(ET.parse("cut.xml").getroot().findall(".//video/track/clipitem")) == len(texts)


def test_as_ids_they_are_refused_each_with_its_place(vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path) -> None:
    ran = vidgen("lint", board(tmp_path, [{"id": text, "scene": "sea"} for text in texts]))
    assert ran.code == 2 and "\x1b" not in ran.err
    for index, _ in enumerate(texts):
        assert f"shots[{index}].id" in ran.err


def test_as_clips_they_are_refused_unless_such_a_file_is_there(vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path) -> None:
    missing = vidgen("lint", board(tmp_path, [{"clip": f"clips/{text}x.mp4"} for text in texts if "secret" not in text]))
    assert missing.code == 2
    bare = vidgen("lint", board(tmp_path, [{"clip": text} for text in texts if "secret" not in text]))
    assert bare.code == 2 and "internal" not in bare.err
    (tmp_path / "clips").mkdir()
    source = tmp_path / "source.mp4"
    small_clip(source)
    names = []
    for text in texts:
        if "/" not in text and len(text) < 80 and text.strip():
            os.link(source, tmp_path / "clips" / f"{text}.mp4")
            names.append(f"clips/{text}.mp4")
    shots = [{"clip": name} for name in names]
    usable = board(tmp_path, shots)
    ran = vidgen("plan", usable, "--json")
    assert ran.code in (0, 2)
    if ran.code == 2:  # addresses, which are never clips
        wrong = {int(number) for number in re.findall(r"shots\[(\d+)\]", json.dumps(ran.envelope))}
        assert all(re.match(r"clips/\w+:", names[index]) for index in wrong), [names[index] for index in wrong]
        shots = [shot for index, shot in enumerate(shots) if index not in wrong]
    assert len(shots) > 40
    film = vidgen("render", board(tmp_path, shots[::5]), "--json")
    assert film.code == 0 and film.data["frames"] == 3 * len(shots[::5])
    packed = vidgen("export", board(tmp_path, shots), "-o", "pack/cut.otio", "--copy-media", "pack")
    assert packed.code == 0
    for clip in otio.adapters.read_from_file("pack/cut.otio").tracks[0]:
        assert re.fullmatch(r"[^/\\:*?\"<>|\x00-\x1f]+", clip.media_reference.target_url), clip.media_reference.target_url


def test_as_names_of_outputs_they_stay_in_the_folder_or_are_refused(
    vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    names = [f"{text}{index}.png" for index, text in enumerate(texts)]
    film = board(folder, [{"scene": "sea"}], outputs=[{"poster": name} for name in names])
    ran = vidgen("plan", film)
    assert ran.code == 2 and "internal" not in ran.err
    refused = {int(number) for number in re.findall(r"outputs\[(\d+)\]", ran.err)}
    kept = [name for index, name in enumerate(names) if index not in refused and len(name) < 100]
    assert {index for index, text in enumerate(texts) if ".." in text or text[:1] in "/~" or text[1:2] == ":"} <= refused
    small_clip(folder / "own.mp4")
    film = board(folder, [{"clip": "own.mp4"}], outputs=[{"poster": name} for name in kept])
    done = vidgen("render", film, "-o", folder / "film.mp4", "--json")
    assert done.code == 0 and len(done.data["posters"]) == len(kept) > 30
    assert {file.name for file in tmp_path.iterdir()} == {"films", "secret.mp4"}
    assert len(vidgen("render", film, "-o", folder / "film.mp4").out.splitlines()) == 1 + len(kept), "one line each"


def test_in_a_cut_that_comes_back_they_change_nothing(vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path) -> None:
    film = board(tmp_path, [{"id": f"s{index}", "scene": "sea"} for index in range(len(texts))])
    before = film.read_bytes()
    assert vidgen("export", film, "-o", "cut.otio").code == 0

    def attacked(place: str) -> str:
        timeline = otio.adapters.read_from_file("cut.otio")
        for clip, text in zip(list(timeline.tracks[0]), texts, strict=True):
            if place == "names":
                clip.name = text
                clip.markers.append(otio.schema.Marker(text, clip.source_range, metadata={text: text}))
                clip.effects.append(otio.schema.Effect(text, text, {text: text}))
            elif place == "files":
                clip.media_reference = otio.schema.ExternalReference(text)
            else:
                clip.metadata["vidgen"] = {
                    **clip.metadata["vidgen"],
                    "scene": text,
                    "take": text,
                    "sha256": text,
                    "prompt": text,
                }
        timeline.name = texts[0]
        return str(otio.adapters.write_to_string(timeline, "otio_json"))

    for place in ("names", "files", "metadata"):
        write(tmp_path / "edit.otio", attacked(place))
        ran = vidgen("import", "edit.otio", film, "--json")
        assert ran.code == 0 and ran.data["changes"] == [], place
        assert film.read_bytes() == before
        assert not any(one in ran.out for one in ("\x1b", "\u202e"))
    shots = attacked("names").replace('"s0"', json.dumps(texts[5])).replace('"film.json"', json.dumps(texts[60]))
    assert vidgen("import", write(tmp_path / "edit.otio", shots), film).code in (0, 2)
    for text in FORBIDDEN:
        ran = vidgen("import", write(tmp_path / "edit.otio", shots.replace(json.dumps(texts[5]), json.dumps(text))), film)
        assert ran.code in (0, 2) and "internal" not in ran.err


def test_half_a_letter_is_refused_wherever_it_is(vidgen: Vidgen, tmp_path: Path) -> None:
    """As an escape: what no file of text can say."""
    half = "half\ud800"
    for shot in ({"scene": half}, {"scene": "sea", "text": half}, {"clip": half}, {"id": half, "scene": "sea"}):
        written = board(tmp_path, [shot], title="x")
        ran = vidgen("lint", written)
        assert ran.code == 2 and "film.json:1:" in ran.err
    assert vidgen("plan", board(tmp_path, [{"scene": "sea"}], outputs=[{"poster": f"{half}.png"}])).code == 2


def test_a_nul_is_no_letter_of_a_name_and_is_left_out_of_titles(vidgen: Vidgen, tmp_path: Path) -> None:
    for shot in ({"clip": "a\0.mp4"}, {"id": "a\0", "scene": "sea"}, {"scene": "sea", "start_frame": "a\0.png"}):
        assert vidgen("lint", board(tmp_path, [shot])).code == 2
    for output in ({"poster": "a\0.png"}, {"stems": "a\0"}, "a\0.mp4"):
        assert vidgen("plan", board(tmp_path, [{"scene": "sea"}], outputs=[output])).code == 2
    small_clip(tmp_path / "own.mp4")
    shot = {"clip": "own.mp4", "text": "a\0b", "notes": "a\0b"}
    film = board(tmp_path, [shot], title="a\0b", provenance={"author": "a\0b", "label": "a\0b"})
    assert vidgen("render", film).code == 0
    for form in ("otio", "edl", "fcp7xml", "csv"):
        assert vidgen("export", film, "-o", "cut", "--format", form).code == 0


def test_as_cells_of_a_shot_list_they_are_texts_of_the_storyboard(
    vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path
) -> None:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["Shot", "Description", "Title", "Notes", "Duration"])
    said = [text for text in texts if text.strip()]
    rows.writerows([str(index), text, text, text, "1"] for index, text in enumerate(said))
    rows.writerow([texts[5], "x", "", "", texts[50]])
    write(tmp_path / "shots.csv", written.getvalue())
    assert vidgen("new", "made.yaml", "--from", "shots.csv").code == 0
    shots = [shot for scene in load_storyboard(tmp_path / "made.yaml").board.scenes for shot in scene.shots]
    assert len(shots) == len(said) + 1
    for shot, text in zip(shots, said, strict=False):
        assert cells(plain(shot.action or "")) == cells(plain(text))
        assert [cells(plain(one.text)) for one in shot.text or ()] == [cells(plain(text))]
    assert vidgen("lint", "made.yaml").code in (0, 2) and vidgen("plan", "made.yaml").code == 0


def test_as_lines_of_a_script_they_are_words_of_it(vidgen: Vidgen, texts: tuple[str, ...], tmp_path: Path) -> None:
    said = [text for text in texts if "\n" not in text and text.strip()]
    script = f"Title: {texts[31]}\n\nINT. HOUSE - DAY\n\n" + "".join(f"JOAN\n{text}\n\n!{text}\n\n" for text in said)
    write(tmp_path / "script.fountain", script)
    assert vidgen("new", "made.yaml", "--from", "script.fountain").code == 0
    loaded = load_storyboard(tmp_path / "made.yaml")
    assert set(loaded.board.characters) == {"JOAN"} and vidgen("plan", "made.yaml").code == 0
    again = vidgen("new", "made.yaml", "--from", "script.fountain")
    assert again.code == 2, "a storyboard is never overwritten"
