"""The weights of RIFE: read from the pinned pickle alone, kept as safetensors, remade where that is not what it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

import torch
from safetensors.torch import load_file, save_file

from vidgen.errors import MissingError
from vidgen.post.rife.weights import load_weights


@pytest.fixture
def folder(weights: Callable[[str], Path], tmp_path: Path) -> Path:
    """A copy of the pickle, alone in its folder."""
    shutil.copy(weights("rife-4.0") / "flownet.pkl", tmp_path)
    return tmp_path


def converted(folder: Path) -> Path:
    [file] = folder.glob("*.safetensors")
    return file


def test_the_pickle_is_converted_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_weights(folder)
    assert converted(folder).stat().st_size < 35_000_000, "what the network does not need is left out"
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("the pickle was read again"))
    again = load_weights(folder)
    assert first.keys() == again.keys()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_pickle_that_was_changed_is_refused(folder: Path) -> None:
    load_weights(folder)
    file = folder / "flownet.pkl"
    content = bytearray(file.read_bytes())
    content[1_000_000] ^= 1
    file.write_bytes(content)
    with pytest.raises(MissingError, match="SHA-256") as caught:
        load_weights(folder)
    assert caught.value.code == "models.damaged"


def test_converted_weights_that_were_changed_are_made_again(folder: Path) -> None:
    good = load_weights(folder)
    file = converted(folder)
    bad = load_file(file)
    bad["block0.lastconv.bias"] += 1
    save_file(bad, file, metadata={"format": "pt", "tensors": "0" * 64})
    again = load_weights(folder)
    assert torch.equal(again["block0.lastconv.bias"], good["block0.lastconv.bias"])
    assert torch.equal(load_file(file)["block0.lastconv.bias"], good["block0.lastconv.bias"])


def test_converted_weights_that_were_cut_short_are_made_again(folder: Path) -> None:
    good = load_weights(folder)
    file = converted(folder)
    file.write_bytes(file.read_bytes()[:1000])
    load_weights(folder)
    again = load_file(file)
    assert again.keys() == good.keys() and all(torch.equal(again[name], good[name]) for name in good)


def test_a_folder_without_the_pickle_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as caught:
        load_weights(tmp_path)
    assert caught.value.code == "models.missing"
    assert "vidgen models pull rife-4.0" in caught.value.hint
