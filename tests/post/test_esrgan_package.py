"""The package ``realesrgan``: the same picture as ours where it can be imported; cause and remedy where it cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from vidgen.errors import MissingError
from vidgen.post.esrgan import package_engine, torch_engine
from vidgen.post.esrgan.package_engine import REMOVED

ModelFolder = Callable[[str], Path]
NAMES = ("realesr-animevideov3", "RealESRGAN_x4plus_anime_6B", "RealESRGAN_x4plus")
HERE = pytest.mark.filterwarnings("ignore")  # code of 2022 warns a lot on newer Pythons


def importable() -> bool:
    try:
        package_engine.import_package()
    except MissingError:
        return False
    return True


@HERE
@pytest.mark.parametrize("name", NAMES)
def test_where_it_can_be_imported_it_gives_our_picture(weights: ModelFolder, name: str) -> None:
    if not importable():
        pytest.skip("the package realesrgan cannot be imported here")
    picture = np.random.default_rng(1).integers(0, 255, (12, 15, 3), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    theirs = package_engine.load(weights(name), name, device="cpu").enlarge([picture])[0]
    ours = torch_engine.load(weights(name), name, device="cpu").enlarge([picture])[0]
    assert theirs.shape == ours.shape and np.abs(theirs.astype(int) - ours).max() <= 1


@HERE
def test_where_it_can_be_imported_its_tiles_and_outscale_work(weights: ModelFolder, capsys: pytest.CaptureFixture[str]) -> None:
    if not importable():
        pytest.skip("the package realesrgan cannot be imported here")
    picture = np.random.default_rng(1).integers(0, 65535, (40, 52, 3), dtype=np.uint16)
    whole = package_engine.load(weights(NAMES[0]), NAMES[0], factor=2, device="cpu").enlarge([picture])[0]
    tiled = package_engine.load(weights(NAMES[0]), NAMES[0], factor=2, tile=32, device="cpu").enlarge([picture])[0]
    assert whole.shape == (80, 104, 3) and whole.dtype == np.uint16
    assert np.abs(whole.astype(int) - tiled).max() <= 257
    assert capsys.readouterr().out == ""


def test_where_it_cannot_be_imported_the_error_says_why_and_what_else_does_it(tmp_path: Path) -> None:
    if importable():
        pytest.skip("the package realesrgan can be imported here")
    with pytest.raises(MissingError, match="realesrgan cannot be imported") as caught:
        package_engine.load(tmp_path, NAMES[0])
    assert caught.value.exit_code == 3 and "--engine torch" in caught.value.hint


@pytest.fixture
def another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """``another_package("realesrgan", "source")``: a package of that name comes before the real one."""

    def write(name: str, source: str) -> None:
        file = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        for package in [parent for parent in file.parents if parent != tmp_path and tmp_path in parent.parents]:
            package.mkdir(parents=True, exist_ok=True)
            (package / "__init__.py").touch()
        file.write_text(source)

    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("realesrgan", "torchvision")}
    for name in before:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield write
    for name in [name for name in sys.modules if name.split(".")[0] in ("realesrgan", "torchvision")]:
        del sys.modules[name]


def test_its_prints_are_silenced_without_touching_the_output_of_others(
    another_package: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints every tile; meanwhile other threads print events and results."""
    another_package("realesrgan.utils", "def tile(talk):\n    print('Tile 1/4')\n    talk()\n")
    package_engine.import_package()
    sys.modules["realesrgan.utils"].tile(lambda: print("an event"))
    assert capsys.readouterr().out == "an event\n"


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("No module named 'torchvision'", "pip install torchvision"),
        ("operator torchvision::nms does not exist", "different builds"),
        ("libGL.so.1: cannot open shared object file", "opencv-python-headless"),
        ("No module named 'basicsr'", "vidgen[realesrgan]"),
    ],
)
def test_each_usual_cause_has_its_remedy(another_package: Callable[[str, str], None], message: str, remedy: str) -> None:
    another_package("realesrgan", f"raise RuntimeError({message!r})")
    with pytest.raises(MissingError) as caught:
        package_engine.import_package()
    assert message in caught.value.message and remedy in caught.value.hint


def test_what_newer_torchvision_removed_is_given_back(another_package: Callable[[str, str], None]) -> None:
    another_package("torchvision.transforms.functional", "def rgb_to_grayscale(picture): return 'grey'")
    another_package("realesrgan", f"from {REMOVED} import rgb_to_grayscale\nmade = rgb_to_grayscale(None)")
    assert package_engine.import_package().made == "grey"
