"""``provenance: {c2pa: true}``: the film is signed, and any change of it is found."""

from __future__ import annotations

import json
import random
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.provenance.small_films import Copy, flip

from support import Film, Vidgen
from vidgen.app.provenance import verify_film
from vidgen.media.ffmpeg import run_ffmpeg


def test_a_signed_film_says_who_signed_it_and_that_every_shot_is_as_it_was_made(vidgen: Vidgen, copy: Copy) -> None:
    ran = vidgen("provenance", "verify", copy(signed=True, record=False), "--json")
    assert ran.code == 0
    assert (ran.data["signed"], ran.data["valid"], ran.data["signer"]) == (True, True, "Aki Sato")
    assert (ran.data["self_made"], ran.data["trusted"], ran.data["record"]) == (True, False, "manifest")
    assert [
        (shot["id"], shot["start"], shot["frames"], shot["take"], shot["engine"], shot["ok"]) for shot in ran.data["shots"]
    ] == [
        ("sea", 0, 8, 1, "previz", True),
        ("hill", 6, 8, 1, "previz", True),
        ("rain", 14, 8, 1, "previz", True),
    ]


def test_a_self_made_certificate_is_called_one(vidgen: Vidgen, copy: Copy) -> None:
    film = copy(signed=True)
    for command in ("show", "verify"):
        said = " ".join(vidgen("provenance", command, film).out.split())
        assert "signed by Aki Sato; the signature holds" in said
        assert "not who made or signed it" in said


def boxes(film: Path) -> dict[str, tuple[int, int]]:
    """The boxes of a file: name, first byte and the one after the last."""
    found, place, data = {}, 0, film.read_bytes()
    while place < len(data):
        size, name = struct.unpack(">I4s", data[place : place + 8])
        found[name.decode() + ("2" if name.decode() in found else "")] = (place, place + size)
        place += size
    return found


def places(film: Path) -> Iterator[int]:
    """The first and last bytes of every box, some inside, and many of the manifest, which C2PA does not cover as a whole."""
    pick = random.Random(7)
    for name, (first, end) in boxes(film).items():
        yield from range(first, end, (end - first) // 25) if name == "uuid" else ()
        yield from {first, first + 3, first + 5, end - 1, pick.randrange(first, end), pick.randrange(first, end)}


def test_a_changed_bit_anywhere_is_found_without_the_record(copy: Copy) -> None:
    film = copy(signed=True, record=False)
    whole, found = film.read_bytes(), {}
    for place in places(film):
        flip(film, place)
        error = verify_film(film, None, None, None, lambda notices: None).error()
        found[place] = error and (error.exit_code, error.code)
        film.write_bytes(whole)
    assert set(found.values()) == {(4, "provenance.mismatch")}, found
    assert verify_film(film, None, None, None, lambda notices: None).error() is None


def test_the_shot_with_the_changed_frame_is_named(vidgen: Vidgen, copy: Copy) -> None:
    import av

    film = copy(signed=True, record=False)
    with av.open(str(film)) as container:
        packets = sorted((one for one in container.demux(video=0) if one.size), key=lambda one: one.pts)
        place = int(packets[16].pos or 0) + packets[16].size // 2
    flip(film, place)
    ran = vidgen("provenance", "verify", film, "--json")
    assert (ran.code, ran.envelope["error"]["where"]) == (4, "rain")
    assert "frames 14-21 are not those of shot rain" in ran.envelope["error"]["message"]
    assert [shot["ok"] for shot in ran.data["shots"]] == [True, True, False]
    assert ran.data["signed"] and ran.data["valid"] is False


def test_a_copy_that_was_encoded_anew_says_that_it_is_not_signed(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    film = copy(signed=True)
    for name, how in (
        ("again.mp4", ["-c:v", "libx264"]),
        ("short.mp4", ["-c", "copy", "-t", "1"]),
        ("film.mkv", ["-c", "copy"]),
    ):
        run_ffmpeg(["-i", str(film), *how, str(tmp_path / name)], what=name)
        ran = vidgen("provenance", "verify", tmp_path / name, "--json")
        assert (ran.code, ran.data["signed"], ran.data["shots"]) == (0, False, []), name
        assert "not signed" in vidgen("provenance", "verify", tmp_path / name).out


def test_a_copy_in_another_container_is_still_proved_by_the_record(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    film, other = copy(signed=True), tmp_path / "other.mkv"
    run_ffmpeg(["-i", str(film), "-c", "copy", str(other)], what="another container")
    ran = vidgen("provenance", "verify", other, "--sidecar", tmp_path / "film.provenance.json", "--json")
    assert ran.code == 0 and [shot["ok"] for shot in ran.data["shots"]] == [True] * 3 and not ran.data["signed"]


def test_a_copy_without_any_loss_is_proved_by_its_decoded_frames(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    film, other = copy(signed=True), tmp_path / "lossless.mp4"
    run_ffmpeg(["-i", str(film), "-c:v", "libx264", "-qp", "0", "-c:a", "copy", str(other)], what="without loss")
    record = tmp_path / "film.provenance.json"
    assert vidgen("provenance", "verify", other, "--sidecar", record).code == 0
    run_ffmpeg(["-i", str(film), "-c:v", "libx264", "-crf", "30", "-c:a", "copy", "-y", str(other)], what="with loss")
    ran = vidgen("provenance", "verify", other, "--sidecar", record, "--json")
    assert (ran.code, ran.envelope["error"]["where"]) == (4, "sea")


def test_the_film_is_not_signed_again_when_nothing_changed(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    film = copy(signed=True, project=True)
    before = film.read_bytes()
    assert vidgen("render", tmp_path / "film.yaml", "-o", film).code == 0
    assert film.read_bytes() == before


def test_a_new_key_signs_the_film_anew_and_encodes_nothing(
    vidgen: Vidgen, copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = copy(signed=True, project=True)
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    assert vidgen("provenance", "init", "--name", "Mika").code == 0
    ran = vidgen("render", tmp_path / "film.yaml", "-o", film, "--json")
    assert ran.code == 0 and ran.data["cut"]["encoded"] == 0
    assert vidgen("provenance", "verify", film, "--json").data["signer"] == "Mika"


def test_the_manifest_names_every_shot_and_how_it_was_made(copy: Copy) -> None:
    import c2pa

    with copy(signed=True).open("rb") as stream, c2pa.Reader("video/mp4", stream) as reader:
        data: dict[str, Any] = json.loads(reader.json())
    manifest = data["manifests"][data["active_manifest"]]
    assert [one["title"] for one in manifest["ingredients"]] == ["sea, take 1", "hill, take 1", "rain, take 1"]
    assert (
        "engine: previz" in manifest["ingredients"][0]["description"]
        and "prompt sha256:" in manifest["ingredients"][0]["description"]
    )
    (actions,) = (one["data"]["actions"] for one in manifest["assertions"] if one["label"].startswith("c2pa.actions"))
    assert [one["action"] for one in actions] == ["c2pa.created", *["c2pa.placed"] * 3, "c2pa.edited"]
    assert actions[0]["digitalSourceType"].endswith("/algorithmicMedia")


def test_a_film_with_its_project_is_proved_to_its_takes(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    film = copy(signed=True, project=True)
    ran = vidgen("provenance", "verify", film, "--json")
    assert [shot["project"] for shot in ran.data["shots"]] == ["proved"] * 3
    take = next((tmp_path / ".vidgen" / "film" / "takes").glob(f"*/{ran.data['shots'][1]['take_sha256']}.mp4"))
    flip(take, take.stat().st_size // 2)
    ran = vidgen("provenance", "verify", film, "--json")
    assert ran.code == 0 and [shot["project"] for shot in ran.data["shots"]] == ["proved", "damaged", "proved"]
    assert [(one["code"], one["shot"]) for one in ran.envelope["warnings"]] == [("provenance.no_take", "hill")]


def test_a_storyboard_that_is_named_but_has_no_takes_here_proves_nothing_and_that_is_said(
    vidgen: Vidgen, copy: Copy, tmp_path: Path
) -> None:
    film = copy(signed=True)
    (tmp_path / "other.yaml").write_text("vidgen: 1")
    ran = vidgen("provenance", "verify", film, "--board", "other.yaml", "--json")
    assert ran.code == 0 and [one["code"] for one in ran.envelope["warnings"]] == ["provenance.no_take"]


def test_of_several_takes_of_one_request_the_very_one_is_proved(vidgen: Vidgen, film: Film, home: Path) -> None:
    board = film("{scene: calm sea, duration: 6f, seed: 3}", "{scene: calm sea, duration: 9f, seed: 3}")
    assert vidgen("render", board).code == 0
    shots = vidgen("provenance", "verify", "film.mp4", "--json").data["shots"]
    assert shots[0]["request_key"] == shots[1]["request_key"] and shots[0]["take_sha256"] != shots[1]["take_sha256"]
    assert [shot["project"] for shot in shots] == ["proved", "proved"]


def test_a_signed_clip_of_ones_own_keeps_its_signature_as_a_part_of_the_films(
    vidgen: Vidgen, copy: Copy, film: Film, tmp_path: Path
) -> None:
    import c2pa

    copy(signed=True, record=False, name="own")
    board = film("{clip: own.mp4, duration: 6f}", "{scene: calm sea, duration: 6f}", top="provenance: {c2pa: true}\n")
    assert vidgen("render", board, "-o", tmp_path / "cut.mp4").code == 0
    with (tmp_path / "cut.mp4").open("rb") as stream, c2pa.Reader("video/mp4", stream) as reader:
        data = json.loads(reader.json())
    assert len(data["manifests"]) == 2
    shots = vidgen("provenance", "verify", tmp_path / "cut.mp4", "--json").data["shots"]
    assert [(shot["engine"], shot["source_type"] and shot["source_type"].rpartition("/")[2]) for shot in shots] == [
        ("clip", None),
        ("previz", "algorithmicMedia"),
    ]


def test_a_film_moves_with_its_record_under_another_name(vidgen: Vidgen, copy: Copy, tmp_path: Path) -> None:
    copy(signed=True)
    shutil.move(tmp_path / "film.mp4", tmp_path / "renamed.mp4")
    shutil.move(tmp_path / "film.provenance.json", tmp_path / "renamed.provenance.json")
    ran = vidgen("provenance", "verify", tmp_path / "renamed.mp4", "--json")
    assert ran.code == 0 and ran.data["same_file"] is True
