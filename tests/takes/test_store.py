from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from vidgen.errors import ProcessingError
from vidgen.media.files import sha256_file
from vidgen.takes.journal import Attempt, Journal
from vidgen.takes.keys import request_key, take_key
from vidgen.takes.record import sealed
from vidgen.takes.request import Generated, Order, TakeRequest
from vidgen.takes.store import TakeStore

Clip = Callable[..., Path]
Make = Callable[..., Generated]
EXACT = Order(0.25, "64x48", "24", exact=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def key(take: TakeRequest) -> str:
    return request_key(take.request)


def put(root: Path, part: Path, take: TakeRequest, made: Generated, key: str) -> Path:
    return TakeStore(root).put(part, take, made, request_key=key, order=EXACT).file


def test_a_take_is_kept_under_its_checksum_and_found_by_its_key(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    part = clip()
    digest = sha256_file(part)
    stored = TakeStore(root).put(part, take, generated(part), request_key=key, order=EXACT)
    assert stored.file == root / "takes" / digest[:2] / f"{digest}.mp4"
    assert not part.exists()
    found = TakeStore(root).find(take_key(take.request, 1))
    assert found == replace(stored, reused=True)
    assert TakeStore(root).find(take_key(take.request, 2)) is None


def test_the_sidecar_says_how_the_clip_was_made(root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make) -> None:
    part = clip()
    sidecar = json.loads(put(root, part, take, generated(part), key).with_suffix(".json").read_text())
    assert (sidecar["engine"], sidecar["model"], sidecar["seed"], sidecar["prompt"]) == (
        "runway",
        "gen4.5",
        7,
        "a harbour at dawn",
    )
    assert sidecar["manifest"] == {"model": "gen4.5", "seed": 7}


def test_a_clip_without_a_sidecar_is_not_a_take(root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make) -> None:
    part = clip()
    put(root, part, take, generated(part), key).with_suffix(".json").unlink()
    assert TakeStore(root).find(take_key(take.request, 1)) is None


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_paid_take_is_set_aside_and_what_it_cost_is_said(
    harm: str, root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    part = clip()
    file = put(root, part, take, generated(part), key)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    {"flip": lambda: file.write_bytes(data), "cut": lambda: file.write_bytes(data[:-9]), "remove": file.unlink}[harm]()
    store = TakeStore(root)
    assert store.find(take_key(take.request, 1)) is None
    (notice,) = store.notices
    assert (notice.code, notice.shot) == ("take.corrupt", "s01")
    assert "it had cost 0.60 USD" in notice.message
    assert Journal(root).notes() == [("corrupt", notice.message)]
    kept = {path.suffix for path in (root / "quarantine").iterdir()}
    assert kept == ({".json"} if harm == "remove" else {".json", ".mp4"})


def test_a_damaged_take_can_be_made_again(root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make) -> None:
    part = clip()
    put(root, part, take, generated(part), key).write_bytes(b"rubbish")
    again = clip()
    store = TakeStore(root)
    store.put(again, take, generated(again), request_key=key, order=EXACT)
    assert store.find(take_key(take.request, 1)) is not None
    assert store.notices == []


def test_one_clip_can_answer_two_requests(root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make) -> None:
    first, second = clip("a.mp4"), clip("b.mp4")
    other = TakeRequest(take.request, take=2, seed=take.request.seed_of(2))
    file = put(root, first, take, generated(first), key)
    assert put(root, second, other, generated(second), key) == file
    store = TakeStore(root)
    assert [found.take for found in store.takes_of(key)] == [1, 2]
    assert {found.file for found in store.takes_of(key)} == {file}


def test_a_take_made_again_on_demand_answers_instead_of_the_old_one(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    for level in (200, 20, 120):
        part = clip(level=level)
        newest = put(root, part, take, generated(part), key)
    found = TakeStore(root).find(take_key(take.request, 1))
    assert found is not None
    assert found.file == newest
    assert len(list((root / "takes").glob("*/*.mp4"))) == 3


def test_an_open_store_sees_what_another_process_adds(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    store = TakeStore(root)
    assert store.find(take_key(take.request, 1)) is None
    part = clip()
    put(root, part, take, generated(part), key)
    assert store.find(take_key(take.request, 1)) is not None


def test_a_clip_of_the_wrong_length_is_refused_but_kept_because_it_may_have_been_paid_for(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    part = clip(frames=5)
    with pytest.raises(ProcessingError, match="5 frames instead of 6") as error:
        put(root, part, take, generated(part), key)
    kept = root / "quarantine" / part.name
    assert kept.is_file()
    assert str(kept) in error.value.hint
    assert list((root / "takes").iterdir()) == []


def test_a_sidecar_that_cannot_be_read_is_told_and_nothing_is_deleted(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    part = clip()
    file = put(root, part, take, generated(part), key)
    file.with_suffix(".json").write_text("{")
    store = TakeStore(root)
    assert store.find(take_key(take.request, 1)) is None
    assert [notice.code for notice in store.notices] == ["take.corrupt"]
    assert file.is_file()


def test_sweep_clears_up_after_dead_processes_but_loses_no_finished_clip(root: Path) -> None:
    store, dead = TakeStore(root), _dead_pid()
    mine = store.part_for("a" * 64)
    finished = mine.with_name(f"{'b' * 16}.{dead}.mp4")
    unfinished = mine.with_name(f".{'c' * 16}.{dead}.{dead}.part.mp4")
    for file in (mine, finished, unfinished):
        file.write_bytes(b"x")
    store.sweep()
    assert list(mine.parent.iterdir()) == [mine]
    assert [file.name for file in (root / "quarantine").iterdir()] == [finished.name]
    assert [kind for kind, _ in Journal(root).notes()] == ["leftover"]


def _dead_pid() -> int:
    pid = os.posix_spawn("/bin/true", ["true"], os.environ)
    os.waitpid(pid, 0)
    return pid


def test_threads_that_look_at_once_all_find_their_takes(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    """A store that is just opened reads what is on disk when it is first asked, here by eight threads at once."""
    part = clip()
    first = TakeStore(root).put(part, take, generated(part), request_key=key, order=EXACT)
    data = json.loads(first.file.with_suffix(".json").read_text())
    for number in range(40):
        clip = first.file.read_bytes() + bytes([number])
        digest = sha256(clip).hexdigest()
        file = root / "takes" / digest[:2] / f"{digest}.mp4"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(clip)
        known = {**data, "sha256": file.stem, "size": len(clip), "take_key": f"key{number}", "take": number}
        file.with_suffix(".json").write_text(json.dumps(sealed(known)))
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            store = TakeStore(root)
            with ThreadPoolExecutor(8) as pool:
                found = list(pool.map(store.find, [f"key{number}" for number in reversed(range(40))]))
                listed = list(pool.map(store.takes_of, [key] * 4))
            assert None not in found
            assert {len(takes) for takes in listed} == {41}
    finally:
        sys.setswitchinterval(before)


RECORD_HARM: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: text[:90],
    "emptied": lambda text: "",
    "no record of ours": lambda text: '{"schema": 1}',
    "of another clip": lambda text: text.replace('"sha256": "', '"sha256": "0'),
    "a field of another type": lambda text: text.replace('"take": 1', '"take": "one"'),
    "another letter in it": lambda text: text.replace('"prompt": "a harbour', '"prompt": "A harbour'),
    "nested without end": lambda text: "[" * 100_000,
}


@pytest.mark.parametrize("harm", RECORD_HARM.values(), ids=RECORD_HARM)
def test_the_journal_and_a_whole_clip_give_a_damaged_record_back(
    harm: Callable[[str], str], root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    part = clip()
    bought = TakeStore(root).put(part, take, generated(part), request_key=key, order=EXACT)
    record = bought.file.with_suffix(".json")
    record.write_text(harm(record.read_text()))
    paid = ended(Journal(root), take, key, bought.sha256)
    store = TakeStore(root)
    assert store.find(bought.key) is None
    back = store.restore(take, paid, diffusion=True)
    assert back and (back.file, back.cost_usd, back.cost_basis, back.manifest["job"]) == (bought.file, 0.6, "provider", "job-1")
    assert TakeStore(root).find(bought.key) == back


def test_a_clip_that_is_not_what_was_bought_gets_no_record(
    root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make
) -> None:
    part = clip()
    bought = TakeStore(root).put(part, take, generated(part), request_key=key, order=EXACT)
    bought.file.with_suffix(".json").unlink()
    bought.file.write_bytes(b"another clip")
    paid = ended(Journal(root), take, key, bought.sha256)
    assert TakeStore(root).restore(take, paid, diffusion=True) is None


def ended(journal: Journal, take: TakeRequest, key: str, sha256: str) -> Attempt:
    """The attempt that a take was bought with."""
    attempt = journal.reserve(take, request_key=key, run_id="run", estimated_usd=0.5)
    journal.begin(attempt.id)
    journal.submitted(attempt.id, "job-1")
    return journal.done(attempt.id, sha256=sha256, actual_usd=0.6)


def test_who_only_looks_moves_and_notes_nothing(root: Path, take: TakeRequest, key: str, clip: Clip, generated: Make) -> None:
    part = clip()
    file = put(root, part, take, generated(part), key)
    file.write_bytes(b"rubbish")
    store = TakeStore(root, journal=Journal(root), look_only=True)
    assert store.find(take_key(take.request, 1)) is None
    assert "has 7 bytes instead of" in store.notices[0].message
    assert file.read_bytes() == b"rubbish" and not (root / "quarantine").exists() and Journal(root).notes() == []
