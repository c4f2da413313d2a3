"""One at a time, also on drives without locks of the kernel's (NFS, FUSE, some network shares)."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidgen.errors import ProcessingError
from vidgen.media.locks import Held, has_record_locks, held
from vidgen.takes.exclusive import PROJECT_LOCK, folder_lock, project_lock
from vidgen.takes.journal import Journal


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS])
def no_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for such a drive: every lock is answered as it answers."""

    def refuse(handle: int, operation: int, *rest: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(fcntl, "lockf", refuse)


def ended() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return child.pid


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_second_run_is_refused_and_told_which_process_has_the_project(tmp_path: Path) -> None:
    with project_lock(tmp_path):
        with pytest.raises(ProcessingError, match=rf"process {os.getpid()} on ") as error, project_lock(tmp_path):
            pass
        assert error.value.code == "project.busy" and "run.lock.held" in error.value.hint
    with project_lock(tmp_path):
        pass
    assert not list(tmp_path.glob("*.held"))


@pytest.mark.usefixtures("no_locks")
def test_without_locks_what_a_killed_run_left_is_no_obstacle(tmp_path: Path) -> None:
    mark = tmp_path / f"{PROJECT_LOCK}.held"
    mark.write_text(f"{ended()} on {os.uname().nodename}\n")
    with project_lock(tmp_path):
        assert mark.read_text().startswith(f"{os.getpid()} on ")
    assert not mark.exists()


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_run_on_another_machine_is_believed(tmp_path: Path) -> None:
    (tmp_path / f"{PROJECT_LOCK}.held").write_text(f"{ended()} on another-machine\n")
    with pytest.raises(ProcessingError, match="another-machine"), project_lock(tmp_path):
        pass


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_folder_is_held_by_a_file_in_it(tmp_path: Path) -> None:
    with folder_lock(tmp_path):
        assert [file.name for file in tmp_path.iterdir()] == [".held"]
        with pytest.raises(Held), held(tmp_path, wait=False):
            pass
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_locks")
def test_without_locks_the_journal_is_kept_by_one_process_at_a_time(tmp_path: Path) -> None:
    assert not has_record_locks(tmp_path)
    journal = Journal(tmp_path)
    journal.note("kept", "words")
    (tmp_path / "journal.lock.held").write_text(f"{ended()} on {os.uname().nodename}\n")
    assert Journal(tmp_path).notes() == [("kept", "words")]
    assert not (tmp_path / "journal.lock.held").exists()


def test_with_locks_nothing_is_left_in_a_folder(tmp_path: Path) -> None:
    assert has_record_locks(tmp_path)
    with folder_lock(tmp_path):
        assert not list(tmp_path.iterdir())
