"""The runner: an ffmpeg that hangs, crashes, lies or shouts ends in one clear error and leaves no file."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidgen.errors import Cancelled, MissingError, ProcessingError
from vidgen.media import discovery, ffmpeg
from vidgen.media.ffmpeg import Process, find_ffmpeg, run_ffmpeg
from vidgen.media.frames import FrameWriter

Fake = Callable[[str], Path]
PICTURE = np.zeros((64, 96, 3), np.uint8)


def write_clip(path: Path, frames: int = 3) -> None:
    with FrameWriter(path, 96, 64, Fraction(24), frames=frames) as writer:
        for _ in range(frames):
            writer.write(PICTURE)


def test_a_hanging_ffmpeg_is_killed_while_we_wait_for_it(fake_ffmpeg: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_ffmpeg("hang")
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(ProcessingError, match="no progress") as caught:
        run_ffmpeg(["out.mp4"], what="making a clip")
    assert caught.value.code == "ffmpeg.stalled"
    assert time.monotonic() - started < 5


def test_a_hanging_ffmpeg_is_killed_while_we_are_blocked_writing(
    fake_ffmpeg: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_ffmpeg("hang")
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.3)
    with pytest.raises(ProcessingError) as caught:
        write_clip(tmp_path / "clip.mp4", frames=50)  # more than a pipe holds
    assert caught.value.code == "ffmpeg.stalled"
    assert [file.name for file in tmp_path.iterdir()] == ["ffmpeg-hang"]


def test_a_hanging_ffmpeg_is_killed_while_we_are_blocked_reading(fake_ffmpeg: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_ffmpeg("hang")
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.3)
    with pytest.raises(ProcessingError, match="no progress"), Process(["pipe:1"], what="reading", stdout=True) as process:
        process.read(10)


def test_the_time_that_the_caller_takes_is_not_a_stall(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.4)
    with FrameWriter(tmp_path / "clip.mp4", 96, 64, Fraction(24), frames=2) as writer:
        writer.write(PICTURE)
        time.sleep(1.0)
        writer.write(PICTURE)
    assert (tmp_path / "clip.mp4").exists()


def test_a_crash_is_an_error_and_leaves_no_file(fake_ffmpeg: Fake, tmp_path: Path) -> None:
    fake_ffmpeg("segv")
    with pytest.raises(ProcessingError) as caught:
        write_clip(tmp_path / "clip.mp4")
    assert caught.value.code == "ffmpeg.failed"
    assert not list(tmp_path.glob("*.mp4"))


def test_an_ffmpeg_that_was_killed_from_outside_says_so(fake_ffmpeg: Fake) -> None:
    fake_ffmpeg("segv")
    with pytest.raises(ProcessingError, match=r"joining: ffmpeg was stopped by signal 11") as caught:
        run_ffmpeg(["out.mp4"], what="joining")
    assert "memory" in (caught.value.hint or "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_file_beyond_the_limit_of_the_system_is_said_with_its_remedy(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(ProcessingError, match="larger than files may be here") as caught:
            run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=d=2", "-f", "rawvideo", str(tmp_path / "raw")], what="writing")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.code == "file.disk_full" and "ulimit -f" in (caught.value.hint or "")


@pytest.mark.parametrize("mode", ["lie", "short"])
def test_exit_code_zero_without_the_frames_is_an_error(fake_ffmpeg: Fake, tmp_path: Path, mode: str) -> None:
    fake_ffmpeg(mode)
    with pytest.raises(ProcessingError):
        write_clip(tmp_path / "clip.mp4")
    assert not list(tmp_path.glob("*.mp4")) and not list(tmp_path.glob(".*"))


def test_megabytes_of_messages_neither_block_nor_fill_memory(fake_ffmpeg: Fake) -> None:
    fake_ffmpeg("spam")
    with pytest.raises(ProcessingError, match="exit 3") as caught:
        run_ffmpeg(["out.mp4"], what="making a clip")
    assert len(caught.value.message) < 4000


def test_a_run_stops_when_the_user_wants_it(fake_ffmpeg: Fake) -> None:
    fake_ffmpeg("hang")
    wish = threading.Event()
    threading.Timer(0.2, wish.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run_ffmpeg(["out.mp4"], what="making a clip", cancelled=wish.is_set)
    assert time.monotonic() - started < 5


def test_a_listener_that_fails_stops_the_run_with_its_own_error(tmp_path: Path) -> None:
    def broken(frame: int) -> None:
        raise RuntimeError("listener")

    args = ["-f", "lavfi", "-i", "testsrc2=s=96x64:d=1", "-c:v", "libx264", str(tmp_path / "x.mp4")]
    with pytest.raises(RuntimeError, match="listener"):
        run_ffmpeg(args, what="test", on_frame=broken)


def test_ctrl_c_leaves_neither_a_half_file_nor_a_running_ffmpeg(tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    program = (
        "import sys, numpy as np\nfrom fractions import Fraction\nfrom pathlib import Path\n"
        "from vidgen.media.frames import FrameWriter\n"
        f"with FrameWriter(Path({str(out)!r}), 96, 64, Fraction(24)) as writer:\n"
        "    print(writer._process._process.pid, flush=True)\n"
        "    while True:\n        writer.write(np.zeros((64, 96, 3), np.uint8))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    try:
        pid = int(child.stdout.readline())
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=10)
    finally:
        child.kill()
        child.stdout.close()
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/proc/{pid}/exe").exists()


def test_a_named_ffmpeg_that_does_not_run_is_an_error_not_a_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_FFMPEG", "/nowhere/ffmpeg")
    with pytest.raises(MissingError, match="/nowhere/ffmpeg does not run"):
        find_ffmpeg()


def test_a_system_ffmpeg_without_our_filters_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poor = tmp_path / "ffmpeg"
    poor.write_text("#!/bin/sh\necho 'ffmpeg version 1'\n")
    poor.chmod(0o755)
    monkeypatch.delenv("VIDGEN_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_ffmpeg().source == "imageio-ffmpeg"


def test_what_an_ffmpeg_can_do_is_remembered_until_the_file_changes(
    fake_ffmpeg: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    exe = str(fake_ffmpeg("lie"))
    first = discovery.inspect(exe, "test")
    monkeypatch.setattr(discovery, "_query", lambda exe: pytest.fail("asked again"))
    assert discovery.inspect(exe, "test") == first
    (tmp_path / "home" / "cache" / "ffmpeg.json").write_text("damaged")
    monkeypatch.undo()
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "home"))
    assert discovery.inspect(exe, "test") == first


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_in_words() -> None:
    with pytest.raises(ProcessingError, match="^writing a test: the disk is full$") as caught:
        run_ffmpeg(["-f", "lavfi", "-i", "testsrc=d=1", "-f", "matroska", "/dev/full"], what="writing a test")
    assert "free some space" in caught.value.hint
